"""Lift tests as a likelihood sees them: their weeks, their error, and the spend that would have been without them.

A test observed what the model can say as well: how many records its change of spend brought in its own weeks,
carry-over included. So a test is a term of the likelihood on that difference, not a prior on a coefficient.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.media.lags import lagged
from revmodel.models import priors

__all__ = ["arrays_of_tests", "weeks_of_test", "widened_error"]

Floats = npt.NDArray[np.float64]


def weeks_of_test(first_days: pd.DatetimeIndex, start: pd.Timestamp, end: pd.Timestamp) -> npt.NDArray[np.int64]:
    """Weeks that the test's days fall into for the better part, by place. first_days : of the weeks."""
    since, until = (first_days - start).days.to_numpy(), (end - first_days).days.to_numpy()
    days = 7 - np.clip(-since, 0, 7) - np.clip(6 - until, 0, 7)
    length = (end - start).days + 1
    return np.asarray(np.flatnonzero(days > (3 if length >= 7 else 0)), dtype=np.int64)


def widened_error(lift: float, standard_error: float, age_days: int) -> float:
    """The standard error, widened for the test's age and for what it stands for (models/priors.py).

    >>> round(widened_error(20.0, 3.0, 0), 2)
    3.61
    """
    years = max(0.0, age_days / 365.25)
    other = lift * np.hypot(priors.TEST_MISMATCH, priors.TEST_AGE_A_YEAR * years)
    return float(np.hypot(standard_error, other))


def arrays_of_tests(
    tests: pd.DataFrame | None, channels: tuple[str, ...], weeks: pd.DatetimeIndex, spend: Floats, scale: Floats,
    max_lag_weeks: int,
) -> dict[str, Floats]:  # fmt: skip
    """Tests on the channel axis, in rounds: the i-th test of each channel is in round i.

    tests : name, channel, start, end, spend_change, lift, lift_se; None where there is no table of tests. weeks : last
    days. spend : (channel, week), currency, as it was; scale : (channel,), its unit in the curves.
    Returns test_less (round, channel, lag, week), what the test added to the lagged spend, below 0 where it took away;
    test_in (round, channel, week), 1 in its weeks; test_lift (round, channel), records; test_precision, 1 / error², 0
    where there is none. Rounds come in powers of two, at least one where there is a table, so that a company's as-of
    dates share one compiled model. A test that began before ``weeks`` is left out.
    """
    placed: dict[str, list[tuple[npt.NDArray[np.int64], pd.Series]]] = {name: [] for name in channels}
    if tests is not None and len(weeks):
        inside = tests[pd.to_datetime(tests["start"]) > weeks[0] - pd.Timedelta(days=7)]
        for _, test in inside[inside["channel"].isin(channels)].sort_values("end").iterrows():
            at = weeks_of_test(weeks - pd.Timedelta(days=6), pd.Timestamp(test["start"]), pd.Timestamp(test["end"]))
            if len(at):
                placed[str(test["channel"])].append((at, test))
    most = max((len(each) for each in placed.values()), default=0)
    rounds = 0 if tests is None else 2 ** int(np.ceil(np.log2(max(most, 1))))
    shape = (rounds, len(channels))
    less, lags = np.zeros((*shape, len(weeks))), max_lag_weeks + 1
    out = {"test_in": np.zeros_like(less), "test_lift": np.zeros(shape), "test_precision": np.zeros(shape)}
    for c, name in enumerate(channels):
        for i, (at, test) in enumerate(placed[name]):
            less[i, c, at] = spend[c, at] - spend_without(spend[c, at], float(test["spend_change"]))
            age = (weeks[-1] - pd.Timestamp(test["end"])).days
            out["test_in"][i, c, at] = 1.0
            out["test_lift"][i, c] = test["lift"]
            out["test_precision"][i, c] = widened_error(float(test["lift"]), float(test["lift_se"]), age) ** -2
    flat = (less / np.maximum(scale, 1e-12)[None, :, None]).reshape(-1, len(weeks))
    return {"test_less": lagged(flat, max_lag_weeks).reshape(*shape, lags, len(weeks)), **out}


def spend_without(spend: Floats, change: float) -> Floats:
    """(week,) of a test's weeks: what would have been spent without its change.

    What was added is taken from the weeks in proportion to what was spent there, what was taken away given back evenly.

    >>> spend_without(np.array([30.0, 10.0]), 20.0).tolist(), spend_without(np.array([0.0, 10.0]), -20.0).tolist()
    ([15.0, 5.0], [10.0, 20.0])
    """
    share = spend / spend.sum() if change > 0 and spend.sum() > 0 else np.full(len(spend), 1 / len(spend))
    return np.asarray((spend - change * share).clip(0.0))

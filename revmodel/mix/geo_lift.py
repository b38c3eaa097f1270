"""What a test in some regions brought, from days and regions alone: synthetic control, checked by placebos.

The treated regions' counterfactual is a weighted mean of the others, with weights that reproduce them before the test
(Abadie, Diamond & Hainmueller 2010), each region taken against its own mean of that time (Ferman & Pinto 2021). The
standard error is that of placebos in time: the same estimate for the treated regions in every earlier stretch of the
same length that has enough days before it, learned from those alone. Regions that were not treated check it: where they
moved more in the days of the test than their own earlier stretches would have it, the error is widened as much, so that
nine in ten of them would be inside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls
from scipy.stats import norm

from revmodel.errors import ConfigError, SourceError
from revmodel.mix.panel import dates_of, numbers_of, require_columns

__all__ = ["GeoLift", "geo_lift"]

Floats = npt.NDArray[np.float64]
SUM_TO_ONE = 1e3  # weight of that wish against the fit, which is on a scale of one
NINETY = 1.6448536
OVERLAP = 3  # placebos in time begin so many to the length of the test
LEARN_PART = 3  # of the days before the test, what the earliest placebo learns from
FEWEST_DONORS, FEWEST_DAYS = 4, 3  # regions beside the treated; stretches before the test as long as the test


@dataclass(frozen=True)
class GeoLift:
    """lift: units of the KPI in the treated regions over the test, with its standard error.

    share: lift ÷ what would have come without it. p_value: two-sided, of no lift at all. as_large: share of untreated
    regions that moved as much in the same days. days: date, actual, expected, of the treated regions together. fit: how
    far off the counterfactual was before the test, a share of the KPI (RMS a day). weights: donor region → weight.
    placebos: kind, lift as a share, and in standard errors.
    """

    treated: tuple[str, ...]
    start: dt.date
    end: dt.date
    lift: float
    standard_error: float
    share: float
    p_value: float
    as_large: float
    fit: float
    days: pd.DataFrame
    weights: pd.Series
    placebos: pd.DataFrame

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        low, high = (self.lift + z * self.standard_error for z in (-NINETY, NINETY))
        told = f"{self.lift:+,.0f} ({100 * self.share:+.1f} %), 9 in 10 between {low:+,.0f} and {high:+,.0f}"
        where = f"{', '.join(self.treated)}, {self.start} to {self.end}"
        doubt = "chance alone could do that" if self.p_value > 0.1 else f"p = {self.p_value:.2g}"
        others = f"{100 * self.as_large:.0f} % of the other regions moved as much in the same days"
        return f"{where}: {told}; {doubt}. {others}."

    def lift_test(self, channel: str, spend_change: float) -> dict[str, object]:
        """An entry of ``lift_tests`` in the config of a mix whose panel has these regions, of all treated together."""
        return {
            "channel": channel, "start": self.start.isoformat(), "end": self.end.isoformat(),
            "region": self.treated[0] if len(self.treated) == 1 else list(self.treated),
            "spend_change": float(spend_change), "lift": round(self.lift, 3),
            "standard_error": round(self.standard_error, 3),
        }  # fmt: skip


def geo_lift(
    frame: pd.DataFrame, *, date: str, region: str, kpi: str, treated: Sequence[str], start: dt.date, end: dt.date,
) -> GeoLift:  # fmt: skip
    """The lift of a test. frame : one row a region and day (or week); days after ``end`` are not looked at.

    Raises MissingColumnError; SourceError: days are missing or doubled; ConfigError: a treated region is not there, too
    few regions were left alone, too few days before the test.
    """
    wide = _wide(frame, date, region, kpi, treated)
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    wide = wide[wide.index <= last]
    before = int((wide.index < first).sum())
    length = len(wide) - before
    donors = [name for name in wide.columns if name not in treated]
    _enough(before, length, len(donors), len(treated), first)
    values = wide.to_numpy(float)
    at = [list(wide.columns).index(name) for name in treated]
    rest = [i for i in range(values.shape[1]) if i not in at]
    lift, share, expected, weights = _estimate(values, at, rest, slice(before, before + length))
    placebos = _placebos(values, at, rest, before, length)
    in_time, in_space = (placebos[placebos["kind"] == kind] for kind in ("days", "region"))
    wider = float(np.quantile(np.abs(in_space["in_errors"].to_numpy(float)), 0.9)) / NINETY
    spread = _rms(in_time["share"].to_numpy(float)) * max(1.0, wider)
    days = pd.DataFrame({"date": wide.index, "actual": values[:, at].sum(1), "expected": expected})
    return GeoLift(
        tuple(treated), start, end, lift, spread * float(expected[before:].sum()), share,
        float(2 * norm.sf(abs(share) / spread)), float((in_space["share"].abs() >= abs(share)).mean()),
        _misfit(values, at, expected, before), days, pd.Series(weights, donors), placebos,
    )  # fmt: skip


def _wide(frame: pd.DataFrame, date: str, region: str, kpi: str, treated: Sequence[str]) -> pd.DataFrame:
    require_columns(frame, {date, region, kpi})
    days = dates_of(frame[date], date)
    numbers = numbers_of(frame[kpi], kpi, days, negative=True)
    keyed = frame.assign(**{date: days}).assign(**{kpi: numbers})
    if keyed.duplicated([date, region]).any():
        twice = keyed[keyed.duplicated([date, region])].iloc[0]
        raise SourceError(f"{twice[region]} has two rows on {twice[date]:%Y-%m-%d}: wanted one a region and day")
    wide = keyed.pivot_table(index=date, columns=region, values=kpi, aggfunc="sum", sort=True, min_count=1)
    if wide.isna().any().any():
        name = wide.columns[wide.isna().any()][0]
        raise SourceError(
            f"{name} lacks {int(wide[name].isna().sum())} days: wanted every day for every region, or zeros"
        )
    unknown = sorted(set(treated) - set(wide.columns))
    if unknown or not treated:
        known = ", ".join(map(str, wide.columns))
        raise ConfigError(f"treated regions {', '.join(unknown) or 'none'} are not there: regions are {known}")
    return wide


def _enough(before: int, length: int, donors: int, treated: int, first: pd.Timestamp) -> None:
    if length < 1 or before < FEWEST_DAYS * length:
        raise ConfigError(
            f"{before} days before {first:%Y-%m-%d} and {max(length, 0)} of the test came: wanted at least "
            f"{FEWEST_DAYS} times as many before it as in it"
        )
    if donors < max(FEWEST_DONORS, treated):
        raise ConfigError(f"{donors} regions were left alone: at least {max(FEWEST_DONORS, treated)} are wanted")


def _estimate(
    values: Floats, treated: list[int], donors: list[int], test: slice
) -> tuple[float, float, Floats, Floats]:
    """Lift, lift as a share, expected (day,) of the treated together, weights of the donors; all other days teach."""
    learn = np.ones(len(values), bool)
    learn[test] = False
    total = values[:, treated].mean(1)
    level, own = total[learn].mean(), values[learn][:, donors].mean(0)
    y, x = total - level, values[:, donors] - own
    sd = max(float(y[learn].std()), 1e-12)
    rows = np.concatenate([x[learn] / sd, np.full((1, len(donors)), SUM_TO_ONE)])
    weights = nnls(rows, np.append(y[learn] / sd, SUM_TO_ONE))[0]
    expected = (x @ weights + level) * len(treated)
    lift = float(values[test][:, treated].sum() - expected[test].sum())
    return lift, lift / float(expected[test].sum()), expected, weights


def _in_time(values: Floats, treated: list[int], donors: list[int], before: int, length: int) -> Floats:
    """(placebo,): lifts as shares in earlier days in which nothing was done, learned from the days before them."""
    return np.array([
        _estimate(values[: start + length], treated, donors, slice(start, start + length))[1]
        for start in range(max(length, before // LEARN_PART), before - length + 1, max(1, length // OVERLAP))
    ])  # fmt: skip


def _placebos(values: Floats, treated: list[int], donors: list[int], before: int, length: int) -> pd.DataFrame:
    """Estimates where nothing was done: kind ("days" or "region"), lift as a share, and in standard errors in time."""
    own = _in_time(values, treated, donors, before, length)
    rows = [{"kind": "days", "share": float(share), "in_errors": float(share / _rms(own))} for share in own]
    test = slice(before, before + length)
    for one in donors:
        rest = [i for i in donors if i != one]
        share = _estimate(values, [one], rest, test)[1]
        spread = _rms(_in_time(values, [one], rest, before, length))
        rows.append({"kind": "region", "share": share, "in_errors": share / spread})
    return pd.DataFrame(rows)


def _rms(numbers: Floats) -> float:
    return max(float(np.sqrt(np.mean(numbers**2))), 1e-9)


def _misfit(values: Floats, regions: list[int], expected: Floats, before: int) -> float:
    """Root mean square of a day's error before the test, as a share of the mean."""
    total = values[:before, regions].sum(1)
    return float(np.sqrt(np.mean((total - expected[:before]) ** 2)) / total.mean())

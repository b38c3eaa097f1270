"""How long records stay in each stage, and how long journeys take to close: censoring and late recording respected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ADVANCE, CAUSES, LOST
from revmodel.errors import JourneyError
from revmodel.features.at_risk import followed_counts, named, risk_table
from revmodel.features.passages import passages
from revmodel.features.survival import restricted_mean, survival_table, time_of_share
from revmodel.journeys.reconstruct import Journeys

__all__ = ["Durations", "TimeInStageBuilder", "TimeToCloseBuilder"]

SHARES = (0.25, 0.5, 0.75, 0.9)
RISK_DAYS = (0, 30, 90, 180, 365)
_GROUPS = ("channel", "segment")


@dataclass(frozen=True)
class Durations:
    """curve: stage, the groups, age (whole days since entry), at_risk, one column of exits a cause, survival,
    survival_se, incidence_<cause>; by the end of each day of age.

    summary: one row a stage and group: n (stays), followed (stays at risk for a day at least), one column of exits a
    cause, first_day (age at which following begins: above 0 only after left truncation), p25, p50, p75, p90 (days by
    which that share has left, NaN where it has not yet), p50_<cause> (the same among those who left by that cause
    while followed), restricted_mean_days (mean of days up to ``horizon_days``), share_<cause> (incidence by the
    horizon, or by the last day followed if that is earlier) and at_risk_<day>.
    """

    curve: pd.DataFrame
    summary: pd.DataFrame


class TimeInStageBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → Durations of the stays in each stage: exits by advance, loss and moving back compete.

    by: "channel" and "segment", or none. horizon_days: for the restricted mean and the shares.
    """

    def __init__(self, by: Sequence[str] = (), horizon_days: int = 365) -> None:
        self.by = by
        self.horizon_days = horizon_days

    def fit(self, journeys: Journeys, y: None = None) -> TimeInStageBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the stages and check the groups. Raises JourneyError: a group that spells do not have."""
        _check_groups(self.by)
        self.stages_ = tuple(journeys.funnel.stages)
        return self

    def transform(self, journeys: Journeys) -> Durations:
        """Count, then estimate."""
        counts = followed_counts(journeys.spells, ["stage", *self.by], journeys.as_of, step_days=1)
        durations = _durations(counts, ["stage", *self.by], CAUSES, self.horizon_days)
        place = {stage: i for i, stage in enumerate(self.stages_)}
        parts = (
            frame.sort_values("stage", key=lambda stage: stage.map(place), kind="stable", ignore_index=True)
            for frame in (durations.curve, durations.summary)
        )
        return Durations(*parts)

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the summary."""
        return np.array(_summary_columns(["stage", *self.by], CAUSES), dtype=object)


class TimeToCloseBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → Durations from ``start`` (None: entry into the funnel) to the win; loss competes.

    The cause "advance" is the win. A lead and the deal that grew from it are one journey. See features/passages.py.
    """

    def __init__(self, start: str | None = None, by: Sequence[str] = (), horizon_days: int = 365) -> None:
        self.start = start
        self.by = by
        self.horizon_days = horizon_days

    def fit(self, journeys: Journeys, y: None = None) -> TimeToCloseBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Check the groups. Raises JourneyError: a group that journeys do not have."""
        _check_groups(self.by)
        self.columns_ = tuple(_summary_columns(["stage", *self.by], (ADVANCE, LOST)))
        return self

    def transform(self, journeys: Journeys) -> Durations:
        """Count, then estimate. Raises JourneyError: the funnel does not name the start."""
        keys = ["stage", *self.by]
        counts = followed_counts(passages(journeys, self.start), keys, journeys.as_of, step_days=1)
        return _durations(counts, keys, (ADVANCE, LOST), self.horizon_days)

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the summary."""
        return np.array(self.columns_, dtype=object)


def _check_groups(by: Sequence[str]) -> None:
    strange = [name for name in by if name not in _GROUPS]
    if strange or isinstance(by, str):
        raise JourneyError(f"durations cannot be told by {strange or by!r}: take a list of {', '.join(_GROUPS)}")


def _durations(counts: pd.DataFrame, keys: list[str], causes: Sequence[str], horizon_days: int) -> Durations:
    curve = survival_table(risk_table(counts, keys, causes), keys, causes)
    curves = dict(list(curve.groupby(keys, sort=True)))
    rows = []
    for values, stays in counts.groupby(keys, sort=True):
        followed = stays[stays["end_step"] > stays["first_step"]]["n"].sum()
        facts = {"n": int(stays["n"].sum()), "followed": int(followed)}
        of_group = curves.get(values, curve.iloc[:0])
        rows.append({**named(keys, values), **facts, **_summary(of_group, causes, horizon_days)})
    return Durations(curve, pd.DataFrame(rows, columns=_summary_columns(keys, causes)))


def _summary(curve: pd.DataFrame, causes: Sequence[str], horizon_days: int) -> dict[str, float]:
    ages, survival = curve["age"], curve["survival"]
    within = curve[ages < horizon_days]
    facts: dict[str, float] = {cause: int(curve[cause].sum()) for cause in causes}
    facts["first_day"] = float(ages.iloc[0]) if len(curve) else float("nan")
    facts |= {f"p{share * 100:.0f}": time_of_share(ages, 1.0 - survival, share) for share in SHARES}
    for cause in causes:
        incidence = curve[f"incidence_{cause}"]
        reached = float(incidence.iloc[-1]) if len(curve) else 0.0
        facts[f"p50_{cause}"] = time_of_share(ages, incidence / reached, 0.5) if reached > 0 else float("nan")
        facts[f"share_{cause}"] = float(within[f"incidence_{cause}"].iloc[-1]) if len(within) else float("nan")
    facts["restricted_mean_days"] = restricted_mean(ages, survival, horizon_days)
    at_risk = pd.Series(curve["at_risk"].to_numpy(), index=ages.to_numpy())
    return facts | {f"at_risk_{day}": int(at_risk.get(day, 0)) for day in RISK_DAYS}


def _summary_columns(keys: Sequence[str], causes: Sequence[str]) -> list[str]:
    shares = [f"p{share * 100:.0f}" for share in SHARES]
    of_causes = [f"{what}_{cause}" for what in ("p50", "share") for cause in causes]
    at_risk = [f"at_risk_{day}" for day in RISK_DAYS]
    return [*keys, "n", "followed", *causes, "first_day", *shares, *of_causes, "restricted_mean_days", *at_risk]

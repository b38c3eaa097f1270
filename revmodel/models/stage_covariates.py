"""Weekly indicators that move conversion (capacity, service levels, intent …), standardised, and their way ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ModelError

__all__ = ["StageCovariates", "stage_covariates"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StageCovariates:
    """values : (name, week), standardised over the history, latest week first. step_sd : (name,), of weekly changes."""

    names: tuple[str, ...]
    values: Floats
    step_sd: Floats

    @classmethod
    def none(cls) -> StageCovariates:
        """No covariate."""
        return cls((), np.zeros((0, 1)), np.zeros(0))

    def at_weeks_ago(self, weeks_ago: npt.NDArray[np.int64]) -> Floats:
        """(week, name); weeks before the history have its mean."""
        known = weeks_ago < self.values.shape[1]
        at = np.where(known, weeks_ago, 0)
        values: Floats = np.where(known[:, None], self.values[:, at].T, 0.0)
        return values

    def ahead(self, draws: int, weeks: int, rng: np.random.Generator) -> Floats:
        """(draw, name, week): held at the latest level, uncertain by a random walk with the history's weekly steps."""
        steps = self.step_sd[None, :, None] * rng.standard_normal((draws, len(self.names), weeks))
        path: Floats = self.values[None, :, :1] + np.cumsum(steps, axis=2)
        return path


def stage_covariates(indicators: pd.DataFrame, names: tuple[str, ...]) -> StageCovariates:
    """Covariates from the weekly panel's indicators (week × name, oldest first).

    A week without a value keeps the last known one. Raises ModelError: a name that the indicators do not hold.
    """
    if not names:
        return StageCovariates.none()
    missing = sorted(set(names) - set(indicators.columns))
    if missing:
        known = ", ".join(map(str, indicators.columns)) or "none"
        raise ModelError(
            f"forecast.stage_covariates names {', '.join(missing)}, which the indicators table does not hold (it has: "
            f"{known}): name one of those, or add its rows"
        )
    weekly = indicators[list(names)].astype(float).ffill()
    spread = weekly.std(ddof=0).replace(0.0, 1.0).fillna(1.0)
    standard = ((weekly - weekly.mean()) / spread).fillna(0.0)
    steps = standard.diff().std(ddof=0).fillna(0.0)
    return StageCovariates(tuple(names), standard.to_numpy().T[:, ::-1].copy(), steps.to_numpy())

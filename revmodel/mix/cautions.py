"""What a reader should know of a mix before its answers: choices of the config that this panel does not bear out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from revmodel.mix.arrays import MixArrays
from revmodel.mix.mix_config import MixConfig
from revmodel.mix.panel import COUNTING, MixPanel
from revmodel.models.calendar_columns import NO_SEASON_WEEKS

__all__ = ["caution_table"]

Floats = npt.NDArray[np.float64]
FEW_A_WEEK = 20.0  # a Poisson of that mean is below 12 or above 28 nine weeks in ten, and nearly even-handed
FEWEST_TURNS = 3
FOLLOWS_P, FOLLOWS_PART = 1e-4, 0.1  # a control moves with the channels: chance, and share of what else it does


def caution_table(config: MixConfig, panel: MixPanel, arrays: MixArrays) -> pd.DataFrame:
    """One row a caution: check, sentence. Empty where there is none."""
    found = [*_small_counts(config, panel), *_flat_baseline(config, panel), *_mediators_as_controls(config, arrays)]
    return pd.DataFrame(found, columns=["check", "sentence"])


def _small_counts(config: MixConfig, panel: MixPanel) -> Iterator[tuple[str, str]]:
    """A KPI that counts little, with noise that knows neither whole numbers nor zero."""
    counts = (panel.kpi >= 0).all() and (panel.kpi == np.round(panel.kpi)).all()
    fewest = float(panel.kpi.mean(1).min())
    if counts and fewest < FEW_A_WEEK and config.noise not in COUNTING:
        zeros = float((panel.kpi == 0).mean())
        yield (
            "small counts",
            f"{config.kpi} counts {fewest:.1f} a week (0 in {100 * zeros:.0f} % of weeks), and {config.noise} noise "
            "would let it be below nothing: set noise to negative_binomial, or to poisson if only chance is at work",
        )


def _flat_baseline(config: MixConfig, panel: MixPanel) -> Iterator[tuple[str, str]]:
    """A baseline that cannot move gives its movements to whatever channel moved alike."""
    weeks = len(panel.weeks)
    if config.trend == "none":
        yield (
            "flat baseline",
            "the baseline has no trend: what the business grew or shrank by is given to channels that grew or shrank; "
            "set trend to piecewise or hsgp",
        )
    elif config.trend == "piecewise" and weeks / config.trend_weeks < FEWEST_TURNS:
        yield (
            "flat baseline",
            f"the trend may turn every {config.trend_weeks} weeks of {weeks}, so the baseline is nearly a straight "
            "line: what else it did is given to channels; set trend_weeks lower",
        )
    if not config.season:
        yield (
            "no season",
            "the baseline has no yearly waves: channels that spend in season get the credit for it; set season to true",
        )
    elif weeks < NO_SEASON_WEEKS:
        yield (
            "no season",
            f"{weeks} weeks are too few to tell a season from anything else, so next to none is allowed for: channels "
            "that spend in season get the credit for it; load more history",
        )


def _mediators_as_controls(config: MixConfig, arrays: MixArrays) -> Iterator[tuple[str, str]]:
    """A control that moves with what channels have in force, beyond what the baseline's other columns say of it.

    By an F test of the channels' columns (carried over and saturated as believed beforehand) in a regression on both.
    """
    data, response = arrays.data, arrays.response
    believed = {name: np.exp(mean)[None] for name, (mean, _) in response.priors.items()}
    plain = response.taking(range(response.curves.count), drifting=False)
    acting = plain.brought(data, believed)[0]
    first = int(np.argmax(arrays.block == 3))
    others = np.delete(data["design"], first + np.arange(len(config.controls)), axis=1)
    others = others[:, (others != 0).any(0)]
    for i, name in enumerate(config.controls):
        part, chance, most = _explained(data["design"][:, first + i], others, acting)
        if chance < FOLLOWS_P and part > FOLLOWS_PART:
            channel = list(config.channels)[most]
            yield (
                "mediator as control",
                f"the control {name} moves with what channels do ({100 * part:.0f} % of what the baseline leaves of "
                f"it, {channel} first): if {channel} drives it, what comes that way is taken from {channel}; then name "
                f"it under mediators, as 'driven_by: [{channel}]'; if it is the other way round, leave it",
            )


def _explained(y: Floats, others: Floats, acting: Floats) -> tuple[float, float, int]:
    """Share of y that the channels explain beyond the others, the chance of that, and the channel that does most."""
    left = _residual(np.column_stack([y, acting.T]), others)
    own, channels = left[:, 0], left[:, 1:]
    rest = _residual(own[:, None], channels)[:, 0]
    free = len(y) - others.shape[1] - len(acting)
    part = 1 - float(rest @ rest) / float(own @ own)
    ratio = (part / len(acting)) / ((1 - part) / free)
    size = np.maximum(np.linalg.norm(channels, axis=0), 1e-12)
    return part, float(stats.f.sf(ratio, len(acting), free)), int(np.argmax(own @ channels / size))


def _residual(y: Floats, x: Floats) -> Floats:
    return np.asarray(y - x @ np.linalg.lstsq(x, y, rcond=None)[0])

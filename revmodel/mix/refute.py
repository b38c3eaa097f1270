"""What must not move the answers, tried: a placebo channel, a random common cause, quarters left out.

Each is a fit of its own by Laplace, and is compared with a Laplace fit of the panel as it is, so that nothing but the
change tells them apart (Sharma & Kiciman 2020 call such checks refuters).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import MixChannelConfig, MixConfig

__all__ = ["refutation_table"]

Floats = npt.NDArray[np.float64]
QUARTER_WEEKS, QUARTERS = 13, 4
PLACEBO, CAUSE = "placebo", "random walk"
BLOCK_WEEKS = 4  # the placebo's spend is another channel's, shuffled in blocks, so that it keeps its bursts
MOST_MOVED = 2.0  # standard deviations of the difference


def refutation_table(
    config: MixConfig, frame: pd.DataFrame, progress: Callable[[str], None] | None = None
) -> pd.DataFrame:
    """One row a check and channel: share of the KPI before and after (medians), and by how many sds it moved.

    passed: a placebo's share came out below what was believed of it; any other share moved by less than MOST_MOVED.
    """
    say = progress or (lambda _: None)
    quick = config.model_copy(update={"engine": "laplace"})
    say("refuting: the panel as it is")
    mix = MediaMix(quick).fit(frame)
    rng = np.random.default_rng([config.seed, 3])
    say("refuting: a random common cause")
    with_cause = frame.assign(**{CAUSE: _walk(frame, config, rng)})
    more = quick.model_copy(update={"controls": [*config.controls, CAUSE]})
    rows = _compared("random common cause", mix, MediaMix(more).fit(with_cause))
    weeks = len(mix.panel_.weeks)
    for end in range(weeks, weeks - QUARTERS * QUARTER_WEEKS, -QUARTER_WEEKS):
        if end < 2 * QUARTER_WEEKS:
            break
        start = f"{mix.panel_.weeks[end - QUARTER_WEEKS]:%Y-%m-%d}"
        say(f"refuting: without 13 weeks from {start}")
        left_out = np.zeros(weeks, bool)
        left_out[end - QUARTER_WEEKS : end] = True
        rows += _compared(f"without 13 weeks from {start}", mix, MediaMix(quick).fit(frame, left_out))
    say("refuting: a placebo channel")
    return pd.DataFrame([*rows, _placebo(quick, frame, mix, rng)])


def _compared(check: str, one: MediaMix, other: MediaMix) -> list[dict[str, object]]:
    names = one.panel_.channels
    before, after = np.log(one.draws_.effect), np.log(other.draws_.effect[:, : len(names)])
    middle = np.median(before, axis=0), np.median(after, axis=0)
    moved = (middle[1] - middle[0]) / np.hypot(before.std(0), after.std(0))
    return [
        {
            "check": check, "channel": name, "share": float(np.exp(middle[0][i])),
            "share_changed": float(np.exp(middle[1][i])), "moved_sd": float(moved[i]),
            "passed": bool(abs(moved[i]) < MOST_MOVED),
        }
        for i, name in enumerate(names)
    ]  # fmt: skip


def _placebo(config: MixConfig, frame: pd.DataFrame, mix: MediaMix, rng: np.random.Generator) -> dict[str, object]:
    """A channel that did nothing: what the largest one spent, its weeks shuffled alike in every region."""
    panel = mix.panel_
    spent = np.where(panel.paid, np.nan_to_num(panel.cost).sum((1, 2)), 0.0)
    largest = panel.acts[int(np.argmax(spent))]
    blocks = np.array_split(np.arange(len(panel.weeks)), max(1, len(panel.weeks) // BLOCK_WEEKS))
    order = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    wide = pd.Series(largest[:, order].ravel(), pd.MultiIndex.from_product([panel.regions, panel.weeks]))
    dates = pd.to_datetime(frame[config.date], format="ISO8601")
    region = frame[config.region].astype(str) if config.region else pd.Series(panel.regions[0], index=frame.index)
    shuffled = wide.reindex(pd.MultiIndex.from_arrays([region, dates])).to_numpy(float)
    channels = {**config.channels, PLACEBO: MixChannelConfig(cost=PLACEBO)}
    fitted = MediaMix(config.model_copy(update={"channels": channels})).fit(frame.assign(**{PLACEBO: shuffled}))
    share, belief = float(np.median(fitted.draws_.effect[:, -1])), float(np.exp(fitted.arrays_.data["effect_mean"][-1]))
    return {
        "check": "placebo channel", "channel": PLACEBO, "share": belief, "share_changed": share,
        "moved_sd": float(np.log(share / belief) / fitted.arrays_.data["effect_sd"][-1]), "passed": share < belief,
    }  # fmt: skip


def _walk(frame: pd.DataFrame, config: MixConfig, rng: np.random.Generator) -> Floats:
    """A random walk over the weeks, the same in every region."""
    dates = pd.DatetimeIndex(pd.to_datetime(frame[config.date], format="ISO8601"))
    weeks = pd.DatetimeIndex(sorted(dates.unique()))
    walk = pd.Series(np.cumsum(rng.standard_normal(len(weeks))), index=weeks)
    return np.asarray(walk.reindex(dates).to_numpy(float))

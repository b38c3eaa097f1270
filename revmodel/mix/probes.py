"""Lift tests as arrays: one probe a test and region, what was done with and without the change, and what was found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ConfigError
from revmodel.mix.basis import Basis
from revmodel.mix.mix_config import LiftTestConfig, MixConfig
from revmodel.mix.panel import ALL, MixPanel
from revmodel.models.lift_tests import weeks_of_test, widened_error

__all__ = ["probes_of"]

Floats = npt.NDArray[np.float64]


def probes_of(panel: MixPanel, config: MixConfig, basis: Basis) -> tuple[dict[str, Floats], list[int]]:
    """Arrays of all tests, and the place of each probe's channel.

    test_with, test_without : (probe, lag, week); test_frequency : (probe by reach, lag, week); test_ramps : (probe,
    turn, week); test_channel, test_region, test_of : which of them each probe is; test_lift, test_error : (test,).

    Raises ConfigError: a test lies outside the panel, in a region that is not there, or took away more than was spent.
    """
    longest = max((len(_inside(panel, test)) for test in config.lift_tests), default=1)
    lags, turns = config.max_lag_weeks + 1, len(basis.turns)
    rows: list[dict[str, Floats | float]] = []
    channels: list[int] = []
    for number, test in enumerate(config.lift_tests):
        channel, weeks = panel.channels.index(test.channel), _inside(panel, test)
        done = basis.done(panel.acts, panel.frequency)
        without = basis.done(_without(panel, test, channel, weeks), panel.frequency)["lagged"][channel]
        heard = basis.by_reach.index(channel) if channel in basis.by_reach else None
        for region in _places(panel, test):
            at = region * len(panel.weeks) + weeks
            beyond = (0, longest - len(at))
            rows.append({
                "with": np.pad(done["lagged"][channel][:, at], ((0, 0), beyond)),
                "without": np.pad(without[:, at], ((0, 0), beyond)),
                "ramps": np.pad(done["ramps"][:, at], ((0, 0), beyond)),
                "region": region, "test": number,
            })  # fmt: skip
            if heard is not None:
                frequency = done["frequency"][heard][:, at]
                rows[-1]["frequency"] = np.pad(frequency, ((0, 0), beyond), constant_values=1.0)
            channels.append(channel)

    def stacked(name: str, shape: tuple[int, ...]) -> Floats:
        found = [np.asarray(row[name]) for row in rows if name in row]
        return np.stack(found) if found else np.zeros((0, *shape))

    tests, probes = len(config.lift_tests), len(rows)
    found = {
        "test_with": stacked("with", (lags, longest)), "test_without": stacked("without", (lags, longest)),
        "test_frequency": stacked("frequency", (lags, longest)), "test_ramps": stacked("ramps", (turns, longest)),
        "test_channel": np.zeros((probes, len(panel.channels))), "test_region": np.zeros((probes, len(panel.regions))),
        "test_of": np.zeros((tests, probes)),
        "test_lift": np.array([test.lift for test in config.lift_tests]),
        "test_error": np.array([_error(test, panel) for test in config.lift_tests]),
    }  # fmt: skip
    for i, (row, channel) in enumerate(zip(rows, channels, strict=True)):
        region = int(row["region"])
        found["test_channel"][i, channel] = found["test_region"][i, region] = 1.0
        found["test_of"][int(row["test"]), i] = basis.scale[region]
    return found, channels


def _inside(panel: MixPanel, test: LiftTestConfig) -> npt.NDArray[np.int64]:
    """Weeks of the panel that the test's days fall into for the better part."""
    start, end = pd.Timestamp(test.start), pd.Timestamp(test.end)
    weeks = weeks_of_test(panel.weeks, start, end)
    if len(weeks) == 0 or start < panel.weeks[0] or end > panel.weeks[-1] + pd.Timedelta(days=6):
        raise ConfigError(
            f"the lift test of {test.channel} from {test.start} to {test.end} is not inside the panel, which covers "
            f"{panel.weeks[0]:%Y-%m-%d} to {panel.weeks[-1] + pd.Timedelta(days=6):%Y-%m-%d}"
        )
    return weeks


def _places(panel: MixPanel, test: LiftTestConfig) -> list[int]:
    """Of the regions that a test was done in."""
    if test.regions is None:
        return list(range(len(panel.regions)))
    unknown = [name for name in test.regions if name not in panel.regions]
    if unknown and panel.regions == (ALL,):
        raise ConfigError(
            f"the lift test of {test.channel} was in {', '.join(unknown)}, but this panel has no regions: name their "
            "column as 'region', or leave the test's region out where lift and spend_change hold for the whole panel"
        )
    if unknown:
        raise ConfigError(
            f"the lift test of {test.channel} was in {', '.join(unknown)}: regions are {', '.join(panel.regions)}"
        )
    return [panel.regions.index(name) for name in test.regions]


def _without(panel: MixPanel, test: LiftTestConfig, channel: int, weeks: npt.NDArray[np.int64]) -> Floats:
    """What would have acted without the test's change.

    What was added is taken from its weeks in proportion to what the panel shows there; what was taken away is given
    back evenly, by size of region.
    """
    acts = panel.acts.copy()
    regions = np.array(_places(panel, test))
    block = acts[channel][np.ix_(regions, weeks)]
    if test.spend_change > block.sum() * (1 + 1e-9):
        raise ConfigError(
            f"the lift test of {test.channel} from {test.start} added {test.spend_change:,.0f}, but the panel shows "
            f"{block.sum():,.0f} in its weeks: give the change in the unit of what acts, against what the panel shows"
        )
    size = np.abs(panel.kpi).mean(1)[regions]
    evenly = np.repeat((size / size.sum() / len(weeks))[:, None], len(weeks), axis=1)
    spread = block / block.sum() if test.spend_change > 0 else evenly
    acts[np.ix_([channel], regions, weeks)] = (block - test.spend_change * spread).clip(0.0)[None]
    return acts


def _error(test: LiftTestConfig, panel: MixPanel) -> float:
    """The standard error, widened for the test's age and for what it stands for."""
    return widened_error(test.lift, test.standard_error, (panel.weeks[-1] - pd.Timestamp(test.end)).days)

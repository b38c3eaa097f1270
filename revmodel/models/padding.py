"""Arrays of the arrivals model brought to a few shapes, so that one compiled model serves many as-of dates.

The weeks before the first, and the rows, channels and columns beyond the last, carry no likelihood and touch nothing
that does: they add free variables that keep their prior, and leave the posterior of all others as it was.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["padded", "trimmed"]

Floats = npt.NDArray[np.float64]
MULTIPLES = {
    "row": 4,
    "channel": 4,
    "event": 8,
    "indicator": 28,
}  # numbers that have a shape; of indicators, four with their lags
SHORT_WEEKS = 52  # histories of up to a year have a shape of their own

# The axes of each array of models/response_data.py, and of each deterministic of models/response.py; those that are not
# named are parameters of curves, one a channel.
ARRAYS = {
    "arrivals": ("row", "week"), "weight": ("row", "week"), "log_crude": ("row",), "walk": ("week", "step"),
    "common_scale": ("step",), "own_scale": ("row", "step"), "season_columns": ("week", "season"),
    "season_scale": ("season",), "is_shock_week": ("week", "shock"), "shock_scale": ("shock",),
    "indicator_columns": ("week", "indicator"), "indicator_scale": ("indicator",),
    "event_columns": ("week", "event"), "event_mean": ("event",), "event_sd": ("event",),
    "lagged_spend": ("channel", "lag", "week"), "lags": ("lag",), "is_own": ("channel", "row"),
    "own_row": ("channel", "row"), "is_caught": ("row",), "share_logit": ("channel",),
    "week_share": ("week",), "test_less": ("round", "channel", "lag", "week"), "test_in": ("round", "channel", "week"),
    "test_lift": ("round", "channel"), "test_precision": ("round", "channel"),
}  # fmt: skip
DERIVED = {
    "total": ("row",), "level": ("row",), "baseline": ("row", "week"), "size": ("row",), "season": ("season",),
    "event": ("event",), "indicator": ("indicator",), "effect": ("channel",), "share": ("channel", "row"),
    "caused": ("channel", "week"), "mean_saturated": ("channel",), "own_share": ("channel",),
    "strength": ("channel", "week"), "season_share": (),
}  # fmt: skip


def padded(arrays: Mapping[str, Floats], max_weeks: int) -> dict[str, Floats]:
    """The arrays in the next larger shape: weeks before the first, all else behind the last."""
    out = {}
    for name, value in arrays.items():
        before = [(_extra(axis, n, max_weeks), 0) if axis == "week" else (0, 0) for axis, n in _axes(name, value)]
        behind = [(0, 0) if axis == "week" else (0, _extra(axis, n, max_weeks)) for axis, n in _axes(name, value)]
        # A channel that is not there spends one unit a week with an effect of zero: its curve stays finite.
        out[name] = np.pad(np.pad(value, before), behind, constant_values=float(name == "lagged_spend"))
    return out


def trimmed(derived: Mapping[str, Floats], sizes: Mapping[str, int]) -> dict[str, Floats]:
    """Deterministics, each (draw, …), without the padding; sizes : the true length of each axis."""
    out = {}
    for name, value in derived.items():
        keep = [slice(-sizes[a], None) if a == "week" else slice(sizes.get(a)) for a in DERIVED.get(name, ("channel",))]
        out[name] = value[(slice(None), *keep)]
    return out


def _axes(name: str, value: Floats) -> list[tuple[str, int]]:
    return list(zip(ARRAYS[name], value.shape, strict=True))


def _extra(axis: str, length: int, max_weeks: int) -> int:
    if axis == "week":
        return (SHORT_WEEKS if length <= SHORT_WEEKS else max_weeks) - length
    return -length % MULTIPLES.get(axis, 1)

"""When the value of a plan lands: the leads of the window, carried through the funnel's lag, by fiscal quarter."""

from __future__ import annotations

import datetime as dt

import numpy as np

from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import ModelError
from revmodel.forecast.calendar import periods, week_shares, weeks_needed

__all__ = ["landing_by_quarter", "leads_at"]


def leads_at(surface: ResponseSurface, leads: Floats, plan: Floats) -> Floats:
    """(draw, group): leads of the window under ``plan`` (channel,), all channels together.

    leads : (draw, channel, group, point), on the surface's grid and linear in between, like the surface itself
    """
    total = np.zeros((leads.shape[0], leads.shape[2]))
    for channel in range(len(surface.channels)):
        left, share = (ends[0] for ends in surface.place(channel, plan[channel : channel + 1]))
        total += leads[:, channel, :, left] * (1 - share) + leads[:, channel, :, left + 1] * share
    return total


def landing_by_quarter(
    leads: Floats, value_within: Floats, window_weeks: int, as_of: dt.date, fiscal_year_start_month: int = 1
) -> dict[str, float]:
    """Quarter label → expected value that lands in it; the leads come in evenly over the window after ``as_of``.

    leads : (draw, group), leads of the whole window
    value_within : (draw, group, week), cumulative value of a lead by week after it came in; later value is not counted
    Raises ModelError where draws or groups differ or the window has no week.
    """
    if value_within.ndim != 3 or value_within.shape[:2] != leads.shape or window_weeks < 1:
        raise ModelError(
            f"leads {leads.shape}, values {value_within.shape} and a window of {window_weeks} weeks came: wanted "
            "(draw, group) and (draw, group, week) of the same draws and groups, and at least one week"
        )
    by_age = np.einsum("dg,dgw->w", leads, np.diff(value_within, axis=2, prepend=0.0)) / leads.shape[0]
    by_week = np.convolve(by_age, np.full(window_weeks, 1.0 / window_weeks))
    quarters = by_week.size * 7 // 89 + 2
    weeks = weeks_needed(as_of, quarters, fiscal_year_start_month)
    table = periods(as_of, quarters, fiscal_year_start_month, "quarter")
    landed = week_shares(table, as_of, weeks)[:, : by_week.size] @ by_week
    last = int(np.flatnonzero(landed).max(initial=0))
    return {str(label): float(value) for label, value in zip(table["period"][: last + 1], landed, strict=False)}

"""The response surface of a fitted model: what each channel's spend of the window brings, by how much is spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.attribution.from_model import LeadEconomics, group_share
from revmodel.decide.surface import ResponseSurface, spend_grid
from revmodel.decide.value import value_of_leads
from revmodel.models.arrivals import caused_leads
from revmodel.models.revenue import RevenueModel

__all__ = ["WindowLeads", "most_ever_spent", "window_surface"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WindowLeads:
    """surface: value of the window's spend. leads : (draw, channel, group, point), behind that value."""

    surface: ResponseSurface
    leads: Floats


def window_surface(
    model: RevenueModel, economics: LeadEconomics, spend: Floats, upper: Floats, horizon_weeks: int, points: int = 41
) -> WindowLeads:
    """Value of each channel's spend in the coming window, on a grid of totals from zero to ``upper``.

    spend : (channel, week), the plan of the window; a channel's pace is kept and only its total changes (even where
    the plan holds nothing). The carry-over after the window counts, the carry-in of past spend does not: it comes
    whatever is decided. Value: revenue (or wins) within ``horizon_weeks`` of a lead.
    """
    response = model.response_
    weeks, lags = spend.shape[1], response.max_lag_weeks
    current = spend.sum(1)
    pace = np.where(current[:, None] > 0, spend / np.maximum(current[:, None], 1e-300), 1.0 / weeks)
    grid = spend_grid(current, upper, points)
    after = np.zeros((spend.shape[0], lags))
    caused = np.stack(
        [
            caused_leads(response, np.concatenate([pace * grid[:, k : k + 1], after], axis=1), economics.pick).sum(2)
            for k in range(points)
        ],
        axis=2,
    )
    caused = caused - caused[:, :, :1]
    share = response.derived_["share"][economics.pick][:, :, list(economics.rows)]
    landing = np.einsum("dmr,rg->dmg", share, group_share(model, economics))
    leads = caused[:, :, None, :] * landing[:, :, :, None]
    worth = economics.worth.revenue_within[:, :, min(horizon_weeks, economics.worth.revenue_within.shape[2] - 1)]
    surface = ResponseSurface(response.data_.channels, grid, value_of_leads(leads, worth), current)
    return WindowLeads(surface, leads)


def most_ever_spent(model: RevenueModel, weeks: int) -> dict[str, float]:
    """Channel → the largest total of any run of ``weeks`` weeks in the history."""
    data = model.response_.data_
    sums = np.cumsum(np.pad(data.spend, ((0, 0), (1, 0))), axis=1)
    window = min(weeks, data.spend.shape[1])
    return dict(zip(data.channels, (sums[:, window:] - sums[:, :-window]).max(1).tolist(), strict=True))

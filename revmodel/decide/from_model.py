"""The response surface of a fitted model: what each channel's spend of the window brings, by how much is spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.attribution.from_model import LeadEconomics, group_share, share_by_cause
from revmodel.decide.periods import LineResponse, PeriodSurface, pace_of
from revmodel.decide.surface import ResponseSurface, last_weeks, spend_grid, totals_of_runs
from revmodel.decide.value import value_of_leads
from revmodel.media import Saturation
from revmodel.models.arrivals import caused_leads
from revmodel.models.revenue import RevenueModel

__all__ = ["WindowLeads", "leads_of_plan", "most_ever_spent", "window_periods", "window_surface", "worth_of_new"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WindowLeads:
    """surface: value of the window's spend. leads : (draw, channel, group, point), behind that value."""

    surface: ResponseSurface
    leads: Floats


def window_surface(
    model: RevenueModel, economics: LeadEconomics, spend: Floats, upper: Floats, horizon_weeks: int, points: int = 41,
    *, worth: Floats | None = None,
) -> WindowLeads:  # fmt: skip
    """Value of each channel's spend in the coming window, on a grid of totals from zero to ``upper``.

    spend : (channel, week), the plan of the window; a channel's pace is kept and only its total changes (even where
    the plan holds nothing). The carry-over after the window counts, the carry-in of past spend does not: it comes
    whatever is decided. worth : (draw, group, week), of a lead by the week it comes in, carry-over weeks included; by
    default revenue (or wins) within ``horizon_weeks`` of a lead.
    """
    response = model.response_
    weeks, lags = spend.shape[1], response.max_lag_weeks
    current = spend.sum(1)
    pace = pace_of(spend, np.zeros(weeks, dtype=np.intp))
    grid = spend_grid(current, upper, points)
    after = np.zeros((spend.shape[0], lags))
    caused = np.stack(
        [
            caused_leads(response, np.concatenate([pace * grid[:, k : k + 1], after], axis=1), economics.pick)
            for k in range(points)
        ],
        axis=3,
    )
    caused = caused - caused[:, :, :, :1]
    landing = _landing(model, economics)
    leads = caused.sum(2)[:, :, None, :] * landing[:, :, :, None]
    if worth is None:
        within = economics.worth.revenue_within
        value = value_of_leads(leads, within[:, :, min(horizon_weeks, within.shape[2] - 1)])
    else:
        each = np.einsum("dmg,dgw->dmw", landing, worth)
        value = np.einsum("dmwk,dmw->dmk", caused, each, optimize=True)
    before = last_weeks(response.data_.spend, weeks)
    return WindowLeads(ResponseSurface(response.data_.channels, grid, value, current, spent_before=before), leads)


def window_periods(
    model: RevenueModel, economics: LeadEconomics, spend: Floats, most: Floats, period_of: npt.NDArray[np.intp],
    worth: Floats,
) -> PeriodSurface:  # fmt: skip
    """The same by channel and period: spend of one period acts on the next, past spend is still in force.

    spend : (channel, week). most : (channel,), the most that any one period may be asked about. period_of : (week,)
    worth : (draw, group, week), of a lead by the week it comes in, weeks of carry-over included
    """
    response, pick = model.response_, economics.pick
    d, data = response.derived_, response.data_
    values = {name: d[name][pick] for name in response.curves_.priors}
    weights = response.curves_.weights(data.arrays["lags"], values)
    each = np.einsum("dmg,dgw->dmw", _landing(model, economics), worth)
    height = d["effect"][pick] / d["mean_saturated"][pick]
    lines, current, pace = [], [], pace_of(spend, period_of)
    for c, name in enumerate(data.channels):
        by_period = np.bincount(period_of, spend[c])
        family = Saturation.named(response.curves_.saturation[c])
        own = {one: of[:, c] for one, of in family.taken(values).items()}
        top = np.full(by_period.size, most[c])
        lines.append(LineResponse(
            name, name, weights[:, c], data.spend[c], float(data.scale[c]), family.name, own,
            height[:, c, None] * each[:, c], pace[c], top,
        ))  # fmt: skip
        current.append(by_period)
    spent = last_weeks(data.spend, int((period_of == 0).sum()))
    return PeriodSurface(tuple(lines), period_of, np.stack(current), spent)


def worth_of_new(model: RevenueModel, economics: LeadEconomics, worth: Floats) -> Floats:
    """(draw, week): value of a lead of a channel that has never spent, in the mean mix of groups of those that have.

    worth : (draw, group, week), of a lead by the week it comes in
    """
    return np.asarray(np.einsum("dmg,dgw->dw", _landing(model, economics), worth) / len(model.response_.data_.channels))


def leads_of_plan(model: RevenueModel, economics: LeadEconomics, weekly: Floats) -> Floats:
    """(draw, group): leads that a plan (channel, week) causes, all channels and weeks together."""
    after = np.zeros((weekly.shape[0], model.response_.max_lag_weeks))
    with_it, without = (
        caused_leads(model.response_, np.concatenate([spend, after], axis=1), economics.pick).sum(2)
        for spend in (weekly, 0.0 * weekly)
    )
    return np.asarray(np.einsum("dm,dmg->dg", with_it - without, _landing(model, economics)))


def _landing(model: RevenueModel, economics: LeadEconomics) -> Floats:
    """(draw, channel, group): of which groups of the funnel the leads that a channel causes are worth."""
    data, rows = model.response_.data_, list(economics.rows)
    recorded = model.response_.derived_["share"][economics.pick][:, :, rows]
    share = share_by_cause(recorded, data.channels, [data.rows[row] for row in rows])
    return np.asarray(np.einsum("dmr,drg->dmg", share, group_share(model, economics.rows, len(economics.pick))))


def most_ever_spent(model: RevenueModel, weeks: int) -> dict[str, float]:
    """Channel → the largest total of any run of ``weeks`` weeks in the history."""
    data = model.response_.data_
    return dict(zip(data.channels, totals_of_runs(data.spend, weeks).max(1).tolist(), strict=True))

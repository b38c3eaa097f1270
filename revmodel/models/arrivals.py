"""Records not yet created: the arrivals model run forward under a spend plan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.features.tables import Groups, WeeklyPanel
from revmodel.models import priors
from revmodel.models.calendar_columns import event_frame, fourier
from revmodel.models.draws import ArrivalDraws
from revmodel.models.leading import lag_columns, paths_ahead
from revmodel.models.response import ChannelResponse
from revmodel.models.steps import LARGEST_STEP, steps_ahead

__all__ = [
    "caused_ahead", "caused_leads", "draw_counts", "expected_arrivals", "group_evidence", "picked", "predict_arrivals",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
PRIOR_RECORDS = 2.0  # that fall on groups as those of all stages do


def caused_leads(response: ChannelResponse, future_spend: Floats, pick: npt.NDArray[np.int64]) -> Floats:
    """Expected records a week that each channel causes, past spend's carry-over included: (draw, channel, week).

    future_spend : (channel, week) currency per week for the weeks ahead, channels as in response.data_.channels; or
    (draw, channel, week) where spend ahead is uncertain. pick : (draw,), which posterior draws.
    """
    d, data = response.derived_, response.data_
    lags = data.arrays["lags"]
    past, weeks = data.spend.shape[1], future_spend.shape[-1]
    before = np.broadcast_to(data.spend, (*future_spend.shape[:-1], past))
    spend = np.concatenate([before, future_spend], axis=-1) / data.scale[:, None]
    values = {name: d[name][pick] for name in response.curves_.priors}
    weights = response.curves_.weights(lags, values)
    carried = np.zeros((len(pick), len(data.channels), weeks))
    for lag in range(len(lags)):
        start = past - lag
        recent = spend[..., max(start, 0) : start + weeks]  # what came before the history counts as nothing
        carried[:, :, max(-start, 0) :] += weights[:, :, lag, None] * recent
    saturated = response.curves_.saturated(carried, values)
    out: Floats = d["effect"][pick][:, :, None] * saturated / d["mean_saturated"][pick][:, :, None]
    return out


def expected_arrivals(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, future_spend: Floats,
    pick: npt.NDArray[np.int64], rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Expected records a week by row, baseline plus media: (draw, row, week)."""
    d, data = response.derived_, response.data_
    common, own = _drift(response, len(pick), len(weeks), rng)
    season, events, trend = _calendar(response, panel, weeks, pick)
    log_baseline = d["level"][pick][:, :, None] + _even(common + own) + (season + events + trend)[:, None, :]
    if data.leading.names:
        paths = lag_columns(paths_ahead(data.leading, len(weeks), len(pick), rng))[:, :, -len(weeks) :]
        log_baseline = log_baseline + np.einsum("dk,dkw->dw", d["indicator"][pick], paths)[:, None, :]
    mean = np.exp(log_baseline)
    if data.channels:
        strength = np.exp(_even(np.einsum("mr,drw->dmw", data.arrays["own_row"], own)))
        caused = caused_ahead(response, panel, weeks, future_spend, pick) * strength
        mean = mean + np.einsum("dmw,dmr->drw", caused, d["share"][pick], optimize=True)
    return mean


def caused_ahead(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, future_spend: Floats,
    pick: npt.NDArray[np.int64],
) -> Floats:  # fmt: skip
    """``caused_leads`` of the weeks ahead with their season and holidays, as the forecast counts them."""
    season, events, _ = _calendar(response, panel, weeks, pick)
    calendar = np.exp(response.derived_["season_share"][pick][:, None] * season + events)
    caused: Floats = caused_leads(response, future_spend, pick) * calendar[:, None, :]
    return caused


def picked(response: ChannelResponse, draws: int) -> npt.NDArray[np.int64]:
    """(draw,): which posterior draws a forecast of so many draws runs on."""
    return np.linspace(0, len(response.posterior_.thetas) - 1, draws).round().astype(np.int64)


def _calendar(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, pick: npt.NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Log effect of the season, of holidays and annotations, and of the trend: (draw, week) each."""
    season = response.derived_["season"][pick] @ fourier(weeks).T
    columns, names = event_frame(panel, weeks, response.holidays_country)
    known = [names.index(name) for name in response.data_.event_names]
    each = response.derived_["event"][pick][:, None, :] * columns[None, :, known]
    return season, each[:, :, 1:].sum(2), each[:, :, 0]


def _drift(response: ChannelResponse, draws: int, weeks: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Steps ahead of the last week: common (draw, 1, week) and each row's own (draw, row, week)."""
    rows, nu = len(response.data_.rows), priors.ARRIVAL_STEP_DEGREES_OF_FREEDOM
    common, own = (_spread(response, name, n, draws, rng) for name, n in (("common_step", 1), ("own_step", rows)))
    return steps_ahead(common, weeks, nu, rng), steps_ahead(own, weeks, nu, rng)


def _even(walk: Floats) -> Floats:
    """A walk of logs, (draw, series, week), shifted so that volume, not its logarithm, stays as it is in the mean.

    Growth is the trend's to tell, and a level of which little is known is not expected to grow for that.
    """
    centred: Floats = walk - np.log(np.exp(walk).mean(axis=0))
    return centred


def _shocks(response: ChannelResponse, draws: int, weeks: int, rng: np.random.Generator) -> Floats:
    """Log of what each week ahead shares by chance, (draw, 1, week)."""
    t = rng.standard_t(priors.ARRIVAL_STEP_DEGREES_OF_FREEDOM, (draws, 1, weeks))
    log: Floats = _spread(response, "shock", 1, draws, rng)[:, :, None] * t
    return np.clip(log, -LARGEST_STEP, LARGEST_STEP)


def _spread(response: ChannelResponse, name: str, series: int, draws: int, rng: np.random.Generator) -> Floats:
    """(draw, series): spreads drawn from their own uncertainty, so that a short history gives a wide future."""
    learned = response.learned_
    log = np.log(learned[f"{name}_spread"][:series])
    drawn: Floats = np.exp(log + learned[f"{name}_se"][:series] * rng.standard_normal((draws, series)))
    return drawn


def draw_counts(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, future_spend: Floats,
    pick: npt.NDArray[np.int64], rng: np.random.Generator,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Records a week by row: what is expected, with the weeks' shared shocks and each row's own scatter."""
    mean = expected_arrivals(response, panel, weeks, future_spend, pick, rng)
    mean = mean * np.exp(_shocks(response, len(pick), len(weeks), rng))
    size = response.derived_["size"][pick][:, :, None]
    counts: npt.NDArray[np.int64] = rng.poisson(np.minimum(mean * rng.gamma(size, 1 / size, mean.shape), 1e9))
    return counts


def predict_arrivals(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, future_spend: Floats,
    stages: tuple[str, ...], groups: Groups, draws: int, seed: int,
) -> ArrivalDraws:  # fmt: skip
    """Counts of records that will enter the funnel (models/draws.py: ArrivalDraws).

    Within a row, records fall on groups (segment, region, …) as in the latest half year (Dirichlet posterior).
    """
    rng = np.random.default_rng(seed)
    pick = picked(response, draws)
    counts = draw_counts(response, panel, weeks, future_spend, pick, rng)
    out = np.zeros((draws, len(weeks), len(stages), len(groups)), dtype=np.int64)
    for r, ((stage, _), (at, alpha)) in enumerate(
        zip(response.data_.rows, group_evidence(response, groups), strict=True)
    ):
        split = rng.multinomial(counts[:, r], rng.dirichlet(alpha, draws)[:, None, :])
        out[:, :, stages.index(stage), at] += split
    return ArrivalDraws(out)


def group_evidence(response: ChannelResponse, groups: Groups) -> list[tuple[list[int], Floats]]:
    """For each row the groups that its records may be of, and the parameters of the Dirichlet posterior over them."""
    seen = response.data_.recent_by_group(groups)
    everywhere, out = seen.sum(0) + 0.1, []
    for r, (_, channel) in enumerate(response.data_.rows):
        at = [i for i, name in enumerate(groups.channel) if name == channel]
        out.append((at, seen[r, at] + PRIOR_RECORDS * everywhere[at] / everywhere[at].sum()))
    return out

"""The weeks ahead from the fitted models, draw by draw those of the forecast's simulation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.attribution.from_model import group_share, share_by_cause
from revmodel.dims import BOOKINGS, LEADS, PIPELINE_CREATED, WINS
from revmodel.forecast.kernel import FunnelKernel, funnel_kernel
from revmodel.models.arrivals import caused_ahead, picked
from revmodel.models.draws import DealSizeDraws, FunnelDraws
from revmodel.models.predict import future_weeks, predict_funnel
from revmodel.models.revenue import RevenueModel
from revmodel.planning.ahead import Ahead
from revmodel.planning.flow import Floats

__all__ = ["ahead_of"]

KERNEL_DRAWS = 100  # draws of the funnel and of the mix of groups, taken in turn
CALENDAR_WEEKS = 13  # over which the funnel's calendar is averaged
ENTRY_WEEKS = 26  # of a stage's kernel: entries into stages are told for at most so many weeks after creation


def ahead_of(
    model: RevenueModel, spend: Floats, told_weeks: int, draws: int, lag_weeks: int, first_deal_stage: str | None,
    *, stages: tuple[str, ...] = (), value: str | None = None, waits_at: tuple[str, ...] = (),
) -> Ahead:  # fmt: skip
    """The ``Ahead`` of a fitted model.

    spend : (channel, week), the current plan, beyond the weeks that are told by as many as spend carries over
    told_weeks, draws : as the simulation's, so that draw i here rests on the same arrivals as future i there
    lag_weeks : how long after its creation a record's deals are counted
    stages : those whose entries are told, beside leads, pipeline and wins
    waits_at : stages of these at which records may have to wait, see ``Ahead.beyond``
    value : what deals are counted in; None: bookings where there are amounts, else wins
    """
    response, groups, rows = model.response_, model.groups, model.response_.data_.rows
    weeks = future_weeks(pd.Timestamp(model.features_.as_of), spend.shape[1])
    pick = picked(response, draws)
    share = np.zeros((draws, 0, len(rows)))
    if response.data_.channels:
        share = share_by_cause(response.derived_["share"][pick], response.data_.channels, rows)

    def caused(of: Floats) -> Floats:
        return caused_ahead(response, model.features_.panel, weeks, of, pick)

    base = model.expected_ahead(told_weeks, spend[:, :told_weeks], draws)
    if response.data_.channels:
        base = base - np.einsum("dcw,dcr->drw", caused(spend)[:, :, :told_weeks], share, optimize=True)
    base = np.pad(base, ((0, 0), (0, 0), (0, len(weeks) - told_weeks)), mode="edge")
    some = min(draws, KERNEL_DRAWS)
    as_of, month = pd.Timestamp(model.features_.as_of), model.fiscal_year_start_month
    funnel = predict_funnel(model.hazards_, as_of, CALENDAR_WEEKS, some, month, model.seed + 21)
    sizes = model.sizes_.predict(groups, some, np.random.default_rng(model.seed + 22))
    in_turn = np.arange(draws) % some
    kernel = funnel_kernel(funnel, lag_weeks, first_deal_stage, threads=2)
    split = group_share(model, range(len(rows)), some)
    reached = _reached(funnel, stages, rows, lag_weeks)
    kernels = _of_deals(kernel, sizes, rows, split) | {
        f"entered:{stage}": np.einsum("drgw,drg->drw", one, split, optimize=True) for stage, one in reached.items()
    }
    beyond = {stage: _beyond(kernel, sizes, stage, reached[stage], split, first_deal_stage) for stage in waits_at}
    leads = _is_lead(funnel, first_deal_stage, rows)
    kernels[LEADS] = np.broadcast_to(leads[None, :, None], (some, len(rows), 1)).astype(np.float64)
    return Ahead(
        as_of=model.features_.as_of,
        weeks=weeks,
        channels=response.data_.channels,
        rows=rows,
        spend=spend,
        base=base,
        caused=caused,
        share=share,
        kernels={name: one[in_turn] for name, one in kernels.items()},
        won_from={name: one[in_turn] for name, one in _won_from(kernel, split, model).items()},
        value=value or (BOOKINGS if sizes.has_amounts else WINS),
        beyond={stage: {name: one[in_turn] for name, one in of.items()} for stage, of in beyond.items()},
    )


def _of_deals(
    kernel: FunnelKernel, sizes: DealSizeDraws, rows: tuple[tuple[str, str], ...], split: Floats
) -> dict[str, Floats]:
    """Pipeline, wins and bookings of one record of each row, (draw, row, lag)."""
    at = [kernel.stages.index(stage) for stage, _ in rows]
    opened, won = (np.stack([by[:, i] for i in at], axis=1) for by in (kernel.pipeline, kernel.won))
    out = {WINS: np.einsum("drgw,drg->drw", won, split, optimize=True)}
    if not sizes.has_amounts:
        out[PIPELINE_CREATED] = np.einsum("drgw,drg->drw", opened, split, optimize=True)
        return out
    first, final = sizes.expected_first(), sizes.expected_won()
    out[PIPELINE_CREATED] = np.einsum("drgw,drg,dg->drw", opened, split, first, optimize=True)
    out[BOOKINGS] = np.einsum("drgw,drg,dg->drw", won, split, final, optimize=True)
    return out


def _reached(
    funnel: FunnelDraws, stages: tuple[str, ...], rows: tuple[tuple[str, str], ...], lag_weeks: int
) -> dict[str, Floats]:
    """Stage → (draw, row, group, lag), first entries into it or past it: what "pipeline" is where deals begin there."""
    at = [funnel.stages.index(stage) for stage, _ in rows]
    out = {}
    for stage in stages:
        reached = funnel_kernel(funnel, min(lag_weeks, ENTRY_WEEKS), stage, threads=2).pipeline
        out[stage] = np.stack([reached[:, i] for i in at], axis=1)
    return out


def _beyond(
    kernel: FunnelKernel, sizes: DealSizeDraws, stage: str, reached: Floats, split: Floats, first_deal_stage: str | None
) -> dict[str, Floats]:
    """Metric → (draw, row, lag), what a record that enters ``stage`` brings, in the mix of groups that gets there.

    Pipeline has been created already where the stage lies beyond that of the first deals.
    """
    at, names = kernel.stages.index(stage), kernel.stages
    mix = reached.sum(axis=3) * split
    total = mix.sum(axis=2, keepdims=True)
    share = np.where(total > 0, mix / np.where(total > 0, total, 1.0), split)
    is_before = first_deal_stage is None or at <= names.index(first_deal_stage)
    wins, opened = kernel.won[:, at], kernel.pipeline[:, at]
    of_group = {WINS: wins} | ({PIPELINE_CREATED: opened} if is_before else {})
    if sizes.has_amounts:
        of_group[BOOKINGS] = wins * sizes.expected_won()[:, :, None]
        if is_before:
            of_group[PIPELINE_CREATED] = opened * sizes.expected_first()[:, :, None]
    return {name: np.einsum("drg,dgw->drw", share, one, optimize=True) for name, one in of_group.items()}


def _is_lead(
    funnel: FunnelDraws, first_deal_stage: str | None, rows: tuple[tuple[str, str], ...]
) -> npt.NDArray[np.bool_]:
    """(row,): whether records of a row come in at a lead stage."""
    stages = funnel.stages
    first = len(stages) if first_deal_stage is None else stages.index(first_deal_stage)
    return np.array([stages.index(stage) < first for stage, _ in rows])


def _won_from(kernel: FunnelKernel, split: Floats, model: RevenueModel) -> dict[str, Floats]:
    """Stage → (draw, lag), over groups in the mix of those that come in (deal stages: of those that become deals)."""
    volume = model.response_.data_.arrays["arrivals"][:, -ENTRY_WEEKS:].sum(axis=1)
    mix = np.einsum("r,drg->dg", volume, split)
    entry = kernel.stages.index(max(_volume_by_stage(model, volume).items(), key=lambda item: item[1])[0])
    deal_mix = mix * kernel.pipeline[:, entry].sum(axis=2)
    out = {}
    for i, stage in enumerate(kernel.stages):
        weight = deal_mix if i > entry and (deal_mix.sum(1) > 0).all() else mix
        share = weight / weight.sum(axis=1, keepdims=True)
        out[stage] = np.einsum("dgw,dg->dw", kernel.won[:, i], share, optimize=True)
    return out


def _volume_by_stage(model: RevenueModel, volume: Floats) -> dict[str, float]:
    out: dict[str, float] = {}
    for (stage, _), total in zip(model.response_.data_.rows, volume, strict=True):
        out[stage] = out.get(stage, 0.0) + float(total)
    return out

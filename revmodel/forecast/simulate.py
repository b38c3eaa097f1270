"""The funnel run forward: every open record and every arrival, one by one, in every draw.

Three provenances walk the same road: deals open at the as-of date (each with its own stage, age and amount), leads open
at that date, and records not yet created. A record counts as an opportunity once, when it first enters a deal stage or
is won straight from a lead stage. Its first amount is drawn then, so that pipeline and bookings of one deal belong
together. Amounts on file that are missing or not positive are drawn as well. Zombies are left out.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from revmodel.dims import (
    BOOKINGS,
    DRAW,
    GROUP,
    GROUP_DIMS,
    LEADS,
    NOT_YET_CREATED,
    OPEN_DEAL,
    OPEN_LEAD,
    PIPELINE_CREATED,
    PROVENANCE,
    WEEK,
    WINS,
)
from revmodel.features.tables import Groups, OpenRecords
from revmodel.forecast import arrays
from revmodel.forecast.clock import Clock, clock, odds_by_age, odds_by_week, share_at_once
from revmodel.forecast.deal_quarters import wins_by_week
from revmodel.forecast.deals import deal_outlook
from revmodel.forecast.engine import walk
from revmodel.forecast.inputs import check_draws, first_deal_index, simulated_records
from revmodel.forecast.simulation import Simulation
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws
from revmodel.models.turns import lock_of, one_at_a_time

__all__ = ["simulate"]

Floats = npt.NDArray[np.float64]
_VARIABLES = (LEADS, "opportunities", PIPELINE_CREATED, WINS, BOOKINGS)  # the order of arrays.Sums
_PROVENANCES = (OPEN_DEAL, OPEN_LEAD, NOT_YET_CREATED)


def simulate(
    open_records: OpenRecords,
    funnel: FunnelDraws,
    arrivals: ArrivalDraws,
    sizes: DealSizeDraws,
    as_of: dt.date,
    weeks: int,
    first_deal_stage: str | None,
    seed: int,
    *,
    fiscal_year_start_month: int = 1,
    threads: int = 1,
) -> Simulation:
    """Draws of leads, opportunities, pipeline, wins and bookings for ``weeks`` weeks after ``as_of``.

    One simulated future per draw of the models; the same seed gives the same numbers, whatever the number of threads.
    ``leads`` are arrivals in a lead stage. ``fiscal_year_start_month`` says which quarter ``p_win_this_quarter`` of
    the deals speaks of.
    Raises ModelError: the parts disagree about draws, stages, groups or weeks, or a record is of a stage or group that
    the funnel was not fitted with.
    """
    check_draws(funnel, arrivals, sizes, weeks)
    first_deal = first_deal_index(funnel, first_deal_stage)
    records = simulated_records(open_records, funnel, first_deal)
    draws, deals = funnel.log_odds.shape[0], records[records["is_deal"]]
    sums = np.zeros((draws, len(_VARIABLES), weeks, len(_PROVENANCES), len(funnel.groups)))
    won_week = np.full((draws, len(deals)), -1, dtype=np.int16)
    won_amount = np.zeros((draws, len(deals)), dtype=np.float32)
    streams = np.random.SeedSequence(seed).generate_state(draws, np.uint64).astype(np.uint64)
    steps = clock(funnel.age_edges_weeks)
    start, first_spreads = _records_of(records, first_deal, sizes), sizes.first_spreads

    def walk_some(some: npt.NDArray[np.int64]) -> None:
        arriving = arrivals.counts[some, :weeks].sum(axis=(1, 2, 3))
        room = _with_room(start, int(arriving.max(initial=0)))
        for draw, more in zip(some, arriving, strict=True):
            road = arrays.Records._make(column[: len(records) + more] for column in room)
            for column, at_start in zip(road, start, strict=True):
                column[: len(records)] = at_start
            counts = np.ascontiguousarray(arrivals.counts[draw, :weeks], dtype=np.int64)
            one, size = _funnel_of(funnel, draw, weeks, steps, first_deal), _sizes_of(sizes, first_spreads, draw)
            total, stream = arrays.Sums(*sums[draw]), streams[draw : draw + 1]
            walk(one, size, counts, road, len(records), total, won_week[draw], won_amount[draw], stream)

    with one_at_a_time(lock_of("simulation")):
        walk_some(np.arange(1))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(walk_some, np.array_split(np.arange(1, draws), threads)))
    outlook = deal_outlook(deals, won_week, as_of, fiscal_year_start_month)
    wins = wins_by_week(won_week, weeks)
    return Simulation(as_of, _dataset(sums, funnel.groups), outlook, sizes.has_amounts, wins, won_week, won_amount)


def _funnel_of(funnel: FunnelDraws, draw: int, weeks: int, steps: Clock, first_deal: int) -> arrays.Funnel:
    by_week = odds_by_week(funnel.calendar[draw, :, :, :weeks], funnel.again[draw])
    reach, at_once = np.cumsum(funnel.destination[draw], axis=-1), share_at_once(funnel.first_week[draw])
    return arrays.Funnel(odds_by_age(funnel.log_odds[draw]), by_week, reach, at_once, *steps, first_deal)


def _sizes_of(sizes: DealSizeDraws, first_spreads: tuple[Floats, Floats], draw: int) -> arrays.Sizes:
    slippage = np.array(sizes.slippage[draw], dtype=np.float64, order="C")
    first = slippage[0] - slippage[0].mean()
    narrower = min(1.0, float(sizes.sd[draw]) / max(float(first.std()), 1e-12))
    slippage[0] += (narrower - 1.0) * first  # a drawn first amount must not slip more widely than amounts won lie
    return arrays.Sizes(
        np.ascontiguousarray(sizes.mean[draw], dtype=np.float64),
        float(sizes.sd[draw]),
        float(sizes.wide_share[draw]),
        float(sizes.wide_sd[draw]),
        float(sizes.log_cap),
        slippage,
        -float(slippage[0].mean()),
        float(first_spreads[0][draw]),
        float(first_spreads[1][draw]),
        not sizes.has_amounts,
    )


def _records_of(frame: pd.DataFrame, first_deal: int, sizes: DealSizeDraws) -> arrays.Records:
    """The open records as arrays."""
    is_deal = frame["is_deal"].to_numpy(dtype=np.bool_)
    stage = frame["stage_index"].to_numpy(dtype=np.int64)
    amount = frame["amount"].to_numpy(dtype=np.float64)
    on_file = is_deal & (amount > 0) & sizes.has_amounts
    return arrays.Records(
        stage=stage,
        group=frame["group_index"].to_numpy(dtype=np.int64),
        visit=np.asarray(frame["attempt"] > 1, dtype=np.int64),
        highest=np.where(is_deal, np.maximum(stage, first_deal), stage),
        entered_week=-1 - frame["age_weeks"].to_numpy(dtype=np.int64),
        provenance=np.where(is_deal, arrays.OPEN_DEAL, arrays.OPEN_LEAD),
        uniform=np.zeros(len(frame)),
        log_first_amount=np.log(amount, where=on_file, out=np.full(len(frame), np.nan)),
        slips_from=np.minimum(1 + stage, sizes.slippage.shape[1] - 1),
        advance_odds=_own_odds(frame, "advance_log_odds"),
        lost_odds=_own_odds(frame, "lost_log_odds"),
    )


def _own_odds(frame: pd.DataFrame, name: str) -> Floats:
    """Factor of each record's own on its odds (models/deal_effects.py); 1 where nothing is known."""
    shift = frame[name].to_numpy(dtype=np.float64) if name in frame.columns else np.zeros(len(frame))
    return np.asarray(np.exp(np.nan_to_num(shift)))


def _with_room(records: arrays.Records, arriving: int) -> arrays.Records:
    """Columns with room for the open records and ``arriving`` more."""
    return arrays.Records._make(np.empty(len(column) + arriving, dtype=column.dtype) for column in records)


def _dataset(sums: npt.NDArray[np.float64], groups: Groups) -> xr.Dataset:
    """Sums (draw, variable, week, provenance, group), named."""
    dims = (DRAW, WEEK, PROVENANCE, GROUP)
    coords = {DRAW: np.arange(sums.shape[0]), WEEK: np.arange(sums.shape[2]), PROVENANCE: list(_PROVENANCES)}
    named = {name: (GROUP, list(getattr(groups, name))) for name in GROUP_DIMS}
    return xr.Dataset({name: (dims, sums[:, i]) for i, name in enumerate(_VARIABLES)}, coords={**coords, **named})

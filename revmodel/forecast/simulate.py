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
    CHANNEL,
    DRAW,
    LEADS,
    NOT_YET_CREATED,
    OPEN_DEAL,
    OPEN_LEAD,
    PIPELINE_CREATED,
    PROVENANCE,
    SEGMENT,
    WEEK,
    WINS,
)
from revmodel.features.tables import OpenRecords
from revmodel.forecast import engine
from revmodel.forecast.clock import Clock, clock, empty_chances, fill_chances, odds_by_age, odds_by_week
from revmodel.forecast.deals import deal_outlook
from revmodel.forecast.inputs import check_draws, first_deal_index, simulated_records
from revmodel.forecast.simulation import Simulation
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws

__all__ = ["simulate"]

_VARIABLES = (LEADS, "opportunities", PIPELINE_CREATED, WINS, BOOKINGS)  # the order of engine.Sums
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
    sums = np.zeros((draws, len(_VARIABLES), weeks, len(_PROVENANCES), len(funnel.group_channel)))
    won_week = np.full((draws, len(deals)), -1, dtype=np.int16)
    streams = np.random.SeedSequence(seed).generate_state(draws, np.uint64).astype(np.uint64)
    steps = clock(funnel.age_edges_weeks)
    start = _records_of(records, sizes.has_amounts)

    def walk_some(some: npt.NDArray[np.int64]) -> None:
        chances = empty_chances(weeks, funnel, steps)
        for draw in some:
            counts = np.ascontiguousarray(arrivals.counts[draw, :weeks], dtype=np.int64)
            one = _funnel_of(funnel, draw, weeks, steps, first_deal)
            fill_chances(one.by_age, one.by_week, steps.before, steps.after, chances)
            road, stream = _with_room(start, int(counts.sum())), streams[draw : draw + 1]
            total, size = engine.Sums(*sums[draw]), _sizes_of(sizes, draw)
            engine.walk(one, size, chances, counts, road, len(records), total, won_week[draw], stream)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(walk_some, np.array_split(np.arange(draws), threads)))
    outlook = deal_outlook(deals, won_week, as_of, fiscal_year_start_month)
    return Simulation(as_of, _dataset(sums, funnel), outlook, sizes.has_amounts)


def _funnel_of(funnel: FunnelDraws, draw: int, weeks: int, steps: Clock, first_deal: int) -> engine.Funnel:
    by_week = odds_by_week(funnel.calendar[draw, :, :, :weeks])
    reach = np.cumsum(funnel.destination[draw], axis=-1)
    return engine.Funnel(odds_by_age(funnel.log_odds[draw]), by_week, reach, *steps, first_deal)


def _sizes_of(sizes: DealSizeDraws, draw: int) -> engine.Sizes:
    return engine.Sizes(
        np.ascontiguousarray(sizes.mean[draw], dtype=np.float64),
        float(sizes.sd[draw]),
        float(sizes.log_cap),
        float(sizes.slippage_mean[draw]),
        float(sizes.slippage_sd[draw]),
        not sizes.has_amounts,
    )


def _records_of(frame: pd.DataFrame, has_amounts: bool) -> engine.Records:
    """The open records as arrays."""
    is_deal = frame["is_deal"].to_numpy(dtype=np.bool_)
    amount = frame["amount"].to_numpy(dtype=np.float64)
    on_file = is_deal & (amount > 0) & has_amounts
    return engine.Records(
        stage=frame["stage_index"].to_numpy(dtype=np.int64),
        group=frame["group_index"].to_numpy(dtype=np.int64),
        entered_week=-1 - frame["age_weeks"].to_numpy(dtype=np.int64),
        provenance=np.where(is_deal, engine.OPEN_DEAL, engine.OPEN_LEAD),
        is_deal=is_deal,
        uniform=np.zeros(len(frame)),
        log_first_amount=np.log(amount, where=on_file, out=np.full(len(frame), np.nan)),
        is_sampled=np.zeros(len(frame), dtype=np.bool_),
    )


def _with_room(records: engine.Records, arriving: int) -> engine.Records:
    """A copy of the open records with room for ``arriving`` more behind them."""

    def longer[T: np.generic](column: npt.NDArray[T], empty: float = 0.0) -> npt.NDArray[T]:
        return np.concatenate([column, np.full(arriving, empty, dtype=column.dtype)])

    return engine.Records(
        stage=longer(records.stage),
        group=longer(records.group),
        entered_week=longer(records.entered_week),
        provenance=longer(records.provenance),
        is_deal=longer(records.is_deal),
        uniform=longer(records.uniform),
        log_first_amount=longer(records.log_first_amount, empty=np.nan),
        is_sampled=longer(records.is_sampled),
    )


def _dataset(sums: npt.NDArray[np.float64], funnel: FunnelDraws) -> xr.Dataset:
    """Groups spread over channel × segment; pairs that no group has are zero."""
    channels = list(dict.fromkeys(funnel.group_channel))
    segments = list(dict.fromkeys(funnel.group_segment))
    cell = [
        channels.index(channel) * len(segments) + segments.index(segment)
        for channel, segment in zip(funnel.group_channel, funnel.group_segment, strict=True)
    ]
    if cell != list(range(len(channels) * len(segments))):
        grid = np.zeros((*sums.shape[:-1], len(channels) * len(segments)))
        grid[..., cell] = sums
        sums = grid
    sums = sums.reshape(*sums.shape[:-1], len(channels), len(segments))
    dims = (DRAW, WEEK, PROVENANCE, CHANNEL, SEGMENT)
    coords = {
        DRAW: np.arange(sums.shape[0]),
        WEEK: np.arange(sums.shape[2]),
        PROVENANCE: list(_PROVENANCES),
        CHANNEL: channels,
        SEGMENT: segments,
    }
    return xr.Dataset({name: (dims, sums[:, i]) for i, name in enumerate(_VARIABLES)}, coords=coords)

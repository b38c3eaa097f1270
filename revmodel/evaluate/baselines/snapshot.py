"""Snapshot roll-forward: what was open then, and what became of it, replayed on what is open now."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.baselines.won_amounts import bookings_of_wins
from revmodel.evaluate.forecaster import BacktestInput, Floats
from revmodel.features.tables import Features
from revmodel.journeys.events import DEAL, WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.spells import OPEN

__all__ = ["snapshot_roll_forward"]

QUARTER_WEEKS = 13  # snapshots stand at the same point of earlier quarters
MOST_SNAPSHOTS = 4
AGE_BANDS_WEEKS = (4, 13, 26, 52)  # right edges; the last band is open
POOLED_RECORDS = 5.0  # a snapshot's stage × age cell is worth its records plus this many of the pooled history

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Snapshots:
    """Open records by stage × age cell: now, and at each earlier snapshot with the week in which they won.

    open_now : (cell,), records. outcomes : (snapshot, cell, week + 1), records by week of their win, last: none.
    later : (snapshot, week), wins of records that were not yet there, or not open, at the snapshot.
    stage_of : (cell,), index of the cell's stage.
    """

    open_now: Ints
    outcomes: Floats
    later: Floats
    stage_of: Ints


def snapshot_roll_forward(data: BacktestInput) -> dict[str, Floats]:
    """Wins and bookings if this quarter's open records do as those of earlier quarters did.

    Snapshots stand 13, 26, 39 … weeks before the origin: the latest four whose horizon is over and which come after
    the first recorded win. Each draw replays one of them: an open record wins in week t with the probability that
    records of the same stage and age band had at that snapshot (Dirichlet around its counts plus a weight of five
    records of all snapshots together), and wins of records not yet created come as they came then (Poisson). So the
    interval holds chance, few records, and how much quarters differ. Bookings: each win draws the amount of a deal
    won in the last year. Metrics: wins, bookings. Returns metric → (draw, week).
    Raises ModelError where no earlier snapshot qualifies.
    """
    rng = np.random.default_rng(data.seed)
    days = _snapshot_days(data.features, data.horizon_weeks)
    snapshots = _count(data, days)
    replayed = rng.integers(len(days), size=data.draws)
    wins = rng.poisson(snapshots.later[replayed])
    probabilities = _pooled_outcomes(snapshots)
    for cell, records in enumerate(snapshots.open_now):
        weights = snapshots.outcomes[replayed, cell] + POOLED_RECORDS * probabilities[cell]
        shares = rng.standard_gamma(weights)
        wins += rng.multinomial(records, shares / shares.sum(axis=1, keepdims=True))[:, :-1]
    return {dims.WINS: wins.astype(float), **bookings_of_wins(data.features, wins, rng)}


def _snapshot_days(features: Features, horizon_weeks: int) -> list[pd.Timestamp]:
    """Days of the snapshots, latest first."""
    wins = features.realised[features.realised["metric"] == dims.WINS]
    if wins.empty:
        raise ModelError(f"no win is recorded by {features.as_of}: snapshot roll-forward wants past wins to replay")
    origin, first_win = pd.Timestamp(features.as_of), pd.to_datetime(wins["date"]).min().normalize()
    nearest = -(-horizon_weeks // QUARTER_WEEKS)
    days = [origin - pd.Timedelta(weeks=QUARTER_WEEKS * step) for step in range(nearest, nearest + MOST_SNAPSHOTS)]
    usable = [day for day in days if day >= first_win - pd.Timedelta(weeks=1)]
    if not usable:
        raise ModelError(
            f"wins are recorded from {first_win.date()} on and the nearest snapshot would be {days[0].date()}: "
            "snapshot roll-forward wants a later origin or a shorter horizon"
        )
    return usable


def _count(data: BacktestInput, days: list[pd.Timestamp]) -> _Snapshots:
    """Count what was open, and what it became, at the origin (position −1) and at each snapshot."""
    horizon = data.horizon_weeks
    frame = _outcome_counts(data, [*days, pd.Timestamp(data.features.as_of)])
    cells = frame[["stage", "age_band"]].drop_duplicates().sort_values(["stage", "age_band"], ignore_index=True)
    frame = frame.merge(cells.assign(cell=cells.index), on=["stage", "age_band"])
    week = frame["week"].fillna(horizon).astype(int)
    counts = np.zeros((len(days) + 1, len(cells), horizon + 1))
    np.add.at(counts, (frame["position"], frame["cell"], week), frame["records"])
    outcomes = counts[:-1]
    every_win = np.array([_wins_after(data.features, day, horizon) for day in days])
    later = np.maximum(every_win - outcomes[:, :, :-1].sum(axis=1), 0.0)
    stage_of = pd.factorize(cells["stage"])[0].astype(np.int64)
    return _Snapshots(counts[-1].sum(axis=1).astype(np.int64), outcomes, later, stage_of)


def _outcome_counts(data: BacktestInput, days: list[pd.Timestamp]) -> pd.DataFrame:
    """Columns position (in ``days``), stage, age_band, week (of the win; NaN: none in the horizon), records."""
    spells = data.journeys.spells
    ends = [day + pd.Timedelta(days=1) for day in days]
    snapshots = ibis.memtable(pa.table({"position": list(range(len(days))), "day_end": ends}))
    was_open = (spells.outcome == OPEN) | (spells.left_at >= snapshots.day_end)
    standing = spells.join(snapshots, [spells.entered_at < snapshots.day_end, was_open])
    standing = standing.select("record_type", "record_id", "stage", "entered_at", "position", "day_end")
    wins = _wins_by_record(data.journeys)
    weeks_to_win = _weeks_between(standing.day_end, wins.won_at)
    in_horizon = (wins.won_at >= standing.day_end) & (weeks_to_win < data.horizon_weeks)
    same = [standing.record_type == wins.won_type, standing.record_id == wins.won_id, in_horizon]
    joined = standing.left_join(wins, same)
    age_weeks = _weeks_between(joined.entered_at, joined.day_end)
    band = sum(((age_weeks >= edge).cast("int64") for edge in AGE_BANDS_WEEKS), start=ibis.literal(0))
    week = _weeks_between(joined.day_end, joined.won_at).floor().cast("int64")
    labelled = joined.mutate(age_band=band, week=week)
    counted = labelled.group_by(["position", "stage", "age_band", "week"]).agg(records=labelled.count())
    frame: pd.DataFrame = counted.order_by(["position", "stage", "age_band", "week"]).to_pyarrow().to_pandas()
    return frame


def _wins_by_record(journeys: Journeys) -> ibis.Table:
    """won_type, won_id, won_at: each won record, and once more under the lead that it grew from."""
    won = journeys.spells.filter(journeys.spells.to_stage == WON_STAGE)
    own = won.select(won_type=won.record_type, won_id=won.record_id, won_at=won.left_at)
    handed = journeys.events.select(lead_type="record_type", lead_id="record_id", deal_id="handed_to")
    of_lead = own.join(handed, [own.won_id == handed.deal_id, own.won_type == DEAL])
    return own.union(of_lead.select(won_type="lead_type", won_id="lead_id", won_at="won_at"))


def _weeks_between(start: ibis.Value, end: ibis.Value) -> ibis.Value:
    return (end.epoch_seconds() - start.epoch_seconds()) / (7 * 86_400)


def _wins_after(features: Features, day: pd.Timestamp, horizon_weeks: int) -> Floats:
    """All wins in each of the weeks after ``day``, (week,)."""
    wins = features.realised[features.realised["metric"] == dims.WINS]
    week = ((pd.to_datetime(wins["date"]).dt.normalize() - day).dt.days - 1) // 7
    inside = (week >= 0) & (week < horizon_weeks)
    return np.bincount(week[inside], weights=wins["value"][inside], minlength=horizon_weeks).astype(float)


def _pooled_outcomes(snapshots: _Snapshots) -> Floats:
    """Probability of a win by week, last: none, over all snapshots, (cell, week + 1).

    A thin cell leans on its stage, a thin stage on everything.
    """
    by_cell = snapshots.outcomes.sum(axis=0)
    everything = by_cell.sum(axis=0)
    none = np.zeros_like(everything)
    none[-1] = 1.0
    overall = (everything + none) / (everything.sum() + 1)
    by_stage = np.zeros((np.unique(snapshots.stage_of).size, everything.size))
    np.add.at(by_stage, snapshots.stage_of, by_cell)
    stage_share = _lean(by_stage, overall[None, :])
    return _lean(by_cell, stage_share[snapshots.stage_of])


def _lean(counts: Floats, towards: Floats) -> Floats:
    return (counts + POOLED_RECORDS * towards) / (counts.sum(axis=1, keepdims=True) + POOLED_RECORDS)

"""What drives an open deal's chance: each fact about it against the average deal of its stage, as a ratio.

A ratio is p(win) of the deal as it is over p(win) were that one fact average and all else the same: its age that of the
median deal of the stage, its channel (segment, owner, …) the mix of the stage, a trait's effect nil. The chances are
those of the funnel's mean hazards over the horizon, so ratios are the model's own, not stories told afterwards.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import ADVANCE, CAUSES, GROUP_DIMS, LOST
from revmodel.features.tables import OpenRecords
from revmodel.forecast.inputs import first_deal_index, simulated_records
from revmodel.forecast.kernel import funnel_kernel
from revmodel.models.draws import FunnelDraws
from revmodel.sources.wording import plural

__all__ = ["deal_drivers", "driver_words"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NAMED = 4  # drivers that are told of a deal
LEAST = 1.05  # ratios nearer to one drive nothing
_LEAST_CHANCE = 1e-6


def deal_drivers(
    records: OpenRecords, funnel: FunnelDraws, parts: pd.DataFrame, first_deal_stage: str | None, horizon_weeks: int
) -> pd.DataFrame:
    """deal_id, driver, words, ratio: one row an open deal and fact, zombies left out.

    records : with advance_log_odds and lost_log_odds. parts : what each trait adds to them (DealEffects.parts).
    """
    first_deal = first_deal_index(funnel, first_deal_stage)
    deals = simulated_records(records, funnel, first_deal)
    deals = deals[deals["is_deal"]].reset_index(drop=True)
    columns = ["deal_id", "driver", "words", "ratio"]
    if deals.empty:
        return pd.DataFrame(columns=columns)
    chance = _WinChance(deals, funnel, first_deal_stage, horizon_weeks)
    p = chance()
    typical = deals.groupby("stage")["age_weeks"].transform("median").to_numpy().astype(np.int64)
    age_words = [
        f"{plural(age, 'week') if age else 'less than a week'} in {stage} (usual {usual})"
        for age, stage, usual in zip(deals["age_weeks"], deals["stage"], typical, strict=True)
    ]
    stage_mean = pd.Series(p).groupby(deals["stage"]).transform("mean").to_numpy()
    rows = [
        _rows(deals, "stage", [f"in {stage}" for stage in deals["stage"]], stage_mean / p.mean()),
        _rows(deals, "age", age_words, p / chance(age=typical)),
    ]
    for name in GROUP_DIMS:
        if len(funnel.groups.levels(name)) > 1:
            words = [f"{name} {level}" for level in deals[name]]
            rows.append(_rows(deals, name, words, p / _average_level(chance, deals, funnel, name, p)))
    for trait, part in parts.groupby("trait", sort=False):
        of_deal = part.set_index("deal_id").reindex(deals["record_id"])
        without = chance(**{cause: of_deal[cause].fillna(0.0).to_numpy() for cause in (ADVANCE, LOST)})
        rows.append(_rows(deals, str(trait), of_deal["words"].fillna("").tolist(), p / without))
    return pd.concat(rows, ignore_index=True)[columns]


def driver_words(drivers: pd.DataFrame) -> pd.Series:
    """The strongest drivers of each deal in words, by deal_id: '↓ close date passed 12 days ago (×0.6); ↑ …'."""
    told = drivers.assign(size=np.abs(np.log(drivers["ratio"].astype(float))))
    told = told[(told["size"] >= np.log(LEAST)) & (told["words"] != "")]
    told = told.sort_values("size", ascending=False, kind="stable").groupby("deal_id").head(NAMED)
    words = [
        f"{'↑' if ratio > 1 else '↓'} {words} (×{_short(ratio)})"
        for ratio, words in zip(told["ratio"], told["words"], strict=True)
    ]
    said = pd.Series(words, index=told["deal_id"].to_numpy(), dtype=object).groupby(level=0).agg("; ".join)
    return said.reindex(drivers["deal_id"].unique(), fill_value="like the average deal of its stage")


def _short(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 0.95 else f"{ratio:.2f}"


def _rows(deals: pd.DataFrame, driver: str, words: list[str], ratio: Floats) -> pd.DataFrame:
    return pd.DataFrame({"deal_id": deals["record_id"], "driver": driver, "words": words, "ratio": ratio})


def _average_level(chance: _WinChance, deals: pd.DataFrame, funnel: FunnelDraws, name: str, p: Floats) -> Floats:
    """(deal,): p(win) were the deal of each level of a dimension in turn, weighted by the open deals of its stage."""
    total, weights = np.zeros(len(deals)), np.zeros(len(deals))
    share = deals.groupby("stage")[name].value_counts(normalize=True)
    for level in funnel.groups.levels(name):
        group = funnel.groups.index(deals[list(GROUP_DIMS)].assign(**{name: level}))
        weight = np.array([share.get((stage, level), 0.0) for stage in deals["stage"]]) * (group >= 0)
        if weight.any():
            total += weight * chance(group=np.where(group >= 0, group, deals["group_index"]))
            weights += weight
    return np.where(weights > 0, total / np.maximum(weights, 1e-12), p)


class _WinChance:
    """p(win within the horizon) of each deal under the funnel's mean hazards, as it is or with one fact changed."""

    def __init__(
        self, deals: pd.DataFrame, funnel: FunnelDraws, first_deal_stage: str | None, horizon_weeks: int
    ) -> None:
        arrays = ("log_odds", "calendar", "again", "first_week", "destination")
        mean = replace(funnel, **{name: getattr(funnel, name).mean(axis=0, keepdims=True) for name in arrays})
        kernel = funnel_kernel(mean, horizon_weeks, first_deal_stage)
        self.later = np.cumsum(kernel.won[0], axis=2)  # (stage, group, week): won by then, counted from entry
        self.odds = np.exp(mean.log_odds[0] + mean.calendar[0].mean(axis=-1)[:, :, None, None])
        self.again, self.destination, self.edges = np.exp(mean.again[0]), mean.destination[0], mean.age_edges_weeks
        self.deals, self.weeks = deals, horizon_weeks
        self.own = {
            cause: deals.get(f"{cause}_log_odds", pd.Series(0.0, index=deals.index)).to_numpy(float)
            for cause in (ADVANCE, LOST)
        }

    def __call__(
        self, group: Ints | None = None, age: Ints | None = None, advance: Floats | float = 0.0,
        lost: Floats | float = 0.0,
    ) -> Floats:  # fmt: skip
        """(deal,). group, age : in place of the deal's; advance, lost : log-odds to take off its own."""
        stage = self.deals["stage_index"].to_numpy()
        group = self.deals["group_index"].to_numpy() if group is None else group
        age = self.deals["age_weeks"].to_numpy() if age is None else age
        factor = np.where((self.deals["attempt"] > 1).to_numpy()[:, None], self.again[stage], 1.0)
        factor[:, CAUSES.index(ADVANCE)] *= np.exp(self.own[ADVANCE] - advance)
        factor[:, CAUSES.index(LOST)] *= np.exp(self.own[LOST] - lost)
        there, won = np.ones(len(stage)), np.zeros(len(stage))
        for week in range(self.weeks):
            age_bin = np.searchsorted(self.edges, age + week, side="right") - 1
            odds = self.odds[stage, :, group, age_bin] * factor
            leaves = there[:, None] * odds / (1 + odds.sum(axis=1, keepdims=True))
            won += (leaves * self._won_later(stage, group, self.weeks - 1 - week)).sum(axis=1)
            there = there - leaves.sum(axis=1)
        return np.maximum(won, _LEAST_CHANCE)

    def _won_later(self, stage: Ints, group: Ints, weeks_left: int) -> Floats:
        """(deal, cause): chance to be won in time of a deal that leaves by each cause."""
        ends = np.concatenate(
            [self.later[:, :, weeks_left], np.ones((1, self.later.shape[1]))]
        )  # (stage or won, group)
        return np.asarray(np.einsum("dkt,td->dk", self.destination[stage][:, :, : len(ends)], ends[:, group]))

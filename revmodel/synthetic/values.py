"""What a lead is worth: the average over many journeys run under the same laws, by true cause and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.synthetic.deals import SLIPPAGE_FACTOR, expected_amount
from revmodel.synthetic.funnel import simulate
from revmodel.synthetic.leads import CAUSES_OF_LEADS, draw_traits
from revmodel.synthetic.profile import FIRST_DEAL_STAGE, WON, Floats, Ints
from revmodel.synthetic.world import World

__all__ = ["LeadValues", "values_by_cohort", "values_to_come"]

JOURNEYS = 120_000  # run for the cohorts of the history, and at most this many for those to come
JOURNEYS_PER_COHORT_LEAD = 12
COMING_DAYS = 91


@dataclass(frozen=True)
class LeadValues:
    """Expected value per lead by cohort: for each metric, (week of history, cause), currency."""

    metrics: dict[str, Floats]

    def by_week(self, metric: str) -> Floats:
        """(week of history, cause): metric is pipeline, revenue, or one of them with _in_period."""
        return self.metrics[metric]


def values_by_cohort(world: World, rng: np.random.Generator) -> LeadValues:
    """Average value per lead of each quarter and cause, from journeys of leads like those of the history."""
    known = np.flatnonzero(world.leads.created < world.timeline.cut)
    copies = int(np.clip(JOURNEYS // max(len(known), 1), 1, JOURNEYS_PER_COHORT_LEAD))
    created, cause = np.tile(world.leads.arrived[known], copies), np.tile(world.leads.cause[known], copies)
    order = np.argsort(created, kind="stable")
    journeys = _run(world, created[order], cause[order], rng)
    start, _ = world.timeline.quarter_bounds(created[order])
    means = journeys.groupby([pd.Series(start, name="created_in"), "cause"]).mean()
    middle_of_week = 7.0 * np.arange(world.timeline.history_weeks) + 3.5
    quarter, _ = world.timeline.quarter_bounds(np.minimum(middle_of_week, world.timeline.cut - 0.5))
    overall = journeys.groupby("cause").mean()
    metrics = {}
    for name in ("pipeline", "revenue", "pipeline_in_period", "revenue_in_period"):
        table = means.pivot_table(name, "created_in", "cause").reindex(columns=range(len(CAUSES_OF_LEADS)))
        table = table.reindex(np.unique(quarter)).fillna(overall[name].reindex(table.columns).fillna(0.0))
        metrics[name] = table.reindex(quarter).to_numpy()
    return LeadValues(metrics)


def values_to_come(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """What a lead caused in the 13 weeks after the as-of date is worth, by true cause."""
    each = min(JOURNEYS // len(CAUSES_OF_LEADS), max(4_000, len(world.leads)))
    cause = np.tile(np.arange(len(CAUSES_OF_LEADS)), each)
    created = world.timeline.cut + np.sort(rng.uniform(0, COMING_DAYS, len(cause)))
    means = _run(world, created, cause, rng).groupby("cause").mean()
    table = means[["p_opportunity", "p_won", "pipeline", "revenue"]]
    return table.set_axis(pd.Index(CAUSES_OF_LEADS, name="channel")).reset_index()


def _run(world: World, created: Floats, cause: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """One row a journey, with expected instead of drawn amounts: less noise, same mean."""
    traits = draw_traits(cause, rng)
    moves = simulate(created, traits, world.timeline, world.environment, rng)
    opened, won = moves.first_entry(len(created), FIRST_DEAL_STAGE), moves.first_entry(len(created), WON)
    amount = expected_amount(cause, traits)
    final = amount * SLIPPAGE_FACTOR
    cut = world.timeline.cut
    return pd.DataFrame(
        {
            "cause": cause,
            "p_opportunity": (~np.isnan(opened)).astype(float),
            "p_won": (~np.isnan(won)).astype(float),
            "pipeline": np.where(np.isnan(opened), 0.0, amount),
            "revenue": np.where(np.isnan(won), 0.0, final),
            "pipeline_in_period": np.where(opened < cut, amount, 0.0),
            "revenue_in_period": np.where(won < cut, final, 0.0),
        }
    )

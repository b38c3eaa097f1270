"""Into which stages the records that are open today will still go, week by week."""

from __future__ import annotations

import numpy as np

from revmodel.forecast.simulate import simulate
from revmodel.models.draws import ArrivalDraws
from revmodel.models.revenue import RevenueModel
from revmodel.planning.flow import Floats

__all__ = ["open_entries"]

DRAWS = 100


def open_entries(model: RevenueModel, spend: Floats, stages: tuple[str, ...], seed: int) -> dict[str, Floats]:
    """Stage → (draw, week): first entries into the stage or past it of records open at the as-of date.

    spend : (channel, week), by its length how many weeks are told. An entry is what "opportunity" is where deals begin
    with that stage, so the simulation is asked once a stage.
    """
    weeks = spend.shape[1]
    funnel, arrivals, sizes = model.predict(weeks, spend, DRAWS)
    nobody = ArrivalDraws(np.zeros_like(arrivals.counts))
    out = {}
    for stage in stages:
        run = simulate(
            model.open_records_, funnel, nobody, sizes, model.features_.as_of, weeks, stage, seed,
            fiscal_year_start_month=model.fiscal_year_start_month, threads=2,
        )  # fmt: skip
        out[stage] = run.weekly("opportunities")
    return out

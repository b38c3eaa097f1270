"""What moved since the run before this one, and what past runs' forecasts came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from revmodel.evaluate.past_forecasts import past_forecasts
from revmodel.features.deal_fates import deal_fates
from revmodel.forecast.deal_quarters import COLUMNS
from revmodel.forecast.waterfall import Outlook, Since, what_moved
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.report.tables import RunFolder
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.past_runs import past_runs
from revmodel.workflows.plan_effect import plan_effect

__all__ = ["moved_tables", "record_table"]

Tables = Mapping[str, pd.DataFrame]


def record_table(fitted: FittedCompany) -> pd.DataFrame:
    """The table ``record``; see evaluate.past_forecasts."""
    return past_forecasts(past_runs(fitted.config, fitted.as_of), fitted.features.realised, fitted.as_of)


def moved_tables(fitted: FittedCompany, tables: Tables, before: RunFolder) -> dict[str, pd.DataFrame]:
    """``what_moved`` and ``moved_deals`` since the run ``before``."""
    old = _outlook(dt.date.fromisoformat(before.manifest["as_of"]), before.tables)
    new = _outlook(fitted.as_of, tables)
    journeys = reconstruct_journeys(fitted.data.tables, fitted.config.funnel, fitted.as_of, fitted.config.identity)
    ids = [*old.deals["deal_id"], *new.deals["deal_id"]]
    won = fitted.features.won_deals.frame[["deal_id", "won_at", "amount", "cycle_days"]]
    plan = plan_effect(fitted, tables["forecast"], before.tables.get("spend_plan"))
    since = Since(deal_fates(journeys, ids, old.as_of), won, fitted.features.realised, plan)
    moved, deals = what_moved(old, new, since)
    told = {"since_run": before.manifest["run"], "since_as_of": pd.Timestamp(old.as_of)}
    return {"what_moved": moved.assign(**told), "moved_deals": deals}


def _outlook(as_of: dt.date, tables: Tables) -> Outlook:
    """A run that was written before deals were kept by quarter has none."""
    deals = tables.get("deal_quarters", pd.DataFrame(columns=COLUMNS))
    weeks = tables.get("deal_weeks", pd.DataFrame(columns=["deal_id", "week_end", "p_win"]))
    return Outlook(as_of, tables["forecast"], deals, weeks)

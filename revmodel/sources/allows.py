"""What a company's data allows, and which table would allow the rest: one sentence for each question."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from revmodel.config import Config
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["allows"]

_WEEKS_OF_SPEND = 26  # fewer weeks do not tell a season from a campaign
_WEEKS_OF_HISTORY = 39  # a backtest forecasts one quarter from what two quarters taught

Answer = tuple[bool, str]


def allows(tables: Tables, config: Config) -> pd.DataFrame:
    """One row a question: what (a noun phrase), possible (bool), why (what is there, or what to add).

    >>> from revmodel.config import FunnelConfig
    >>> from revmodel.sources.tables import tables_from_frames
    >>> leads = pd.DataFrame({"lead_id": ["a"], "created_at": ["2026-01-05"]})
    >>> config = Config(company="x", tables={}, funnel=FunnelConfig(stages=["lead"]))
    >>> bool(allows(tables_from_frames({"leads": leads}), config).possible.any())
    False
    """
    questions: dict[str, Callable[[Tables, Config], Answer]] = {
        "Forecast of leads, opportunities and wins, in numbers": _counts,
        "Forecast of pipeline and bookings, in money": _money,
        "Backtests: past forecasts against what happened": _backtests,
        "Contribution of each channel": _contribution,
        "Budget allocation": _contribution,
        "Contribution sharpened by lift tests": _needs("experiments", "lift tests measure what a channel really adds"),
        "Credit by touch (attribution)": _needs("touches", "credit is shared among the touches of a journey"),
        "Lifetime value of a customer": _needs("subscriptions", "a customer's value is what stays after the win"),
        "Chance of hitting target": _needs("targets", "a chance needs something to be hit"),
        "Leading indicators": _needs("indicators", "sessions, demo requests or intent move before leads do"),
        "Known events kept apart from marketing": _needs(
            "annotations", "price changes, outages: they look like marketing"
        ),
        "Media mix from aggregates alone": _needs("panel", "weekly spend beside a KPI, where there are no records"),
    }
    answers = {what: answer(tables, config) for what, answer in questions.items()}
    return pd.DataFrame(
        [{"what": what, "possible": possible, "why": why} for what, (possible, why) in answers.items()]
    ).astype({"possible": bool})


def _counts(tables: Tables, config: Config) -> Answer:
    missing = _missing("stage_changes", "conversion and time to close are learned from it")
    if "stage_changes" not in tables:
        return False, missing
    changes = tables["stage_changes"]
    wins = int(changes.filter(changes.to_stage.isin(config.funnel.won)).count().to_pyarrow().as_py())
    if wins == 0:
        return False, f"No stage change leads to {' or '.join(config.funnel.won)}: add the wins, or map their name"
    return True, f"{tables.row_counts['stage_changes']:,} stage changes, {wins:,} of them wins"


def _money(tables: Tables, config: Config) -> Answer:
    if config.funnel.first_deal_stage is None:
        return False, "The funnel has no deals (funnel.first_deal_stage): wins are counted, not valued"
    with_amount = {
        name: int(tables[name].amount.count().to_pyarrow().as_py())
        for name in ("deal_history", "deals")
        if name in tables
    }
    if with_amount.get("deal_history"):
        return True, f"{with_amount['deal_history']:,} amounts in deal_history, each with the day it was recorded"
    if with_amount.get("deals"):
        return False, (
            f"{with_amount['deals']:,} deals have an amount, but it is today's; a table deal_history (deal_id, "
            "recorded_at, amount) would say what was known when"
        )
    return False, _missing("deal_history", "no deal has an amount; one row for each time that an amount was recorded")


def _backtests(tables: Tables, config: Config) -> Answer:
    possible, why = _counts(tables, config)
    if not possible:
        return False, why
    changed_at = tables["stage_changes"].changed_at
    ends = tables["stage_changes"].aggregate(first=changed_at.min(), last=changed_at.max()).to_pyarrow().to_pylist()[0]
    weeks = (ends["last"] - ends["first"]).days // 7
    if weeks < _WEEKS_OF_HISTORY:
        return False, f"{weeks} weeks of stage changes; a backtest needs {_WEEKS_OF_HISTORY}: export more of the past"
    return True, f"{weeks} weeks of stage changes, from {ends['first']:%Y-%m-%d} to {ends['last']:%Y-%m-%d}"


def _contribution(tables: Tables, config: Config) -> Answer:  # noqa: ARG001 (an answer has one signature)
    if "spend" not in tables:
        return False, _missing("spend", "what a channel adds is learned from how leads follow its spend")
    if not {"leads", "deals"} & set(tables.names):
        return False, _missing("leads", "spend needs records to act on, with created_at and channel")
    dates = tables["spend"].date
    row = tables["spend"].aggregate(first=dates.min(), last=dates.max(), channels=tables["spend"].channel.nunique())
    spend = row.to_pyarrow().to_pylist()[0]
    weeks = (spend["last"] - spend["first"]).days // 7 + 1 if spend["first"] is not None else 0
    if weeks < _WEEKS_OF_SPEND:
        return False, f"{weeks} weeks of spend; {_WEEKS_OF_SPEND} are the least from which an effect can be learned"
    return True, f"{weeks} weeks of spend in {spend['channels']} channels"


def _needs(table: str, reason: str) -> Callable[[Tables, Config], Answer]:
    """The answer to a question that one table decides."""

    def answer(tables: Tables, config: Config) -> Answer:  # noqa: ARG001 (an answer has one signature)
        n = tables.row_counts.get(table, 0)
        return (True, f"{plural(n, 'row')} in {table}") if n else (False, _missing(table, reason))

    return answer


def _missing(table: str, reason: str) -> str:
    return f"Add a table {table} ({', '.join(TABLES[table].required)}): {reason}"

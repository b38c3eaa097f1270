"""Pipeline, bookings, what they cost and what comes back."""

from __future__ import annotations

from revmodel.config import FunnelConfig
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.recipes import Cost, Coverage, Mean, Return, Share, Sum, Velocity

__all__ = ["cost_kpis", "revenue_kpis"]

_AMOUNT = ("deal_history.amount",)
_SPEND = ("spend.spend",)
_DEALS = "stage_changes (to_stage, changed_at), deal_history (amount, recorded_at)"
_COST = "spend (date, channel, spend)"
_TOUCH = (*_AMOUNT, "touches.occurred_at")
_NOT_ADDED = "one deal counts for every channel, campaign or content that touched it, so these do not add up"


def revenue_kpis(funnel: FunnelConfig) -> list[Kpi]:
    """Opportunities, pipeline and revenue: all, sourced and influenced."""
    no = "" if funnel.deal_stages else "the funnel has no deal stage: set funnel.first_deal_stage"
    name = "Pipeline and revenue"
    return [
        Kpi("opportunities", "Opportunities", name, "count",
            "records that entered a deal stage for the first time (or were won without one), by that day",
            "stage_changes (to_stage, changed_at)", "higher", Sum("opportunities"), adds_up=True, headline=True,
            cannot=no),
        Kpi("pipeline_created", "Pipeline created", name, "money",
            "amounts first on file of the period's new opportunities; one that never had an amount is worth the mean "
            "of those that had", _DEALS, "higher", Sum("pipeline"), _AMOUNT, adds_up=True, headline=True, cannot=no),
        Kpi("sourced_pipeline", "Pipeline sourced by marketing", name, "money",
            "pipeline created by opportunities whose own channel (else their lead's) is a marketing channel",
            f"{_DEALS}, deals or leads (channel)", "higher", Sum("sourced_pipeline"),
            (*_AMOUNT, "leads.channel or deals.channel"), adds_up=True, cannot=no),
        Kpi("influenced_pipeline", "Pipeline influenced by marketing", name, "money",
            f"pipeline created by opportunities whose account marketing touched before; {_NOT_ADDED}",
            f"{_DEALS}, touches (occurred_at, channel, kind)", "higher", Sum("influenced_pipeline"), _TOUCH, cannot=no),
        Kpi("open_pipeline", "Open pipeline", name, "money",
            "latest amounts on file of the deals open at the period's end, or today; zombies left out", _DEALS,
            "higher", Sum("open_pipeline"), _AMOUNT, adds_up=True, headline=True, cannot=no),
        Kpi("wins", "Wins", name, "count", "records whose latest event is a win, by that day",
            "stage_changes (to_stage, changed_at)", "higher", Sum("wins"), adds_up=True, headline=True),
        Kpi("bookings", "Bookings", name, "money", "amounts on file of the wins; a win without an amount adds nothing",
            _DEALS, "higher", Sum("bookings"), _AMOUNT, adds_up=True, headline=True, cannot=no),
        Kpi("sourced_revenue", "Revenue sourced by marketing", name, "money",
            "bookings of deals whose own channel (else their lead's) is a marketing channel",
            f"{_DEALS}, deals or leads (channel)", "higher", Sum("sourced_bookings"),
            (*_AMOUNT, "leads.channel or deals.channel"), adds_up=True, cannot=no),
        Kpi("influenced_revenue", "Revenue influenced by marketing", name, "money",
            f"bookings of deals whose account marketing touched before the win; {_NOT_ADDED}",
            f"{_DEALS}, touches (occurred_at, channel, kind)", "higher", Sum("influenced_bookings"), _TOUCH, cannot=no),
        Kpi("win_rate", "Win rate", name, "share",
            "wins ÷ (wins + losses) of opportunities closed in the period, whenever they were made",
            "stage_changes (to_stage, changed_at)", "higher", Share(("deals_won",), ("deals_won", "deals_lost")),
            nothing="no deal closed", headline=True, cannot=no),
        Kpi("average_deal_size", "Average deal size", name, "money", "bookings ÷ wins with an amount", _DEALS, "higher",
            Mean("bookings"), _AMOUNT, nothing="no win with an amount", headline=True, cannot=no),
        Kpi("pipeline_velocity", "Pipeline velocity", name, "money per day",
            "new opportunities × win rate × average deal size ÷ mean days from opportunity to win", _DEALS, "higher",
            Velocity(), _AMOUNT, nothing="no deal was won", cannot=no),
        *_coverage(no, name),
    ]  # fmt: skip


def _coverage(no: str, name: str) -> list[Kpi]:
    needs = (*_AMOUNT, "deal_history.close_date", "targets.value")
    source = "deal_history (amount, close_date), stage_changes, targets (bookings)"
    return [
        Kpi("pipeline_coverage", "Pipeline coverage", name, "ratio",
            "open pipeline due in the period ÷ (target − booked): as it stood when the period began, or today where "
            "the period is not over", source, "higher", Coverage("due", "left_to_book"), needs,
            nothing="no target for bookings in this period, or it is reached", cannot=no),
        Kpi("pipeline_coverage_next", "Coverage of the next period", name, "ratio",
            "open pipeline at the period's end, or today, that is due in the period after ÷ that period's target",
            source, "higher", Coverage("due_next", "left_to_book_next"), needs,
            nothing="no target for bookings in the next period", headline=True, cannot=no),
    ]  # fmt: skip


def cost_kpis(funnel: FunnelConfig, roles: dict[str, str], *, with_costs: bool) -> list[Kpi]:
    """What was spent, what a lead, an MQL, an opportunity, a deal and a customer cost, and the return."""
    no = "" if funnel.deal_stages else "the funnel has no deal stage: set funnel.first_deal_stage"
    mql = roles.get("mql")
    blended = "of the same period; the total is blended, with records of channels that cost nothing in it"
    found = [
        Kpi("spend", "Spend", "Cost and return", "money",
            "spend of the period; a row for a week is spread over its days",
            _COST, "neither", Sum("spend"), _SPEND, adds_up=True, headline=True),
    ]  # fmt: skip
    for key, label, per, words, why in (
        ("cost_per_lead", "Cost per lead", "leads", "leads", ""),
        ("cost_per_mql", "Cost per MQL", f"first:{mql}", "MQLs", "" if mql else "no stage is called mql: say which "
         "one it is under metrics.stages.mql"),
        ("cost_per_opportunity", "Cost per opportunity", "opportunities", "opportunities", no),
        ("cost_per_deal", "Cost per deal", "wins", "wins", ""),
    ):  # fmt: skip
        found.append(
            Kpi(key, label, "Cost and return", "money", f"spend ÷ {words} {blended}", f"{_COST}, stage_changes",
                "lower",
                Cost(("spend",), per), _SPEND, nothing=f"no spend, or no {words}", headline=key == "cost_per_lead",
                cannot=why)
        )  # fmt: skip
    costs = ("spend", "other_cost") if with_costs else ("spend",)
    beside = "spend and the other costs of metrics.other_acquisition_cost_per_month" if with_costs else (
        "spend alone (no salaries: set metrics.other_acquisition_cost_per_month)"
    )  # fmt: skip
    return [
        *found,
        Kpi("cac", "Cost of winning a customer (CAC)", "Cost and return", "money",
            f"{beside} ÷ accounts that won their first deal in the period", f"{_COST}, deals (account_id)", "lower",
            Cost(costs, "new_customers"), _SPEND, nothing="no spend, or no new customer", headline=True),
        Kpi("romi_simple", "ROMI, simple", "Cost and return", "ratio",
            "(all bookings − spend) ÷ spend of the same period: credits marketing with every deal, whoever brought it",
            f"{_COST}, {_DEALS}", "higher", Return("bookings"), (*_SPEND, *_AMOUNT), nothing="no spend", cannot=no),
        Kpi("romi_attributed", "ROMI, attributed", "Cost and return", "ratio",
            "(bookings sourced by marketing − spend of marketing channels) ÷ that spend, of one period: descriptive; "
            "what spend causes is told by 'revmodel contribution'", f"{_COST}, {_DEALS}", "higher",
            Return("sourced_bookings", "marketing_spend"),
            (*_SPEND, *_AMOUNT), nothing="no spend", headline=True, cannot=no),
    ]  # fmt: skip

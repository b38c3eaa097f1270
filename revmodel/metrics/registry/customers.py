"""Customers: renewals, churn and what a customer is worth over its life."""

from __future__ import annotations

from revmodel.config import FunnelConfig
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.recipes import Lifetime, LifetimeRatio, Lost, Share, Stock, Sum

__all__ = ["customer_kpis"]

_NEEDS = ("subscriptions.started_at",)
_MONEY = (*_NEEDS, "subscriptions.mrr")
_SOURCE = "subscriptions (started_at, ended_at, mrr)"


def customer_kpis(funnel: FunnelConfig, *, with_costs: bool) -> list[Kpi]:
    """Subscriptions and renewals. with_costs: whether other costs than spend are known."""
    name, nobody = "Customers", "no customer when the period began"
    costs = ("spend", "other_cost") if with_costs else ("spend",)
    no = "" if funnel.deal_stages else "the funnel has no deal stage: set funnel.first_deal_stage"
    churn = (*_MONEY, "subscriptions.ended_at")
    return [
        Kpi("customers", "Customers", name, "count", "subscriptions begun and not ended by the period's end, or today",
            _SOURCE, "higher", Stock("mrr_came", ("mrr_left",)), _NEEDS, adds_up=True),
        Kpi("mrr", "Recurring revenue a month", name, "money", "mrr of those subscriptions", _SOURCE, "higher",
            Stock("mrr_came", ("mrr_left",), values=True), _MONEY, adds_up=True),
        Kpi("customer_churn", "Customers lost", name, "share",
            "subscriptions that ended in the period ÷ those running when it began", _SOURCE, "lower",
            Lost("mrr_came", "mrr_left"), churn, nothing=nobody, headline=True),
        Kpi("customer_retention", "Customers kept", name, "share", "1 − customers lost", _SOURCE, "higher",
            Lost("mrr_came", "mrr_left", kept=True), churn, nothing=nobody),
        Kpi("revenue_churn", "Recurring revenue lost", name, "share",
            "mrr of the subscriptions that ended in the period ÷ mrr when it began (gross of growth)",
            _SOURCE, "lower", Lost("mrr_came", "mrr_left", values=True), churn, nothing=nobody),
        Kpi("ltv", "Lifetime value of a customer", name, "money",
            "(mrr × gross margin) per customer ÷ share of customers lost a month: assumes that both stay as they are",
            "subscriptions (mrr, gross_margin, ended_at)", "higher", Lifetime(), (*churn, "subscriptions.gross_margin"),
            nothing="no customer was lost in the period, so the formula has no end"),
        Kpi("ltv_to_cac", "LTV ÷ CAC", name, "ratio", "lifetime value ÷ cost of winning a customer",
            "subscriptions, spend, deals", "higher", LifetimeRatio(costs),
            (*churn, "subscriptions.gross_margin", "spend.spend"), nothing="no customer lost, or none won"),
        Kpi("renewals", "Renewals", name, "count", "won deals of type renewal", "deals (type), stage_changes", "higher",
            Sum("renewals_won"), ("deals.type=renewal",), adds_up=True, cannot=no),
        Kpi("renewal_rate", "Renewal rate", name, "share", "renewals won ÷ renewals closed in the period",
            "deals (type), stage_changes", "higher", Share(("renewals_won",), ("renewals_won", "renewals_lost")),
            ("deals.type=renewal",), nothing="no renewal closed", cannot=no),
    ]  # fmt: skip

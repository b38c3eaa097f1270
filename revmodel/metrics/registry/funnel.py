"""Leads and stages: how many came, how many went on, how many were lost, how long it took."""

from __future__ import annotations

from itertools import pairwise

from revmodel.config import FunnelConfig, MetricsConfig
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.recipes import Flow, Mean, Quantile, Share, Stock, Sum
from revmodel.metrics.stages import ROLES

__all__ = ["funnel_kpis", "service_kpis", "time_kpis"]

_MOVES = "stage_changes (record_id, to_stage, changed_at)"
_RECORDS = "leads (created_at), stage_changes (changed_at)"


def funnel_kpis(funnel: FunnelConfig, roles: dict[str, str]) -> list[Kpi]:
    """Volumes, stages, conversion, losses. roles: see metrics.stages."""
    return [*_volumes(funnel, roles), *_open(funnel), *_conversion(funnel, roles), *_losses(funnel)]


def _volumes(funnel: FunnelConfig, roles: dict[str, str]) -> list[Kpi]:
    found = [
        Kpi(
            "leads", "Leads", "Volume", "count", "records that entered the funnel in a lead stage, by their entry",
            _RECORDS, "higher", Sum("leads"), adds_up=True, headline=True,
            cannot="" if funnel.lead_stages else "the funnel has no stage before deals: name one under funnel.stages",
        ),
    ]  # fmt: skip
    for role, words in ROLES.items():
        stage = roles.get(role)
        found.append(
            Kpi(
                role, f"{role.upper()}s", "Volume", "count",
                f"{words}: records that entered the stage {stage or role} for the first time; who skips it is not one",
                _MOVES, "higher", Sum(f"first:{stage}") if stage else None, ("stage_changes.to_stage",), adds_up=True,
                headline=role != "mqi",
                cannot="" if stage else f"no stage is called {role}: say which one it is under metrics.stages.{role}",
            )
        )  # fmt: skip
    return found


def _open(funnel: FunnelConfig) -> list[Kpi]:
    return [
        Kpi(
            f"open_{stage}", f"Open in {stage}", "Pipeline by stage", "count",
            f"records in the stage {stage} at the period's end, or today; zombies included", _MOVES, "neither",
            Stock(f"came:{stage}", (f"left:{stage}",)), adds_up=True,
        )
        for stage in funnel.deal_stages
    ]  # fmt: skip


def _conversion(funnel: FunnelConfig, roles: dict[str, str]) -> list[Kpi]:
    found = [
        Kpi(
            f"conversion_{a}_to_{b}", f"{a} → {b}", "Conversion", "share",
            f"first entries into {b} ÷ first entries into {a}, both in the period: the naive ratio, of different "
            "records, which may exceed 1; the table cohorts follows the same records",
            _MOVES, "higher", Flow(f"first:{b}", f"first:{a}"), nothing=f"nothing entered {a}",
        )
        for a, b in pairwise(funnel.stages)
    ]  # fmt: skip
    last = funnel.stages[-1]
    found.append(
        Kpi(
            f"conversion_{last}_to_won", f"{last} → won", "Conversion", "share",
            f"wins ÷ first entries into {last}, both in the period", _MOVES, "higher", Flow("wins", f"first:{last}"),
            nothing=f"nothing entered {last}",
        )
    )  # fmt: skip
    both = {"sal", "sql"} <= set(roles)
    found.append(
        Kpi(
            "sal_per_sql", "SALs per SQL", "Conversion", "ratio", "SALs ÷ SQLs of the period (SAL : SQL)", _MOVES,
            "lower",
            Flow(f"first:{roles['sal']}", f"first:{roles['sql']}") if both else None, nothing="no SQL in the period",
            cannot="" if both else "needs stages called sal and sql: say which they are under metrics.stages",
        )
    )  # fmt: skip
    return found


def _losses(funnel: FunnelConfig) -> list[Kpi]:
    found = []
    for stage in funnel.stages:
        left, nothing = f"left:{stage}", f"nothing left {stage}"
        for key, label, of, words in (
            ("loss_rate", "lost", (f"lost:{stage}",), "ended in a loss"),
            ("backward_rate", "sent back", (f"recycled:{stage}",), "went back to an earlier stage"),
            ("drop_off", "dropped off", (f"lost:{stage}", f"recycled:{stage}"), "were lost or went back"),
        ):
            found.append(
                Kpi(
                    f"{key}_{stage}", f"{stage}: {label}", "Losses", "share",
                    f"of the stays in {stage} that ended in the period, the share that {words}", _MOVES, "lower",
                    Share(of, (left,)), nothing=nothing,
                )
            )  # fmt: skip
    return found


def time_kpis(funnel: FunnelConfig) -> list[Kpi]:
    """Time in stage and the sales cycle."""
    found = []
    for stage in funnel.stages:
        for share, name in ((0.5, "median"), (0.8, "p80")):
            found.append(
                Kpi(
                    f"time_in_{stage}_{name}", f"{stage}: {'half' if name == 'median' else '8 in 10'} left within",
                    "Velocity", "days",
                    f"days by which {'half' if name == 'median' else '80 %'} of the stays in {stage} that began in the "
                    "period had ended, whichever way; open ones count as far as they were followed (Kaplan-Meier)",
                    _MOVES, "lower", Quantile(f"stage:{stage}", share), nothing="too few have left yet to say",
                )
            )  # fmt: skip
    deals = bool(funnel.deal_stages)
    found.append(
        Kpi(
            "lead_to_win", "Lead to win, mean", "Velocity", "days",
            "mean days from a lead's entry to the win of its deal, of deals won in the period; leads still on their "
            "way are not in it (see the cohort lead → won)",
            "leads (created_at), deals (lead_id), stage_changes (changed_at)", "lower",
            Mean("lead_to_win_days"), ("deals.lead_id",), nothing="no deal that came from a lead was won",
        )
    )  # fmt: skip
    found += [
        Kpi(
            key, label, "Velocity", "days",
            f"{words} of days from opportunity to win, of deals won in the period; deals still open or lost have no "
            "cycle and are not in it", "stage_changes (changed_at)", "lower", Quantile("cycle", share),
            nothing="no deal was won", headline=share == 0.5,
            cannot="" if deals else "the funnel has no deal stage: set funnel.first_deal_stage",
        )
        for key, label, share, words in (
            ("sales_cycle_median", "Sales cycle, median", 0.5, "median"),
            ("sales_cycle_p80", "Sales cycle, 8 in 10 within", 0.8, "80th percentile"),
        )
    ]  # fmt: skip
    return found


def service_kpis(roles: dict[str, str], settings: MetricsConfig) -> list[Kpi]:
    """What marketing and sales promised each other; more in the table service_levels."""
    mql, level = roles.get("mql"), settings.service_levels
    why = "" if mql else "no stage is called mql: say which one it is under metrics.stages.mql"
    kinds = ", ".join(settings.sales_touches)
    return [
        Kpi(
            "decided_in_time", f"MQLs decided within {level.accept_days:g} days", "Service levels", "share",
            f"of the MQLs that are {level.accept_days:g} days old, the share accepted (moved on) or rejected (lost or "
            "sent back) by then; by the day of the MQL",
            _MOVES, "higher", Share(("decided_in_time",), ("decidable",)), nothing="no MQL is old enough",
            headline=True, cannot=why,
        ),
        Kpi(
            "followed_up_in_time", f"MQLs followed up within {level.follow_up_hours:g} hours", "Service levels",
            "share",
            f"of the MQLs that are {level.follow_up_hours:g} hours old, the share with a touch by sales ({kinds}) by "
            "then; by the day of the MQL",
            "stage_changes (to_stage, changed_at), touches (kind, occurred_at, lead_id)", "higher",
            Share(("followed_in_time",), ("followable",)), ("touches.kind", "touches.lead_id", "touches.by_sales"),
            nothing="no MQL is old enough", cannot=why,
        ),
    ]  # fmt: skip

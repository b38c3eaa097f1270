"""What marketing and sales promised each other: MQLs delivered, decided in time, followed up in time, and why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import MetricsConfig
from revmodel.dims import LOST
from revmodel.features.fiscal import Grain, period_of
from revmodel.journeys.events import LEAD, LOST_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.durations import HOURS_PER_DAY, end_of, hours_between
from revmodel.metrics.facts import fact
from revmodel.sources.tables import Tables

__all__ = ["follow_clock", "follow_facts", "followed_stays", "rejections", "service_facts", "service_table"]

_NOT_SAID = "not said"


def service_facts(stays: ir.Table, stage: str, settings: MetricsConfig, as_of: dt.date) -> ir.Table:
    """Stays in ``stage`` old enough to be judged ("decidable"), and those decided in time ("decided_in_time")."""
    hours = int(settings.service_levels.accept_days * HOURS_PER_DAY)
    stays = stays.filter(stays.stage == stage)
    old = stays.filter(hours_between(stays.entered_at, _now(as_of)) >= hours)
    quick = old.filter(old.left_at.notnull() & (hours_between(old.entered_at, old.left_at) < hours))  # noqa: PD004
    one = ibis.literal(1.0)
    return ibis.union(
        fact(old, "decidable", old.entered_at, one), fact(quick, "decided_in_time", quick.entered_at, one)
    )


def follow_facts(followed: ir.Table, stage: str, settings: MetricsConfig, as_of: dt.date) -> ir.Table:
    """Stays old enough to have been followed up ("followable"), and those that were in time ("followed_in_time").

    followed: see followed_stays.
    """
    hours = int(settings.service_levels.follow_up_hours)
    stays = followed.filter(followed.stage == stage)
    old = stays.filter(hours_between(stays.entered_at, _now(as_of)) >= hours)
    quick = old.filter(old.touched_at.notnull() & (hours_between(old.entered_at, old.touched_at) < hours))  # noqa: PD004
    one = ibis.literal(1.0)
    return ibis.union(
        fact(old, "followable", old.entered_at, one), fact(quick, "followed_in_time", quick.entered_at, one)
    )


def follow_clock(stays: ir.Table, as_of: dt.date) -> ir.Table:
    """Clock "follow:<stage>": from entry to the first touch by sales; who is lost untouched waits no longer.

    stays: see followed_stays. outcome: "advance" where sales touched, "lost" where the record was lost untouched, else
    "open".
    """
    lost = stays.left_at.notnull() & (stays.to_stage == LOST_STAGE)  # noqa: PD004
    lost_at = ibis.ifelse(lost, stays.left_at, ibis.null().cast("timestamp(6)"))
    end = ibis.coalesce(stays.touched_at, lost_at, _now(as_of))
    outcome = ibis.ifelse(stays.touched_at.notnull(), "advance", ibis.ifelse(lost.fill_null(False), "lost", "open"))  # noqa: PD004
    return stays.select(
        *("channel", "segment", "campaign"),
        clock=ibis.literal("follow:") + stays.stage,
        date=stays.entered_at.date(),
        hours=hours_between(stays.entered_at, end),
        outcome=outcome,
    )


def rejections(journeys: Journeys, stage: str, grain: Grain, fiscal_year_start_month: int) -> pd.DataFrame:
    """start, stage, reason, n: losses out of ``stage`` by the reason given, by the day of the loss."""
    stays = journeys.spells
    lost = stays.filter((stays.stage == stage) & (stays.outcome == LOST)).mutate(stage_left=ibis.literal(stage))
    if "stage_changes" not in journeys.tables:
        return pd.DataFrame(columns=["start", "stage", "reason", "n"])
    changes = journeys.tables["stage_changes"]
    ends = changes.filter(changes.to_stage.isin(list(journeys.funnel.lost)))
    ends = ends.group_by(record_id=ends.record_id, left_at=ends.changed_at).aggregate(reason=ends.reason.max())
    rows = lost.left_join(ends, ["record_id", "left_at"])
    rows = rows.mutate(reason=rows.reason.fill_null(_NOT_SAID), day=rows.left_at.date())
    counted = rows.group_by(stage=rows.stage_left, reason="reason", day="day").aggregate(n=lambda t: t.count())
    frame: pd.DataFrame = counted.to_pyarrow().to_pandas()
    frame["start"] = period_of(pd.to_datetime(frame["day"]), grain, fiscal_year_start_month)
    return frame.groupby(["start", "stage", "reason"], as_index=False)[["n"]].sum()


def service_table(
    counts: pd.DataFrame, sums: pd.DataFrame, quantiles: pd.DataFrame, stage: str, promised: pd.Series[float],
    periods: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    """One row a period: what was promised and delivered in ``stage``, and how fast it was decided and followed up.

    counts : of clocks, quantiles : their medians (clock, start, value, low, high), sums : of the facts above,
    promised : targets by period label. Columns: stage, period, period_start, period_end, complete, promised, delivered,
    accepted, rejected, waiting, decidable, decided_in_time, days_to_decide, days_low, days_high, followable,
    followed_in_time, days_to_follow_up.
    """
    own = counts[counts["clock"] == f"stage:{stage}"].groupby("start")[["advance", "lost", "recycled", "open"]].sum()
    fact_of = sums.pivot_table(index="start", columns="measure", values="n", aggfunc="sum").fillna(0.0)
    median = quantiles.set_index(["clock", "start"])
    rows = []
    for period in periods.to_dict("records"):
        start = period["start"]
        went = own.loc[start] if start in own.index else pd.Series(0, index=own.columns)
        decide = median.loc[(f"stage:{stage}", start)] if (f"stage:{stage}", start) in median.index else None
        follow = median.loc[(f"follow:{stage}", start)] if (f"follow:{stage}", start) in median.index else None
        of_period = fact_of.loc[start] if start in fact_of.index else pd.Series(dtype=float)
        rows.append(
            {
                **{"stage": stage, "period": period["period"], "period_start": start, "period_end": period["end"]},
                **{"complete": period["complete"], "promised": promised.get(period["period"], float("nan"))},
                **{"delivered": float(of_period.get(f"first:{stage}", 0.0) or 0.0), "accepted": went["advance"]},
                **{"rejected": went["lost"] + went["recycled"], "waiting": went["open"]},
                **{name: of_period.get(name, float("nan")) for name in ("decidable", "decided_in_time")},
                **{"days_to_decide": _of(decide, "value"), "days_low": _of(decide, "low")},
                **{"days_high": _of(decide, "high")},
                **{name: of_period.get(name, float("nan")) for name in ("followable", "followed_in_time")},
                "days_to_follow_up": _of(follow, "value"),
            }
        )
    return pd.DataFrame(rows)


def _of(row: pd.Series[float] | None, name: str) -> float:
    return float("nan") if row is None else float(row[name])


def followed_stays(tables: Tables, stays: ir.Table, stages: Sequence[str], settings: MetricsConfig) -> ir.Table:
    """Stays of leads in ``stages`` with touched_at: the first touch by sales on or after the entry."""
    stays = stays.filter(stays.stage.isin(list(stages)) & (stays.record_type == LEAD))
    touches = tables["touches"]
    by_sales = touches.filter(touches.kind.lower().isin([kind.lower() for kind in settings.sales_touches]))
    by_sales = by_sales.select(of_lead="lead_id", occurred_at="occurred_at")
    pairs = stays.select("record_id", "stage", "attempt", "entered_at").inner_join(
        by_sales, [stays.record_id == by_sales.of_lead, by_sales.occurred_at >= stays.entered_at]
    )
    stay = ["record_id", "stage", "attempt"]
    first = pairs.group_by(stay).aggregate(touched_at=pairs.occurred_at.min())
    return stays.left_join(first, stay).drop(*(f"{name}_right" for name in stay))


def _now(as_of: dt.date) -> ir.Value:
    return ibis.literal(end_of(as_of), type="timestamp(6)")

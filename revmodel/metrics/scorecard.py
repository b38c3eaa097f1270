"""All tables of a metrics run, from journeys and a config."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from revmodel.config import Config
from revmodel.dims import ALL
from revmodel.features.fiscal import Grain
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.cohorts import cohort_names, cohort_table, horizons
from revmodel.metrics.compare import target_frame, unknown_targets
from revmodel.metrics.drawn import Drawn
from revmodel.metrics.durations import clock_quantiles
from revmodel.metrics.facts import DIMENSIONS
from revmodel.metrics.kpi import Kpi, cannot, dimensions_of
from revmodel.metrics.links import link_table
from revmodel.metrics.periods import GRAINS, periods_between
from revmodel.metrics.recipes import Sum
from revmodel.metrics.registry import kpis_of
from revmodel.metrics.service import rejections, service_table
from revmodel.metrics.values import kpi_rows, unsupported_rows

__all__ = ["metrics_tables"]

_LATEST = 8  # periods of cohorts and of service levels
_LATEST_BY = {"channel": 8, "segment": 8, "campaign": 4, "content": 4}  # there are many campaigns, and each is short
_JUDGED = ("mql", "sal")
_BROUGHT = ("traffic", "bounce_rate", "engagement_score", "nps", "click_through_rate")  # where indicators bring them


def metrics_tables(
    journeys: Journeys, config: Config, grain: Grain = "quarter"
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables of a metrics run, and what could not be told, one sentence each.

    metrics : COLUMNS of metrics.values; totals by week, month, quarter and year; by ``grain``, channels and segments
    for the latest eight periods, campaigns and contents for four. kpis : the definitions. cohorts, service_levels,
    rejections : by ``grain``. links : indicators beside pipeline and bookings.
    Raises ConfigError: the config's section metrics names a stage or a KPI that is not there.
    """
    drawn = Drawn(journeys, config)
    kpis = kpis_of(config, drawn.indicators)
    tables = {each: periods_between(drawn.first_day, drawn.as_of, each, drawn.month) for each in GRAINS}
    totals = [kpi_rows(drawn, kpis, None, each, tables[each]) for each in GRAINS]
    parts = [kpi_rows(drawn, kpis, name, grain, tables[grain], _LATEST_BY[name]) for name in DIMENSIONS]
    missing = unsupported_rows(drawn, kpis, grain, tables[grain])
    metrics = pd.concat([part for part in (*totals, *parts, missing) if len(part)], ignore_index=True)
    latest = tables[grain].iloc[-_LATEST:].reset_index(drop=True)
    found = {
        "metrics": metrics,
        "kpis": _definitions(drawn, kpis),
        "cohorts": _cohorts(drawn, grain, latest),
        "service_levels": _service_levels(drawn, grain, latest),
        "rejections": _rejections(drawn, grain, latest),
        "links": _links(totals[0]),
    }
    return found, _told(drawn, kpis, missing)


def _definitions(drawn: Drawn, kpis: Sequence[Kpi]) -> pd.DataFrame:
    """The definitions: one row a KPI.

    by : dimensions that it can be told by in this data. adds_up : over their levels; cumulates : over periods.
    possible, why : whether this data supports it, and why not.
    """
    return pd.DataFrame(
        {
            "kpi": kpi.key, "label": kpi.label, "group": kpi.group, "unit": kpi.unit, "formula": kpi.formula,
            "source": kpi.source, "better": kpi.better, "by": ", ".join(dimensions_of(kpi, drawn.filled)),
            "adds_up": kpi.adds_up, "cumulates": isinstance(kpi.recipe, Sum) and kpi.by_part,
            "headline": kpi.headline, "possible": not (why := cannot(kpi, drawn.filled)), "why": why,
        }
        for kpi in kpis
    )  # fmt: skip


def _cohorts(drawn: Drawn, grain: Grain, periods: pd.DataFrame) -> pd.DataFrame:
    counts = drawn.clock_counts(None, grain)
    funnel = drawn.config.funnel
    names = cohort_names(funnel.stages, with_leads=bool(funnel.lead_stages), with_deals=bool(funnel.deal_stages))
    days = horizons(counts, drawn.config.metrics.cohort_days)
    return cohort_table(counts, names, periods, grain, days)


def _service_levels(drawn: Drawn, grain: Grain, periods: pd.DataFrame) -> pd.DataFrame:
    counts, targets = drawn.clock_counts(None, grain), target_frame(drawn)
    sums = drawn.sums(None, grain, periods)
    median = clock_quantiles(counts, 0.5)
    found = []
    for role in _JUDGED:
        if role in drawn.roles:
            own = targets[(targets["metric"] == role) & (targets["scope"] == ALL)]
            promised = own.drop_duplicates("period").set_index("period")["value"]
            facts = sums if role == "mql" else sums[~sums["measure"].str.contains("deci|follow")]
            table = service_table(counts, facts, median, drawn.roles[role], promised, periods)
            found.append(table.assign(role=role, grain=grain))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["role", "stage", "period"])


def _rejections(drawn: Drawn, grain: Grain, periods: pd.DataFrame) -> pd.DataFrame:
    """role, stage, grain, period, period_start, reason, n, share (of the rejections of the period and stage)."""
    found = []
    for role in _JUDGED:
        if role in drawn.roles:
            rows = rejections(drawn.known, drawn.roles[role], grain, drawn.month)
            rows = rows.merge(periods[["start", "period"]], on="start")
            share = rows["n"] / rows.groupby("start")["n"].transform("sum")
            found.append(rows.assign(role=role, grain=grain, share=share).rename(columns={"start": "period_start"}))
    if not found:
        return pd.DataFrame(columns=["role", "stage", "grain", "period", "period_start", "reason", "n", "share"])
    return pd.concat(found, ignore_index=True).sort_values(["role", "period_start", "n"], ascending=[True, True, False])


def _links(weeks: pd.DataFrame) -> pd.DataFrame:
    """Indicators by week beside pipeline created and bookings, whole weeks only."""
    values = weeks[weeks["complete"]].pivot_table(index="period_start", columns="kpi", values="value")
    outcomes = [name for name in ("pipeline_created", "opportunities", "bookings", "wins") if name in values][:2]
    money = [name for name in ("pipeline_created", "bookings") if name in values]
    keys = [key for key in weeks["kpi"].unique() if key.startswith("indicator_") or key in _BROUGHT]
    return link_table(values, [key for key in keys if key in values], money or outcomes)


def _told(drawn: Drawn, kpis: Sequence[Kpi], missing: pd.DataFrame) -> list[str]:
    """What could not be told, one sentence each."""
    told = [f"No {row.label}: {row.note}." for row in missing.itertuples()]
    unknown = unknown_targets(drawn, kpis)
    if unknown:
        told.append(f"Targets for {', '.join(unknown)} are not used: no KPI has that name (see the table kpis).")
    if len(drawn.journeys.truncated):
        stages = ", ".join(drawn.journeys.truncated["stage"].astype(str))
        told.append(f"Exits from {stages} were recorded late: rates of the periods before are too low.")
    return told

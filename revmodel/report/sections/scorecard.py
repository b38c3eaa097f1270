"""The KPIs: the scorecard against goals, trends, what each channel did, all values and their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from revmodel.dims import ALL
from revmodel.metrics.summary import TREND_PERIODS, by_level, scorecard, trend_of
from revmodel.report.figures.trends import trends_figure
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.words import count, label, percent, price

__all__ = [
    "BREAKDOWN",
    "STATUS",
    "definitions_section",
    "dimension_section",
    "grain_of",
    "kpi_value",
    "scorecard_section",
    "status_words",
]

STATUS = {"met": "● met", "close": "▲ close", "missed": "■ missed", "none": ""}
_TRENDS = ("leads", "mql", "pipeline_created", "bookings", "win_rate", "cost_per_lead", "wins", "spend", "touches")
BREAKDOWN = (
    *("leads", "mql", "opportunities", "pipeline_created", "bookings", "win_rate", "spend", "cost_per_lead"),
    *("romi_attributed", "influenced_pipeline", "influenced_revenue", "touches"),
)
_COLUMNS_SHOWN, _ROWS_SHOWN = 9, 15


def grain_of(run: AnyRun) -> str:
    """The grain of the scorecard."""
    return str(run.manifest["metrics"]["grain"])


def kpi_value(value: float, unit: str, currency: str) -> str:
    """A KPI's value as people say it; a dash where it is not known.

    >>> kpi_value(0.353, "share", "EUR"), kpi_value(12.25, "days", "EUR"), kpi_value(float("nan"), "count", "EUR")
    ('35 %', '12 days', '–')
    """
    if not np.isfinite(value):
        return "–"
    match unit:
        case "money" | "money per day":
            return price(value, currency) + (" a day" if unit == "money per day" else "")
        case "share":
            return f"{100 * value:.1f} %" if abs(value) < 0.1 else percent(value)
        case "days":
            return f"{value:.1f} days" if value < 10 else f"{value:,.0f} days"
        case "ratio":
            return f"{value:,.2f}".replace("-", "−")
    return count(value)


def status_words(status: str) -> Markup:
    """Whether a target is met: a shape, a word and a colour, so that no reader depends on one of them."""
    return Markup('<span class="status {}">{}</span>').format(status, STATUS[status])


def _change(value: float, other: float, change: float, unit: str, currency: str) -> Markup:
    """The value before, and how this one differs: shares in points, others in percent."""
    if not np.isfinite(other):
        return Markup("–")
    moved = f"{100 * (value - other):+.1f} points" if unit == "share" else f"{100 * change:+.0f} %"
    told = moved.replace("-", "−") if np.isfinite(value) and np.isfinite(change) else ""
    return Markup('{} <span class="faint">{}</span>').format(kpi_value(other, unit, currency), told)


def _spark(values: list[float]) -> Markup:
    """A trend as a small line; gaps where a value is not known are left out."""
    known = [(i, value) for i, value in enumerate(values) if np.isfinite(value)]
    if len(known) < 2:
        return Markup("")
    low, high = min(value for _, value in known), max(value for _, value in known)
    size = (high - low) or 1.0
    points = [(2 + 112 * i / (len(values) - 1), 23 - 20 * (value - low) / size) for i, value in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup(
        f'<svg class="spark" viewBox="0 0 116 26" role="img" aria-label="trend of the last {len(values)} periods">'
        f'<polyline points="{line}"/><circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.6"/></svg>'
    )


def scorecard_section(run: AnyRun) -> Section:
    """The latest period of the headline KPIs, and charts of how they went."""
    metrics, kpis, grain = run.table("metrics"), run.table("kpis"), grain_of(run)
    if metrics is None or kpis is None:
        return Section("scorecard", "Scorecard", missing="This run holds no KPIs: 'revmodel metrics' counts them.")
    rows = scorecard(metrics, kpis, grain, pd.Timestamp(run.manifest["as_of"]))
    cells = tuple(
        (
            row.label, kpi_value(row.value, row.unit, run.currency), kpi_value(row.target, row.unit, run.currency),
            status_words(row.status), _change(row.value, row.previous, row.change, row.unit, run.currency),
            _change(row.value, row.last_year, row.change_last_year, row.unit, run.currency), _spark(row.trend),
            row.note,
        )
        for row in rows_of(rows)
    )  # fmt: skip
    names = ("", "This " + grain, "Target", "", f"The {grain} before", "A year before", f"Last {TREND_PERIODS}", "")
    said = ["Higher is not always better: the definitions below say which way is good, and how each is counted."]
    if not bool(rows["complete"].all()):
        said.append(
            f"The {grain} is not over: counts are compared with as many days of earlier ones, and with as much of "
            "their target as the days that have passed."
        )
    after = "A target is close when nine tenths of it are reached. Numbers of few records are marked."
    grid = Grid(names, cells, right=(1, 2, 4, 5), after=after)
    return Section("scorecard", "Scorecard", tuple(said), tuple(_trends(run, metrics, grain)), (grid,))


def _trends(run: AnyRun, metrics: pd.DataFrame, grain: str) -> list[Chart]:
    totals = metrics[(metrics["grain"] == grain) & (metrics["dimension"] == ALL)]
    parts: list[tuple[str, pd.DataFrame]] = []
    for kpi in _TRENDS:
        part = totals[totals["kpi"] == kpi].sort_values("period_start").tail(2 * TREND_PERIODS)
        if part["value"].notna().sum() > 1 and len(parts) < 6:
            parts.append((str(part["label"].iloc[0]), part))
    if not parts:
        return []
    says = "; ".join(f"{name}: {_words(run, part)}" for name, part in parts)
    keys: tuple[Key, ...] = (Key("line", "range50", f"each {grain}"), Key("dash", "target", "target"))
    keys += () if bool(totals["complete"].all()) else (Key("ring", "quiet", "not over yet"),)
    return [chart(f"By {grain}", says, lambda width: trends_figure(parts, width, run.currency), keys)]


def _words(run: AnyRun, part: pd.DataFrame) -> str:
    values, unit = trend_of(part, 2), str(part["unit"].iloc[0])
    return " then ".join(kpi_value(value, unit, run.currency) for value in values)


def dimension_section(run: AnyRun) -> Section:
    """The latest period by channel and the other dimensions."""
    title, metrics, kpis = "By channel, campaign, segment and content", run.table("metrics"), run.table("kpis")
    assert metrics is not None
    assert kpis is not None
    first = str(run.manifest["metrics"]["by"])
    order = [first, *(name for name in ("channel", "segment", "campaign", "content") if name != first)]
    grids = [grid for name in order if (grid := _breakdown(run, metrics, kpis, name)) is not None]
    if not grids:
        return Section("by", title, missing="No table of this company carries a channel, campaign, segment or content.")
    said = (
        "Leads, opportunities, pipeline and bookings of all levels add up to the total; influenced pipeline and "
        "revenue do not, because one deal counts for everything that touched it.",
        "Cost per lead and ROMI set a period's spend beside what came in it, whatever caused it: what a channel adds "
        "is told by 'revmodel contribution'.",
    )
    shown, folded = (grids[:1], grids[1:]) if grids[0].caption.lower().startswith(first) else ([], grids)
    return Section("by", title, said, grids=tuple(shown), folded=tuple(folded))


def _breakdown(run: AnyRun, metrics: pd.DataFrame, kpis: pd.DataFrame, dimension: str) -> Grid | None:
    table = by_level(metrics, grain_of(run), dimension)
    named = kpis.set_index("kpi")
    shown = [kpi for kpi in BREAKDOWN if kpi in table.columns][:_COLUMNS_SHOWN]
    if not shown or table.empty:
        return None
    rows = tuple(
        (
            _level_words(str(level), dimension),
            *(kpi_value(row[kpi], str(named.loc[kpi, "unit"]), run.currency) for kpi in shown),
        )
        for level, row in table.head(_ROWS_SHOWN).iterrows()
    )
    rest = len(table) - len(rows)
    after = f"{rest} more in metrics.csv." if rest > 0 else ""
    columns = (label(dimension), *(str(named.loc[kpi, "label"]) for kpi in shown))
    return Grid(columns, rows, tuple(range(1, len(columns))), after, f"{label(dimension)}, this {grain_of(run)}")


def _level_words(level: str, dimension: str) -> str:
    """Channels and segments as a reader would write them; names of campaigns and contents as they are."""
    return label(level) if dimension in ("channel", "segment") else level


def definitions_section(run: AnyRun) -> Section:
    """Every KPI with its value and its definition, by group; and what this data cannot tell."""
    metrics, kpis = run.table("metrics"), run.table("kpis")
    assert metrics is not None
    assert kpis is not None
    totals = metrics[(metrics["grain"] == grain_of(run)) & (metrics["dimension"] == ALL)]
    latest = totals[totals["period_start"] == totals["period_start"].max()].set_index("kpi")
    folded = []
    for group, part in kpis[kpis["possible"]].groupby("group", sort=False):
        rows = tuple(
            (
                one.label,
                _with_range(run, latest.loc[one.kpi]),
                one.formula,
                one.source,
                one.better,
                one.by or "total only",
            )
            for one in rows_of(part)
        )
        columns = ("", "Value", "Formula", "Counted from", "Better", "Told by")
        folded.append(Grid(columns, rows, (1,), caption=f"{group}: {len(rows)} KPIs"))
    missing = kpis[~kpis["possible"]]
    told = tuple((row.label, row.why, row.formula) for row in rows_of(missing))
    grids = (Grid(("Not told", "Why, and what would enable it", "Formula"), told),) if told else ()
    said = (f"{len(kpis)} KPIs, each defined once; ranges are 80 % ranges of what such records do.",)
    return Section("definitions", "Every KPI and how it is counted", said, grids=grids, folded=tuple(folded))


def _with_range(run: AnyRun, row: pd.Series) -> Markup:
    value = kpi_value(row["value"], row["unit"], run.currency)
    if np.isfinite(row["value"]) and np.isfinite(row["low"]) and np.isfinite(row["high"]):
        ends = (kpi_value(row[name], row["unit"], run.currency) for name in ("low", "high"))
        return Markup('{} <span class="faint">{} – {}</span>').format(value, *ends)
    note = str(row["note"]) if not np.isfinite(row["value"]) else ""
    return Markup('{} <span class="faint">{}</span>').format(escape(value), note)

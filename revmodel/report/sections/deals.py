"""Open deals: which matter most this quarter, what drives each, and what the CRM's own categories are worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import chance, count, label, number, percent, plural, quarter, span

__all__ = ["deals_section"]

_SHOWN = 15
_NOTE = (
    "Chances are counted from the same simulated futures as the forecast. What drives a deal: ↑ (×1.4) says that it is "
    "1.4 times as likely to be won as the same deal with an average value of that fact, ↓ (×0.6) that it is less so."
)


def deals_section(run: Run) -> Section:
    """The deals that are expected to bring most this quarter, their drivers, and the CRM's categories beside them."""
    title, deals = "Open deals", run.table("open_deals")
    if deals is None:
        return Section("deals", title, missing="No deal is open on this day.")
    top = deals.sort_values(["expected_this_quarter", "deal_id"], ascending=[False, True]).head(_SHOWN)
    rest = len(deals) - len(top)
    after = f"{plural(rest, 'more deal')} in open_deals.csv." if rest > 0 else ""
    categories, pushes = run.table("forecast_categories"), run.table("close_date_pushes")
    said = [_together(run, deals, categories), *_commit_words(run, categories)]
    first = f"The first {len(top)}, by what they bring on average this quarter:" if rest > 0 else "All of them:"
    grids = [
        _deals_grid(run, top, after),
        *_categories_grid(run, categories),
    ]
    folded = () if pushes is None else (_pushes_grid(pushes),)
    return Section("deals", title, (*said, first), grids=tuple(grids), note=_NOTE, folded=folded)


def _together(run: Run, deals: pd.DataFrame, categories: pd.DataFrame | None) -> str:
    lead = f"{plural(len(deals), 'deal')} {'is' if len(deals) == 1 else 'are'} open."
    if categories is None:
        return lead
    all_of = categories[categories["category"] == "all"].iloc[0]
    unit = run.unit(run.leading) if run.has_amounts else None
    what = "" if run.has_amounts else " wins"
    return (
        f"{lead} In {quarter(str(all_of['period']), run.start_month)} they bring {number(all_of['mean'], unit)}{what} "
        f"on average, with 8 in 10 chance {span(all_of['p10'], all_of['p90'], unit)}."
    )


def _has_categories(categories: pd.DataFrame | None) -> bool:
    return categories is not None and not set(categories["category"]) <= {"all", "none on file"}


def _commit_words(run: Run, categories: pd.DataFrame | None) -> list[str]:
    """What the firmest category is worth, or that there are none."""
    if categories is None:
        return []
    if not _has_categories(categories):
        return ["The CRM keeps no forecast category of these deals: nothing to hold the chances against."]
    commit = categories[categories["category"] == "commit"]
    if commit.empty or not commit["due_amount"].iloc[0] > 0:
        return []
    row, unit = commit.iloc[0], run.unit(run.leading) if run.has_amounts else None
    return [
        f"Sellers commit {number(row['due_amount'], unit)} to this quarter; "
        f"the model expects {number(row['mean'], unit)} of those deals. "
        f"That all of it comes: {chance(row['p_reached'])}."
    ]


def _deals_grid(run: Run, top: pd.DataFrame, after: str) -> Grid:
    rows = []
    unit = run.unit(run.leading) if run.has_amounts else None
    for row in rows_of(top):
        amount = (number(row.amount, unit) if np.isfinite(row.amount) else "–",) if run.has_amounts else ()
        brings = (number(row.expected_this_quarter, unit),) if run.has_amounts else ()
        close = f"{row.expected_close_p50:%d %b %Y}" if pd.notna(row.expected_close_p50) else "–"
        chances = (percent(row.p_win_this_quarter), percent(row.p_win))
        rows.append((str(row.deal_id), label(row.stage), *amount, *brings, *chances, close, _words(str(row.drivers))))
    columns = ("Deal", "Stage", *(("Amount", "Brings this quarter") if run.has_amounts else ()))
    columns += ("Won this quarter", "Won", "Close, if won", "What drives it")
    return Grid(columns, tuple(rows), right=tuple(range(2, len(columns) - 1)), after=after)


def _words(drivers: str) -> str:
    return drivers.replace("_", " ") or "–"


def _categories_grid(run: Run, categories: pd.DataFrame | None) -> list[Grid]:
    """None where the CRM has no categories."""
    if categories is None or not _has_categories(categories):
        return []
    unit = run.unit(run.leading) if run.has_amounts else None
    rows = tuple(
        (
            label(str(row.category)), count(row.deals), number(row.amount, unit),
            number(row.said, unit) if np.isfinite(row.said) else "–", number(row.due_amount, unit),
            number(row.mean, unit), span(row.p10, row.p90, unit),
            percent(row.p_reached) if np.isfinite(row.p_reached) else "–",
        )
        for row in rows_of(categories)
    )  # fmt: skip
    columns = (
        "Category",
        "Deals",
        "On file",
        "× sellers' chance",
        "Due this quarter",
        "Model expects",
        "8 in 10 chance",
    )
    caption = "The CRM's own forecast, and what the model expects of the same deals this quarter"
    return [Grid((*columns, "All that is due"), rows, right=tuple(range(1, 8)), caption=caption)]


def _pushes_grid(pushes: pd.DataFrame) -> Grid:
    def days(value: float) -> str:
        return count(value) if np.isfinite(value) else "–"

    rows = tuple(
        (
            label(str(row.stage)), percent(row.overdue), percent(row.pushed), days(row.days_pushed_p50),
            percent(row.won_in_time) if np.isfinite(row.won_in_time) else "–", days(row.days_late_p90),
        )
        for row in rows_of(pushes)
    )  # fmt: skip
    columns = ("Stage", "Overdue", "Pushed in 4 weeks", "By days, middle", "Wins on time", "Days late, 1 in 10 more")
    caption = "Close dates on file: how they moved, and how wins came in against them"
    return Grid(columns, rows, right=tuple(range(1, 6)), caption=caption)

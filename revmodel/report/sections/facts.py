"""Facts to work with: open deals, how to read the page, where the run comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.report.reading import AnyRun, Run, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import count, date, label, money, percent, plural

__all__ = ["deals_section", "method_section", "provenance_section"]

_SHOWN = 15


def deals_section(run: Run) -> Section:
    """The open deals that matter most: expected value where amounts exist, else chance to win."""
    title, deals = "Open deals", run.table("open_deals")
    if deals is None:
        return Section("deals", title, missing="No deal is open on this day.")
    worth = deals["p_win"] * deals["amount"] if run.has_amounts else deals["p_win"]
    top = deals.assign(worth=worth).sort_values(["worth", "deal_id"], ascending=[False, True]).head(_SHOWN)
    by = "by what they are worth on average" if run.has_amounts else "by their chance to be won"
    total = f" {_together(run, deals, worth)}" if run.has_amounts else ""
    lead = f"{plural(len(deals), 'deal')} {'is' if len(deals) == 1 else 'are'} open.{total}"
    rest = len(deals) - len(top)
    after = f"{plural(rest, 'more deal')} in open_deals.csv." if rest > 0 else ""
    said = (lead, f"The first {len(top)}, {by}:" if rest > 0 else f"All of them, {by}:")
    return Section("deals", title, said, grids=(_deals_grid(run, top, after),))


def _together(run: Run, deals: pd.DataFrame, worth: pd.Series) -> str:
    """Chance times amount, summed; deals without an amount are not in the sum, and that is said."""
    unknown = int(deals["amount"].isna().sum())
    without = f", {plural(unknown, 'deal')} without an amount left out" if unknown else ""
    return f"Together they are worth {money(float(worth.sum()), run.currency)} on average{without}."


def _deals_grid(run: Run, top: pd.DataFrame, after: str) -> Grid:
    rows = []
    for row in rows_of(top):
        amount = (money(row.amount, run.currency) if np.isfinite(row.amount) else "–",) if run.has_amounts else ()
        close = f"{row.expected_close_p50:%d %b %Y}" if pd.notna(row.expected_close_p50) else "–"
        chances = (percent(row.p_win), percent(row.p_win_this_quarter))
        rows.append(
            (
                str(row.deal_id),
                label(row.stage),
                count(row.age_weeks),
                *amount,
                *chances,
                close,
                _signs(str(row.drivers)),
            )
        )
    columns = ("Deal", "Stage", "Weeks in it", *(("Amount",) if run.has_amounts else ()))
    columns += ("Wins", "Wins this quarter", "Close, if won", "What sets it apart, in points of chance")
    return Grid(columns, tuple(rows), right=tuple(range(2, len(columns) - 1)), after=after)


def _signs(drivers: str) -> str:
    return drivers.replace("_", " ").replace(" -", " −")


def method_section(run: Run) -> Section:
    """How to read the page, and the method in short."""
    said = [
        "8 in 10 chance: of ten such ranges, eight should hold the truth. Two should not; that is no error.",
        "The middle is the value that the outcome is as likely to exceed as to miss.",
        "The funnel is learned from time-stamped stage changes: how many leave each stage each week, to where, and how "
        "that depends on age, channel and season. Open deals and leads are then walked forward, one by one, thousands "
        "of times; new leads join them as they have come in before, and as spend brings them. Every range of the "
        "forecast is counted from those same futures, so parts add up to totals.",
    ]
    if run.has_spend:
        said.append(
            "What a channel adds is learned from how new leads follow its spend, with carry-over and saturation, and "
            "told in deals through the time they take to close."
        )
    return Section("method", "How to read this", tuple(said))


def provenance_section(run: AnyRun) -> Section:
    """As-of date, data with digests, version, seed: what it takes to get the same numbers again."""
    manifest: dict[str, Any] = run.manifest
    facts = (
        ("Run", str(manifest["run"])),
        ("Made", str(manifest["created_at"])),
        ("Knows what was recorded by", date(manifest["as_of"])),
        ("Command", str(manifest["command"])),
        ("revmodel", f"{manifest['version']}, commit {str(manifest['git_sha'] or 'not known')[:10]}"),
        ("Seed and engine", f"{manifest['seed']}, {manifest['engine']}"),
        ("Took", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in manifest["timings_s"].items())),
    )
    inputs = tuple(
        (str(item["table"]), count(float(item["rows"])), str(item["digest"])[:16]) for item in manifest["inputs"]
    )
    grids = (Grid(("", ""), facts), Grid(("Table", "Rows", "Digest"), inputs, right=(1,)))
    said = (
        "The same data, configuration and seed give the same numbers. Every number here is in the tables beside it.",
    )
    return Section("provenance", "Where this run comes from", said, grids=grids)

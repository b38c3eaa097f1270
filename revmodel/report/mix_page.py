"""The page of a media-mix run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.report.figures.channels import contribution_figure, returns_figure
from revmodel.report.figures.curves import curves_figure
from revmodel.report.mix_words import path_sentences
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.facts import provenance_section
from revmodel.report.sections.marketing import budget_section
from revmodel.report.sections.next_tests import next_tests_section
from revmodel.report.sections.parts import Grid, Key, Section, chart
from revmodel.report.tables import RunFolder
from revmodel.report.template import Tile, rendered
from revmodel.report.words import and_list, count, date, label, money, percent

__all__ = ["holds_a_mix", "render_mix_page"]

_WHOLE = "all"


def holds_a_mix(folder: RunFolder) -> bool:
    """Whether a run's page is that of a media mix."""
    return "doubt" in folder.tables and "decomposition" in folder.tables


def render_mix_page(folder: RunFolder) -> str:
    """The page as text: everything inside, nothing fetched; the same run gives the same bytes."""
    run = AnyRun(folder)
    table = folder.tables["contribution"]
    whole = table[table["period"] == _WHOLE]
    context: dict[str, Any] = {
        "manifest": run.manifest,
        "kind": "Media mix",
        "title": f"{run.manifest['company']}: what each channel adds",
        "as_of": date(run.manifest["as_of"]),
        "headline": _headline(whole, folder.tables["doubt"]),
        "condition": f"from {date(whole['start'].iloc[0])} to {date(run.manifest['as_of'])}",
        "outlook": [_knowledge(folder.tables["doubt"])],
        "tiles": _tiles(whole, folder.tables["doubt"], run.currency),
        "health": run.manifest["health"],
        "sections": [
            _contribution(whole, run.currency, str(run.manifest["config"]["kpi"])),
            *_ways(folder),
            _doubts(folder.tables["doubt"], folder.tables["residuals"], folder.tables.get("cautions")),
            _curves(folder.tables["curves"], run.currency),
            *([budget_section(run)] if run.table("allocation") is not None else []),
            *([tests] if (tests := next_tests_section(run)) is not None else []),
            _refutation(folder.tables.get("refutation")),
            provenance_section(run),
        ],
    }
    return rendered(context)


def _headline(whole: pd.DataFrame, doubt: pd.DataFrame) -> str:
    """What the channels brought together, and the one that is surest to pay."""
    share = float(whole["share_mean"].sum())
    said = f"{percent(share)} of what came in is the channels' doing"
    paid = whole[whole["cost"] > 0].merge(doubt[["channel", "verdict"]], on="channel")
    known = paid[paid["verdict"].isin(["measured", "weakly measured"])]
    if known.empty:
        return said
    best = known.sort_values("romi_p10").iloc[-1]
    return f"{said}; {label(str(best['channel']))} is the surest to pay"


def _knowledge(doubt: pd.DataFrame) -> str:
    parts = [
        f"{and_list([label(str(name)) for name in doubt.loc[doubt['verdict'] == verdict, 'channel']])} {words}"
        for verdict, words in (
            ("measured", "measured"),
            ("weakly measured", "weakly measured"),
            ("prior-driven", "decided by what was believed beforehand"),
            ("not identified", "not to be told from these data"),
        )
        if (doubt["verdict"] == verdict).any()
    ]
    return f"Channel by channel: {'; '.join(parts)}."


def _tiles(whole: pd.DataFrame, doubt: pd.DataFrame, currency: str) -> list[Tile]:
    paid = whole[whole["cost"] > 0]
    cost, gain = float(paid["cost"].sum()), float(paid["gain_mean"].sum())
    tiles = [
        Tile("Spent", money(cost, currency), "over the whole history"),
        Tile("Gained", money(gain, currency), "expected, over the whole carry-over", "good" if gain > cost else "bad"),
        Tile("ROMI", f"{gain / cost - 1:+.1f}" if cost else "–", "(gain − cost) ÷ cost, all paid channels"),
    ]
    known = int(doubt["verdict"].isin(["measured", "weakly measured"]).sum())
    return [*tiles, Tile("Known from data", f"{known} of {len(doubt)}", "channels that the data say something of")]


def _contribution(whole: pd.DataFrame, currency: str, kpi: str) -> Section:
    rows = whole.sort_values("added_mean", ascending=False)
    paid = rows[rows["cost"] > 0]
    added = rows.rename(columns={f"added_{q}": q for q in ("p10", "p50", "p90")}).assign(spend=rows["cost"])
    charts = [
        chart(
            f"{kpi[:1].upper()}{kpi[1:]} added", f"{kpi} that each channel added, 8 in 10 between the ends of its bar",
            lambda width: contribution_figure(added, width, None, spend_too=False),
            (Key("bar", "range80", "8 in 10 chance"), Key("line", "actual", "middle")), half=True,
        )
    ]  # fmt: skip
    if len(paid):
        charts.append(
            chart(
                "What one unit of money brought back", "gain ÷ cost of each paid channel, with its 80 % range",
                lambda width: returns_figure(paid, width, currency),
                (Key("bar", "gain", "pays for itself"), Key("bar", "other", "open"), Key("line", "text", "middle")),
                half=True,
            )
        )  # fmt: skip
    grid = Grid(
        ("Channel", "Spent", "Added", "8 in 10 between", "Share", "ROMI", "8 in 10 between", "ROMI of 1 % more"),
        tuple(
            (
                label(str(row.channel)), money(row.cost, currency) if row.cost > 0 else "organic",
                _units(row.added_mean),
                f"{_units(row.added_p10)} – {_units(row.added_p90)}", percent(row.share_mean),
                _signed(row.romi_mean), _range(row.romi_p10, row.romi_p90), _signed(row.marginal_romi_mean),
            )
            for row in rows_of(rows)
        ),
        right=(1, 2, 3, 4, 5, 6, 7),
    )  # fmt: skip
    return Section("contribution", "What each channel added", (), tuple(charts), (grid,))


def _units(value: float) -> str:
    """A count, in at most three digits where it is in millions."""
    return money(value, "").strip() if abs(value) >= 1e6 else count(value)


def _signed(value: float) -> str:
    return "" if not np.isfinite(value) else f"{value:+.1f}"


def _range(low: float, high: float) -> str:
    return "" if not np.isfinite(low) else f"{low:+.1f} – {high:+.1f}"


def _ways(folder: RunFolder) -> list[Section]:
    """By what ways channels work, where the mix tells them apart."""
    said = path_sentences(folder)
    if not said:
        return []
    grids = []
    if "paths" in folder.tables:
        rows = tuple(
            (
                label(str(row.channel)), str(row.path), _units(row.added_mean),
                f"{_units(row.added_p10)} – {_units(row.added_p90)}", percent(row.part_mean),
            )
            for row in rows_of(folder.tables["paths"])
        )  # fmt: skip
        grids = [Grid(("Channel", "Path", "Added", "8 in 10 between", "Of what it added"), rows, right=(2, 3, 4))]
    return [Section("ways", "By what ways they work", tuple(said), grids=tuple(grids))]


def _doubts(doubt: pd.DataFrame, residuals: pd.DataFrame, cautions: pd.DataFrame | None) -> Section:
    grid = Grid(
        ("Channel", "Verdict", "Believed before", "Found", "Width left", "Error were the model right"),
        tuple(
            (
                label(str(row.channel)), str(row.verdict), _shares(row.belief_p05, row.belief_p95),
                _shares(row.answer_p05, row.answer_p95), percent(row.left_of_belief), f"±{percent(row.error_if_right)}",
            )
            for row in rows_of(doubt)
        ),
        right=(2, 3, 4, 5),
        caption="Shares of the KPI, 9 in 10 between. Width left: of the answer against the belief, on log shares.",
    )  # fmt: skip
    left = Grid(
        ("What is left unexplained", "Wanted", ""),
        tuple(
            (str(row.sentence), str(row.wanted), "" if row.passed else "not as wanted") for row in rows_of(residuals)
        ),
    )
    said = [f"{label(str(row.channel))}{str(row.sentence).removeprefix(str(row.channel))}" for row in rows_of(doubt)]
    told = [] if cautions is None else [f"Caution: {sentence}." for sentence in cautions["sentence"]]
    return Section("doubt", "How far to believe it", (*said, *told), grids=(grid, left))


def _shares(low: float, high: float) -> str:
    return "" if not np.isfinite(low) else f"{100 * low:.1f} – {100 * high:.1f} %"


def _curves(curves: pd.DataFrame, currency: str) -> Section:
    parts = []
    for _, part in curves.groupby("channel", sort=False):
        paid = bool(np.isfinite(part["cost_a_week"].to_numpy(float)).all())
        parts.append(part.assign(level=part["cost_a_week" if paid else "acts_a_week"], is_money=paid))
    drawn = chart(
        "What a level of spend brings a week, held for good",
        "a curve a channel: what a level of spend brings a week",
        lambda width: curves_figure(parts, width, currency),
        (
            Key("line", "actual", "levels seen"),
            Key("dash", "range50", "beyond"),
            Key("bar", "range90", "8 in 10 chance"),
        ),
    )
    said = "Beyond the levels that were seen a curve is what its family says, not what the data showed."
    return Section("curves", "What more or less spend would do", (said,), (drawn,))


def _refutation(table: pd.DataFrame | None) -> Section:
    title = "What must not move the answers"
    if table is None:
        return Section("refutation", title, missing="Not tried in this run: 'revmodel mix CONFIG --refute' does.")
    failed = table[~table["passed"].astype(bool)]
    said = f"{len(table) - len(failed)} of {len(table)} answers stayed where they were."
    grid = Grid(
        ("Check", "Channel", "Share before", "Share after", "Moved, sds", ""),
        tuple(
            (
                str(row.check), label(str(row.channel)), f"{100 * row.share:.1f} %", f"{100 * row.share_changed:.1f} %",
                f"{row.moved_sd:+.1f}", "" if row.passed else "moved",
            )
            for row in rows_of(table)
        ),
        right=(2, 3, 4),
        caption="A placebo's share before is what was believed of it.",
    )  # fmt: skip
    return Section("refutation", title, (said,), folded=(grid,))

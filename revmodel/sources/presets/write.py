"""A project as the text of its config: plain entries that a person can edit, each with what was found beside it."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from revmodel.sources.personal import EMAIL
from revmodel.sources.presets.project import Project, Source
from revmodel.sources.schema import TABLES

__all__ = ["COSTS", "config_data", "config_text"]

_WIDTH = 116
_MOST_VALUES = 12  # in a comment

# What a company goes without where a table is missing.
COSTS: Mapping[str, str] = {
    "accounts": "no segments and regions where leads and deals have none, no tie between people of one company",
    "leads": "no forecast of leads, and no contribution of channels to them",
    "touches": "no credit by touch, no account journeys",
    "stage_changes": "no conversion rates and times to close, and so no forecast",
    "deals": "leads and deals are not told apart, no pipeline",
    "deal_history": "no amounts as they were known when, and so no forecast in money",
    "spend": "no contribution and no budget",
    "identities": "anonymous visits are not tied to leads",
    "merges": "merged records are counted twice",
    "deletions": "deleted records are counted as if they were still there",
}


def config_data(project: Project, folder: str, as_of: dt.date | None = None) -> dict[str, Any]:
    """The config as plain data. folder: where the exports are, as seen from the config."""
    data: dict[str, Any] = {"company": "My company", "currency": "USD"}
    if as_of:
        data["as_of"] = as_of
    tables = {name: [_entry(source, folder) for source in project.of_table(name)] for name in project.tables}
    return data | {"seed": 1, "tables": tables, "funnel": project.funnel, "reports": "reports"}


def config_text(project: Project, folder: str, as_of: dt.date | None = None) -> str:
    """The config with its comments."""
    data = config_data(project, folder, as_of)
    return "\n".join(
        [
            *_comment(f"Made by 'revmodel init --preset {project.preset.name}': {project.preset.title}."),
            *_comment(
                f"Shapes of the exports: {project.preset.source}. Edit anything; 'revmodel check' tells the rest."
            ),
            f"company: {data['company']}  # the name on the page",
            f"currency: {data['currency']}  # what amounts are in; others need a rate: rates: {{EUR: 1.08}}",
            *_as_of(as_of),
            "seed: 1",
            "",
            *_privacy(project),
            "tables:",
            *(line for name in project.tables for line in _table(name, project, data)),
            *_missing(project),
            "",
            *_comment(
                "Open stages in order, the entry first; first_deal_stage: from here a record counts as pipeline."
            ),
            *_block({"funnel": data["funnel"]}, ""),
            "",
            *_block({"forecast": {"quarters": 2, "fiscal_year_start_month": 1}}, ""),
            "",
            "reports: reports",
            "",
        ]
    )


def _entry(source: Source, folder: str) -> dict[str, Any]:
    """A source in the config's words, with paths and stages filled in."""
    entry = {**source.entry.source, "path": _path(folder, source.entry.source["path"])}
    if "join" in entry:
        entry["join"] = [join | {"path": _path(folder, join["path"])} for join in entry["join"]]
    stage = source.entry.feed.stage
    if not source.stages or not stage:
        return entry
    columns = [name for name in dict.fromkeys((stage, "from_stage")) if name in entry["columns"]]
    entry["values"] = entry.get("values", {}) | {name: dict(source.stages.named) for name in columns}
    entry["others"] = dict.fromkeys(columns, "")
    if source.table == "stage_changes":
        entry["drop_missing"] = [*entry.get("drop_missing", []), stage]
    return entry


def _path(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder not in ("", ".") else name


def _as_of(as_of: dt.date | None) -> list[str]:
    if as_of is None:
        return ["# as_of: 2026-09-30  # forecast with what was known at the end of this day"]
    return [f"as_of: {as_of}  # the last day on which these exports say that something happened"]


def _privacy(project: Project) -> list[str]:
    could = dict.fromkeys(source.table for source in project.sources if EMAIL in source.entry.feed.columns)
    lines = _comment(
        "Only columns named below are read: no names, phone numbers or postal addresses. An e-mail may be mapped "
        f"(columns: {{email: …}}; here for {', '.join(could) or 'leads'}): it becomes a salted hash and a domain as "
        "it is read. The salt comes from the environment: set REVMODEL_SALT, once and for all exports the same."
    )
    return [*lines, "privacy:", "  salt_env: REVMODEL_SALT", ""]


def _table(name: str, project: Project, data: Mapping[str, Any]) -> list[str]:
    lines = [f"  {name}:"]
    for source, entry in zip(project.of_table(name), data["tables"][name], strict=True):
        lines += [line for text in _remarks(source) for line in _comment(text, "    ")]
        lines += _block([entry], "    ")
    return [*lines, ""]


def _remarks(source: Source) -> list[str]:
    entry = source.entry
    rows = "expected" if entry.rows is None else f"{entry.rows:,} row(s)"
    remarks = [f"{entry.export.path.name}: {rows}. {entry.feed.why}".strip(), *entry.comments]
    if source.stages and entry.stage_counts:
        remarks.append(f"Stage values in the file: {_listed(entry.stage_counts)}.")
    if source.stages and source.stages.own:
        remarks.append(f"Your own stages, ordered as the export says: {', '.join(source.stages.own)}.")
    if source.stages and source.stages.unnamed:
        remarks.append(
            f"NOT MAPPED, so not counted: {_listed(source.stages.unnamed)}. Give each a stage of the funnel under "
            f"values: {{{entry.feed.stage}: …}}."
        )
    if EMAIL in entry.feed.columns and EMAIL not in entry.source["columns"]:
        header = entry.export.header(entry.feed.columns[EMAIL])
        if header:
            remarks.append(f"To tie people together, set the salt and add to columns: email: {_scalar(header)}")
    return remarks


def _listed(counts: Mapping[str, int]) -> str:
    shown = [f"{value!r} ({n:,})" for value, n in list(counts.items())[:_MOST_VALUES]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _missing(project: Project) -> list[str]:
    lines: list[str] = []
    for name in project.missing:
        if name in COSTS:
            required = ", ".join(TABLES[name].required)
            lines += _comment(f"No {name} ({required}): {COSTS[name]}.", "  ")
    if "spend" not in project.tables:
        lines += _comment(
            "Spend comes from the ad platforms: revmodel init --preset ad-spend writes these entries.", "  "
        )
    return lines


def _comment(text: str, indent: str = "") -> list[str]:
    width = _WIDTH - len(indent) - 2
    return [f"{indent}# {line}" for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)]


def _block(data: Any, indent: str) -> list[str]:
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=_WIDTH, allow_unicode=True)
    return [indent + line for line in text.splitlines()]


def _scalar(text: str) -> str:
    return str(yaml.safe_dump(text, default_style=None)).splitlines()[0]

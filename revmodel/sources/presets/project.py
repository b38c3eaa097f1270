"""A preset and a folder of exports → what goes into the config, and what could not, each as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from revmodel.sources.mapping import alias_key
from revmodel.sources.presets.exports import Export
from revmodel.sources.presets.model import Feed, Preset
from revmodel.sources.presets.resolve import Entry, Unusable, entry_of
from revmodel.sources.presets.stages import NamedStages, facts_of, funnel_of, name_stages
from revmodel.sources.schema import TABLES

__all__ = ["Project", "expected_exports", "project_of"]

_RECORDS = ("leads", "deals", "stage_changes")  # a single row of these says nothing
_MUST_NOT_BE_EMPTY = "its header is there and no row"


@dataclass(frozen=True)
class Source:
    """An entry that goes into the config. stages: what its stage values mean."""

    entry: Entry
    stages: NamedStages | None = None

    @property
    def table(self) -> str:
        """The canonical table that it feeds."""
        return self.entry.feed.table


@dataclass(frozen=True)
class Project:
    """What the config will say. left_out: files and rows that feed nothing, and why. missing: tables that the preset
    could feed and nothing was found for."""

    preset: Preset
    sources: tuple[Source, ...]
    funnel: dict[str, Any]
    left_out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    strangers: tuple[str, ...] = field(default=())

    def of_table(self, table: str) -> list[Source]:
        """The sources of one table."""
        return [source for source in self.sources if source.table == table]

    @property
    def tables(self) -> list[str]:
        """Tables that have a source, in the order of the schema."""
        return [table for table in TABLES if self.of_table(table)]


def expected_exports(preset: Preset) -> list[Export]:
    """The files that a preset expects where no data is given, with every header by its usual name."""
    exports = []
    for name in dict.fromkeys(feed.object for feed in preset.feeds):
        headers: dict[str, None] = {}
        for feed in preset.feeds:
            if feed.object == name:
                headers |= dict.fromkeys(_usual_headers(feed))
        for join in (join for feed in preset.feeds for join in feed.joins if join.object == name):
            headers |= dict.fromkeys([join.there[0], *(wanted[0] for wanted in join.take.values())])
        exports.append(Export(Path(f"{name}.csv"), name, tuple(headers)))
    looked_up = {join.object for feed in preset.feeds for join in feed.joins} - {export.object for export in exports}
    for name in sorted(looked_up):
        joins = [join for feed in preset.feeds for join in feed.joins if join.object == name]
        wanted = [header for join in joins for header in (join.there[0], *(names[0] for names in join.take.values()))]
        exports.append(Export(Path(f"{name}.csv"), name, tuple(dict.fromkeys(wanted))))
    return exports


def project_of(
    preset: Preset, exports: Sequence[Export], strangers: Sequence[Path] = (), *, with_email: bool = False
) -> Project:
    """Every feed of the preset tried on every file that it fits."""
    sources, left_out = _tried(preset, exports, with_email=with_email)
    sources, alone = _without_single_rows(sources)
    used = {source.entry.export.path for source in sources}
    used |= {Path(join["path"]) for source in sources for join in source.entry.source.get("join", [])}
    known = {feed.object for feed in preset.feeds}
    idle = [
        export.path.name
        for export in exports
        if export.path not in used and Path(export.path.name) not in used and export.object not in known
    ]
    fine = {source.table for source in sources} | _nothing_to_tell(preset, exports)
    missing = [table for table in dict.fromkeys(feed.table for feed in preset.feeds) if table not in fine]
    return Project(
        preset,
        tuple(sources),
        _funnel(preset, sources),
        tuple(dict.fromkeys([*left_out, *alone])),
        tuple(missing),
        (*(path.name for path in strangers), *idle),
    )


def _nothing_to_tell(preset: Preset, exports: Sequence[Export]) -> set[str]:
    """Tables whose exports are there and hold no row for them, as is right where nothing was merged or deleted."""
    there = {export.object for export in exports}
    quiet = {table: [feed for feed in preset.feeds if feed.table == table] for table in ("deletions", "merges")}
    return {table for table, feeds in quiet.items() if any(feed.object in there for feed in feeds)}


def _tried(preset: Preset, exports: Sequence[Export], *, with_email: bool) -> tuple[list[Source], list[str]]:
    sources: list[Source] = []
    left_out: dict[tuple[str, Path], str] = {}
    taken: set[tuple[str, str]] = set()
    for feed in preset.feeds:
        for export in (export for export in exports if export.object == feed.object):
            choice = (feed.choice, export.path.name if feed.choice_by_file else export.family)
            if feed.choice and choice in taken:
                continue
            tried = _source(preset, feed, export, exports, with_email=with_email)
            if isinstance(tried, Source):
                sources.append(tried)
                taken.add(choice)
                left_out.pop((feed.table, export.path), None)
            elif tried and not any(one.table == feed.table and one.entry.export is export for one in sources):
                left_out.setdefault((feed.table, export.path), f"{feed.table}: {tried}")
    return sources, list(left_out.values())


def _source(preset: Preset, feed: Feed, export: Export, exports: Sequence[Export], *, with_email: bool) -> Source | str:
    """The source, or why there is none ('' where nobody needs to know)."""
    entry = entry_of(feed, export, exports, with_email=with_email)
    if isinstance(entry, Unusable):
        return "" if feed.unless_empty else entry.why
    if entry.rows == 0:
        return "" if feed.unless_empty else f"{export.path.name} has no row for it ({_why_empty(entry)})"
    if not feed.stage and not feed.unpivot:
        return Source(entry)
    of_deals = feed.constants.get("record_type") != "lead"
    standard = preset.deal_stages if of_deals else preset.lead_stages
    if not feed.stage:
        there = entry.source["unpivot"]["columns"].values()
        return Source(entry, NamedStages(named={stage: stage for stage in there}))
    elsewhere = {alias_key(name) for name in (preset.lead_stages if of_deals else preset.deal_stages)}
    counts = entry.stage_counts
    if preset.splits_stages:
        counts = {value: n for value, n in counts.items() if alias_key(value) not in elsewhere}
    if entry.rows and not counts and feed.joins and not preset.splits_stages:
        return _source(preset, replace(feed, joins=()), export, exports, with_email=with_email)  # nothing was looked up
    found = name_stages(counts, standard, facts_of(preset, exports, export.family), of_deals=of_deals)
    if entry.rows is not None and feed.table == "stage_changes" and not any(found.named.values()):
        listed = ", ".join(f"{value!r} ({n})" for value, n in list(found.unnamed.items())[:8])
        return f"{export.path.name}: none of its stages is a standard one, and nothing says what they mean: {listed}"
    return Source(entry, found)


def _why_empty(entry: Entry) -> str:
    keep = entry.source.get("keep")
    if keep and entry.export.count:
        said = " and ".join(f"{column} {' or '.join(values)}" for column, values in keep.items())
        return f"it has {entry.export.count:,} rows, none with {said}"
    return _MUST_NOT_BE_EMPTY if not entry.export.count else "what it needs is empty in every row"


def _without_single_rows(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Sources of tables that would have a single row are left out: no model can be fitted to it."""
    rows = {
        table: [source.entry.rows for source in sources if source.table == table and source.entry.rows is not None]
        for table in _RECORDS
    }
    alone = {table for table, counts in rows.items() if sum(counts) == 1}
    told = [
        f"{source.table}: {source.entry.export.path.name} has one row: no model can be fitted to it"
        for source in sources
        if source.table in alone
    ]
    return [source for source in sources if source.table not in alone], told


def _funnel(preset: Preset, sources: Sequence[Source]) -> dict[str, Any]:
    told: dict[bool, list[NamedStages]] = {True: [], False: []}
    for source in sources:
        if source.stages and source.table == "stage_changes":
            told[source.entry.feed.constants.get("record_type") == "lead"].append(source.stages)
    return funnel_of(preset, told[True], told[False], {source.table for source in sources})


def _usual_headers(feed: Feed) -> list[str]:
    names = [next((name for name in wanted if not name.startswith("@")), "") for wanted in feed.columns.values()]
    names += [wanted[0] for wanted, _ in (*feed.keep, *feed.drop)]
    names += [wanted[0] for wanted in feed.unpivot.values()] + [wanted[0] for wanted in feed.distinct]
    names += [wanted[0] for wanted in feed.needs_headers] + [join.here[0] for join in feed.joins]
    names += [feed.split[0][0]] if feed.split else []
    names += [wanted[0].removeprefix("-") for wanted in feed.first]
    return [name for name in names if name]

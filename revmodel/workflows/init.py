"""A project to start from: the config that reads a folder of exports, and what it found and did not find."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from revmodel.config import Config, SourceConfig, load_config
from revmodel.errors import ConfigError
from revmodel.sources.load import read_tables
from revmodel.sources.presets import preset_of
from revmodel.sources.presets.exports import find_exports
from revmodel.sources.presets.project import Project, expected_exports, project_of
from revmodel.sources.presets.write import COSTS, config_text
from revmodel.sources.schema import TABLES

__all__ = ["Started", "start_project"]

CONFIG_NAME = "revmodel.yaml"
_DATED_BY = ("stage_changes", "leads", "deals", "spend")  # tables that end where the export does


@dataclass(frozen=True)
class Started:
    """What ``revmodel init`` made: the config, and what to say about it."""

    config: Path
    project: Project
    with_data: bool

    def sentences(self) -> list[str]:
        """What was found, what was left out and why, what is missing and what that costs, and what comes next."""
        lines = [f"wrote {self.config}"]
        for table in self.project.tables:
            files = ", ".join(_named(source.entry) for source in self.project.of_table(table))
            lines.append(f"  {table}: {files}")
        lines += [f"left out: {why}" for why in self.project.left_out]
        for source in self.project.sources:
            if source.stages and source.stages.unnamed:
                values = ", ".join(f"{value!r} ({n:,})" for value, n in source.stages.unnamed.items())
                lines.append(
                    f"not mapped: stages of {source.entry.export.path.name}: {values}; name them in the config"
                )
        if self.project.strangers:
            lines.append(f"not needed, or not known: {', '.join(self.project.strangers)}")
        lines += [f"no {table}: {COSTS[table]}" for table in self.project.missing if table in COSTS]
        if "spend" not in {*self.project.tables, *self.project.missing}:
            lines.append(f"no spend: {COSTS['spend']} (revmodel init --preset ad-spend reads the platforms' reports)")
        if not self.with_data:
            lines.append(
                "no --data was given: the config names the files and headers that are expected; put them there"
            )
        return [*lines, f"next: revmodel check {self.config}"]


def start_project(preset: str, data: Path | None, out: Path, *, force: bool = False) -> Started:
    """Write ``out``/revmodel.yaml for the exports in ``data``; without data for those that the preset expects.

    E-mails are mapped where the salt is set in the environment (see sources/personal.py); else the config says how.
    Raises ConfigError: no such preset, no such folder, nothing in it that the preset knows, or a config that is there
    already and not to be replaced.
    """
    chosen = preset_of(preset)
    path = out / CONFIG_NAME
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already: choose another folder with --out, or replace it with --force")
    if data is None:
        project, folder = project_of(chosen, expected_exports(chosen), with_email=False), "data"
        return Started(_written(path, config_text(project, folder)), project, with_data=False)
    exports, strangers = find_exports(data, chosen.objects, chosen.any_file)
    project = project_of(chosen, exports, strangers, with_email=bool(os.environ.get("REVMODEL_SALT")))
    if not project.sources:
        why = "".join(f"\n  {sentence}" for sentence in project.left_out)
        names = ", ".join(path.name for path in strangers) or "nothing else"
        raise ConfigError(
            f"nothing in {data} can be used by the preset {chosen.name} (there is {names}): it reads "
            f"{', '.join(name for name in chosen.objects if not name.startswith('('))}{why}"
        )
    folder = Path(os.path.relpath(data.resolve(), out.resolve())).as_posix()
    _written(path, config_text(project, folder))
    as_of = _last_day(load_config(path))
    return Started(_written(path, config_text(project, folder, as_of)), project, with_data=True)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _last_day(config: Config) -> dt.date | None:
    """The last day on which something happened, today at the latest."""
    dated = {name: config.tables[name] for name in _DATED_BY if name in config.tables}
    needed = {name: [_only_required(source, name) for source in sources] for name, sources in dated.items()}
    tables = read_tables(config.model_copy(update={"tables": needed}))
    last: list[dt.date] = []
    for name in tables.names:
        value: Any = tables[name][str(TABLES[name].event)].cast("date").max().to_pyarrow().as_py()
        last += [value] if value is not None else []
    return min(max(last), dt.datetime.now(dt.UTC).date()) if last else None


def _only_required(source: SourceConfig, table: str) -> SourceConfig:
    """The source without the columns that its table could do without: less to read."""
    schema = TABLES[table]
    wanted = {*schema.required, *schema.any_of}
    taken = {name: column for name, column in source.columns.items() if name in wanted}
    parts = ("values", "others", "dates", "remove", "scale")
    kept = {part: {n: v for n, v in getattr(source, part).items() if n in wanted} for part in parts}
    left_out = {name: "" for name in schema.columns if name not in wanted}
    return source.model_copy(update={"columns": taken | left_out, **kept})


def _named(entry: Any) -> str:
    rows = f" ({entry.rows:,} rows)" if entry.rows is not None else " (expected)"
    return f"{entry.export.path.name}{rows}"

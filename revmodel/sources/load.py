"""A config's sources → clean canonical tables with findings: read, map, type, make one currency, check."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import ibis
import ibis.expr.types as ir

from revmodel.config import DUCKDB, Config, LookupConfig, SourceConfig
from revmodel.sources.canonical import canonical_table
from revmodel.sources.checks import run_checks
from revmodel.sources.currency import to_one_currency
from revmodel.sources.databases import engine_of
from revmodel.sources.engine import discard, is_stored, store
from revmodel.sources.files import origin_of, raw_rows, stays_in_place
from revmodel.sources.findings import Finding
from revmodel.sources.glance import glance
from revmodel.sources.mapping import mapped
from revmodel.sources.needed import columns_of_lookup, columns_of_source
from revmodel.sources.personal import unsalted, without_addresses_as_ids
from revmodel.sources.schema import TableSchema, schema_of
from revmodel.sources.shape import shape_findings, shaped
from revmodel.sources.tables import Tables
from revmodel.sources.zones import Zones

__all__ = ["load_tables", "read_tables"]


def load_tables(config: Config) -> Tables:
    """Everything that the config names, cleaned, in one currency, with what was found on the way.

    A finding of severity "stop" does not raise here: the caller decides.
    Raises SourceError and its children (a missing file or column, an empty table, currencies without rates);
    ConfigError: the config names a table or column that is not canonical.
    """
    return run_checks(to_one_currency(read_tables(config), config), config)


def read_tables(config: Config) -> Tables:
    """The canonical tables as the sources have them: each file is parsed once, each table materialised once."""
    schemas = {name: schema_of(name) for name in config.tables}
    connection = engine_of(config)
    tables: dict[str, ir.Table] = {}
    findings: list[Finding] = []
    for name, schema in schemas.items():
        parts = [_read_source(connection, source, config, schema) for source in config.tables[name]]
        if parts:
            tables[name] = _union(connection, [table for table, _ in parts])
            findings.extend(finding for _, found in parts for finding in found)
    return Tables(tables, connection, tuple(findings))


def _read_source(
    connection: Any, source: SourceConfig, config: Config, schema: TableSchema
) -> tuple[ir.Table, list[Finding]]:
    origin = origin_of(source)
    with ExitStack() as reading:
        choose = columns_of_source(source, schema, origin)
        raw = reading.enter_context(raw_rows(connection, source, config, schema.name, choose))
        lookups = [_looked_up(reading, connection, lookup, config, schema) for lookup in source.join]
        rows = shaped(raw, source, lookups)
        named = mapped(rows, source, schema, config.privacy)
        in_place = stays_in_place(raw, source)
        seen = glance(rows, source, schema, by_bytes=config.engine == DUCKDB or in_place, in_place=in_place)
        named, about_people = without_addresses_as_ids(named, seen.addresses, schema, config.privacy, origin)
        table, findings = canonical_table(
            connection,
            named,
            schema,
            origin,
            formats=source.dates,
            drop_missing=source.drop_missing,
            zones=Zones(source.timezone, config.timezone),
            in_place=in_place,
            seen=seen,
        )
        about_people += unsalted(source, schema, config.privacy, origin)
        return table, [*about_people, *shape_findings(rows, source, lookups, schema.name, origin), *findings]


def _looked_up(
    reading: ExitStack, connection: Any, lookup: LookupConfig, config: Config, schema: TableSchema
) -> ir.Table:
    choose = columns_of_lookup(lookup, schema.name, origin_of(lookup))
    return reading.enter_context(raw_rows(connection, lookup, config, schema.name, choose))


def _union(connection: Any, parts: list[ir.Table]) -> ir.Table:
    """Sources of one table under each other; a free column that one of them lacks is null there."""
    if len(parts) == 1:
        return parts[0]
    types = {name: kind for part in reversed(parts) for name, kind in part.schema().items()}
    names = list(dict.fromkeys(name for part in parts for name in part.columns))
    union = ibis.union(*(_widened(part, names, types) for part in parts))
    if not all(is_stored(part) for part in parts):
        return union
    table = store(connection, "union", union)
    for part in parts:
        discard(connection, part)
    return table


def _widened(part: ir.Table, names: list[str], types: dict[str, Any]) -> ir.Table:
    columns = {name: part[name] if name in part.columns else ibis.null().cast(types[name]) for name in names}
    return part.select(**columns)

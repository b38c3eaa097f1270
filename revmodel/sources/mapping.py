"""What a config says about a source, applied: columns renamed, constants set, aliases made one value, e-mail hashed."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from revmodel.config import PrivacyConfig, SourceConfig
from revmodel.sources.canonical import text_of
from revmodel.sources.personal import EMAIL, company_domain, hashed_email, salt_of, without_query
from revmodel.sources.schema import TableSchema

__all__ = ["alias_key", "mapped"]

_SEPARATORS = r"[\s_\-]+"


def mapped(raw: ir.Table, source: SourceConfig, schema: TableSchema, privacy: PrivacyConfig) -> ir.Table:
    """``raw`` under canonical column names, values still as they came (or their canonical alias).

    A canonical column mapped to '' is not taken, even where the source has a column of that name. Web addresses lose
    their query, domains are made bare, and a mapped e-mail becomes email_hash and domain.
    Raises ConfigError: an e-mail is mapped and there is no salt.
    """
    columns = _columns(raw, source, schema)
    aliased = {
        name: with_aliases(columns[name], aliases, others=source.others.get(name))
        for name, aliases in source.values.items()
    }
    columns |= aliased
    columns |= {name: _number(columns[name], source, name) for name in (*source.remove, *source.scale)}
    return raw.select(**_made_impersonal(columns, raw, source, schema, privacy))


def alias_key(text: str) -> str:
    """What two spellings of one name have in common.

    >>> alias_key("Paid Search") == alias_key("paid_search") == alias_key("PAID-search")
    True
    """
    return "".join(text.casefold().replace("_", " ").replace("-", " ").split())


def alias_key_of(column: ir.Column) -> ir.StringColumn:
    """``alias_key`` in the engine."""
    return text_of(column).lower().re_replace(_SEPARATORS, "")


def with_aliases(column: ir.Column, aliases: Mapping[str, str], others: str | None = None) -> ir.StringColumn:
    """Values replaced by their alias: an exact match first, then one that ignores case, spaces, '_' and '-'.

    The alias '' stands for a missing value, on either side. others: what becomes of filled values that are neither
    an alias nor a canonical value; None leaves them as they are.
    """
    if others is not None:
        column = ibis.ifelse(is_unnamed(column, aliases), others, text_of(column))
    text = text_of(column).fill_null("")
    exact = [(came.strip(), canonical) for came, canonical in aliases.items()]
    by_key = {alias_key(came): canonical for came, canonical in reversed(exact) if came}
    loose = alias_key_of(column).cases(*by_key.items(), else_=text) if by_key else text
    return text.cases(*exact, else_=loose).nullif("") if exact else text.nullif("")


def is_unnamed(column: ir.Column, aliases: Mapping[str, str]) -> ir.BooleanColumn:
    """Whether a filled value is neither among the aliases nor one of the canonical values they lead to."""
    known = sorted({alias_key(name) for pair in aliases.items() for name in pair})
    text = text_of(column)
    return text.notnull() & alias_key_of(text).notin(known)


def _columns(raw: ir.Table, source: SourceConfig, schema: TableSchema) -> dict[str, ir.Value]:
    taken = {name: raw[source.columns.get(name, name)] for name in schema.columns if _is_there(name, raw, source)}
    if schema.free:
        used = set(source.columns.values())
        free = [name for name in raw.columns if name not in used and name not in schema.columns]
        named = {name: column for name, column in source.columns.items() if column}
        taken |= {name: raw[column] for name, column in named.items()} | {name: raw[name] for name in free}
    return taken | {name: ibis.literal(value) for name, value in source.constants.items()}


def _is_there(name: str, raw: ir.Table, source: SourceConfig) -> bool:
    return source.columns.get(name, name) in raw.columns  # '' is in none


def _number(column: ir.Value, source: SourceConfig, name: str) -> ir.Value:
    """A number without the characters that the config takes out, times its factor."""
    for character in source.remove.get(name, ""):
        column = text_of(column).replace(character, "")
    factor = source.scale.get(name)
    if factor is None:
        return column
    scaled = text_of(column).try_cast("float64") * factor
    return ibis.coalesce(scaled.cast("string"), text_of(column))  # what is no number stays, to be told


def _made_impersonal(
    columns: dict[str, ir.Value], raw: ir.Table, source: SourceConfig, schema: TableSchema, privacy: PrivacyConfig
) -> dict[str, ir.Value]:
    """Columns without personal data: see sources/personal.py."""
    if "domain" in columns and "domain" in schema.columns:
        columns["domain"] = company_domain(columns["domain"], privacy)
    if "content" in columns and "content" in schema.columns:
        columns["content"] = without_query(columns["content"])
    address = source.columns.get(EMAIL)
    if not address or EMAIL in schema.columns or schema.free:
        return columns
    columns.pop(EMAIL, None)
    if "email_hash" in schema.columns:
        columns["email_hash"] = hashed_email(raw[address], salt_of(privacy))
    if "domain" in schema.columns:
        of_address = company_domain(raw[address], privacy)
        columns["domain"] = ibis.coalesce(columns["domain"], of_address) if "domain" in columns else of_address
    return columns

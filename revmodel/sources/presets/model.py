"""What a preset is: for each canonical table, the exports that can feed it and the headers that its columns may have.

A preset is data. It knows no file of anybody's: names and headers are compared by what is left of them in lower case
without spaces and signs, so "CreatedDate", "created_date" and "Created Date" are one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Feed", "Headers", "Join", "Preset", "StageFacts", "header_key"]

Headers = tuple[str, ...]  # names that a column may have, the usual one first
_PREFIXES = ("properties", "property")  # connectors put them before the vendor's name


def header_key(name: str) -> str:
    """What two spellings of a header or file name have in common.

    >>> header_key("Created Date") == header_key("created_date") == header_key("property_CreatedDate")
    True
    """
    key = re.sub(r"[^a-z0-9]", "", name.casefold())
    prefix = next((prefix for prefix in _PREFIXES if key.startswith(prefix) and len(key) > len(prefix)), "")
    return key.removeprefix(prefix)


@dataclass(frozen=True)
class Join:
    """Columns looked up in another export. on: headers there are for the key here and there; take: new → there."""

    object: str
    here: Headers
    there: Headers
    take: Mapping[str, Headers]


@dataclass(frozen=True)
class Feed:
    """One export that feeds one canonical table.

    object: the vendor's name of the export. columns: canonical column → headers it may have; a column that is a
    name of ``joins`` or ``unpivot`` is made there. keep, drop: (headers, values). needs: canonical columns without
    which the feed is not used, besides those that the table requires. choice: of the feeds of one choice the first
    that can be used is used, for all files of a family or (choice_by_file) for each file. unless_empty: leave it out,
    without a word, where it has no row in the data.
    why: what a reader of the config should know.
    """

    table: str
    object: str
    columns: Mapping[str, Headers]
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keep: tuple[tuple[Headers, tuple[str, ...]], ...] = ()
    drop: tuple[tuple[Headers, tuple[str, ...]], ...] = ()
    joins: tuple[Join, ...] = ()
    split: tuple[Headers, str] | None = None
    unpivot: Mapping[str, Headers] = field(default_factory=dict)
    unpivot_like: str = ""  # a pattern of headers whose first group is the value
    distinct: tuple[Headers, ...] = ()
    first: tuple[Headers, ...] = ()  # as in DistinctConfig.first; a leading "-" on each header
    stage: str = ""  # the canonical column whose values are the company's stages
    needs: tuple[str, ...] = ()
    needs_headers: tuple[Headers, ...] = ()
    drop_missing: tuple[str, ...] = ()
    remove: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    choice: str = ""
    choice_by_file: bool = False
    unless_empty: bool = False
    why: str = ""


@dataclass(frozen=True)
class StageFacts:
    """Where an export itself says what a stage means: the flags and the order of each value.

    value, won, closed, order: headers; order rises from the first stage to the last (a probability, a place).
    """

    object: str
    value: Headers
    won: Headers
    closed: Headers
    order: Headers


@dataclass(frozen=True)
class Preset:
    """A vendor's exports.

    objects: the vendor's name of each export → what file names may call it; also exports that are not read, so that
    none is taken for another. deal_stages, lead_stages: the vendor's standard value → ours, in the order of the
    funnel; "won" and "lost" are ends. source: where the shapes come from.
    """

    name: str
    title: str
    source: str
    objects: Mapping[str, Headers]
    feeds: tuple[Feed, ...]
    lead_stages: Mapping[str, str] = field(default_factory=dict)
    deal_stages: Mapping[str, str] = field(default_factory=dict)
    stage_facts: tuple[StageFacts, ...] = ()
    splits_stages: bool = False  # stages of leads and of deals come in one column
    any_file: str = ""  # the object that a file of any other name is taken for

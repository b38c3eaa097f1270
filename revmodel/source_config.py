"""What a config says about one source: where its rows lie, how they are shaped, and what its columns mean.

Everything here is data, not code: a preset writes it, and a person may edit it.
"""

from __future__ import annotations

import difflib
import re
import zoneinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "DatabaseConfig",
    "DateFormats",
    "DistinctConfig",
    "FileConfig",
    "Frozen",
    "LookupConfig",
    "PrivacyConfig",
    "SourceConfig",
    "TimeZone",
    "UnpivotConfig",
]


def _known_zone(name: str) -> str:
    """The name, if it is a time zone; a machine without a list of zones leaves it to the engine to refuse."""
    zones = set() if name == "UTC" else zoneinfo.available_timezones()
    if zones and name not in zones:
        close = difflib.get_close_matches(name, zones, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{name!r} is not a time zone: wanted a name such as 'Europe/Berlin'{hint}")
    return name


DateFormats = str | list[str]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


class Frozen(BaseModel):
    """A part of a config: it never changes, and it knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PrivacyConfig(Frozen):
    """How e-mail addresses are made unreadable at the door.

    salt_env: the environment variable that holds the salt; the salt itself is never in a config. none: hash without
    one, which anybody who can guess an address can undo; for exports that hold no real people.
    """

    salt_env: str = "REVMODEL_SALT"
    salt: Literal["none"] | None = None
    free_mail: list[str] = Field(default_factory=list)  # more domains that are no company's own

    @field_validator("salt", mode="before")
    @classmethod
    def _is_no_secret(cls, salt: object) -> object:
        if salt not in (None, "none"):  # the message must not show what was written here: pydantic would
            return "a salt written down"
        return salt


class DatabaseConfig(Frozen):
    """A database that tables may be read from. (A DuckDB file is a path like any other.)

    url_env: the environment variable with its address, credentials included; an address is never in a config.
    Spark may do without: then it runs on this machine. schema: where tables lie that are named without one.
    """

    kind: Literal["postgres", "spark", "bigquery", "snowflake"]
    url_env: str | None = Field(None, pattern=_VARIABLE)
    schema_name: str | None = Field(None, alias="schema")

    @model_validator(mode="after")
    def _can_be_reached(self) -> DatabaseConfig:
        if self.url_env is None and self.kind != "spark":
            raise ValueError(f"a {self.kind} database needs 'url_env': the environment variable that holds its address")
        return self

    @field_validator("url_env", mode="before")
    @classmethod
    def _is_no_secret(cls, name: object) -> object:
        if name is not None and not re.fullmatch(_VARIABLE, str(name)):  # an address may hold a password: not shown
            return "an address, wanted the name of a variable"
        return name


class FileConfig(Frozen):
    """A file, a table of one, or a table of a database.

    skip_lines: lines above the header of a CSV file (the title of a report).
    """

    path: str | None = None  # a .csv, .parquet or .duckdb file; a glob is allowed for csv and parquet
    database: str | None = None  # one of the config's databases, in place of a path
    table: str | None = None  # the table's name inside the .duckdb file or the database; schema.table is allowed
    delimiter: str = ","
    skip_lines: int = Field(0, ge=0, le=100)

    @model_validator(mode="after")
    def _has_a_path(self) -> FileConfig:
        if (self.path is None) == (self.database is None):
            raise ValueError(
                "a source needs 'path': a .csv, .parquet or .duckdb file; or else 'database' and 'table': "
                "one of the config's databases, and the table's name there"
            )
        if self.database is not None and self.table is None:
            raise ValueError(f"a source in the database {self.database!r} needs 'table': its name there")
        return self


class LookupConfig(FileConfig):
    """Another file in which something is looked up; it never adds rows.

    match: column of the source → column of this file that holds the same key. take: new column → column of this file.
    Where a key has several rows, the first in the order of the taken columns is used, and a finding says so.
    """

    match: dict[str, str] = Field(min_length=1)
    take: dict[str, str] = Field(min_length=1)
    keep: dict[str, list[str]] = Field(default_factory=dict)


class UnpivotConfig(Frozen):
    """Wide columns made rows: one row for each column that has a value.

    columns: column of the source → the value that stands for it (a date column → the stage that begins with it).
    name, value: the new columns with that value and with what the source column held.
    """

    columns: dict[str, str] = Field(min_length=1)
    name: str = "name"
    value: str = "value"


class DistinctConfig(Frozen):
    """Rows that repeat one thing are that thing once; rows without a value in ``by`` are kept.

    by: what makes it the same. first: the order in which one row is chosen, "-column" from the highest down.
    """

    by: list[str] = Field(min_length=1)
    first: list[str] = Field(default_factory=list)


class SourceConfig(FileConfig):
    """One file that feeds one canonical table. The parts are applied in this order:

    join: columns looked up in other files. split: source column → separator; "a;b" becomes two rows.
    unpivot: date columns made rows. keep, drop: source column → the values of rows to keep, or to leave out (case does
    not matter); the rest is not meant for this table. distinct: repeated rows once.

    columns: canonical column → source column; others are taken by their own name, '' takes none. ``email`` may be
    mapped where a table has email_hash or domain: it becomes these two and is not kept.
    constants: canonical column → a value for every row.
    values: canonical column → {value in the source: canonical value} (aliases of stages, channels, …).
    others: canonical column → what a value that ``values`` does not name becomes ('' is missing); a finding tells.
    dates: canonical column → strptime format, or several that are tried in turn; "iso" is 2026-09-30 13:05,
    "epoch_ms" milliseconds since 1970; without a format ISO is expected.
    timezone: of times that say no offset ("Europe/Berlin"); they are moved to the company's zone.
    remove: canonical column → characters taken out before a number is read ("$,"). scale: → a factor (0.000001).
    drop_missing: canonical columns whose empty value means that the row is not an event of this table.
    """

    join: list[LookupConfig] = Field(default_factory=list)
    split: dict[str, str] = Field(default_factory=dict)
    unpivot: UnpivotConfig | None = None
    keep: dict[str, list[str]] = Field(default_factory=dict)
    drop: dict[str, list[str]] = Field(default_factory=dict)
    distinct: DistinctConfig | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str | float | bool] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    others: dict[str, str] = Field(default_factory=dict)
    dates: dict[str, DateFormats] = Field(default_factory=dict)
    timezone: TimeZone = "UTC"
    remove: dict[str, str] = Field(default_factory=dict)
    scale: dict[str, float] = Field(default_factory=dict)
    drop_missing: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _others_have_values(self) -> SourceConfig:
        for name in self.others:
            if name not in self.values:
                raise ValueError(f"others.{name} says what values not named become: name some under values.{name}")
        return self

"""A company's data made ready: tables read and checked, features as of a date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from revmodel.config import Config
from revmodel.errors import ConfigError, SourceError
from revmodel.sources.allows import allows
from revmodel.sources.findings import Finding, worst_first
from revmodel.sources.load import load_tables
from revmodel.sources.tables import Tables

__all__ = ["DataCheck", "as_of_date", "check_data", "findings_table", "read_company"]


@dataclass(frozen=True)
class DataCheck:
    """What is in the data: rows by table, what is wrong, what it allows."""

    tables: Tables
    rows: pd.DataFrame
    findings: pd.DataFrame
    allows: pd.DataFrame

    @property
    def stops(self) -> bool:
        """Whether a finding forbids a run."""
        return bool((self.findings["severity"] == "stop").any())


def check_data(config: Config) -> DataCheck:
    """Read every table and say what is in it, what is wrong with it and what it allows."""
    tables = load_tables(config)
    rows = pd.DataFrame(list(tables.row_counts.items()), columns=["table", "rows"])
    return DataCheck(tables, rows, findings_table(tables.findings), allows(tables, config))


def findings_table(findings: tuple[Finding, ...]) -> pd.DataFrame:
    """The output ``findings``, the gravest first and grouped; examples joined by a semicolon."""
    columns = ["code", "severity", "group", "table", "what", "count", "examples", "consequence", "done", "remedy"]
    rows = [[getattr(finding, name) for name in columns] for finding in worst_first(findings)]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(examples=["; ".join(examples) for examples in frame["examples"]])


def read_company(config: Config) -> DataCheck:
    """``check_data``, or SourceError where a finding forbids a run: all of them, with what to do."""
    data = check_data(config)
    if data.stops:
        stops = data.findings[data.findings["severity"] == "stop"]
        lines = [f"  {row.table}: {str(row.what).rstrip('.')}. {row.remedy}" for row in stops.itertuples()]
        raise SourceError("\n".join(["the data cannot be used yet:", *lines, "see 'revmodel check' for the rest"]))
    return data


def as_of_date(config: Config, as_of: dt.date | None) -> dt.date:
    """The date given, else the config's. Raises ConfigError: neither is there."""
    chosen = as_of or config.as_of
    if chosen is None:
        raise ConfigError("no as-of date: pass --as-of 2026-09-30, or set as_of in the config")
    return chosen

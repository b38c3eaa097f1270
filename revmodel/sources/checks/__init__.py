"""What is wrong with the tables: first what is mended, then what is only told. One small file a fault.

A mend takes tables and returns them without the fault, with its finding. A check only returns findings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from revmodel.config import Config
from revmodel.sources.checks.activity import Activity, count_activity
from revmodel.sources.checks.bursts import bursts
from revmodel.sources.checks.clocks import clock_faults
from revmodel.sources.checks.counts import TableCounts, count_tables
from revmodel.sources.checks.duplicates import drop_duplicates
from revmodel.sources.checks.future import rows_after_as_of
from revmodel.sources.checks.leaks import leaking_columns
from revmodel.sources.checks.names import names_written_twice
from revmodel.sources.checks.orders import mend_orders
from revmodel.sources.checks.orphans import orphans
from revmodel.sources.checks.rows import row_faults
from revmodel.sources.checks.sizes import few_rows, require_rows
from revmodel.sources.checks.spend import drop_negative_spend, gaps_in_spend
from revmodel.sources.checks.stages import stage_names
from revmodel.sources.checks.totals import spend_counted_twice
from revmodel.sources.checks.tracking import tracking_breaks
from revmodel.sources.checks.truncation import exits_recorded_late
from revmodel.sources.checks.visits import Visits, stage_visits
from revmodel.sources.checks.zombies import zombies
from revmodel.sources.findings import Finding, worst_first
from revmodel.sources.tables import Tables
from revmodel.sources.versions import latest_versions

__all__ = ["run_checks"]

Counts = dict[str, TableCounts]
_MENDS: tuple[Callable[[Tables, Config], Tables], ...] = (mend_orders, drop_negative_spend)
_CHECKS: tuple[Callable[[Tables, Config], list[Finding]], ...] = (
    stage_names,
    orphans,
    names_written_twice,
    gaps_in_spend,
    leaking_columns,
    row_faults,
    spend_counted_twice,
)
_CHECKS_OF_COUNTS: tuple[Callable[[Tables, Config, Counts], list[Finding]], ...] = (few_rows, rows_after_as_of)
_CHECKS_OF_VISITS: tuple[Callable[[Tables, Config, Visits], list[Finding]], ...] = (zombies, exits_recorded_late)
_CHECKS_OF_ACTIVITY: tuple[Callable[[Tables, Config, Activity], list[Finding]], ...] = (
    tracking_breaks,
    clock_faults,
    bursts,
)


def run_checks(tables: Tables, config: Config) -> Tables:
    """The tables without the faults that can be mended, and every finding, the gravest first.

    Raises EmptyTableError: a table without which nothing can be forecast has no usable row;
    SourceError: there is none of the tables that a forecast starts from.
    """
    counts = count_tables(tables, config)
    require_rows(tables, config, counts)
    tables = drop_duplicates(tables, counts)
    for mend in _MENDS:
        tables = mend(tables, config)
    current = latest_versions(tables)
    findings = [finding for check in _CHECKS for finding in check(current, config)]
    findings += [finding for check in _CHECKS_OF_COUNTS for finding in check(current, config, counts)]
    if "stage_changes" in tables:
        visits = stage_visits(current, config)
        findings += [finding for check in _CHECKS_OF_VISITS for finding in check(current, config, visits)]
    if (activity := count_activity(current, config)) is not None:
        findings += [finding for check in _CHECKS_OF_ACTIVITY for finding in check(current, config, activity)]
    return replace(tables, findings=worst_first([*tables.findings, *findings]))

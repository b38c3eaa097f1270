"""What is wrong with the tables: first what is mended, then what is only told. One small file a fault.

A mend takes tables and returns them without the fault, with its finding. A check only returns findings. What several
checks look at (counts of rows, visits to stages, activity by week, facts about deals) is gathered once. Why a fault is
as grave as it is stands in sources/fault_kinds.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from revmodel.config import Config
from revmodel.sources.checks.activity import count_activity
from revmodel.sources.checks.bursts import bursts
from revmodel.sources.checks.clocks import clock_faults
from revmodel.sources.checks.closings import deal_faults
from revmodel.sources.checks.counts import TableCounts, count_tables
from revmodel.sources.checks.deal_facts import deal_facts
from revmodel.sources.checks.duplicates import drop_duplicates
from revmodel.sources.checks.future import rows_after_as_of
from revmodel.sources.checks.identity import identity_findings
from revmodel.sources.checks.leaking_values import leaking_values
from revmodel.sources.checks.leaks import leaking_columns
from revmodel.sources.checks.merges import merge_cycles
from revmodel.sources.checks.names import names_written_twice
from revmodel.sources.checks.orders import mend_orders
from revmodel.sources.checks.orphans import orphans
from revmodel.sources.checks.repeats import repeats
from revmodel.sources.checks.rows import row_faults
from revmodel.sources.checks.sizes import few_rows, require_rows
from revmodel.sources.checks.spend import drop_negative_spend, gaps_in_spend
from revmodel.sources.checks.stages import stage_names
from revmodel.sources.checks.totals import spend_counted_twice
from revmodel.sources.checks.tracking import tracking_breaks
from revmodel.sources.checks.truncation import exits_recorded_late
from revmodel.sources.checks.units import unit_slips
from revmodel.sources.checks.visits import stage_visits
from revmodel.sources.checks.zombies import zombies
from revmodel.sources.findings import Finding, worst_first
from revmodel.sources.tables import Tables
from revmodel.sources.versions import latest_versions

__all__ = ["run_checks"]

_MENDS: tuple[Callable[[Tables, Config], Tables], ...] = (mend_orders, drop_negative_spend)
_CHECKS: tuple[Callable[[Tables, Config], list[Finding]], ...] = (
    stage_names,
    orphans,
    names_written_twice,
    gaps_in_spend,
    spend_counted_twice,
    repeats,
    leaking_columns,
    row_faults,
    merge_cycles,
    identity_findings,
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
    findings = _told(latest_versions(tables), config, counts)
    return replace(tables, findings=worst_first([*tables.findings, *findings]))


def _told(tables: Tables, config: Config, counts: dict[str, TableCounts]) -> Iterator[Finding]:
    """What every check says of the mended tables."""
    yield from few_rows(tables, config, counts)
    yield from rows_after_as_of(tables, config, counts)
    for check in _CHECKS:
        yield from check(tables, config)
    if "stage_changes" in tables:
        visits = stage_visits(tables, config)
        yield from zombies(tables, config, visits)
        yield from exits_recorded_late(tables, config, visits)
    if (activity := count_activity(tables, config)) is not None:
        for check_activity in (tracking_breaks, clock_faults, bursts, unit_slips):
            yield from check_activity(tables, config, activity)
    if (facts := deal_facts(tables, config)) is not None:
        yield from deal_faults(tables, config, facts)
        yield from leaking_values(tables, config, facts)

"""How deals begin and end: created closed, closed without a date, recorded late, older than their lead, left alone."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["deal_faults"]

_HOUR_S, _DAY_S = 3600, 86_400
_LATE_DAYS = 7  # a close that is recorded a week after its date was backdated
_QUIET_DAYS = 180  # an owner of whose deals nothing was recorded for so long has left, or does other things
_OWN_DEALS = 5  # that an owner had, at least, for silence to mean something


@dataclass(frozen=True)
class _Fault:
    """rows: where it is, of the deals ``among``. least, least_share: fewer are not worth a finding."""

    code: str
    table: str
    rows: ir.BooleanValue
    among: ir.BooleanValue
    what: str
    done: str
    remedy: str
    least: int = 1
    least_share: float = 0.0


def deal_faults(tables: Tables, config: Config, facts: ir.Table) -> list[Finding]:
    """What the histories of deals show to be wrong. facts: see deal_facts."""
    faults = _of_closes(facts, config) if "stage_changes" in tables else []
    faults += _of_leads(facts) if "leads" in tables else []
    sums = {f"n{i}": _sum(fault.rows) for i, fault in enumerate(faults)}
    sums |= {f"of{i}": _sum(fault.among) for i, fault in enumerate(faults)}
    findings = []
    if sums:
        counted = facts.aggregate(**sums).to_pyarrow().to_pylist()[0]
        for i, fault in enumerate(faults):
            n, total = int(counted[f"n{i}"] or 0), int(counted[f"of{i}"] or 0)
            if n >= max(fault.least, fault.least_share * total):
                findings.append(_finding(fault, n, total, examples_of(facts.filter(fault.rows).deal_id)))
    return findings + _owners_left(facts, config)


def _sum(rows: ir.BooleanValue) -> ir.IntegerScalar:
    return rows.fill_null(False).ifelse(1, 0).sum()


def _finding(fault: _Fault, n: int, total: int, examples: tuple[str, ...]) -> Finding:
    what = fault.what.format(k=f"{n:,}", total=f"{total:,}", share=f"{n / max(total, 1):.0%}")
    return finding_of(fault.code, fault.table, what, count=n, done=fault.done, remedy=fault.remedy, examples=examples)


def _seconds(start: ir.Column, end: ir.Column) -> ir.IntegerColumn:
    return end.epoch_seconds() - start.epoch_seconds()


def _of_closes(facts: ir.Table, config: Config) -> list[_Fault]:
    ends = [*config.funnel.won, *config.funnel.lost]
    closed = facts.closed_at.notnull()
    has_time = facts.created_at != facts.created_at.truncate("D")
    at_once = _seconds(facts.created_at, facts.closed_at) < _HOUR_S
    late = _seconds(facts.closed_at, facts.close_recorded_at) > _LATE_DAYS * _DAY_S
    return [
        _Fault(
            "created-closed",
            "deals",
            closed & has_time & at_once,
            closed & has_time,
            "{k} of {total} closed deals ({share}) were closed within an hour of their creation, or on that day",
            "Kept: they count as very quick deals",
            "Create deals when they begin; or leave those out that are booked after the fact, such as renewals.",
            least=5,
            least_share=0.02,
        ),
        _Fault(
            "closed-without-history",
            "deals",
            facts.stage.isin(ends) & facts.closed_at.isnull(),
            facts.stage.isin(ends),
            "{k} of {total} deals that are closed today ({share}) have no closing in stage_changes",
            "They count as open in their last stage on record",
            "Export the history of stages for the whole time, or add a closing dated by the deal's close date.",
        ),
        _Fault(
            "backdated-closes",
            "stage_changes",
            late,
            facts.close_recorded_at.notnull(),
            f"{{k}} of {{total}} closes ({{share}}) were recorded more than {_LATE_DAYS} days after the date they bear",
            "As of each date, only what was recorded by then counts",
            "Record closes when they happen; take the latest weeks of actual numbers as incomplete.",
            least=5,
            least_share=0.05,
        ),
    ]


def _of_leads(facts: ir.Table) -> list[_Fault]:
    days_before = _seconds(facts.created_at, facts.lead_created_at) / _DAY_S
    return [
        _Fault(
            "deal-before-lead",
            "deals",
            days_before > 1,
            facts.lead_created_at.notnull(),
            "{k} of {total} deals with a lead ({share}) were created more than a day before their lead",
            "Kept: the lead counts as handed over at once",
            "Link a deal to the lead it came from, not to a contact that was added later.",
            least=5,
            least_share=0.01,
        )
    ]


def _owners_left(facts: ir.Table, config: Config) -> list[Finding]:
    """Owners with open deals of whose deals nothing has been recorded for half a year. Names are not shown."""
    if config.as_of is None:
        return []
    is_open = facts.stage.isin(config.funnel.stages)
    owned = facts.filter(facts.owner.notnull())
    by_owner = owned.group_by("owner").aggregate(
        deals=owned.count(), still_open=_sum(is_open), quiet_days=_quiet_days(owned, config)
    )
    left = by_owner.filter(
        (by_owner.deals >= _OWN_DEALS) & (by_owner.still_open > 0) & (by_owner.quiet_days > _QUIET_DAYS)
    )
    counted = left.aggregate(owners=left.count(), deals=left.still_open.sum()).to_pyarrow().to_pylist()[0]
    owners, deals = int(counted["owners"]), int(counted["deals"] or 0)
    if not owners:
        return []
    unattended = facts.filter(is_open & facts.owner.isin(left.owner))
    return [
        finding_of(
            "owners-left",
            "deals",
            f"{plural(deals, 'open deal')} belong{'s' if deals == 1 else ''} to {plural(owners, 'owner')} of whose "
            f"deals nothing was recorded for {_QUIET_DAYS} days",
            count=deals,
            examples=examples_of(unattended.deal_id),
            done="Kept: they are forecast like other open deals of their stage and age",
            remedy="Give them a new owner, or close them.",
        )
    ]


def _quiet_days(owned: ir.Table, config: Config) -> ir.IntegerScalar:
    return ibis.literal(config.as_of).delta(owned.last_seen_at.max().cast("date"), unit="day")

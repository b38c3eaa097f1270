"""Changes dated before the record existed."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.schema import RECORD_TABLES
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.versions import has_versions
from revmodel.sources.wording import plural

__all__ = ["mend_orders"]


def mend_orders(tables: Tables, config: Config) -> Tables:
    """Tables in which no record closes before the day of its creation, nor moves before its hour on that day.

    A close on an earlier day is set aside (its record stays open). A change that carries a date only, on the day
    of creation, is moved to the hour of creation: midnight is how exports write "some time that day".
    Other changes on an earlier day are kept and told: journeys then begin with them.
    """
    if "stage_changes" not in tables or not any(name in tables for name in RECORD_TABLES):
        return tables
    changes = _with_creation(tables)
    early_day = changes.changed_at.date() < changes.created_at.date()
    closing = changes.to_stage.isin([*config.funnel.won, *config.funnel.lost])
    dateless_hour = (changes.changed_at < changes.created_at) & ~early_day & _is_midnight(changes.changed_at)
    flagged = changes.mutate(close_early=early_day & closing, open_early=early_day & ~closing, same_day=dateless_hour)
    flags = [flagged[name].sum().fill_null(0).name(name) for name in ("close_early", "open_early", "same_day")]
    counts = flagged.aggregate(flags).execute().iloc[0]
    findings = _findings(flagged, {str(name): int(n) for name, n in counts.items()})
    if counts["close_early"] or counts["same_day"]:
        kept = flagged.filter(~flagged.close_early.fill_null(False))
        moved = ibis.ifelse(kept.same_day, kept.created_at, kept.changed_at)
        mended = kept.mutate(changed_at=moved).select(*tables["stage_changes"].columns)
        tables = tables.materialise("stage_changes", mended)
    return tables.with_findings(*findings)


def _with_creation(tables: Tables) -> ir.Table:
    """Stage changes with created_at of their record (null where the record is not known)."""
    changes = tables["stage_changes"]
    joined, created = changes, []
    for name in RECORD_TABLES:
        if name in tables:
            of_kind = f"{name}_created_at"
            records = tables[name].select(**{f"{name}_id": tables[name].columns[0], of_kind: "created_at"})
            if has_versions(tables, name):  # the earliest creation that any version says forgives most
                records = records.group_by(f"{name}_id").aggregate(**{of_kind: records[of_kind].min()})
            is_kind = joined.record_type.isnull() | (joined.record_type == name.removesuffix("s"))
            joined = joined.left_join(records, [joined.record_id == records[f"{name}_id"], is_kind])
            created.append(of_kind)
    return joined.select(*changes.columns, created_at=ibis.coalesce(*(joined[name] for name in created)))


def _is_midnight(moment: ir.TimestampColumn) -> ir.BooleanColumn:
    return moment == moment.truncate("D")


def _findings(flagged: ir.Table, counts: dict[str, int]) -> list[Finding]:
    findings = []
    if n := counts["close_early"]:
        findings.append(
            finding_of(
                "close-before-creation",
                "stage_changes",
                f"{plural(n, 'closing change is', 'closing changes are')} dated before the day on which "
                f"{'its record was' if n == 1 else 'their records were'} created",
                count=n,
                examples=examples_of(flagged.filter(flagged.close_early).record_id),
                done="Set aside: such a record counts as still open",
                remedy="Correct the close date or the creation date in the source.",
            )
        )
    if n := counts["open_early"]:
        findings.append(
            finding_of(
                "change-before-creation",
                "stage_changes",
                f"{plural(n, 'stage change is', 'stage changes are')} dated before the day on which "
                f"{'its record was' if n == 1 else 'their records were'} created",
                count=n,
                examples=examples_of(flagged.filter(flagged.open_early).record_id),
                done="Kept: the journey of such a record begins with that change",
                remedy="Check which of the two dates is true.",
            )
        )
    return findings

"""The same thing several times under different ids: activities repeated for every company, deals entered again."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["repeats"]

_ACTIVITY = ("occurred_at", "channel", "lead_id", "anonymous_id", "email_hash", "campaign", "content", "kind")
_ENOUGH_ROWS = 500_000  # beyond this, only the activities of one second in so many are looked at
# Such steps in seconds. None divides a day, so that dates without times are sampled like others.
_STEPS = (1, 7, 13, 29, 53, 101, 211, 499, 997)
_LEAST, _LEAST_SHARE = 10, 0.02
_LEAST_DEALS, _LEAST_DEAL_SHARE = 3, 0.01


def repeats(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """Touches of one person, moment and content under several ids; deals equal in account, moment and amount."""
    return _repeated_activities(tables) + _repeated_deals(tables)


def _repeated_activities(tables: Tables) -> list[Finding]:
    """Rows equal in everything but their id and account. Dates without times say nothing of one and the same moment,
    unless the rows differ in the account."""
    if "touches" not in tables:
        return []
    touches = tables["touches"]
    step = _step(int(touches.count().to_pyarrow().as_py()))
    if step > 1:
        touches = touches.filter(touches.occurred_at.epoch_seconds().cast("int64") % step == 0)
    touches = touches.mutate(person=ibis.coalesce(touches.lead_id, touches.anonymous_id, touches.email_hash))
    known = touches.filter(touches.person.notnull())
    if not _persons_repeat(known):
        return []
    groups = known.group_by(*_ACTIVITY).aggregate(
        n=known.count(),
        ids=known.touch_id.count(),
        least=known.account_id.min(),
        most=known.account_id.max(),
        touch_id=known.touch_id.min(),
    )
    has_time = groups.occurred_at != groups.occurred_at.truncate("D")
    several = (groups.n > 1) & ((groups.least != groups.most).fill_null(False) | (has_time & (groups.ids == groups.n)))
    surplus = several.ifelse(groups.n - 1, 0)
    counted = groups.aggregate(rows=groups.n.sum(), surplus=surplus.sum()).to_pyarrow().to_pylist()[0]
    n, total = int(counted["surplus"] or 0), int(counted["rows"] or 0)
    if n < max(_LEAST, _LEAST_SHARE * total):
        return []
    return [
        finding_of(
            "repeated-activities",
            "touches",
            f"{'about ' if step > 1 else ''}{n * step:,} touches ({n / total:.0%}) repeat another in person, moment, "
            "channel and content under another id: one activity repeated for every company or campaign, it seems"
            + (f" (estimated from one second in {step})" if step > 1 else ""),
            count=n * step,
            examples=examples_of(groups.filter(several).touch_id),
            done="Kept: each row counts as a touch",
            remedy="Take each activity once: distinct rows of the export without the company, or an id of the "
            "activity as touch_id, so that copies are dropped.",
        )
    ]


def _persons_repeat(known: ir.Table) -> bool:
    """Whether enough touches share their person and moment for a look at the rest of them to be worth it."""
    pairs = known.group_by("occurred_at", "person").aggregate(n=known.count())
    counted = pairs.aggregate(rows=pairs.n.sum(), pairs=pairs.count()).to_pyarrow().to_pylist()[0]
    rows = int(counted["rows"] or 0)
    return rows - int(counted["pairs"]) >= max(_LEAST, _LEAST_SHARE * rows)


def _step(rows: int) -> int:
    """One second in so many is looked at: repeats share their second, so each is seen whole or not at all."""
    return next((step for step in _STEPS if rows <= step * _ENOUGH_ROWS), _STEPS[-1])


def _repeated_deals(tables: Tables) -> list[Finding]:
    if "deals" not in tables:
        return []
    deals = tables["deals"]
    full = deals.filter(deals.account_id.notnull() & (deals.amount > 0))
    groups = full.group_by("account_id", "created_at", "amount", "owner", "type").aggregate(
        n=full.count(), deal_id=full.deal_id.min()
    )
    several = (groups.n > 1) & (groups.created_at != groups.created_at.truncate("D"))
    surplus = several.ifelse(groups.n - 1, 0)
    counted = groups.aggregate(rows=groups.n.sum(), surplus=surplus.sum()).to_pyarrow().to_pylist()[0]
    n, total = int(counted["surplus"] or 0), int(counted["rows"] or 0)
    if n < max(_LEAST_DEALS, _LEAST_DEAL_SHARE * total):
        return []
    return [
        finding_of(
            "repeated-deals",
            "deals",
            f"{n:,} of {plural(total, 'deal')} ({n / total:.0%}) repeat another in account, owner, amount and moment "
            "of creation under another id",
            count=n,
            examples=examples_of(groups.filter(several).deal_id),
            done="Kept: each row counts as a deal",
            remedy="Check whether the export was joined to products or contacts: one row a deal is wanted.",
        )
    ]

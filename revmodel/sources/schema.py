"""The canonical tables, declared once: columns with their types, what is required, and what must be unique."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from revmodel.errors import ConfigError

__all__ = ["RECORD_TABLES", "TABLES", "ColumnType", "TableSchema", "schema_of"]

ColumnType = Literal["string", "timestamp", "date", "float", "int", "bool"]

RECORD_TABLES = ("leads", "deals")  # what goes through the funnel


@dataclass(frozen=True)
class TableSchema:
    """One canonical table.

    columns: name → type, in order. required: a row without a value there is unusable.
    any_of: a row needs a value in at least one of these. keys: together unique.
    event: the column that dates a row (None: rows have no date, or it may lie in the future).
    recorded: when the row became known, where that differs. free: other columns of the source are kept as they are.
    """

    name: str
    columns: dict[str, ColumnType]
    required: tuple[str, ...]
    keys: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    event: str | None = None
    recorded: str | None = None
    free: bool = False


_ALL = (
    TableSchema(
        "accounts",
        {
            "account_id": "string",
            "name": "string",
            "segment": "string",
            "industry": "string",
            "region": "string",
            "employees": "int",
            "domain": "string",
            "created_at": "timestamp",
        },
        required=("account_id",),
        keys=("account_id",),
        event="created_at",
    ),
    TableSchema(
        "leads",
        {
            "lead_id": "string",
            "created_at": "timestamp",
            "account_id": "string",
            "channel": "string",
            "campaign": "string",
            "region": "string",
            "segment": "string",
            "owner": "string",
            "score": "float",
            "band": "string",
            "anonymous_id": "string",
            "email_hash": "string",
            "domain": "string",
            "recorded_at": "timestamp",
        },
        required=("lead_id", "created_at"),
        keys=("lead_id",),
        event="created_at",
        recorded="recorded_at",
    ),
    TableSchema(
        "touches",
        {
            "occurred_at": "timestamp",
            "channel": "string",
            "lead_id": "string",
            "account_id": "string",
            "anonymous_id": "string",
            "campaign": "string",
            "content": "string",
            "kind": "string",
            "touch_id": "string",
            "cost": "float",
            "email_hash": "string",
            "domain": "string",
            "recorded_at": "timestamp",
        },
        required=("occurred_at", "channel"),
        keys=("touch_id",),
        any_of=("lead_id", "account_id", "anonymous_id", "email_hash"),
        event="occurred_at",
        recorded="recorded_at",
    ),
    TableSchema(
        "stage_changes",
        {
            "record_id": "string",
            "to_stage": "string",
            "changed_at": "timestamp",
            "record_type": "string",
            "from_stage": "string",
            "recorded_at": "timestamp",
            "reason": "string",
        },
        required=("record_id", "to_stage", "changed_at"),
        event="changed_at",
        recorded="recorded_at",
    ),
    TableSchema(
        "deals",
        {
            "deal_id": "string",
            "created_at": "timestamp",
            "account_id": "string",
            "lead_id": "string",
            "type": "string",
            "owner": "string",
            "channel": "string",
            "segment": "string",
            "currency": "string",
            "amount": "float",
            "close_date": "date",
            "stage": "string",
            "region": "string",
            "campaign": "string",
            "forecast_category": "string",
            "recorded_at": "timestamp",
        },
        required=("deal_id", "created_at"),
        keys=("deal_id",),
        event="created_at",
        recorded="recorded_at",
    ),
    TableSchema(
        "deal_history",
        {
            "deal_id": "string",
            "recorded_at": "timestamp",
            "amount": "float",
            "close_date": "date",
            "stage": "string",
            "forecast_category": "string",
            "probability": "float",
            "owner": "string",
        },
        required=("deal_id", "recorded_at"),
        event="recorded_at",
        recorded="recorded_at",
    ),
    TableSchema(
        "spend",
        {
            "date": "date",
            "channel": "string",
            "spend": "float",
            "campaign": "string",
            "region": "string",
            "impressions": "float",
            "clicks": "float",
            "currency": "string",
            "segment": "string",
            "recorded_at": "timestamp",
        },
        required=("date", "channel", "spend"),
        event="date",
        recorded="recorded_at",
    ),
    TableSchema(
        "identities",
        {"lead_id": "string", "anonymous_id": "string", "email_hash": "string", "linked_at": "timestamp"},
        required=("lead_id", "linked_at"),
        any_of=("anonymous_id", "email_hash"),
        event="linked_at",
    ),
    TableSchema(
        "merges",
        {"from_id": "string", "into_id": "string", "merged_at": "timestamp", "record_type": "string"},
        required=("from_id", "into_id", "merged_at"),
        event="merged_at",
    ),
    TableSchema(
        "deletions",
        {"record_id": "string", "deleted_at": "timestamp", "record_type": "string"},
        required=("record_id", "deleted_at"),
        event="deleted_at",
    ),
    TableSchema(
        "indicators",
        {"date": "date", "name": "string", "value": "float", "region": "string", "recorded_at": "timestamp"},
        required=("date", "name", "value"),
        event="date",
        recorded="recorded_at",
    ),
    TableSchema(
        "experiments",
        {
            "name": "string",
            "channel": "string",
            "start": "date",
            "end": "date",
            "spend_change": "float",
            "lift": "float",
            "lift_se": "float",
            "metric": "string",
            "region": "string",
        },
        required=("name", "channel", "start", "end", "spend_change", "lift", "lift_se"),
        event="end",
    ),
    TableSchema(
        "subscriptions",
        {
            "customer_id": "string",
            "account_id": "string",
            "started_at": "timestamp",
            "ended_at": "timestamp",
            "mrr": "float",
            "gross_margin": "float",
        },
        required=("customer_id", "started_at"),
        event="started_at",
    ),
    TableSchema(
        "annotations",
        {"start": "date", "end": "date", "name": "string", "kind": "string", "scope": "string"},
        required=("start", "end", "name"),
    ),
    TableSchema(
        "targets",
        {"period": "string", "metric": "string", "value": "float", "scope": "string"},
        required=("period", "metric", "value"),
    ),
    TableSchema("panel", {"date": "date", "kpi": "float"}, required=("date", "kpi"), event="date", free=True),
)

TABLES: dict[str, TableSchema] = {schema.name: schema for schema in _ALL}


def schema_of(name: str) -> TableSchema:
    """The schema of a canonical table.

    Raises ConfigError: there is no canonical table of that name; the nearest is named.

    >>> schema_of("leads").keys
    ('lead_id',)
    """
    if name in TABLES:
        return TABLES[name]
    close = difflib.get_close_matches(name, TABLES, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ConfigError(f"tables: {name!r} is not a canonical table{hint} Known: {', '.join(TABLES)}")

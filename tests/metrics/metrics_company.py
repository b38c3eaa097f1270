"""A company small enough to count by hand, with the numbers that its KPIs must have.

Eight leads in the first two quarters of 2026; three become deals, two are won. Every number below is counted on
fingers from the tables here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd

from revmodel.config import Config, FunnelConfig, MetricsConfig
from revmodel.journeys.reconstruct import Journeys, reconstruct_journeys
from revmodel.sources.tables import tables_from_frames

AS_OF = dt.date(2026, 6, 30)
FUNNEL = FunnelConfig(stages=["lead", "mql", "sal", "sql", "opportunity", "proposal"], first_deal_stage="opportunity")

# lead → channel, segment, campaign, account, and its steps as day: stage
LEADS: dict[str, tuple[str, str, str | None, str, dict[str, str]]] = {
    "L1": ("search", "smb", "brand", "A1", {"2026-01-02": "lead", "2026-01-10": "mql", "2026-01-12": "sal",
                                           "2026-01-20": "sql"}),
    "L2": ("search", "smb", "brand", "A2", {"2026-01-06": "lead", "2026-01-16": "mql", "2026-01-26": "lost"}),
    "L3": ("events", "large", "fair", "A3", {"2026-02-02": "lead", "2026-02-06": "mql", "2026-02-07": "sal",
                                            "2026-02-15": "sql"}),
    "L4": ("events", "large", None, "A4", {"2026-03-01": "lead", "2026-03-20": "lost"}),
    "L5": ("search", "smb", "brand", "A5", {"2026-04-01": "lead", "2026-04-03": "mql", "2026-04-08": "sal",
                                           "2026-04-09": "mql", "2026-04-19": "sal", "2026-04-30": "sql"}),
    "L6": ("organic", "smb", None, "A6", {"2026-04-10": "lead", "2026-04-20": "mql"}),
    "L7": ("search", "large", "product", "A7", {"2026-05-01": "lead"}),
    "L8": ("events", "large", "fair", "A8", {"2026-06-29": "lead", "2026-06-30": "mql"}),
}  # fmt: skip
# deal → lead, account, its steps, and its amounts and close dates on file
DEALS: dict[str, tuple[str, str, dict[str, str], list[tuple[str, float, str]]]] = {
    "D1": ("L1", "A1", {"2026-02-01": "opportunity", "2026-02-21": "proposal", "2026-03-13": "won"},
           [("2026-02-01", 1000.0, "2026-03-31"), ("2026-03-13", 1200.0, "2026-03-13")]),
    "D2": ("L3", "A3", {"2026-03-01": "opportunity", "2026-04-20": "lost"}, [("2026-03-01", 5000.0, "2026-06-15")]),
    "D3": ("L5", "A5", {"2026-05-10": "opportunity", "2026-06-19": "won"}, [("2026-05-10", 3000.0, "2026-06-30")]),
    "D4": ("L3", "A3", {"2026-06-01": "opportunity", "2026-06-11": "proposal"},
           [("2026-06-01", 4000.0, "2026-09-30"), ("2026-06-20", 2000.0, "2026-08-31")]),
}  # fmt: skip


def frames() -> dict[str, pd.DataFrame]:
    """All tables as frames with canonical columns."""
    changes = [(lead, "lead", stage, day) for lead, (*_, steps) in LEADS.items() for day, stage in steps.items()]
    changes += [(deal, "deal", stage, day) for deal, (_, _, steps, _) in DEALS.items() for day, stage in steps.items()]
    moves = pd.DataFrame(changes, columns=["record_id", "record_type", "to_stage", "changed_at"])
    moves["changed_at"] = pd.to_datetime(moves["changed_at"])
    moves["reason"] = ["no budget" if stage == "lost" else None for stage in moves["to_stage"]]
    history = [(deal, *row) for deal, (*_, rows) in DEALS.items() for row in rows]
    return {
        "leads": pd.DataFrame(
            [(lead, min(s), account, c, g, seg) for lead, (c, seg, g, account, s) in LEADS.items()],
            columns=["lead_id", "created_at", "account_id", "channel", "campaign", "segment"],
        ),
        "stage_changes": moves,
        "deals": pd.DataFrame(
            [(deal, min(s), account, lead, "new") for deal, (lead, account, s, _) in DEALS.items()],
            columns=["deal_id", "created_at", "account_id", "lead_id", "type"],
        ),
        "deal_history": pd.DataFrame(history, columns=["deal_id", "recorded_at", "amount", "close_date"]),
        "spend": _spend(),
        "touches": _touches(),
        "subscriptions": pd.DataFrame(
            [("S1", "A1", "2026-01-01", None, 100.0, 0.8), ("S2", "A2", "2026-02-01", "2026-05-15", 50.0, 0.8),
             ("S3", "A3", "2026-03-01", None, 150.0, 0.6), ("S4", "A4", "2026-04-01", None, 100.0, 0.5)],
            columns=["customer_id", "account_id", "started_at", "ended_at", "mrr", "gross_margin"],
        ),
        "targets": pd.DataFrame(
            [("2026Q2", "bookings", 2500.0, "all"), ("2026Q2", "leads", 5.0, "all"), ("2026Q2", "leads", 2.0, "search"),
             ("2026Q2", "mql", 4.0, "all"), ("2026Q3", "bookings", 8000.0, "all")],
            columns=["period", "metric", "value", "scope"],
        ),
    }  # fmt: skip


def _spend() -> pd.DataFrame:
    """Daily rows of uneven distance, so that each pays for its own day: 300 on search and 600 on events a quarter."""
    rows = [
        ("2026-01-05", "search", 100.0, 1000.0, 50.0), ("2026-01-07", "search", 200.0, 3000.0, 50.0),
        ("2026-04-08", "search", 300.0, 2000.0, 80.0), ("2026-01-05", "events", 600.0, None, None),
        ("2026-04-08", "events", 550.0, None, None), ("2026-04-11", "events", 50.0, None, None),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["date", "channel", "spend", "impressions", "clicks"])


def _touches() -> pd.DataFrame:
    """Search and events touch A1 before its deal, events A5 between making and win; A3 saw an ad; sales calls L1."""
    rows = [
        ("T1", "2026-01-05", "search", "visit", "L1", "/home"), ("T2", "2026-01-15", "events", "event", "L1", "/fair"),
        ("T3", "2026-02-02", "search", "impression", "L3", "/ad"),
        ("T4", "2026-06-01", "events", "event", "L5", "/fair"),
        ("T5", "2026-01-10 12:00", "outbound", "call", "L1", None),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["touch_id", "occurred_at", "channel", "kind", "lead_id", "content"])


def config_of(**settings: Any) -> Config:
    """The company's config; settings of its section metrics."""
    metrics = MetricsConfig(**{"marketing_channels": ["search", "events"]} | settings)
    return Config(company="By hand", currency="EUR", tables={}, funnel=FUNNEL, metrics=metrics)


def journeys_of(tables: Mapping[str, pd.DataFrame], as_of: dt.date = AS_OF) -> Journeys:
    """Journeys of tables given as frames."""
    return reconstruct_journeys(tables_from_frames(dict(tables)), FUNNEL, as_of)

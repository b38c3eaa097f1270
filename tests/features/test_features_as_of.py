"""The as-of law: features at T are the same whether or not the tables hold what was recorded later."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS, START, config_of, leads_of, moves_of
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.errors import JourneyError
from revmodel.features.build import build_features
from revmodel.features.tables import Features
from revmodel.sources.tables import tables_from_frames

pytestmark = QUIET_IBIS

RECORDED = {
    "stage_changes": "recorded_at", "leads": "created_at", "deals": "created_at", "deal_history": "recorded_at",
    "spend": "date", "indicators": "date", "annotations": "start",
}  # fmt: skip


def company(seed: int) -> dict[str, pd.DataFrame]:
    """Leads, deals grown from some of them, changes recorded late, spend and the rest, over 226 days."""
    rng = np.random.default_rng(seed)
    moves = moves_of(leads=60, seed=seed)
    leads = leads_of(moves, seed)
    grown = leads.iloc[::3]
    deals = pd.DataFrame(
        {
            "deal_id": "D" + grown["lead_id"],
            "created_at": grown["created_at"] + pd.to_timedelta(rng.integers(1, 60, len(grown)), unit="D"),
            "lead_id": grown["lead_id"],
            "amount": 999.0,
        }
    )
    later = deals["created_at"] + pd.to_timedelta(rng.integers(0, 90, len(deals)), unit="D")
    history = pd.DataFrame(
        {"deal_id": deals["deal_id"], "recorded_at": later, "amount": rng.integers(1, 9, len(deals))}
    )
    won = pd.DataFrame({"record_id": deals["deal_id"], "to_stage": "won", "changed_at": later, "recorded_at": later})
    days = pd.date_range(START, periods=33, freq="7D")
    notes = pd.DataFrame({"start": days[::9], "end": days[::9] + pd.Timedelta(days=20), "name": ["a", "b", "a", "c"]})
    return {
        "stage_changes": pd.concat([moves, won.iloc[::2]]),
        "leads": leads,
        "deals": deals,
        "deal_history": history,
        "spend": pd.DataFrame({"date": days, "channel": "search", "spend": rng.random(33)}),
        "indicators": pd.DataFrame({"date": days, "name": "visits", "value": rng.random(33)}),
        "annotations": notes,
    }


def frames_of(features: Features) -> dict[str, pd.DataFrame]:
    """Every frame of the features, by its path."""
    parts = {"cells": features.cells, "open": features.open_records, "won": features.won_deals, "panel": features.panel}
    found = {
        f"{part}.{field.name}": getattr(holder, field.name)
        for part, holder in parts.items()
        for field in dataclasses.fields(holder)
        if isinstance(getattr(holder, field.name), pd.DataFrame)
    }
    return {**found, "realised": features.realised}


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 200))
def test_what_is_recorded_later_changes_no_feature(seed, days):
    as_of = START.date() + dt.timedelta(days=days)
    full = company(seed)
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    known = {name: frame[frame[RECORDED[name]] < end] for name, frame in full.items()}
    with_later, without = (build_features(tables_from_frames(frames), config_of(), as_of) for frames in (full, known))
    others = frames_of(without)
    for path, frame in frames_of(with_later).items():
        pd.testing.assert_frame_equal(frame, others[path], obj=path)
    assert with_later.cannot == without.cannot
    assert with_later.cells.frame["n"].sum() > 0


def test_before_the_first_record_there_is_nothing_to_build():
    with pytest.raises(JourneyError, match="no record had entered the funnel by 2020-01-01"):
        build_features(tables_from_frames(company(1)), config_of(), dt.date(2020, 1, 1))


def test_what_cannot_be_done_is_said_with_what_would_enable_it():
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [START]})
    cannot = build_features(tables_from_frames({"leads": leads}), config_of(), dt.date(2026, 2, 1)).cannot
    assert "No spend table: contribution and budget need one with date, channel, spend" in cannot
    assert any(sentence.startswith("No stage_changes table") for sentence in cannot)
    assert any(sentence.startswith("No deals table") for sentence in cannot)

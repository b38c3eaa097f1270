"""Snapshot roll-forward and the stage-weighted pipeline on spells made by hand."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hand_made import AS_OF, features_of

from revmodel.config import Config
from revmodel.errors import ModelError
from revmodel.evaluate import forecaster
from revmodel.evaluate.baselines import snapshot_roll_forward, stage_weighted_pipeline
from revmodel.evaluate.forecaster import BacktestInput
from revmodel.features.tables import Features, OpenRecords, WonDeals

ORIGIN = pd.Timestamp(AS_OF)
FUNNEL = {"stages": ["lead", "opportunity"], "first_deal_stage": "opportunity"}


def _spell(record: str, stage: str, entered: float, left: float | None, to: str | None, kind: str) -> dict[str, Any]:
    """Times in weeks before the origin's end."""
    end = ORIGIN + pd.Timedelta(days=1)
    closed = left is not None
    return {
        "record_id": record,
        "record_type": kind,
        "stage": stage,
        "entered_at": end - pd.Timedelta(weeks=entered),
        "left_at": end - pd.Timedelta(weeks=left) if left is not None else pd.NaT,
        "to_stage": to,
        "outcome": ("lost" if to == "lost" else "advance") if closed else "open",
    }


def _given(
    monkeypatch: pytest.MonkeyPatch,
    spells: list[dict[str, Any]],
    weekly: dict[str, np.ndarray],
    links: list[tuple[str, str]] | None = None,
    **parts: Any,
) -> BacktestInput:
    frame = pd.DataFrame(spells).astype({"to_stage": "string"})
    handed = pa.Table.from_pandas(pd.DataFrame(links or [], columns=["record_id", "handed_to"], dtype="string"))
    events = ibis.memtable(handed).mutate(record_type=ibis.literal("lead"))
    journeys = SimpleNamespace(spells=ibis.memtable(pa.Table.from_pandas(frame)), events=events)
    monkeypatch.setattr(forecaster, "reconstruct_journeys", lambda *_: journeys)
    config = Config(company="Acme", tables={}, funnel=FUNNEL)
    features: Features = dataclasses.replace(features_of(weekly), **parts)
    return BacktestInput(None, config, features, 13, 3000, 1)  # type: ignore[arg-type]


def _wins_by_week(spells: list[dict[str, Any]], weeks: int = 120) -> np.ndarray:
    """Weekly wins, oldest first, so that realised agrees with the spells."""
    wins = np.zeros(weeks)
    for spell in spells:
        if spell["to_stage"] == "won":
            days = (ORIGIN + pd.Timedelta(days=1) - spell["left_at"]) / pd.Timedelta(days=1)
            wins[weeks - 1 - int(np.ceil(days / 7) - 1)] += 1
    return wins


def _quarters(win_shares: list[float], records: int = 200) -> list[dict[str, Any]]:
    """Each quarter opens ``records`` deals a week before the snapshot; the share given wins in its fourth week."""
    spells = []
    for quarter, share in enumerate(win_shares, start=1):
        opened = 13.0 * quarter + 1
        for number in range(records):
            won = number < share * records
            left, to = (13.0 * quarter - 3.5, "won") if won else (13.0 * quarter - 12.5, "lost")
            spells.append(_spell(f"q{quarter}-{number}", "opportunity", opened, left, to, "deal"))
    return spells


def test_open_records_win_as_those_of_the_same_stage_and_age_did(monkeypatch):
    spells = _quarters([0.3, 0.3, 0.3])
    now = [_spell(f"now-{i}", "opportunity", 1.0, None, None, "deal") for i in range(100)]
    data = _given(monkeypatch, spells + now, {"wins": _wins_by_week(spells)})
    wins = snapshot_roll_forward(data)["wins"]
    assert wins.shape == (3000, 13)
    assert wins.sum(axis=1).mean() == pytest.approx(30, rel=0.05)
    assert wins.mean(axis=0).argmax() == 3  # a win 3.5 weeks after the snapshot falls in week 3
    binomial_sd = np.sqrt(100 * 0.3 * 0.7)
    assert wins.sum(axis=1).std() == pytest.approx(binomial_sd, rel=0.3)


def test_quarters_that_differ_widen_the_interval(monkeypatch):
    now = [_spell(f"now-{i}", "opportunity", 1.0, None, None, "deal") for i in range(100)]
    even, uneven = _quarters([0.3, 0.3, 0.3]), _quarters([0.1, 0.3, 0.5])
    sd = []
    for spells in (even, uneven):
        data = _given(monkeypatch, spells + now, {"wins": _wins_by_week(spells)})
        sd.append(snapshot_roll_forward(data)["wins"].sum(axis=1).std())
    assert sd[1] > 1.7 * sd[0]


def test_wins_of_records_not_yet_created_come_as_they_came(monkeypatch):
    quick = [
        _spell(f"quick-{week}-{i}", "opportunity", week + 0.6, week + 0.2, "won", "deal")
        for week in range(60)
        for i in range(4)
    ]
    data = _given(monkeypatch, quick, {"wins": _wins_by_week(quick)})
    wins = snapshot_roll_forward(data)["wins"]
    np.testing.assert_allclose(wins.mean(axis=0), 4.0, rtol=0.06)


def test_an_open_lead_wins_when_the_deal_that_grew_from_it_wins(monkeypatch):
    leads, deals = [], []
    for quarter in (1, 2, 3):
        for i in range(100):
            name = f"{quarter}-{i}"
            opened, opportunity, won = 13.0 * quarter + 2, 13.0 * quarter - 2, 13.0 * quarter - 6.5
            leads.append(_spell(f"L{name}", "lead", opened, opportunity, "opportunity", "lead"))
            deals.append(_spell(f"D{name}", "opportunity", opportunity, won, "won", "deal"))
    links = [(lead["record_id"], deal["record_id"]) for lead, deal in zip(leads, deals, strict=True)]
    now = [_spell(f"now-{i}", "lead", 2.0, None, None, "lead") for i in range(50)]
    spells = leads + deals + now
    data = _given(monkeypatch, spells, {"wins": _wins_by_week(spells)}, links=links)
    wins = snapshot_roll_forward(data)["wins"]
    assert wins.sum(axis=1).mean() == pytest.approx(50, rel=0.08)
    assert wins.mean(axis=0).argmax() == 6


def test_bookings_draw_the_amounts_of_recent_wins(monkeypatch):
    spells = _quarters([0.3, 0.3])
    now = [_spell(f"now-{i}", "opportunity", 1.0, None, None, "deal") for i in range(100)]
    won = pd.DataFrame({"won_at": [ORIGIN - pd.Timedelta(weeks=9)] * 2, "amount": [1000.0, 3000.0]})
    won.loc[2] = [ORIGIN - pd.Timedelta(weeks=80), 1e9]  # too long ago to count
    weekly = {"wins": _wins_by_week(spells), "bookings": _wins_by_week(spells) * 2000}
    draws = snapshot_roll_forward(_given(monkeypatch, spells + now, weekly, won_deals=WonDeals(won)))
    assert draws["bookings"].sum(axis=1).mean() == pytest.approx(2000 * draws["wins"].sum(axis=1).mean(), rel=0.03)


def test_without_a_snapshot_after_the_first_win_it_refuses(monkeypatch):
    spells = [_spell("one", "opportunity", 20.0, 5.0, "won", "deal")]
    with pytest.raises(ModelError, match="the nearest snapshot would be 2026-07-01"):
        snapshot_roll_forward(_given(monkeypatch, spells, {"wins": _wins_by_week(spells)}))


def _open_deals(close_dates: list[Any], amounts: list[float]) -> OpenRecords:
    return OpenRecords(
        pd.DataFrame({"stage": "opportunity", "close_date": pd.to_datetime(close_dates), "amount": amounts})
    )


def test_stage_weighted_counts_open_deals_by_stage_rate_and_close_date(monkeypatch):
    spells = _quarters([0.25])
    deals = _open_deals(["2026-10-05", "2026-09-01", "2027-06-30", None], [1000.0, np.nan, 5e6, 5e6])
    won = WonDeals(pd.DataFrame({"won_at": [ORIGIN], "amount": [400.0]}))
    weekly = {"wins": _wins_by_week(spells), "bookings": _wins_by_week(spells) * 400}
    draws = stage_weighted_pipeline(_given(monkeypatch, spells, weekly, open_records=deals, won_deals=won))
    assert (draws["wins"] == draws["wins"][0]).all()
    assert draws["wins"][0].tolist() == [0.5, *[0.0] * 12]
    assert draws["bookings"][0].sum() == pytest.approx(0.25 * 1000 + 0.25 * 400)


def test_stage_weighted_without_close_dates_spreads_the_pipeline_evenly(monkeypatch):
    spells = _quarters([0.25])
    deals = _open_deals([None] * 8, [np.nan] * 8)
    data = _given(monkeypatch, spells, {"wins": _wins_by_week(spells)}, open_records=deals)
    np.testing.assert_allclose(stage_weighted_pipeline(data)["wins"][0], 2 / 13)


def test_stage_weighted_refuses_where_nothing_has_closed(monkeypatch):
    data = _given(
        monkeypatch,
        [_spell("open", "opportunity", 3.0, None, None, "deal")],
        {"wins": np.ones(20)},
        open_records=_open_deals([None], [np.nan]),
    )
    with pytest.raises(ModelError, match="has closed"):
        stage_weighted_pipeline(data)

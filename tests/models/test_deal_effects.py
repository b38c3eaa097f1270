"""A deal's own state: found where it matters, nothing where it does not, and never judged by what it was fitted on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.features.tables import Groups, OpenRecords
from revmodel.models.deal_effects import DealEffects
from revmodel.models.draws import FunnelDraws

WEEKLY = {"advance": 0.05, "lost": 0.03}
OVERDUE = {"advance": -1.0, "lost": 0.8}  # what an overdue date adds to the log rate, in the simulation
GROUPS = Groups.of(pd.DataFrame({"channel": ["search"], "segment": ["smb"]}))


def funnel_of() -> FunnelDraws:
    """One stage with constant hazards: those of the simulation below on average."""
    log_odds = np.full((2, 1, 3, 1, 1), -40.0)
    stay = 1 - sum(WEEKLY.values())
    log_odds[:, :, 0], log_odds[:, :, 1] = (np.log(WEEKLY[cause] / stay) for cause in ("advance", "lost"))
    destination = np.zeros((2, 1, 3, 3))
    destination[:, :, :2, 1:] = np.eye(2)
    destination[:, :, 2, 0] = 1.0
    again, first_week = np.zeros((2, 1, 3)), np.full((2, 1, 7), 1 / 7)
    return FunnelDraws(("s",), GROUPS, (0,), log_odds, np.zeros((2, 1, 3, 4)), destination, again, first_week)


def snapshots_of(effect: dict[str, float], deals: int = 8000, seed: int = 1) -> pd.DataFrame:
    """Deals seen once each, some months ago or now; a third are overdue."""
    rng = np.random.default_rng(seed)
    ago = 28 * rng.integers(0, 20, deals)
    overdue = rng.random(deals) < 1 / 3
    rate = {cause: 4 * WEEKLY[cause] * np.exp(effect[cause] * overdue) for cause in WEEKLY}
    leaves = rng.random(deals) < 1 - np.exp(-sum(rate.values()))
    cause = np.where(rng.random(deals) < rate["advance"] / sum(rate.values()), "advance", "lost")
    blank = {"forecast_category": None, "probability": np.nan, "amount": np.nan, "amount_ratio": np.nan,
             "last_touch_days": np.nan, "pushes": 0, "touches_4w": 0, "attempt": 1, "age_weeks": 5, "age_days": 35,
             "stage": "s", "channel": "search", "segment": "smb"}  # fmt: skip
    return pd.DataFrame({
        **blank, **dict.fromkeys(("region", "owner", "type", "band"), "all"),
        "deal_id": [f"D{i}" for i in range(deals)], "ago": ago,
        "days_to_close_date": np.where(overdue, -12.0, 60.0), "outcome": np.where(leaves & (ago > 0), cause, "open"),
        "exposure_weeks": np.where(ago == 0, 0.0, np.where(leaves, 2.0, 4.0)),
    })  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> DealEffects:
    return DealEffects().fit(snapshots_of(OVERDUE), funnel_of())


def shift_of_overdue(effects: DealEffects, snapshots: pd.DataFrame, cause: str) -> float:
    """Log-odds of overdue deals less those of others, of the deals open now."""
    now = snapshots[snapshots["ago"] == 0].set_index("deal_id")
    shift = effects.shifts_.set_index("deal_id")[f"{cause}_log_odds"]
    overdue = now["days_to_close_date"] < 0
    return float(shift[overdue].mean() - shift[~overdue].mean())


def test_what_an_overdue_date_does_is_found_for_each_cause(fitted):
    assert fitted.tested_["used"].all()
    for cause, effect in OVERDUE.items():
        assert shift_of_overdue(fitted, snapshots_of(OVERDUE), cause) == pytest.approx(effect, abs=0.35)
    assert "advance and be lost" in fitted.sentence()


def test_deals_open_now_keep_the_mean_odds_of_their_stage(fitted):
    for cause in OVERDUE:
        assert np.exp(fitted.shifts_[f"{cause}_log_odds"]).mean() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_state_that_does_not_matter_shifts_nothing_much(seed):
    """By a test at one standard error one cause in six is believed for nothing: its shifts must then be small."""
    nothing = dict.fromkeys(OVERDUE, 0.0)
    snapshots = snapshots_of(nothing, seed=10 + seed)
    effects = DealEffects().fit(snapshots, funnel_of())
    for cause in OVERDUE:
        assert abs(shift_of_overdue(effects, snapshots, cause)) < 0.35


def test_an_effect_that_the_latest_snapshots_do_not_bear_out_is_not_used():
    """It held in the oldest half only: fitted there, it is refused on the snapshots after it."""
    snapshots = snapshots_of(OVERDUE, seed=3)
    latest = snapshots["ago"].between(1, 28 * 10)
    flipped = snapshots["days_to_close_date"].where(~latest, -snapshots["days_to_close_date"])
    effects = DealEffects().fit(snapshots.assign(days_to_close_date=flipped), funnel_of())
    assert not effects.tested_["used"].any()
    assert (effects.shifts_[["advance_log_odds", "lost_log_odds"]] == 0).all(axis=None)
    assert "did not improve" in effects.sentence()


def test_parts_say_what_each_trait_adds_and_records_carry_the_sum(fitted):
    parts = fitted.parts()
    assert set(parts["trait"]) == {"close_date"}
    assert "close date passed 12 days ago" in set(parts["words"])
    deal = fitted.shifts_["deal_id"].iloc[0]
    frame = pd.DataFrame({"record_id": [deal, deal, "unknown"], "record_type": ["deal", "lead", "deal"]})
    records = fitted.with_shifts(OpenRecords(frame)).frame
    assert records["advance_log_odds"].iloc[0] == fitted.shifts_["advance_log_odds"].iloc[0]
    assert records["advance_log_odds"].iloc[1:].tolist() == [0.0, 0.0]


def test_without_snapshots_nothing_is_shifted():
    effects = DealEffects().fit(None, funnel_of())
    assert effects.tested_.empty
    assert effects.parts().empty
    assert "no past snapshots" in effects.sentence()

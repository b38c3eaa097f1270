"""Lead features hold what was on record at the decision, and nothing that came later."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from company_by_hand import AS_OF, QUIET_IBIS, START, journeys_of, leads_of, moves_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from revmodel.errors import JourneyError
from revmodel.features.lead_features import LeadFeatureBuilder

pytestmark = QUIET_IBIS


def company(seed: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    moves = moves_of(leads=50, seed=seed)
    leads = leads_of(moves, seed).assign(account_id=lambda t: [f"A{n}" for n in rng.integers(0, 9, len(t))])
    at = START + pd.to_timedelta(rng.integers(0, 226 * 24, 300), unit="h")
    touches = pd.DataFrame(
        {"occurred_at": at, "channel": "search", "lead_id": rng.choice(leads["lead_id"], 300),
         "content": rng.choice(["a", "b"], 300),
         "kind": rng.choice(["click", "email", "Visit", "fax"], 300),
         "recorded_at": at + pd.to_timedelta(rng.integers(0, 9, 300), unit="D")}
    )  # fmt: skip
    made = START + pd.to_timedelta(rng.integers(0, 226, 20), unit="D")
    deals = pd.DataFrame(
        {"deal_id": [f"D{n}" for n in range(20)], "created_at": made, "account_id": rng.choice(leads["account_id"], 20)}
    )
    accounts = pd.DataFrame(
        {"account_id": [f"A{n}" for n in range(9)], "industry": "steel", "employees": range(5, 95, 10)}
    )
    return {"stage_changes": moves, "leads": leads, "touches": touches, "deals": deals, "accounts": accounts}


def recorded(frame: pd.DataFrame) -> pd.Series:
    event = next(frame[name] for name in ("changed_at", "occurred_at", "created_at") if name in frame)
    return np.maximum(frame.get("recorded_at", event), event)


@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10_000), place=st.integers(0, 10), days=st.sampled_from([0, 7, 30]))
def test_rows_recorded_after_the_decision_change_no_feature(seed, place, days):
    frames = company(seed)
    builder = LeadFeatureBuilder("mql", decide_after_days=days, horizon_weeks=6)
    built = builder.fit_transform(journeys_of(frames))
    lead, decided = built.frame.index[place % len(built.frame)], built.decided_at.iloc[place % len(built.frame)]
    known = {name: frame if name == "accounts" else frame[recorded(frame) <= decided] for name, frame in frames.items()}
    then = builder.fit_transform(journeys_of({name: frame for name, frame in known.items() if len(frame)}))
    pd.testing.assert_series_equal(built.frame.loc[lead], then.frame.loc[lead])


def test_features_equal_a_count_by_hand():
    frames = company(3)
    built = LeadFeatureBuilder("opportunity", decide_after_days=30).fit_transform(journeys_of(frames))
    touches, leads = frames["touches"], frames["leads"].set_index("lead_id")
    assert len(built.frame) > 20
    for lead, row in built.frame.iterrows():
        decided = built.decided_at[lead]
        assert decided == leads.loc[lead, "created_at"] + pd.Timedelta(days=30)
        own = touches[(touches["lead_id"] == lead) & (recorded(touches) <= decided)]
        ago = (decided.normalize() - own["occurred_at"].dt.normalize()).dt.days
        for window in (7, 28, 90):
            for kind, spelled in (("click", "click"), ("visit", "Visit"), ("other", "fax"), ("form", "form")):
                assert row[f"{kind}_{window}d"] == ((ago < window) & (own["kind"] == spelled)).sum()
        assert row["contents_90d"] == own.loc[ago < 90, "content"].nunique()
        assert row["active_days_90d"] == ago[ago < 90].nunique()
        assert row["last_touch_days"] == ago.min() or (np.isnan(row["last_touch_days"]) and ago.empty)
        same = frames["leads"]["account_id"] == leads.loc[lead, "account_id"]
        assert row["other_leads"] == (same & (frames["leads"]["created_at"] <= decided)).sum() - 1
        of_account = frames["deals"][frames["deals"]["account_id"] == leads.loc[lead, "account_id"]]
        assert row["earlier_deals"] == (of_account["created_at"] <= decided).sum()


def test_a_label_is_unknown_until_the_horizon_is_over_for_all_alike():
    def at(days: int) -> pd.Timestamp:
        return pd.Timestamp(AS_OF) - pd.Timedelta(days=days)

    leads = pd.DataFrame(
        {"lead_id": ["yes", "late", "no", "soon", "done"], "created_at": [at(60), at(60), at(60), at(20), at(60)]}
    )
    moves = pd.DataFrame(
        {"record_id": ["yes", "late", "soon", "done"], "to_stage": "mql", "changed_at": [at(40), at(10), at(5), at(57)]}
    )
    builder = LeadFeatureBuilder("mql", decide_after_days=7, horizon_weeks=4)
    label = builder.fit_transform(journeys_of({"leads": leads, "stage_changes": moves})).label
    assert label.dropna().to_dict() == {"yes": 1.0, "late": 0.0, "no": 0.0}
    assert label.index.tolist() == ["late", "no", "soon", "yes"]  # "done" was no longer open


def test_a_visit_linked_after_the_decision_is_not_yet_the_leads():
    created = pd.Timestamp("2026-03-01 09:00")
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [created]})
    touches = pd.DataFrame(
        {"occurred_at": [created - pd.Timedelta(days=2)], "channel": "search", "anonymous_id": "x", "kind": "visit"}
    )
    for linked_after, visits in ((3, 1), (20, 0)):
        links = pd.DataFrame(
            {"lead_id": ["a"], "anonymous_id": ["x"], "linked_at": [created + pd.Timedelta(days=linked_after)]}
        )
        journeys = journeys_of({"leads": leads, "touches": touches, "identities": links})
        built = LeadFeatureBuilder("mql", decide_after_days=7).fit_transform(journeys)
        assert built.frame.loc["a", "visit_28d"] == visits


def test_scoring_takes_every_open_lead_at_the_as_of_date():
    journeys = journeys_of(company(4))
    built = LeadFeatureBuilder("won", decide_after_days=None).fit_transform(journeys)
    ends = journeys.events.filter(journeys.events.stage.isin(["won", "lost"])).record_id.to_pyarrow().to_pylist()
    assert set(built.frame.index) == set(company(4)["leads"]["lead_id"]) - set(ends)
    assert built.label.isna().all()
    assert list(built.frame.columns) == list(LeadFeatureBuilder("won").get_feature_names_out())


def test_without_leads_there_are_no_lead_features():
    with pytest.raises(JourneyError, match="need a leads table"):
        LeadFeatureBuilder("mql").fit(journeys_of({"stage_changes": moves_of(5, 1)}, AS_OF + dt.timedelta(days=30)))

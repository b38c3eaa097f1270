"""Deal bands split the hazard cells by what was on file at entry, and change nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from company_by_hand import AS_OF, QUIET_IBIS, START, journeys_of

from revmodel.errors import JourneyError
from revmodel.features.deal_bands import band_edges, with_deal_band
from revmodel.features.hazard_cells import HazardCellBuilder

pytestmark = QUIET_IBIS

KEYS = ["stage", "channel", "segment", "again", "age_bin", "week", "phase"]
COUNTS = ["n", "advance", "lost", "recycled"]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(2)
    made = START + pd.to_timedelta(rng.integers(0, 120, 40), unit="D") + pd.Timedelta(hours=9)
    deals = pd.DataFrame({"deal_id": [f"D{n}" for n in range(40)], "created_at": made})
    first = pd.DataFrame(
        {"deal_id": deals["deal_id"], "recorded_at": made + pd.Timedelta(hours=1), "amount": np.arange(1.0, 41.0)}
    )
    later = first.assign(recorded_at=first["recorded_at"] + pd.Timedelta(days=3), amount=1e6)
    ends = pd.DataFrame(
        {"record_id": deals["deal_id"], "to_stage": rng.choice(["won", "lost"], 40),
         "changed_at": made + pd.to_timedelta(rng.integers(5, 60, 40), unit="D")}
    )  # fmt: skip
    return {"deals": deals, "deal_history": pd.concat([first.iloc[8:], later]), "stage_changes": ends.iloc[::2]}


def test_bands_sum_to_the_cells_without_them(frames):
    journeys = journeys_of(frames)
    plain = HazardCellBuilder().fit_transform(journeys).frame
    builder = HazardCellBuilder(deal_bands=4)
    banded = builder.fit_transform(journeys)
    assert list(banded.frame.columns) == list(builder.get_feature_names_out())
    together = banded.frame.groupby(KEYS, as_index=False)[COUNTS].sum()
    pd.testing.assert_frame_equal(together, plain[[*KEYS, *COUNTS]].sort_values(KEYS, ignore_index=True))
    assert set(banded.frame["deal_band"]) == {0, 1, 2, 3, 4}
    assert len(banded.deal_band_edges) == 3
    assert HazardCellBuilder().fit_transform(journeys).deal_band_edges == ()


def test_the_band_is_that_of_the_amount_on_file_at_entry(frames):
    journeys = journeys_of(frames)
    assert band_edges(journeys, 2) == pytest.approx((24.5,))  # the median of 9 … 40, not of what came later
    spells = with_deal_band(journeys, (24.5,)).to_pyarrow().to_pandas().set_index("record_id")
    assert spells["deal_band"].to_dict() == {f"D{n}": 0 if n < 8 else 1 + (n + 1 >= 24.5) for n in range(40)}


def test_edges_may_be_given_and_have_to_be_in_order(frames):
    journeys = journeys_of(frames, AS_OF)
    assert HazardCellBuilder(deal_bands=(10.0, 30.0)).fit(journeys).deal_band_edges_ == (10.0, 30.0)
    with pytest.raises(JourneyError, match="smallest first"):
        HazardCellBuilder(deal_bands=(30.0, 10.0)).fit(journeys)
    with pytest.raises(JourneyError, match="tell nothing apart"):
        HazardCellBuilder(deal_bands=1).fit(journeys)


def test_without_history_every_record_is_in_the_band_without_an_amount(frames):
    journeys = journeys_of({name: frames[name] for name in ("deals", "stage_changes")})
    assert set(HazardCellBuilder(deal_bands=3).fit_transform(journeys).frame["deal_band"]) == {0}

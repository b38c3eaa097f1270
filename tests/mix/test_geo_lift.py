"""The lift of a test in some regions: found where it is, not found where it is not, checked by placebos."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from revmodel.errors import ConfigError, EmptyTableError, MissingColumnError, SourceError
from revmodel.mix.geo_lift import geo_lift

SHARED = Path(os.environ.get("REVMODEL_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
START, END = dt.date(2026, 3, 16), dt.date(2026, 3, 29)


def panel(lift: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Twelve regions of different size and one rhythm; a share of ``lift`` is added to two of them in the test."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2026-01-01", END)
    common = 1 + 0.1 * np.sin(np.arange(len(dates)) / 5) + 0.02 * np.cumsum(rng.standard_normal(len(dates))) / 3
    frames = []
    for i in range(12):
        values = (200 + 60 * i) * (common + 0.02 * rng.standard_normal(len(dates)))
        if i in (3, 8):
            values = np.where(dates >= pd.Timestamp(START), values * (1 + lift), values)
        frames.append(pd.DataFrame({"day": dates, "place": f"p{i}", "leads": values}))
    return pd.concat(frames, ignore_index=True)


def found(frame: pd.DataFrame, treated: tuple[str, ...] = ("p3", "p8"), **changes):
    said = {"date": "day", "region": "place", "kpi": "leads", "start": START, "end": END}
    return geo_lift(frame, treated=treated, **(said | changes))


@pytest.mark.parametrize("lift", [0.15, -0.15])
def test_a_lift_is_found_with_its_sign(lift) -> None:
    result = found(panel(lift))
    assert result.share == pytest.approx(lift, abs=0.04)
    assert result.p_value < 0.05
    added = result.days.loc[result.days["date"] >= pd.Timestamp(START)]
    assert result.lift == pytest.approx((added["actual"] - added["expected"]).sum())
    assert result.weights.sum() == pytest.approx(1.0, abs=1e-3)
    assert (result.weights >= 0).all()


def test_where_nothing_was_done_nothing_is_found_nine_times_in_ten() -> None:
    inside = [abs(r.lift) < 1.6449 * r.standard_error for r in (found(panel(seed=seed)) for seed in range(30))]
    assert 0.75 <= np.mean(inside) <= 1.0


def test_days_after_the_test_are_not_looked_at() -> None:
    frame = panel(0.1)
    later = frame.assign(day=frame["day"] + pd.Timedelta(days=200))
    later = later[later["day"] > pd.Timestamp(END)].assign(leads=1e6)
    assert found(pd.concat([frame, later])).lift == found(frame).lift


def test_it_becomes_an_entry_of_a_mix() -> None:
    from panels import config, known

    truth = known()
    dates = truth.panel["week"].iloc[[60, 67]]
    entry = found(panel(0.1)).lift_test("ads", 500.0)
    entry |= {"start": dates.iloc[0].date().isoformat(), "end": dates.iloc[1].date().isoformat()}
    assert config(lift_tests=[entry]).lift_tests[0].standard_error > 0


def test_an_entry_names_its_regions_and_enters_a_regional_mix() -> None:
    """Of three regions two were treated: the lift is theirs, and what was done elsewhere is none of the test's."""
    from panels import config, known

    from revmodel.mix.arrays import mix_arrays
    from revmodel.mix.panel import mix_panel

    frame = known(regions=3).panel.replace({"region": {"r0": "p3", "r1": "p8"}})
    entry = found(panel(0.1)).lift_test("ads", 500.0)
    assert entry["region"] == ["p3", "p8"]
    assert found(panel(0.1), treated=("p3",)).lift_test("ads", 500.0)["region"] == "p3"
    dates = frame["week"].iloc[[60, 67]]
    entry |= {"start": dates.iloc[0].date().isoformat(), "end": dates.iloc[1].date().isoformat()}
    regional = config(region="region", lift_tests=[entry])
    arrays = mix_arrays(mix_panel(frame, regional), regional)
    np.testing.assert_array_equal(arrays.data["test_region"], np.eye(3)[:2])
    np.testing.assert_allclose(arrays.data["test_of"], [arrays.basis.scale[:2]])
    taken = (arrays.data["test_with"] - arrays.data["test_without"])[:, 0].sum(1)  # in the weeks of the test themselves
    acts = taken * arrays.basis.act_scale[0] * arrays.basis.size[:2]
    assert acts.sum() == pytest.approx(500.0)
    national = config(lift_tests=[entry])
    with pytest.raises(ConfigError, match="this panel has no regions"):
        mix_arrays(mix_panel(known().panel, national), national)
    elsewhere = config(region="region", lift_tests=[entry | {"region": "nowhere"}])
    with pytest.raises(ConfigError, match="was in nowhere: regions are p3, p8, r2"):
        mix_arrays(mix_panel(frame, elsewhere), elsewhere)


@pytest.mark.parametrize(
    ("spoil", "changes", "error", "words"),
    [
        (lambda f: f.drop(columns="leads"), {}, MissingColumnError, "no column leads"),
        (lambda f: f.drop(index=7), {}, SourceError, "p0 lacks 1 days"),
        (lambda f: f.head(0), {}, EmptyTableError, "no rows"),
        (lambda f: f.assign(day=f["day"].astype(str).where(f.index != 2, "3/1/26")), {}, SourceError, "not a date"),
        (lambda f: f.assign(leads=f["leads"].astype(object).where(f.index != 2, "many")), {}, SourceError, "'many'"),
        (lambda f: pd.concat([f, f.head(1)]), {}, SourceError, "two rows"),
        (lambda f: f, {"treated": ("nowhere",)}, ConfigError, "nowhere are not there"),
        (lambda f: f, {"start": dt.date(2026, 1, 10)}, ConfigError, "3 times as many"),
        (lambda f: f, {"treated": tuple(f"p{i}" for i in range(9))}, ConfigError, "left alone"),
    ],
)
def test_what_cannot_be_answered_is_told(spoil, changes, error, words) -> None:
    with pytest.raises(error, match=words):
        found(spoil(panel()), **changes)


@pytest.mark.skipif(not (SHARED / "geolift").is_dir(), reason="the public GeoLift example is not beside this checkout")
def test_the_published_example_is_recovered() -> None:
    frame = pd.read_csv(SHARED / "geolift" / "GeoLift_Test.csv")
    result = geo_lift(
        frame, date="date", region="location", kpi="Y", treated=["chicago", "portland"], start=dt.date(2021, 4, 1),
        end=dt.date(2021, 4, 15),
    )  # fmt: skip
    assert result.lift == pytest.approx(4667, abs=1)  # as published with the data: 4,667, 5.4 %
    assert result.share == pytest.approx(0.054, abs=0.0005)

"""Effects that change over time, a smooth trend, and baselines that cannot move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import config, known
from pydantic import ValidationError
from special_panels import counts, fading

from revmodel.errors import SourceError
from revmodel.mix.arrays import mix_arrays
from revmodel.mix.cautions import caution_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.panel import mix_panel
from revmodel.mix.tables import mix_tables

DRIFTING = {"ads": {"cost": "ads", "drift": 0.15}, "fairs": {"cost": "fairs"}}


@pytest.fixture(scope="module")
def faded():
    return fading()


@pytest.fixture(scope="module")
def drifting(faded) -> MediaMix:
    return MediaMix(config(channels=DRIFTING)).fit(faded[0].panel)


def test_an_effect_that_fades_is_found_fading(drifting, faded) -> None:
    truth, weekly = faded
    still = MediaMix(config()).fit(truth.panel)
    halves = [slice(0, 78), slice(78, 156)]
    for half in halves:
        moving, fixed = (mix.added()[:, 0, 0, half].sum(1).mean() for mix in (drifting, still))
        assert moving == pytest.approx(weekly[half].sum(), rel=0.15)
        assert abs(moving - weekly[half].sum()) < abs(fixed - weekly[half].sum())
    assert drifting.added().sum((2, 3))[:, 0].mean() == pytest.approx(truth.added["ads"], rel=0.15)
    table = mix_tables(drifting)["drift"]
    assert set(table["channel"]) == {"ads"}
    assert table["p90"].iloc[-1] < 1 < table["p10"].iloc[0]


def test_curves_and_plans_are_of_the_last_week(drifting, faded, tmp_path) -> None:
    frame = faded[0].panel
    curves = mix_tables(drifting)["curves"].query("channel == 'ads' and multiple == 1")["mean"].iloc[0]
    usual = drifting.added()[:, 0, 0].sum(1).mean() / (frame["ads"] > 0).sum()
    assert curves < 0.8 * usual
    dates = pd.date_range(frame["week"].max() + pd.Timedelta(days=7), periods=8, freq="7D")
    plan = pd.DataFrame({"week": dates, "ads": frame["ads"].mean(), "fairs": 0.0, "price": 0.0})
    ahead = drifting.predict(plan)
    np.testing.assert_array_equal(MediaMix.load(drifting.save(tmp_path / "mix")).predict(plan), ahead)


def test_an_effect_that_stays_is_not_made_to_move() -> None:
    truth = known(weeks=156)
    mix = MediaMix(config(channels=DRIFTING)).fit(truth.panel)
    assert mix.added().sum((2, 3))[:, 0].mean() == pytest.approx(truth.added["ads"], rel=0.2)
    table = mix_tables(mix)["drift"]
    assert ((table["p05"] < 1) & (table["p95"] > 1)).mean() > 0.8


def test_a_smooth_trend_is_the_gaussian_process_that_it_stands_for() -> None:
    said = config(trend="hsgp")
    arrays = mix_arrays(mix_panel(known().panel, said), said)
    of_trend = arrays.block == 1
    for length in (12.0, 20.0, 40.0):
        columns = arrays.data["design"][:, of_trend] * arrays.prior_sd(0.2, 0.1, length)[of_trend]
        weeks = np.arange(130.0)
        exact = 0.2**2 * np.exp(-((weeks[:, None] - weeks) ** 2) / (2 * length**2))
        np.testing.assert_allclose(columns @ columns.T, exact, atol=0.02 * 0.2**2)


def test_a_smooth_trend_finds_the_same_truth_and_reaches_a_year() -> None:
    truth = known()
    mix = MediaMix(config(trend="hsgp")).fit(truth.panel)
    assert mix.health_["passed"].all()
    added = mix.added().sum((2, 3))
    for i, name in enumerate(mix.panel_.channels):
        low, high = np.quantile(added[:, i], [0.01, 0.99])
        assert low < truth.added[name] < high

    def plan(weeks: int) -> pd.DataFrame:
        dates = pd.date_range(truth.panel["week"].max() + pd.Timedelta(days=7), periods=weeks, freq="7D")
        return pd.DataFrame({"week": dates, "ads": truth.panel["ads"].mean(), "fairs": 0.0, "price": 0.0})

    assert mix.predict(plan(52)).mean() == pytest.approx(truth.panel["leads"].mean(), rel=0.3)
    with pytest.raises(SourceError, match="reaches 52 weeks"):
        mix.predict(plan(53))


def cautions(frame: pd.DataFrame, **changes: object) -> list[str]:
    said = config(**changes)
    panel = mix_panel(frame, said)
    return caution_table(said, panel, mix_arrays(panel, said))["check"].tolist()


def test_a_baseline_that_cannot_move_is_refused_or_warned_of() -> None:
    with pytest.raises(ValidationError, match="a flat baseline"):
        config(trend="none", season=False)
    frame = known().panel
    assert cautions(frame) == []
    assert cautions(frame, trend="none") == ["flat baseline"]
    assert cautions(frame, trend_weeks=52) == ["flat baseline"]
    assert cautions(frame, season=False) == ["no season"]
    assert cautions(frame.head(55)) == ["no season"]


def test_without_trend_or_season_there_are_no_such_parts() -> None:
    for changes, blocks in (({"trend": "none"}, {0, 2, 3}), ({"season": False}, {0, 1, 3})):
        said = config(**changes)
        arrays = mix_arrays(mix_panel(known().panel, said), said)
        assert set(arrays.block) == blocks
        assert arrays.data["design"].shape[1] == len(arrays.block)


def test_small_counts_with_normal_noise_are_warned_of() -> None:
    frame = counts().panel
    assert cautions(frame) == ["small counts"]
    assert cautions(frame, noise="student_t") == ["small counts"]
    assert cautions(frame, noise="negative_binomial") == []
    assert cautions(frame.assign(leads=10 * frame["leads"] + 1)) == []

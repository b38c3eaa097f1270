"""MediaMix finds a known truth, predicts, keeps its word after a reload, and says what it does not know."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import config, known

from revmodel.errors import ConfigError, NotFittedError, SourceError
from revmodel.mix import media_mix
from revmodel.mix.doubt import doubt_table, residual_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.refute import refutation_table
from revmodel.mix.tables import LAST_YEAR, WHOLE, mix_tables
from revmodel.models.sampling import sample


@pytest.fixture(scope="module")
def truth():
    return known()


@pytest.fixture(scope="module")
def fitted(truth) -> MediaMix:
    return MediaMix(config(engine="nuts")).fit(truth.panel)


def test_contributions_hold_the_truth(fitted, truth) -> None:
    assert fitted.health_["passed"].all()
    added = fitted.added().sum((2, 3))
    for i, name in enumerate(fitted.panel_.channels):
        low, high = np.quantile(added[:, i], [0.01, 0.99])
        assert low < truth.added[name] < high
        assert added[:, i].mean() == pytest.approx(truth.added[name], rel=0.25)


def test_laplace_agrees_with_nuts(fitted, truth) -> None:
    quick = MediaMix(config()).fit(truth.panel)
    slow, fast = fitted.added().sum((2, 3)), quick.added().sum((2, 3))
    np.testing.assert_allclose(fast.mean(0), slow.mean(0), atol=0.6 * slow.std(0).max())
    np.testing.assert_allclose(fast.std(0), slow.std(0), rtol=0.4)


def test_parts_add_up_to_the_kpi_in_every_week(fitted) -> None:
    table = mix_tables(fitted)["decomposition"]
    np.testing.assert_allclose(table.groupby("week")["units"].sum(), fitted.panel_.kpi.sum(0))


def test_returns_follow_from_contribution_and_cost(fitted) -> None:
    table = mix_tables(fitted)["contribution"]
    whole = table[table["period"] == WHOLE]
    np.testing.assert_allclose(whole["romi_mean"], whole["gain_mean"] / whole["cost"] - 1)
    assert (whole["gain_mean"] >= 100 * whole["added_mean"]).all()  # what came after the panel counts too
    assert (whole["romi_mean"] >= whole["short_romi_mean"]).all()
    assert (whole["marginal_romi_mean"] < whole["romi_mean"]).all()  # concave curves
    assert set(table["period"]) == {WHOLE, LAST_YEAR}


def test_curves_pass_through_nothing_and_say_what_was_seen(fitted) -> None:
    curves = mix_tables(fitted)["curves"]
    assert (curves.loc[curves["multiple"] == 0, "mean"] == 0).all()
    for _, part in curves.groupby("channel"):
        assert part["mean"].is_monotonic_increasing
        assert part["observed"].any()


def test_a_dearer_channel_of_the_same_effect_returns_less(truth) -> None:
    frame = truth.panel.assign(dear=truth.panel["ads"] * 3)
    channels = {"ads": {"cost": "dear", "exposure": "ads"}, "fairs": {"cost": "fairs"}}
    mix = MediaMix(config(channels=channels)).fit(frame)
    table = mix_tables(mix)["contribution"].set_index(["channel", "period"])
    assert table.loc[("ads", WHOLE), "romi_mean"] < table.loc[("ads", WHOLE), "gain_mean"] / frame["ads"].sum() - 1


def _plan(truth, weeks: int = 8, ads: float = 1.0) -> pd.DataFrame:
    last = truth.panel["week"].max()
    dates = pd.date_range(last + pd.Timedelta(days=7), periods=weeks, freq="7D")
    level = truth.panel["ads"].mean() * ads
    return pd.DataFrame({"week": dates, "ads": level, "fairs": truth.panel["fairs"].mean(), "price": 0.0})


def test_more_planned_spend_brings_more_and_the_past_still_works(fitted, truth) -> None:
    none, usual, twice = (fitted.predict(_plan(truth, ads=ads)).mean((0, 1)) for ads in (0.0, 1.0, 2.0))
    assert usual.shape == (8,)
    assert (twice > usual).all()
    assert (usual > none).all()
    assert (usual - none)[0] < (usual - none)[-1]  # carry-over builds up
    assert truth.panel["leads"].mean() * 0.7 < usual.mean() < truth.panel["leads"].mean() * 1.3


def test_a_plan_that_starts_elsewhere_is_refused(fitted, truth) -> None:
    late = _plan(truth).assign(week=lambda f: f["week"] + pd.Timedelta(days=7))
    with pytest.raises(SourceError, match="a week after the panel"):
        fitted.predict(late)


def test_it_predicts_the_same_after_a_reload_in_a_new_process(fitted, truth, tmp_path) -> None:
    folder = fitted.save(tmp_path / "mix")
    plan = tmp_path / "plan.parquet"
    _plan(truth).to_parquet(plan)
    script = (
        "import sys, numpy as np, pandas as pd; from revmodel.mix.media_mix import MediaMix; "
        "mix = MediaMix.load(sys.argv[1]); np.save(sys.argv[3], mix.predict(pd.read_parquet(sys.argv[2])))"
    )
    out = tmp_path / "there.npy"
    subprocess.run([sys.executable, "-c", script, str(folder), str(plan), str(out)], check=True)
    np.testing.assert_array_equal(np.load(out), fitted.predict(_plan(truth)))
    fitted.save(folder)  # a second time, over the first
    with pytest.raises(SourceError, match="is not a saved mix"):
        fitted.save(tmp_path)


def test_it_fits_the_new_data_and_the_same_seed_gives_the_same_numbers(truth) -> None:
    mix = MediaMix(config())
    first = mix.fit(truth.panel).added().sum((2, 3))
    second = mix.fit(known(seed=5).panel).added().sum((2, 3))
    again = mix.fit(truth.panel).added().sum((2, 3))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, second)


def test_nothing_is_known_before_a_fit() -> None:
    with pytest.raises(NotFittedError):
        MediaMix(config()).added()


def test_regions_share_what_they_have_in_common() -> None:
    truth = known(regions=3)
    mix = MediaMix(config(region="region")).fit(truth.panel)
    added = mix.added()
    assert added.shape[1:] == (2, 3, 130)
    by_region = added.mean(0).sum(2)[0]
    assert by_region[1] / by_region[0] == pytest.approx(2.0, rel=0.35)
    for i, name in enumerate(mix.panel_.channels):
        assert added.sum((2, 3))[:, i].mean() == pytest.approx(truth.added[name], rel=0.25)


def test_a_stated_belief_moves_an_answer_that_data_leave_open(truth) -> None:
    frame = truth.panel.assign(posters=100 + 0.001 * np.arange(len(truth.panel)))  # next to no movement

    def share(low: float, high: float) -> float:
        belief = {"of": "share", "low": low, "high": high}
        channels = {"ads": {"cost": "ads"}, "posters": {"cost": "posters", "belief": belief}}
        mix = MediaMix(config(channels=channels)).fit(frame)
        doubt = doubt_table(mix).set_index("channel")
        assert doubt.loc["posters", "verdict"] in ("prior-driven", "not identified")
        assert doubt.loc["ads", "verdict"] == "measured"
        return float(doubt.loc["posters", "answer_p50"])

    assert share(0.02, 0.04) < 0.05 < share(0.08, 0.2)


@pytest.mark.parametrize("of", ["return", "marginal_return", "cost"])
def test_beliefs_are_taken_in_the_terms_they_are_stated_in(truth, of) -> None:
    """A belief so narrow that it decides comes back in its own terms."""
    frame = truth.panel
    low, high = {"return": (1.98, 2.02), "marginal_return": (0.99, 1.01), "cost": (49.5, 50.5)}[of]
    channels = {"ads": {"cost": "ads", "belief": {"of": of, "low": low, "high": high}}, "fairs": {"cost": "fairs"}}
    mix = MediaMix(config(channels=channels)).fit(frame)
    table = mix_tables(mix)["contribution"].set_index(["channel", "period"]).loc[("ads", WHOLE)]
    added, cost = mix.added().sum((2, 3))[:, 0], frame["ads"].sum()
    found = {
        "return": np.median(100 * added / cost), "marginal_return": table["marginal_romi_p50"] + 1,
        "cost": np.median(cost / added),
    }  # fmt: skip
    assert low * 0.97 < found[of] < high * 1.05


def test_a_lift_test_narrows_and_moves_the_answer(truth) -> None:
    frame = truth.panel
    dates = frame["week"].iloc[60:68]
    spent = frame["ads"].iloc[60:68].sum()
    before = MediaMix(config()).fit(frame)
    found = before.added()[:, 0, 0, 60:68].sum(1).mean()

    def with_lift(lift: float) -> MediaMix:
        test = {
            "channel": "ads", "start": dates.iloc[0].date(), "end": (dates.iloc[-1] + pd.Timedelta(days=6)).date(),
            "spend_change": float(spent), "lift": lift, "standard_error": 0.02 * found,
        }  # fmt: skip
        return MediaMix(config(lift_tests=[test])).fit(frame)

    low, high = with_lift(0.5 * found), with_lift(1.5 * found)
    assert low.draws_.effect[:, 0].mean() < before.draws_.effect[:, 0].mean() < high.draws_.effect[:, 0].mean()
    negative = with_lift(-0.5 * found)
    assert negative.draws_.effect[:, 0].mean() < low.draws_.effect[:, 0].mean()


def test_what_must_not_move_the_answers_does_not(truth) -> None:
    table = refutation_table(config(), truth.panel)
    assert set(table["check"].str.slice(0, 11)) == {"random comm", "without 13 ", "placebo cha"}
    assert table["passed"].mean() > 0.85
    assert table.set_index("check").loc["placebo channel", "share_changed"] < 0.1


def test_what_is_left_looks_like_noise_and_a_spoilt_week_shows(truth) -> None:
    assert residual_table(MediaMix(config()).fit(truth.panel))["passed"].all()
    frame = truth.panel.copy()
    spoilt = frame.index % 29 == 3
    frame["leads"] = frame["leads"].where(~spoilt, 1.6 * frame["leads"])
    table = residual_table(MediaMix(config()).fit(frame)).set_index("check")
    assert not table.loc["far out", "passed"]


def test_a_channel_that_follows_demand_must_act_in_every_region() -> None:
    frame = known(regions=2).panel
    frame["ads"] = frame["ads"].where(frame["region"] == "r0", 0.0)
    channels = {"ads": {"cost": "ads", "follows_demand": True}, "fairs": {"cost": "fairs"}}
    with pytest.raises(ConfigError, match="never acts in r1"):
        MediaMix(config(region="region", channels=channels)).fit(frame)


def test_what_is_believed_is_what_both_beliefs_say_together(truth) -> None:
    """By numerical integration of the density of two log shares: each channel's own times that of their total."""
    mix = MediaMix(config()).fit(truth.panel)
    data = mix.arrays_.data
    grid = np.linspace(-9.0, 2.0, 1101)
    first, second = np.meshgrid(grid, grid, indexing="ij")
    (m1, m2), (s1, s2), (m, s) = data["effect_mean"], data["effect_sd"], data["total"]
    log = -(((first - m1) / s1) ** 2 + ((second - m2) / s2) ** 2 + ((np.logaddexp(first, second) - m) / s) ** 2) / 2
    marginal = np.exp(log).sum(1).cumsum()
    at = np.exp(np.interp([0.05, 0.5, 0.95], marginal / marginal[-1], grid))
    row = doubt_table(mix).set_index("channel").loc["ads"]
    assert row[["belief_p05", "belief_p50", "belief_p95"]].to_numpy(float) == pytest.approx(at, rel=0.05)


@pytest.mark.parametrize(("mends_at", "passes"), [(0.99, True), (1.0, False)])
def test_a_fit_that_diverged_is_made_again_with_shorter_steps(truth, monkeypatch, mends_at, passes) -> None:
    asked: list[float] = []

    def diverging(*args, target_acceptance, **kwargs):
        asked.append(target_acceptance)
        found = sample(*args, target_acceptance=target_acceptance, **kwargs)
        bad = 2 if target_acceptance < mends_at else 0
        return replace(found, engine="nuts", divergences=bad, agreement=(1.0, 500.0))

    monkeypatch.setattr(media_mix, "sample", diverging)
    mix = MediaMix(config(engine="laplace")).fit(truth.panel)
    assert asked == [0.95, 0.99]
    assert mix.health_.set_index("check")["passed"]["divergences"] == passes

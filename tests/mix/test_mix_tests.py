"""What to test next of a mix: what a test would find is what the mix says, and what it is worth follows from that."""

from __future__ import annotations

import numpy as np
import pytest
from panels import config, known

from revmodel.config import AllocationConfig
from revmodel.decide.from_mix import spend_now
from revmodel.mix.media_mix import MediaMix
from revmodel.planning.lift_value import FROM_THE_PAST, NO_SHARED_NOISE, LiftDesign, lift_error
from revmodel.planning.split_noise import split_ratio
from revmodel.workflows.mix_budget import mix_budget_tables
from revmodel.workflows.mix_tests import mix_tests

NEW = {"podcast": {"per_week": 5000.0, "most": 60_000.0, "belief": {"of": "return", "low": 0.2, "high": 30.0}}}


@pytest.fixture(scope="module")
def fitted() -> MediaMix:
    return MediaMix(config(region="region")).fit(known(regions=2).panel)


@pytest.fixture(scope="module")
def settings() -> AllocationConfig:
    return AllocationConfig(weeks=6, lower=0.5, upper=1.5, new_channels=NEW)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def told(fitted, settings):
    return mix_tests(fitted, settings)


def test_what_a_test_is_expected_to_find_is_what_the_mix_adds(fitted: MediaMix, told) -> None:
    """Against ``MediaMix.added`` of the panel lengthened by eight weeks with the channel on and off."""
    panel = fitted.panel_
    on = (spend_now(fitted, 8) / np.repeat(panel.unit_cost, 2)[:, None]).reshape(2, 2, 8)
    off = on.copy()
    off[0] = 0.0
    with_it, without = (
        fitted.added(np.concatenate([panel.acts, acts], axis=2))[:, 0, :, len(panel.weeks) :] for acts in (on, off)
    )
    wanted = 0.5 * (without - with_it).sum((1, 2))
    rows = told["test_designs"].query("channel == 'ads' and regions == 0.5 and weeks == 8 and change == -1")
    assert rows["lift_mean"].item() == pytest.approx(wanted.mean(), rel=1e-6)
    assert rows["lift_sd"].item() == pytest.approx(wanted.std(), rel=1e-6)
    assert rows["spend_change"].item() == pytest.approx(-0.5 * spend_now(fitted, 8)[:2].sum(), rel=1e-9)


def test_the_error_is_that_of_regions_against_their_usual_share(told) -> None:
    """Regions of 400 and 800 leads a week, noise of 3 % that does not echo: 12 and 24 leads a week.

    What a region had beyond its usual share of both, in 8 weeks: √8 times √((⅔ · 12)² + (⅓ · 24)²) leads, more for the
    share being that of the 26 weeks before, and for what the mix does not know of its own channels. As they came, with
    channels that went on and off in each region by itself, regions would have strayed five times as far.
    """
    rows = told["test_designs"].query("channel == 'ads' and regions == 0.5 and weeks == 8 and change == -1")
    strayed = 8 * ((2 / 3 * 12) ** 2 + (1 / 3 * 24) ** 2) * (1 + 8 / 26)
    ratio = strayed * (1 / (8 * 400) + 1 / (8 * 800))
    wanted = lift_error(1200.0, ratio, LiftDesign())
    assert 0.7 * wanted < rows["error"].item() < 2 * wanted
    assert (told["test_designs"]["error_from"] == FROM_THE_PAST).all()


def test_without_regions_the_error_is_that_of_the_weeks_noise(fitted: MediaMix, settings) -> None:
    """Regions of 400 and 800 leads a week, noise of 3 % that does not echo: 12 and 24 leads a week."""
    told = mix_tests(fitted, settings, by_region=fitted.panel_.kpi.sum(0, keepdims=True))["test_designs"]
    rows = told.query("channel == 'ads' and regions == 0.5 and weeks == 8 and change == -1")
    echo = float(np.median(fitted.draws_.echo))
    variance = (12.0**2 + 24.0**2) / (1 - echo) ** 2
    wanted = lift_error(1200.0, variance / 1200.0, LiftDesign())
    assert rows["error"].item() == pytest.approx(wanted, rel=0.15)
    assert (told["error_from"] == NO_SHARED_NOISE).all()


def test_regions_that_are_known_beside_the_panel_say_how_much_a_test_is_blurred(fitted: MediaMix, settings) -> None:
    rng = np.random.default_rng(1)
    split = rng.poisson(60.0 * np.exp(0.3 * rng.standard_normal(156)), (20, 156)).astype(float)
    rows = mix_tests(fitted, settings, by_region=split)["test_designs"].query("channel == 'ads'")
    late = float(fitted.panel_.kpi[:, -13:].sum(0).mean())
    for row in rows.itertuples():
        ratio = split_ratio(split, row.weeks)
        assert row.error == pytest.approx(lift_error(late, ratio, LiftDesign(row.regions, row.weeks, row.change)))
        assert 0.8 < ratio < 2.0


def test_every_channel_has_a_test_and_a_new_one_is_switched_on(told) -> None:
    table = told["next_tests"].set_index("channel")
    assert set(table.index) == {"ads", "fairs", "podcast"}
    assert (table["value"] >= 0).all()
    new = table.loc["podcast"]
    assert new["weekly_now"] == 0
    assert new["spend_change"] > 0
    assert new["lift_mean"] > 0
    assert (table.drop(index="podcast")["weekly_now"] > 0).all()


def test_what_is_not_known_at_all_is_worth_most_to_test(told) -> None:
    """A return somewhere between 0.2 and 30 decides what the plan does; the others are measured."""
    assert told["next_tests"]["channel"].iloc[0] == "podcast"


def test_a_new_channel_takes_part_in_the_budget_and_says_what_it_rests_on(fitted: MediaMix, settings) -> None:
    tables = mix_budget_tables(fitted, settings, {"ads": "measured", "fairs": "measured"})
    table = tables["allocation"].set_index("channel")
    new = table.loc["podcast"]
    assert new["current"] == 0
    assert 0 < new["proposed"] <= 60_000
    assert new["note"] == "nothing was ever spent on it: its response is what is believed, not measured"
    assert table["proposed"].sum() == pytest.approx(table["current"].sum())
    assert tables["allocation_summary"]["caution"].iloc[0].endswith("counts what is believed, not what was measured.")


def test_a_new_channel_by_period_keeps_to_its_most(fitted: MediaMix, settings) -> None:
    by_period = settings.model_copy(update={"periods": 2})
    tables = mix_budget_tables(fitted, by_period, {"ads": "measured", "fairs": "measured"})
    table = tables["allocation_by_period"].query("channel == 'podcast'")
    assert len(table) == 2
    assert 0 < table["proposed"].sum() <= 60_000 * (1 + 1e-9)


def test_a_new_channel_that_is_measured_is_refused_before_anything_is_fitted() -> None:
    named = {"ads": NEW["podcast"]}
    with pytest.raises(ValueError, match="names ads, which is among channels and measured"):
        config(allocation={"new_channels": named})

"""Reach and frequency: what contacts do to a person is found, and the same impressions are worth more or less by it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from panels import config
from pydantic import ValidationError
from special_panels import reached

from revmodel.errors import SourceError
from revmodel.mix.doubt import doubt_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.panel import mix_panel
from revmodel.mix.response import Response
from revmodel.mix.tables import mix_tables

VIDEO = {"cost": "video", "reach": "people", "frequency": "contacts"}
CHANNELS = {"video": VIDEO, "fairs": {"cost": "fairs"}}


@pytest.fixture(scope="module")
def truth():
    return reached()


@pytest.fixture(scope="module")
def fitted(truth) -> MediaMix:
    return MediaMix(config(channels=CHANNELS)).fit(truth.panel)


def test_contribution_and_what_contacts_do_are_found(fitted, truth) -> None:
    assert fitted.health_["passed"].all()
    added = fitted.added().sum((2, 3))
    for i, name in enumerate(("video", "fairs")):
        low, high = np.quantile(added[:, i], [0.01, 0.99])
        assert low < truth.added[name] < high
    assert added[:, 0].mean() == pytest.approx(truth.added["video"], rel=0.1)
    half = fitted.draws_.values["contacts_half_saturation"][:, 0] * fitted.arrays_.basis.frequency_scale[0]
    slope = fitted.draws_.values["contacts_slope"][:, 0]
    assert np.median(half) == pytest.approx(3.0, rel=0.3)
    assert np.median(slope) == pytest.approx(2.0, rel=0.3)
    assert np.log(half).std() < 0.4 < 0.6  # the sd believed beforehand


def test_it_is_the_published_formula(fitted) -> None:
    """Adstock of reach times Hill of frequency (Zhang et al. 2023), summed by hand in one draw."""
    data, draws, panel = fitted.arrays_.data, fitted.draws_, fitted.panel_
    half, slope = (draws.values[f"contacts_{name}"][0, 0] for name in ("half_saturation", "slope"))
    weights = 0.5 ** (np.arange(13) / draws.values["half_life_weeks"][0, 0])
    contacts = panel.frequency[0, 0] / fitted.arrays_.basis.frequency_scale[0]
    people = panel.acts[0, 0] / fitted.arrays_.basis.act_scale[0]
    heard = people * contacts**slope / (contacts**slope + half**slope)
    by_hand = [
        sum(weights[lag] * heard[week - lag] for lag in range(min(13, week + 1))) / weights.sum()
        for week in range(len(people))
    ]
    found = draws.response.brought(data, {name: value[:1] for name, value in draws.values.items()})[0, 0]
    np.testing.assert_allclose(found, by_hand, rtol=1e-7)


def test_tables_say_how_many_contacts_do_most(fitted) -> None:
    tables = mix_tables(fitted)
    best = tables["frequency"].loc[tables["frequency"]["best"].idxmax(), "contacts"]
    assert best == pytest.approx(3.0, abs=1.0)  # of x² / (x² + 3²) per contact the most is at 3
    curve = tables["curves"].query("channel == 'video'")["mean"].to_numpy()
    np.testing.assert_allclose(np.diff(curve), curve[1] - curve[0])  # people add up
    assert np.isfinite(doubt_table(fitted)["error_if_right"]).all()


def test_a_plan_of_more_contacts_on_fewer_people_brings_something_else(fitted, truth) -> None:
    frame = truth.panel
    dates = pd.date_range(frame["week"].max() + pd.Timedelta(days=7), periods=8, freq="7D")

    def ahead(contacts: float) -> float:
        plan = pd.DataFrame({"week": dates, "video": 3000.0, "people": 6e5 / contacts, "contacts": contacts,
                             "fairs": 0.0, "price": 0.0})  # fmt: skip
        return float(fitted.predict(plan).mean())

    assert ahead(3.0) > ahead(1.0)
    assert ahead(3.0) > ahead(11.0)


def test_a_lift_test_of_reach_moves_the_answer(fitted, truth) -> None:
    frame = truth.panel
    start, end = frame["week"].iloc[60], frame["week"].iloc[67] + pd.Timedelta(days=6)
    found = fitted.added()[:, 0, 0, 60:68].sum(1).mean()
    test = {
        "channel": "video", "start": start.date(), "end": end.date(), "lift": 0.5 * found,
        "spend_change": float(frame["people"].iloc[60:68].sum()), "standard_error": 0.03 * found,
    }  # fmt: skip
    moved = MediaMix(config(channels=CHANNELS, lift_tests=[test])).fit(frame)
    assert moved.draws_.effect[:, 0].mean() < fitted.draws_.effect[:, 0].mean()
    assert isinstance(test["start"], dt.date)


def test_responses_of_some_channels_keep_their_ways() -> None:
    some = Response.of(config(channels=CHANNELS)).taking([1, 0, 0])
    assert some.by_reach == (1, 2)
    assert some.contacts == ("hill", "hill")
    assert some.curves.saturation == ("michaelis_menten", "none", "none")


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ({"reach": "people"}, "reach is given without frequency"),
        ({**VIDEO, "exposure": "video"}, "of which it is the product"),
        ({**VIDEO, "saturation": "none"}, "it is exposure that acts"),
    ],
)
def test_a_channel_by_reach_needs_both(channel, words) -> None:
    with pytest.raises(ValidationError, match=words):
        config(channels={"video": channel})


def test_contacts_below_one_are_refused(truth) -> None:
    frame = truth.panel.assign(contacts=truth.panel["contacts"] / 10)
    with pytest.raises(SourceError, match="impressions ÷ people reached"):
        mix_panel(frame, config(channels=CHANNELS))

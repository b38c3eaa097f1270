"""Rule-based and Markov credit: adds up, and equals the reference numbers of a public data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from revmodel.attribution.markov import markov_credit
from revmodel.attribution.rules import rule_based_credit
from revmodel.errors import JourneyError

SMALL = pd.DataFrame(
    {
        "path": [("a",), ("a", "b"), ("b", "c", "c", "a"), ("a", "b")],
        "conversions": [1, 2, 10, 3],
        "not_converted": [4, 0, 5, 1],
    }
)


@pytest.fixture(scope="module")
def public_journeys(shared_data: Path) -> pd.DataFrame:
    """10,000 aggregated journeys of the ChannelAttribution R package, 19,785 conversions."""
    raw = pd.read_csv(shared_data / "channelattribution" / "Data.csv", sep=";")
    path = [tuple(text.split(" > ")) for text in raw["path"]]
    return pd.DataFrame({"path": path, "conversions": raw["total_conversions"], "not_converted": raw["total_null"]})


def test_rules_equal_the_public_reference(public_journeys):
    # Reference: heuristic_models of ChannelAttribution on its own data.
    credit = rule_based_credit(public_journeys)
    assert credit["first"].loc[["alpha", "iota", "eta", "beta"]].tolist() == [6308, 4606, 3164, 2831]
    assert credit["last"].loc[["alpha", "eta", "iota"]].tolist() == [8447, 4167, 3355]
    assert credit["linear"].loc[["alpha", "iota", "eta"]].tolist() == pytest.approx([7574.7, 3857.1, 3540.0], abs=0.05)
    assert credit.sum().tolist() == pytest.approx([19_785] * 4)


def test_markov_equals_the_public_reference(public_journeys):
    # Reference: markov_model of ChannelAttribution, order 1, null paths counted, steps to itself kept.
    credit = markov_credit(public_journeys)["conversions"]
    wanted = [5344.9, 3884.6, 3340.8, 2527.4]
    assert credit.loc[["alpha", "iota", "eta", "beta"]].tolist() == pytest.approx(wanted, abs=0.05)
    assert credit.sum() == pytest.approx(19_785)


def test_each_rule_hands_out_every_conversion_once():
    assert rule_based_credit(SMALL).sum().tolist() == pytest.approx([16.0] * 4)


def test_position_gives_the_ends_forty_percent_each():
    credit = rule_based_credit(SMALL.iloc[[2]])["position"]
    assert credit.to_dict() == pytest.approx({"a": 4.0, "b": 4.0, "c": 2.0})


def test_rows_of_one_path_add_up():
    assert rule_based_credit(SMALL)["last"].to_dict() == {"a": 11.0, "b": 5.0, "c": 0.0}


def test_a_channel_without_which_nobody_converts_has_removal_effect_one():
    journeys = pd.DataFrame(
        {"path": [("a", "b"), ("c", "b"), ("c",)], "conversions": [5, 5, 0], "not_converted": [0, 5, 9]}
    )
    effect = markov_credit(journeys)["removal_effect"]
    assert effect["b"] == pytest.approx(1)
    assert 0 < effect["a"] < 1


@pytest.mark.parametrize(
    ("journeys", "message"),
    [
        (SMALL.iloc[:0], "there are no journeys"),
        (SMALL.assign(path=[(), ("a",), ("b",), ()]), "2 journeys have no touch"),
        (SMALL.assign(conversions=[1, -2, 0, np.nan]), "2 journeys have a negative or missing"),
        (SMALL.drop(columns="conversions"), "journeys lack conversions"),
    ],
)
def test_journeys_that_cannot_be_credited_are_refused(journeys, message):
    for credit in (rule_based_credit, markov_credit):
        with pytest.raises(JourneyError, match=message):
            credit(journeys)


def test_markov_refuses_journeys_that_never_convert():
    with pytest.raises(JourneyError, match="none of the journeys converted"):
        markov_credit(SMALL.assign(conversions=0))

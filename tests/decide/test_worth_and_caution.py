"""What a lead of a week is worth by when it can still land, limits from a config, and moves that are held back."""

from __future__ import annotations

import numpy as np
import pytest
from surfaces import surface_of

from revmodel.config import AllocationConfig
from revmodel.decide.allocate import allocate
from revmodel.decide.caution import capped, caps_in_words, change_from_now
from revmodel.decide.from_config import bounds_of, highest_of, periods_of, rules_of
from revmodel.decide.rules import Group, Pace
from revmodel.decide.sure import allocate_surely, chance_better
from revmodel.decide.surface import ResponseSurface
from revmodel.decide.worth import segment_weights, worth_by_week
from revmodel.errors import ConfigError, ModelError

WITHIN = np.cumsum(np.array([0.0, 1.0, 2.0, 4.0]))[
    None, None, :
]  # 1 after a week, 2 more after two, 4 more after three


def test_from_the_lead_every_week_is_worth_the_same():
    worth = worth_by_week(WITHIN, 3, 2, from_start=False)
    assert worth[0, 0].tolist() == [3.0, 3.0, 3.0]


def test_from_the_start_a_late_lead_has_less_time_to_close():
    worth = worth_by_week(WITHIN, 5, 4, from_start=True)
    assert worth[0, 0].tolist() == [7.0, 3.0, 1.0, 0.0, 0.0]


def test_what_lands_a_year_later_is_worth_less_by_the_discount():
    late = np.zeros((1, 1, 53))
    late[0, 0, 52] = 100.0
    worth = worth_by_week(late, 1, 52, from_start=False, discount_per_year=0.2)
    assert worth[0, 0, 0] == pytest.approx(80.0, rel=2e-3)


def test_segments_are_weighted_and_unknown_ones_refused():
    assert segment_weights(("smb", "enterprise"), {"enterprise": 2.0}).tolist() == [1.0, 2.0]
    with pytest.raises(ConfigError, match=r"allocation\.value\.segments names giants; segments are smb"):
        segment_weights(("smb",), {"giants": 2.0})


def test_a_config_becomes_limits_and_rules():
    settings = AllocationConfig(
        weeks=12, periods=3, lower=0.5, upper=1.5, bounds={"a": (1.0, 1.0)}, money={"b": (10.0, 900.0)},
        fixed={"c": 700.0}, groups=[{"name": "g", "channels": ["a", "b"], "most": 5.0}], steps={"a": 2.0},
        pace={"b": {"most_change": 0.1}}, most_changed=2,
    )  # type: ignore[arg-type]  # fmt: skip
    current = np.array([100.0, 200.0, 300.0])
    low, high = bounds_of(settings, ["a", "b", "c"], current)
    assert low.tolist() == [100.0, 10.0, 150.0]
    assert high.tolist() == [100.0, 900.0, 450.0]
    assert highest_of(settings, ["a", "b", "c"], current).tolist() == [100.0, 900.0, 700.0]
    assert periods_of(settings).tolist() == [0] * 4 + [1] * 4 + [2] * 4
    rules = rules_of(settings)
    assert rules.groups == (Group("g", ("a", "b"), None, 5.0),)
    assert rules.pace == {"b": Pace(0.1, None, None)}
    assert (rules.most_changed, dict(rules.steps)) == (2, {"a": 2.0})
    with pytest.raises(ConfigError, match=r"allocation\.money names b; channels with spend are a, c"):
        bounds_of(settings, ["a", "c"], current[:2])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"weeks": 13, "periods": 4}, "do not part into 4 periods"),
        ({"objective": "probability"}, "a target goes with"),
        ({"objective": "cvar"}, "risk of cvar"),
        ({"risk": 0.5}, "takes no risk"),
        ({"bounds": {"a": (1, 2)}, "money": {"a": (1, 2)}}, "limits in bounds and in money"),
        ({"groups": [{"name": "g", "channels": ["a"]}]}, "neither least nor most"),
        ({"value": {"of": "leads", "margin": 0.5}}, "leads have no margin"),
        ({"objective": "least_spend", "target": 1.0, "chance": 0.8, "weeks": 12, "periods": 2}, "set periods to 1"),
    ],
)
def test_a_section_that_contradicts_itself_is_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        AllocationConfig(**keys)


def test_caps_draw_bounds_in_around_current_spend():
    current = np.array([100.0, 100.0, 100.0])
    verdicts = ["measured", "not identified", "prior-driven"]
    low, high = capped(0.5 * current, 1.5 * current, current, verdicts, {"not identified": 0.1})
    assert low.tolist() == [50.0, 90.0, 50.0]
    assert high.tolist() == [150.0, 110.0, 150.0]
    assert caps_in_words(["a", "b", "c"], verdicts, {"not identified": 0.1}) == [
        "b: not identified, so the plan moves it by at most 10%."
    ]
    with pytest.raises(ConfigError, match="cap 'unknown'"):
        capped(current, current, current, verdicts, {"unknown": 0.1})


def test_change_counts_from_current_spend():
    surface = surface_of("concave", 3)
    change = change_from_now(surface)
    assert np.abs(change.value_at(surface.current)).max() < 1e-9
    other = 1.2 * surface.current
    assert change.value_at(other) == pytest.approx(surface.value_at(other) - surface.value_at(surface.current))


def test_a_plan_that_is_not_sure_enough_gives_way_to_a_more_careful_one_or_to_none():
    # Moving money to "a" is worth 3 a unit in six draws of ten and loses 3 in the others; to "b" it is a sure 0.1.
    grid = np.linspace(0, 20, 5) * np.ones((3, 1))
    slope = np.ones((10, 3))
    slope[:6, 0], slope[6:, 0], slope[:, 1] = 4.0, -2.0, 1.1
    surface = ResponseSurface(("a", "b", "c"), grid, slope[:, :, None] * grid, np.full(3, 10.0))
    limits = (np.full(3, 5.0), np.full(3, 15.0))
    bold = allocate(surface, 30.0, *limits)
    assert chance_better(surface, bold) == pytest.approx(0.6)
    sure = allocate_surely(surface, 30.0, *limits, least_chance=0.9)
    assert chance_better(surface, sure) >= 0.9
    assert sure.proposed[1] == pytest.approx(15.0)
    assert sure.bound == pytest.approx(bold.bound)
    gamble = ResponseSurface(
        ("a", "b", "c"), grid, np.where(slope == 1.1, 1.0, slope)[:, :, None] * grid, np.full(3, 10.0)
    )
    assert allocate_surely(gamble, 30.0, *limits, least_chance=0.9).proposed == pytest.approx(gamble.current)
    with pytest.raises(ModelError, match="least_chance is 2"):
        allocate_surely(surface, 30.0, *limits, least_chance=2.0)

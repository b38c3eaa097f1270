"""What a panel must be, and what is said of one that is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import config, known

from revmodel.errors import ConfigError, MissingColumnError, SourceError
from revmodel.mix.mix_config import load_mix_config
from revmodel.mix.panel import MIN_WEEKS, QUARTER_END, YEAR_END, mix_panel, read_panel


def test_columns_become_arrays_whatever_the_order_of_rows() -> None:
    frame = known(regions=2).panel
    shuffled = frame.sample(frac=1.0, random_state=1)
    by_region = config(region="region")
    one, other = mix_panel(frame, by_region), mix_panel(shuffled, by_region)
    order = [other.regions.index(name) for name in one.regions]
    np.testing.assert_array_equal(one.kpi, other.kpi[order])
    np.testing.assert_array_equal(one.acts, other.acts[:, order])
    assert one.kpi.sum() == pytest.approx(frame["leads"].sum())
    assert one.paid.all()


def test_exposure_acts_and_cost_is_what_it_costs() -> None:
    frame = known().panel.assign(clicks=lambda f: 3 * f["ads"])
    panel = mix_panel(
        frame, config(channels={"ads": {"cost": "ads", "exposure": "clicks"}, "posts": {"exposure": "fairs"}})
    )
    np.testing.assert_allclose(panel.acts[0], 3 * panel.cost[0])
    assert panel.unit_cost[0] == pytest.approx(1 / 3)
    assert panel.paid.tolist() == [True, False]
    assert np.isnan(panel.unit_cost[1])


def test_the_calendar_has_its_columns() -> None:
    panel = mix_panel(known().panel, config(holidays_country="DE"))
    year_end = pd.Series(panel.other[panel.other_names.index(YEAR_END), 0], panel.weeks)
    assert year_end["2024-12-23"] == pytest.approx(6 / 7)  # from Tuesday, Christmas Eve
    assert year_end["2024-12-30"] == pytest.approx(4 / 7)  # to Thursday, 2 January
    assert year_end["2024-07-01"] == 0
    quarter_end = pd.Series(panel.other[panel.other_names.index(QUARTER_END), 0], panel.weeks)
    assert quarter_end["2024-06-24"] == 1.0
    assert quarter_end["2024-06-10"] == 0.0
    assert quarter_end["2024-06-17"] == 1.0
    assert quarter_end["2024-07-01"] == 0.0


def test_events_are_columns_and_words_for_nothing_are_none() -> None:
    frame = known().panel
    frame["what"] = ["na"] * 10 + ["launch"] * 2 + [None] * (len(frame) - 12)
    panel = mix_panel(frame, config(events="what"))
    assert [name for name in panel.other_names if name.startswith("event")] == ["event: launch"]
    assert panel.other[panel.other_names.index("event: launch")].sum() == 2


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.drop(columns="ads"), "no column ads"),
        (lambda f: f.drop(index=5), "14 days later"),
        (lambda f: pd.concat([f, f.tail(1)]), "comes twice"),
        (lambda f: f.head(MIN_WEEKS - 1), "at least 52"),
        (lambda f: f.assign(ads=f["ads"].where(f.index != 3)), "write 0 where"),
        (lambda f: f.assign(ads=f["ads"].where(f.index != 3, -1.0)), "below zero"),
        (lambda f: f.assign(ads=0.0), "ads never did anything"),
        (lambda f: f.assign(week=f["week"].astype(str).where(f.index != 2, "soon")), "not a date"),
        (lambda f: f.assign(week=f["week"].dt.strftime("%d.%m.%Y")), "'01.01.2024' in row 1, which is not a date"),
    ],
)
def test_a_bad_panel_is_told_what_is_wrong(spoil, words) -> None:
    with pytest.raises((SourceError, MissingColumnError), match=words):
        mix_panel(spoil(known().panel), config())


def test_a_region_with_missing_weeks_is_named() -> None:
    frame = known(regions=2).panel
    with pytest.raises(SourceError, match="r1 has 129 of 130 weeks"):
        mix_panel(frame.drop(index=frame.index[-1]), config(region="region"))


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(SourceError, match="no file at"):
        read_panel(config().model_copy(update={"root": tmp_path}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("channels: {a: {cots: x}}", "did you mean 'cost'"),
        ("channels: {a: {}}", "neither cost nor exposure"),
        ("channels: {a: {cost: x, carry_over: geometrik}}", "did you mean 'geometric'"),
        ("channels: {a: {cost: x, belief: {of: return, low: 2, high: 1}}}", "wanted low below high"),
        ("channels: {a: {exposure: x, belief: {of: return, low: 1, high: 2}}}", "wants a cost"),
        ("channels: {}", "name at least one"),
        ("channels: {a: {cost: x}}\nmedia_share: [0.5, 0.2]", "0 < low < high < 1"),
    ],
)
def test_a_bad_config_is_told_what_is_wrong(tmp_path, text, words) -> None:
    path = tmp_path / "mix.yaml"
    path.write_text(f"name: x\ndata: x.csv\ndate: week\nkpi: leads\n{text}\n")
    with pytest.raises(ConfigError, match=words):
        load_mix_config(path)

"""Charts are text and lines that a page can hold."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import pandas as pd
import pytest
from fake_run import fake_tables
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import HALF, PHONE, WIDE, svg
from revmodel.report.figures.channels import contribution_figure, returns_figure
from revmodel.report.figures.forecast import quarters_figure


def channels() -> pd.DataFrame:
    table = fake_tables()["contribution"]
    return table[(table["kind"] == "channel") & (table["horizon"] == "long_term")]


def words(drawing: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawing)


def test_two_dollar_amounts_are_no_formula() -> None:
    drawing = svg(contribution_figure(channels(), HALF, "USD", True), "added")
    assert "$1.2m – $2.1m" in words(drawing)


def test_name_with_markup_stays_a_name() -> None:
    drawing = svg(contribution_figure(channels().assign(channel="A&B <i>$x$</i>"), HALF, "EUR", True), 'a "quote"')
    assert "A&amp;B &lt;i&gt;$x$&lt;/i&gt;" in words(drawing)
    assert 'aria-label="a &#34;quote&#34;"' in drawing


def test_nothing_expected_and_nothing_aimed_at_still_draws() -> None:
    row = {"period": "2026Q4", "p50": 0.0, "actual": 0.0, "target": float("nan")}
    ends = dict.fromkeys(("p05", "p10", "p25", "p75", "p90", "p95"), 0.0)
    drawing = svg(quarters_figure(pd.DataFrame([row | ends]), WIDE, None, 1), "nothing")
    assert "Q4 2026" in words(drawing)


def test_channel_without_spend_has_no_return_drawn() -> None:
    table = channels().assign(romi_p10=float("nan"), romi_p50=float("nan"), romi_p90=float("nan"))
    assert "nothing was spent" in words(svg(returns_figure(table, HALF, "EUR"), "back"))


@pytest.mark.parametrize("width", [WIDE, HALF, PHONE])
def test_chart_keeps_its_shape_at_every_width(width: int) -> None:
    assert f'viewBox="0 0 {width} ' in svg(returns_figure(channels(), width, "EUR"), "back")


def test_threads_draw_what_one_alone_draws_and_leave_settings_alone() -> None:
    def draw(_: int) -> str:
        figure: Figure = returns_figure(channels(), HALF, "EUR")
        return str(svg(figure, "back"))

    before = matplotlib.rcParams["svg.fonttype"]
    alone = draw(0)
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(draw, range(3))) == {alone}
    assert matplotlib.rcParams["svg.fonttype"] == before

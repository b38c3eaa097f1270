"""Last dates: a lever counts as long as enough of what it brings still lands."""

from __future__ import annotations

import numpy as np
import pytest
from toy import toy_ahead

from revmodel.errors import ModelError
from revmodel.planning.last_dates import in_time, last_week
from revmodel.planning.levers import spend_levers


def test_last_week_of_a_fixed_time_to_close_is_that_time_before_the_end() -> None:
    kernel = np.zeros((3, 10))
    kernel[:, 9] = 0.1
    found = in_time(kernel, (np.arange(26) < 13).astype(float))
    assert last_week(found.share, 0.5) == 3
    assert found.brings[:, 3] == pytest.approx(0.1)
    assert found.brings[:, 4] == pytest.approx(0.0)


def test_a_stricter_level_is_an_earlier_date() -> None:
    kernel = np.full((3, 12), 0.01)
    found = in_time(kernel, (np.arange(30) < 13).astype(float))
    dates = [last_week(found.share, level) for level in (0.1, 0.5, 0.9)]
    assert dates == sorted(dates, reverse=True)
    assert dates == [11, 7, 2]


def test_too_late_is_said_as_no_week() -> None:
    kernel = np.zeros((3, 30))
    kernel[:, 29] = 0.1
    assert last_week(in_time(kernel, np.ones(13)).share, 0.1) == -1


def test_next_unit_of_spend_brings_what_the_curve_says() -> None:
    """Leads 6·√(spend/1000): the next unit at 1,000 brings 6/2000 leads, of which a tenth is won at 10,000."""
    ahead = toy_ahead(spread=0.0)
    until = (np.arange(26) < 13).astype(float)
    levers = spend_levers(ahead, until, until, 13)
    assert levers.in_quarter[:, 1, :9] == pytest.approx(6 / 2_000 * 1_000, rel=0.02)
    assert levers.in_quarter[:, 1, 9:] == pytest.approx(0.0)
    assert levers.share[:, :, :9] == pytest.approx(1.0)


def test_spend_levers_need_spend() -> None:
    from dataclasses import replace

    ahead = toy_ahead()
    none = replace(ahead, channels=(), spend=np.zeros((0, 26)), share=np.zeros((40, 0, 1)))
    with pytest.raises(ModelError, match="no spend"):
        spend_levers(none, np.ones(26), np.ones(26), 13)

"""How records leave each stage, by when and why: from hazards that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_cells import cells_of, steady

from revmodel.features.tables import Groups
from revmodel.models.draws import FunnelDraws
from revmodel.models.stage_table import stage_hazards_table

WEEKLY = (0.10, 0.05, 0.0)  # chance to advance, to be lost, to go back, in any week


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    cells = cells_of(steady(0.3, np.random.default_rng(1)), np.random.default_rng(2))
    reasons = pd.DataFrame({"stage": "lead", "reason": ["no fit", "no budget"], "count": [3000, 1000]})
    groups = Groups.of(cells.frame)
    stay = 1 - sum(WEEKLY)
    with np.errstate(divide="ignore"):
        odds = np.log(np.array(WEEKLY) / stay)
    log_odds = np.broadcast_to(odds[None, None, :, None, None], (10, 1, 3, len(groups), 4)).copy()
    destination = np.zeros((10, 1, 3, 3))
    funnel = FunnelDraws(("lead",), groups, (0, 2, 6, 13), log_odds, np.zeros((10, 1, 3, 13)), destination,
                         np.zeros((10, 1, 3)), np.full((10, 1, 7), 1 / 7))  # fmt: skip
    return stage_hazards_table(funnel, replace(cells, reasons=reasons))


def left_by(days: int, cause: int) -> float:
    """By hand: a constant chance a week, exits even within the week."""
    leave, (week, rest) = sum(WEEKLY), divmod(days / 7, 1)
    whole = (1 - (1 - leave) ** week) / leave * WEEKLY[cause]
    return float(whole + rest * (1 - leave) ** week * WEEKLY[cause])


def test_shares_by_a_day_are_those_of_the_hazards(table: pd.DataFrame) -> None:
    rows = table[(table["channel"] == "all") & (table["reason"] == "all")].set_index(["outcome", "horizon_days"])
    for cause, outcome in enumerate(("advance", "lost", "recycled")):
        for days in (30, 90, 180):
            assert rows.loc[(outcome, days), "mean"] == pytest.approx(left_by(days, cause))
    assert rows.loc[("advance", 30), "median_weeks"] == pytest.approx(np.log(0.5) / np.log(1 - 0.15), abs=0.1)


def test_reasons_split_the_losses(table: pd.DataFrame) -> None:
    lost = table[(table["outcome"] == "lost") & (table["channel"] == "all") & (table["horizon_days"] == 90)]
    by_reason = lost.set_index("reason")["mean"]
    assert by_reason["no fit"] + by_reason["no budget"] == pytest.approx(by_reason["all"])
    assert by_reason["no fit"] / by_reason["all"] == pytest.approx(0.75, abs=0.03)


def test_each_channel_has_its_rows(table: pd.DataFrame) -> None:
    assert table.groupby("channel")["outcome"].nunique().drop("all").eq(3).all()
    assert table["channel"].nunique() == 7

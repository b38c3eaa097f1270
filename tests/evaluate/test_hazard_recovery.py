"""The stage hazards find truths of their own prior, as often as their intervals say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.evaluate.hazard_recovery import ranks_of_truths

REPLICATES = 16


@pytest.fixture(scope="module")
def ranks() -> pd.DataFrame:
    return ranks_of_truths(REPLICATES, seed=1)


@pytest.mark.parametrize("quantity", ["at the as-of date", "repeated visits", "13 weeks ahead"])
def test_truths_fall_where_the_posterior_says(ranks: pd.DataFrame, quantity: str) -> None:
    """48 ranks (three causes): of 80 % intervals 65 to 95 % hold, and truths lie on neither side."""
    rank = ranks.loc[ranks["quantity"] == quantity, "rank"].to_numpy()
    assert len(rank) == REPLICATES * 3
    assert 0.65 < np.mean(np.abs(rank - 0.5) <= 0.4) <= 0.96
    assert 0.35 < rank.mean() < 0.65

"""Coverage of a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.errors import ModelError
from revmodel.evaluate.recovery import interval_coverage


def _table(means: list[float], half_width_80: float, half_width_90: float, **more: list[str]) -> pd.DataFrame:
    mean = np.array(means)
    intervals = {"p05": mean - half_width_90, "p10": mean - half_width_80}
    intervals |= {"p90": mean + half_width_80, "p95": mean + half_width_90}
    return pd.DataFrame({"mean": mean, **intervals, **more}, index=[f"channel {i}" for i in range(len(means))])


def test_coverage_bias_and_share_error_by_hand():
    table = _table([10.0, 30.0, 60.0], 2.0, 6.0)
    truth = pd.Series([11.0, 35.0, 54.0], index=table.index)
    row = interval_coverage(truth, table).iloc[0]
    assert row["covered_80"] == pytest.approx(1 / 3)
    assert row["covered_90"] == 1
    assert row["bias"] == pytest.approx(0.0)
    assert row["share_error"] == pytest.approx((0.01 + 0.05 + 0.06) / 2)


def test_truth_is_matched_by_index_not_by_place():
    table = _table([10.0, 90.0], 1.0, 1.0)
    truth = pd.Series([90.0, 10.0], index=["channel 1", "channel 0"])
    assert interval_coverage(truth, table).iloc[0]["covered_80"] == 1


def test_groups_are_told_apart():
    table = _table([10.0, 20.0], 1.0, 1.0, model=["good", "bad"])
    coverage = interval_coverage(pd.Series([10.0, 10.0], index=table.index), table, by=["model"])
    assert coverage.set_index("model")["covered_80"].to_dict() == {"good": 1.0, "bad": 0.0}


def test_unlike_rows_and_missing_columns_are_refused():
    table = _table([10.0], 1.0, 1.0)
    with pytest.raises(ModelError, match="same unique index"):
        interval_coverage(pd.Series([1.0], index=["somebody else"]), table)
    with pytest.raises(ModelError, match="p95"):
        interval_coverage(pd.Series([1.0], index=table.index), table.drop(columns="p95"))

"""Whether intervals hold a known truth: used where a simulated company tells what really was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from revmodel.errors import ModelError
from revmodel.evaluate.scores import bias

__all__ = ["interval_coverage"]

NEEDED = ("mean", "p05", "p10", "p90", "p95")


def interval_coverage(truth: pd.Series, table: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """How often the table's intervals hold the truth, and how far its means are off.

    truth : one number a row of ``table``, same index (channels, periods, seeds …), same unit.
    table : columns mean, p05, p10, p90, p95, and those named in ``by``.
    Returns one row a group of ``by`` (one row in all without): n; covered_80, covered_90 (shares of rows);
    covered_80_se, covered_90_se (binomial standard errors at the nominal rate); share_error, half the summed
    absolute difference between estimated and true shares of the group's total, in [0, 1] where all are ≥ 0 (NaN where
    either total is not positive); bias, Σ(mean − truth)/Σ|truth|.
    Raises ModelError: columns are missing, or the two indexes are not the same rows.
    """
    missing = [name for name in (*NEEDED, *by) if name not in table.columns]
    if missing:
        raise ModelError(f"the table lacks {missing}: wanted the columns {[*NEEDED, *by]}")
    if not truth.index.is_unique or not table.index.is_unique or set(truth.index) != set(table.index):
        raise ModelError(
            f"{len(truth)} truths and {len(table)} estimates do not name the same rows once each: "
            "set the same unique index on both (for instance seed and channel)"
        )
    rows = table.assign(truth=truth.reindex(table.index).astype(float))
    if not by:
        return pd.DataFrame([_summary(rows)])
    keys = list(by)
    return pd.DataFrame(
        [{**dict(zip(keys, key, strict=True)), **_summary(group)} for key, group in rows.groupby(keys, sort=True)]
    )


def _summary(rows: pd.DataFrame) -> dict[str, float]:
    count = len(rows)
    return {
        "n": count,
        "covered_80": float(rows["truth"].between(rows["p10"], rows["p90"]).mean()),
        "covered_90": float(rows["truth"].between(rows["p05"], rows["p95"]).mean()),
        "covered_80_se": float(np.sqrt(0.8 * 0.2 / count)),
        "covered_90_se": float(np.sqrt(0.9 * 0.1 / count)),
        "share_error": _share_error(rows["mean"], rows["truth"]),
        "bias": bias(rows["mean"], rows["truth"]),
    }


def _share_error(estimate: pd.Series, truth: pd.Series) -> float:
    if estimate.sum() <= 0 or truth.sum() <= 0:
        return float("nan")
    return float((estimate / estimate.sum() - truth / truth.sum()).abs().sum() / 2)

"""The CRM's own forecast beside the model's: commit, best case, pipeline and omitted deals, in this quarter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.features.deal_traits import normal_category
from revmodel.forecast.calendar import periods
from revmodel.forecast.deals import this_quarter
from revmodel.forecast.simulation import Simulation

__all__ = ["NOT_SAID", "forecast_categories"]

NOT_SAID = "none on file"
_ORDER = {name: place for place, name in enumerate(("commit", "best_case", "pipeline", "omitted"))}


def forecast_categories(
    simulation: Simulation, state: pd.DataFrame | None, fiscal_year_start_month: int = 1
) -> pd.DataFrame:
    """The table ``forecast_categories``: one row a category that open deals are in, as of the date, and one for all.

    state : what is on file about each open deal (DealSnapshotBuilder, rows of ago 0).
    period, category, deals, amount (sum on file), said (amount × the seller's own probability; NaN without any),
    due_amount (of those whose close date on file lies in the quarter or has passed), then what the model expects of
    these deals in the current fiscal quarter: mean, p10, p50, p90, p_reached (chance that they book the due amount),
    and p_win (mean chance of a win within the simulated weeks). Counts of deals stand for amounts where there are none.
    """
    quarter = periods(simulation.as_of, 1, fiscal_year_start_month, "quarter").iloc[0]
    deals = simulation.deals[["deal_id", "amount", "p_win"]].copy()
    if not simulation.has_amounts:
        deals["amount"] = 1.0
    on_file = ("forecast_category", "probability", "close_date")
    known = pd.DataFrame(index=deals["deal_id"], columns=list(on_file), dtype=object)
    if state is not None:
        known = state.set_index("deal_id").reindex(deals["deal_id"])
    deals["category"] = normal_category(known["forecast_category"]).fillna(NOT_SAID).to_numpy(dtype=object)
    probability = pd.to_numeric(known["probability"]).to_numpy(dtype=float)
    deals["said"] = deals["amount"].to_numpy() * probability
    due = pd.to_datetime(known["close_date"]).to_numpy() <= np.datetime64(pd.Timestamp(quarter["end"]))
    deals["due"] = deals["amount"].where(due, 0.0)
    booked = this_quarter(simulation.won_week, simulation.as_of, fiscal_year_start_month) * simulation.won_amount
    names = sorted(set(deals["category"]), key=lambda name: (_ORDER.get(name, len(_ORDER)), name == NOT_SAID, name))
    each = [(name, (deals["category"] == name).to_numpy()) for name in names]
    rows = [
        _row(name, deals[of], booked[:, of].sum(axis=1)) for name, of in [*each, ("all", np.ones(len(deals), bool))]
    ]
    return pd.DataFrame(rows).assign(period=quarter["period"])[["period", *_COLUMNS]]


_COLUMNS = ["category", "deals", "amount", "said", "due_amount", "mean", "p10", "p50", "p90", "p_reached", "p_win"]


def _row(name: str, deals: pd.DataFrame, total: np.ndarray) -> dict[str, object]:
    p10, p50, p90 = np.percentile(total, (10, 50, 90)) if len(total) else (0.0, 0.0, 0.0)
    due = float(deals["due"].sum())
    return {
        "category": name, "deals": len(deals), "amount": float(deals["amount"].sum()),
        "said": float(deals["said"].sum()) if deals["said"].notna().any() else np.nan, "due_amount": due,
        "mean": float(total.mean()) if len(total) else 0.0, "p10": p10, "p50": p50, "p90": p90,
        "p_reached": float((total >= due).mean()) if due > 0 and len(total) else np.nan,
        "p_win": float(deals["p_win"].mean()) if len(deals) else np.nan,
    }  # fmt: skip

"""What sets one open deal apart from others of its stage: numbers for a model, and the words for a reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import GROUP_DIMS
from revmodel.sources.wording import plural

__all__ = ["TRAITS", "normal_category", "trait_columns", "trait_words"]

Floats = npt.NDArray[np.float64]
_VARIES = 1e-9  # standard deviation of a column that is not constant up to rounding
SOON_DAYS, FAR_DAYS = 30, 120  # a close date is due soon, or far away
TRAITS = ("pushes", "close_date", "amount", "amount_change", "activity", "category", "deal_age")
CATEGORIES = ("commit", "best_case", "omitted")


def trait_columns(snapshots: pd.DataFrame) -> dict[str, Floats]:
    """Trait → (row, column) of numbers, one row a snapshot (features/deal_snapshots.py); what is unknown is 0.

    Amounts are compared with those of the same stage and group. Traits of which the data hold nothing have no column.
    """
    days = snapshots["days_to_close_date"].to_numpy(float)
    known = np.isfinite(days)
    dates = [known & (days < 0), known & (days >= 0) & (days <= SOON_DAYS), known & (days > FAR_DAYS), ~known]
    touches = snapshots["touches_4w"].to_numpy(float)
    category = normal_category(snapshots["forecast_category"])
    said = pd.to_numeric(snapshots["probability"]).clip(0.02, 0.98).to_numpy(float)
    columns: dict[str, list[Any]] = {
        "pushes": [np.log1p(snapshots["pushes"].to_numpy(float))],
        "close_date": dates,
        "amount": [_amount_score(snapshots)],
        "amount_change": [np.nan_to_num(np.log(snapshots["amount_ratio"].clip(0.3, 3.0).to_numpy(float)))],
        "activity": [touches == 0, np.log1p(touches)] if touches.any() else [],
        "category": [*((category == name) for name in CATEGORIES), np.nan_to_num(np.log(said / (1 - said)))],
        "deal_age": [np.log1p(snapshots["age_days"].clip(lower=0).to_numpy(float) / 7)],
    }
    told = {name: [np.asarray(column, dtype=float) for column in each] for name, each in columns.items()}
    kept = {name: [column for column in each if column.std() > _VARIES] for name, each in told.items()}
    return {name: np.stack(each, axis=1) for name, each in kept.items() if each}


def normal_category(category: pd.Series) -> pd.Series:
    """Categories of a forecast in one spelling: 'Best Case' → 'best_case'; missing ones stay missing."""
    plain: pd.Series[str] = category.astype("string").str.strip().str.lower()
    spelled: pd.Series[str] = plain.str.replace(r"[\s-]+", "_", regex=True)
    return spelled


def _amount_score(snapshots: pd.DataFrame) -> pd.Series:
    """Log amount against the median of its stage and group, in their typical distances; 0 where none is on file."""
    amount = np.log(snapshots["amount"].where(snapshots["amount"] > 0))
    by = amount.groupby([snapshots[name] for name in ("stage", *GROUP_DIMS)])
    off = amount - by.transform("median")
    spread = float(np.nanmedian(np.abs(off))) * 1.4826 if off.notna().any() else 0.0
    score: pd.Series[float] = (off / spread if spread > 0 else off * 0.0).clip(-2.5, 2.5).fillna(0.0)
    return score


def trait_words(trait: str, deal: Any) -> str:
    """What a reader should know of one trait of a deal (a row of a snapshot)."""
    return str(_WORDS[trait](deal))


def _close_date(deal: Any) -> str:
    days = deal.days_to_close_date
    if not np.isfinite(days):
        return "no close date on file"
    if days < 0:
        return f"close date passed {plural(int(-days), 'day')} ago"
    return f"close date in {plural(int(days), 'day')}"


def _amount_change(deal: Any) -> str:
    ratio = deal.amount_ratio
    if not np.isfinite(ratio) or abs(ratio - 1) < 0.005:
        return "amount unchanged"
    return f"amount {'raised' if ratio > 1 else 'cut'} by {abs(ratio - 1):.0%}".replace("%", " %")


def _activity(deal: Any) -> str:
    if deal.touches_4w > 0:
        return f"{plural(int(deal.touches_4w), 'touch', 'touches')} in 4 weeks"
    if not np.isfinite(deal.last_touch_days):
        return "no touch on record"
    return f"no touch for {plural(int(deal.last_touch_days), 'day')}"


_WORDS: dict[str, Callable[[Any], str]] = {
    "pushes": lambda deal: f"close date pushed {plural(int(deal.pushes), 'time')}" if deal.pushes else "never pushed",
    "close_date": _close_date,
    "amount": lambda deal: f"amount {'above' if deal.amount_score > 0 else 'below'} what is usual for its kind",
    "amount_change": _amount_change,
    "activity": _activity,
    "category": lambda deal: f"called {str(deal.category).replace('_', ' ')}",
    "deal_age": lambda deal: f"open for {plural(int(deal.age_days // 7), 'week')} in all",
}

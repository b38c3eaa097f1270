"""What a budget's leads are worth, as the config asks: by group and week, in words, and from what it was computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.attribution.from_model import LeadEconomics
from revmodel.config import AllocationConfig
from revmodel.decide.limits import amount_in_words
from revmodel.decide.surface import Floats
from revmodel.decide.worth import segment_weights, worth_by_week
from revmodel.dims import ALL
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.metrics.lifetime import lifetimes
from revmodel.workflows.fitted import FittedCompany

__all__ = ["PlanWorth", "plan_worth"]

METRICS = {"bookings": "revenue", "pipeline": "pipeline", "leads": "leads", "ltv": "wins"}


@dataclass(frozen=True)
class PlanWorth:
    """within : (draw, group, week), cumulative value of a lead by week after it came in, before margin and weights.

    by_week : (draw, group, week of the window and of the carry-over after it), value of a lead that comes in then
    name : what is counted, in words. note : a sentence on what it was computed from, if that is more than the model
    """

    within: Floats
    by_week: Floats
    name: str
    in_money: bool
    note: str = ""


def plan_worth(fitted: FittedCompany, economics: LeadEconomics, settings: AllocationConfig) -> PlanWorth:
    """Raises ConfigError: a weight is for what is no segment; ModelError: lifetime value has nothing to rest on."""
    value, note, margin = settings.value, "", settings.value.margin
    within = economics.worth.within(METRICS[value.of])
    if value.of == "ltv":
        given = margin if margin != 1 else None
        table, margin = _lifetimes(fitted, given, value.discount_per_year), 1.0
        by_group, note = _by_group(table, economics.groups.segment)
        within = within * by_group[:, None]
    weights = segment_weights(economics.groups.segment, value.segments)
    by_week = margin * worth_by_week(
        within * weights[:, None], settings.weeks + fitted.model.response_.max_lag_weeks, settings.horizon_weeks,
        from_start=value.counted_from == "start", discount_per_year=value.discount_per_year,
    )  # fmt: skip
    in_money = value.of == "ltv" or (value.of != "leads" and economics.worth.is_money)
    return PlanWorth(within, by_week, _name(economics.worth.is_money, settings), in_money, note)


def _lifetimes(fitted: FittedCompany, margin: float | None, discount_per_year: float) -> pd.DataFrame:
    config = fitted.config
    journeys = reconstruct_journeys(fitted.data.tables, config.funnel, fitted.as_of, config.identity)
    return lifetimes(journeys, config.forecast.fiscal_year_start_month, margin, discount_per_year)


def _by_group(table: pd.DataFrame, segments: Sequence[str]) -> tuple[Floats, str]:
    """(group,) lifetime value of a customer of each group's segment, and a sentence that says which and why."""
    own = dict(zip(map(str, table.index), table["ltv"].to_numpy(float).tolist(), strict=True))
    named = sorted(set(segments))
    known = [name for name in named if name in own and not bool(table.loc[name, "borrowed"])]
    each = [f"{name} {amount_in_words(own[name])}" for name in known]
    rest = [name for name in named if name not in known]
    if rest:
        each.append(f"{amount_in_words(own[ALL])}, that of all, for {', '.join(rest)} (too few customers to tell)")
    lost = float(table["lost"].to_numpy(float)[list(table.index).index(ALL)])
    note = (
        f"Lifetime value of a customer: {'; '.join(each)}. It is gross margin a month ÷ customers lost a month in the "
        f"latest four whole quarters ({lost:,.0f} lost in all), as if both stayed so, over a customer's whole life; a "
        "win counts as one customer, whatever its amount."
    )
    return np.array([own[name] if name in known else own[ALL] for name in segments]), note


def _name(is_money: bool, settings: AllocationConfig) -> str:
    value, horizon = settings.value, settings.horizon_weeks
    unit = {"bookings": "bookings" if is_money else "wins", "ltv": "lifetime value of wins"}.get(value.of, value.of)
    lands = "lands" if value.of == "pipeline" else "land"
    said = f"{unit} that {lands} within {horizon} weeks of a lead"
    if value.of == "leads":
        said = "leads"
    elif value.counted_from == "start":
        said = f"{unit} that {lands} within {horizon} weeks of the window's start"
    if value.margin != 1:
        said += f" at a margin of {value.margin:.0%}"
    if value.segments:
        said += ", segments weighted"
    return said + (f", discounted by {value.discount_per_year:.0%} a year" if value.discount_per_year else "")

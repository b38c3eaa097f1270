"""The budget of a run: from one fit and the config's limits to the best split, in tidy tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.attribution.from_model import LeadEconomics
from revmodel.config import AllocationConfig
from revmodel.decide.allocate import Allocation, allocate
from revmodel.decide.from_config import bounds_of, highest_of, periods_of, rules_of
from revmodel.decide.from_model import leads_of_plan, most_ever_spent, window_periods, window_surface, worth_of_new
from revmodel.decide.landing import landing_by_quarter
from revmodel.decide.least_spend import least_spend
from revmodel.decide.limits import amount_in_words
from revmodel.decide.new_channels import NewLine, believed_in_words, limits_with_new, new_lines, with_new_lines
from revmodel.decide.periods import PeriodSurface, pace_of
from revmodel.decide.sure import STILL, allocate_surely, chance_better
from revmodel.decide.surface import ResponseSurface
from revmodel.decide.tables import plan_tables
from revmodel.errors import ConfigError
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.plan_worth import PlanWorth

__all__ = ["BudgetQuestion", "allocation_tables", "best_plan", "budget_question", "new_lines_of_funnel"]

Floats = npt.NDArray[np.float64]
EDGE = 1e-6  # share of an amount by which it may miss a limit and still be at it


@dataclass(frozen=True)
class BudgetQuestion:
    """What a budget is asked of: surface, and limits (channel,) in currency over the window.

    spend : (channel, week), the plan that is in force. value_name : what the surface's value is, in words
    """

    surface: ResponseSurface | PeriodSurface
    lower: Floats
    upper: Floats
    spend: Floats
    value_name: str

    def with_new(self, new: list[NewLine]) -> BudgetQuestion:
        """The same question with channels that have never spent after those that have."""
        if not new:
            return self
        lower, upper = limits_with_new(self.lower, self.upper, new)
        spend = np.concatenate([self.spend, np.zeros((len(new), self.spend.shape[1]))])
        return replace(self, surface=with_new_lines(self.surface, new), lower=lower, upper=upper, spend=spend)


def budget_question(fitted: FittedCompany, economics: LeadEconomics, worth: PlanWorth) -> BudgetQuestion:
    """The surface and the limits that the config asks for. worth : of the funnel's leads

    Raises ConfigError: a key names what is not there, or caps are given, which need the verdicts of a media mix.
    """
    settings, channels = fitted.config.allocation, fitted.model.response_.data_.channels
    if settings.caps:
        raise ConfigError(
            "allocation.caps speaks of a media mix's verdicts, and this budget rests on the funnel's own response, "
            "which has none: leave caps out here (they belong to the budget of 'revmodel mix'), or set objective "
            "mean_minus_risk, which moves little where the draws disagree"
        )
    spend = fitted.spend_ahead(settings.weeks)
    current = spend.sum(1)
    low, high = bounds_of(settings, channels, current)
    top = highest_of(settings, channels, current)
    surface: ResponseSurface | PeriodSurface
    if settings.periods == 1:
        surface = window_surface(
            fitted.model, economics, spend, top, settings.horizon_weeks, worth=worth.by_week
        ).surface
    else:
        most = np.maximum(top, current)
        surface = window_periods(fitted.model, economics, spend, most, periods_of(settings), worth.by_week)
    new = new_lines_of_funnel(fitted, economics, worth.by_week, periods_of(settings))
    return BudgetQuestion(surface, low, high, spend, worth.name).with_new(new)


def new_lines_of_funnel(
    fitted: FittedCompany, economics: LeadEconomics, worth: Floats, period_of: npt.NDArray[np.intp]
) -> list[NewLine]:
    """Lines of channels that have never spent. worth : (draw, group, week), of a lead by the week it comes in."""
    config, model = fitted.config, fitted.model
    asked, response = config.allocation.new_channels, model.response_
    if not asked:
        return []
    return new_lines(
        asked, response.data_.channels, worth_of_new(model, economics, worth), period_of,
        (response.carry_over, response.saturation), response.max_lag_weeks, config.seed + 3,
    )  # fmt: skip


def best_plan(asked: BudgetQuestion, settings: AllocationConfig, budget: float | None) -> tuple[Allocation, str]:
    """The plan that the config asks for, and sentences on what held it back, if anything did.

    budget : total over the window; None: what is spent now. Raises ConfigError: one came for the least spend.
    """
    best, held = _planned(asked, settings, budget)
    return best, " ".join(filter(None, (held, _edges(asked.surface, best))))


def _edges(surface: ResponseSurface | PeriodSurface, best: Allocation) -> str:
    """In which periods a line gets all that its response is known for, where its limits would let it have more."""
    if isinstance(surface, ResponseSurface):
        return ""
    at = (
        (best.plan >= surface.most * (1 - EDGE))
        & (best.upper[:, None] > surface.most * (1 + EDGE))
        & ~best.fixed[:, None]
    )
    told = [
        f"{name} (in {int(here.sum())} of {here.size} periods)"
        for name, here in zip(best.channels, at, strict=True)
        if here.any()
    ]
    if not told:
        return ""
    return f"More in one period than the response was asked about is not planned, and that binds: {', '.join(told)}."


def _planned(asked: BudgetQuestion, settings: AllocationConfig, budget: float | None) -> tuple[Allocation, str]:
    if settings.objective == "least_spend":
        return _cheapest(asked, settings, budget)
    total = float(asked.spend.sum()) if budget is None else float(budget)
    limits = {"fixed": settings.fixed, "rules": rules_of(settings), "at_most": not settings.spend_all}
    if settings.least_chance is None:
        best = allocate(
            asked.surface, total, asked.lower, asked.upper, objective=settings.objective, risk=settings.risk,
            risk_of=settings.risk_of, target=settings.target, **limits,  # type: ignore[arg-type]
        )  # fmt: skip
        if settings.risk_of == "total" or settings.objective not in ("mean_minus_risk", "cvar"):
            return best, ""
        return (
            best,
            "The spread of what the plan changes counts against it, so that little moves where little is known.",
        )
    best = allocate_surely(asked.surface, total, asked.lower, asked.upper, least_chance=settings.least_chance, **limits)
    gives_up = best.bound - best.objective_proposed
    chance = chance_better(asked.surface, best)
    still = np.abs(best.plan - best.now).sum() <= STILL * max(best.budget, 1e-300)
    if chance >= settings.least_chance:
        held = f"The plan has to beat today's with a chance of {settings.least_chance:.0%}; it has {chance:.0%}."
    elif not still:
        held = (
            f"No plan within the limits was found that beats today's with a chance of {settings.least_chance:.0%}, and "
            f"today's does not keep them: this is the most careful one, with a chance of {chance:.0%}."
        )
    else:
        held = f"No plan that moves money beats today's with a chance of {settings.least_chance:.0%}, so nothing moves."
    given = gives_up > 1e-4 * abs(best.bound)
    return best, held + (f" That gives up at most {gives_up / abs(best.bound):.1%} of expected value." if given else "")


def _cheapest(asked: BudgetQuestion, settings: AllocationConfig, budget: float | None) -> tuple[Allocation, str]:
    """The least spend that reaches the target, and in words what it is and how much less cannot be enough."""
    if budget is not None or settings.target is None:
        raise ConfigError(
            f"a budget of {amount_in_words(budget or 0.0)} came for objective least_spend, which finds the least there "
            "is: leave the budget out, or choose objective mean or probability"
        )
    found = least_spend(
        asked.surface, settings.target, asked.lower, asked.upper, probability=settings.chance, fixed=settings.fixed,
        rules=rules_of(settings),
    )  # fmt: skip
    sure = "is expected" if settings.chance is None else f"has a chance of {settings.chance:.0%}"
    return found.allocation, (
        f"This is the least spend found that {sure} to reach {amount_in_words(settings.target)} of {asked.value_name}: "
        f"{amount_in_words(found.spend)}. That less than {amount_in_words(found.not_below)} is not enough is proven."
    )


def allocation_tables(
    fitted: FittedCompany,
    economics: LeadEconomics,
    worth: PlanWorth,
    budget: float | None = None,
    scenario: str = "best split",
) -> dict[str, pd.DataFrame]:
    """``allocation``, ``allocation_summary`` and, of more than one period, ``allocation_by_period``.

    worth : what leads are worth to it. budget : total over the window; None: what is planned now.
    """
    settings, asked = fitted.config.allocation, budget_question(fitted, economics, worth)
    best, caution = best_plan(asked, settings, budget)
    measured = len(fitted.model.response_.data_.channels)
    first, last = fitted.as_of + dt.timedelta(days=1), fitted.as_of + dt.timedelta(weeks=settings.weeks)
    period = f"{first} to {last}"
    landed = landing_by_quarter(
        leads_of_plan(fitted.model, economics, _weekly(asked, best, settings)[:measured]),
        worth.within[:, :, : settings.horizon_weeks + 1],
        settings.weeks,
        fitted.as_of,
        fitted.config.forecast.fiscal_year_start_month,
    )
    seen = most_ever_spent(fitted.model, settings.weeks) | dict.fromkeys(settings.new_channels, 0.0)
    if settings.new_channels:
        believed = believed_in_words(list(settings.new_channels))
        caution = " ".join(filter(None, (caution, believed, "What lands by quarter is without it.")))
    return plan_tables(
        asked.surface, best, scenario=scenario, period=period, parts=_period_names(fitted.as_of, settings),
        seen_max=seen, lands_by_quarter=landed, value_name=asked.value_name, caution=caution,
        counted=worth.note, in_money=worth.in_money,
    )  # fmt: skip


def _weekly(asked: BudgetQuestion, best: Allocation, settings: AllocationConfig) -> Floats:
    """(channel, week) of the proposed plan, each period at its present pace."""
    period_of = periods_of(settings)
    plan = best.plan.reshape(asked.surface.now.shape)
    return np.asarray(plan[:, period_of] * pace_of(asked.spend, period_of))


def _period_names(as_of: dt.date, settings: AllocationConfig) -> list[str]:
    weeks = settings.weeks // settings.periods
    starts = [as_of + dt.timedelta(days=1, weeks=weeks * period) for period in range(settings.periods)]
    return [f"{start} to {start + dt.timedelta(days=7 * weeks - 1)}" for start in starts]

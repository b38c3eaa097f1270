"""The budget of a media mix: the window after its panel split anew, as boldly as its verdicts allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from revmodel.config import AllocationConfig
from revmodel.decide.caution import capped, caps_in_words
from revmodel.decide.from_config import bounds_of, periods_of
from revmodel.decide.from_mix import YEAR_WEEKS, mix_periods, mix_surface, spend_now
from revmodel.decide.new_channels import NewLine, believed_in_words, new_lines
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.surface import ResponseSurface, totals_of_runs
from revmodel.decide.tables import plan_tables
from revmodel.errors import ConfigError
from revmodel.mix.media_mix import MediaMix
from revmodel.workflows.budget import BudgetQuestion, best_plan

__all__ = ["mix_budget_tables", "mix_question", "new_lines_of_mix"]

SCENARIO = "best split"


def mix_budget_tables(
    mix: MediaMix, settings: AllocationConfig, verdicts: dict[str, str], budget: float | None = None
) -> dict[str, pd.DataFrame]:
    """``allocation``, ``allocation_summary`` and, of more than one period, ``allocation_by_period``.

    Now is the mean week of the last year, held over the window. verdicts : channel → verdict (mix/doubt.py), which
    ``settings.caps`` may cap. budget : total over the window; None: what is spent now.
    Raises ConfigError: settings ask for what a mix does not know (its value is that of its KPI, carry-over included).
    """
    _check(settings)
    measured = mix_question(mix, settings)
    given = [verdicts[name] for name in measured.surface.belongs_to]
    current = measured.surface.now.sum(1)
    caps = {str(verdict): share for verdict, share in settings.caps.items()}
    low, high = capped(measured.lower, measured.upper, current, given, caps)
    new = new_lines_of_mix(mix, settings)
    asked = replace(measured, lower=low, upper=high).with_new(new)
    best, caution = best_plan(asked, settings, budget)
    believed = believed_in_words([each.line.name for each in new]) if new else ""
    caution = " ".join(filter(None, (caution, *caps_in_words(measured.surface.channels, given, caps), believed)))
    first = mix.panel_.weeks[-1] + pd.Timedelta(days=7)
    period = f"{first.date()} to {(first + pd.Timedelta(days=7 * settings.weeks - 1)).date()}"
    paid = mix.panel_.cost[np.flatnonzero(mix.panel_.paid)]
    most = totals_of_runs(paid, settings.weeks).max(2)
    seen = dict(zip(measured.surface.channels, most.ravel().tolist(), strict=True))
    seen |= {each.line.name: 0.0 for each in new}
    weeks = settings.weeks // settings.periods
    starts = [(first + pd.Timedelta(weeks=weeks * part)).date().isoformat() for part in range(settings.periods)]
    return plan_tables(
        asked.surface, best, scenario=SCENARIO, period=period, parts=starts, seen_max=seen, lands_by_quarter={},
        value_name=asked.value_name, caution=caution,
    )  # fmt: skip


def mix_question(mix: MediaMix, settings: AllocationConfig) -> BudgetQuestion:
    """The budget of channels that have spent before: surface and limits that the settings ask for."""
    spend = spend_now(mix, settings.weeks)
    current = spend.sum(1)
    channels = [mix.panel_.channels[c] for c in np.flatnonzero(mix.panel_.paid)]
    regions = len(mix.panel_.regions)
    low, high = bounds_of(settings, channels, current.reshape(len(channels), regions).sum(1))
    share = current / np.repeat(np.maximum(current.reshape(len(channels), regions).sum(1), 1e-300), regions)
    low, high = np.repeat(low, regions) * share, np.repeat(high, regions) * share
    most = max(2.0, 1.01 * float((high / np.where(current > 0, current, np.inf)).max()))
    surface: ResponseSurface | PeriodSurface = (
        mix_surface(mix, spend, most=most)
        if settings.periods == 1
        else mix_periods(mix, spend, periods_of(settings), most=most)
    )
    return BudgetQuestion(surface, low, high, spend, f"gain in {mix.config.kpi}, carry-over included")


def new_lines_of_mix(mix: MediaMix, settings: AllocationConfig, weeks: int | None = None) -> list[NewLine]:
    """Lines of channels that have never spent; a unit of the KPI is worth what it was of late.

    weeks : so many in one period; None: the window in its periods
    """
    config = mix.config
    period_of = periods_of(settings) if weeks is None else np.zeros(weeks, dtype=np.intp)
    of_late = float(mix.panel_.value[:, -YEAR_WEEKS:].mean())
    worth = np.full((len(mix.draws_), period_of.size + config.max_lag_weeks), of_late)
    return new_lines(
        settings.new_channels, mix.panel_.channels, worth, period_of, (config.carry_over, config.saturation),
        config.max_lag_weeks, config.seed + 3,
    )  # fmt: skip


def _check(settings: AllocationConfig) -> None:
    asked = settings.value.model_dump(exclude_defaults=True)
    if asked:
        raise ConfigError(
            f"allocation.value.{', '.join(asked)} is for the funnel's budget: a mix counts the value of its KPI "
            "(kpi_value); leave it out"
        )

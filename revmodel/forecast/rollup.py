"""Draws rolled up to the table ``forecast``: every row a summary of sums of the same draws.

Rows: the total by provenance and for all of them; each channel over all segments; each segment over all channels.
The current month and quarter hold what was realised to date (provenance "actual"), so their totals are those of the
whole period. Weeks lie after the as-of date and hold no actuals.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from revmodel.dims import (
    ACTUAL,
    ALL,
    BOOKINGS,
    CHANNEL,
    DRAW,
    METRIC,
    METRICS,
    PERCENTILES,
    PERIOD,
    PROVENANCE,
    SEGMENT,
    WEEK,
)
from revmodel.errors import ModelError
from revmodel.forecast.calendar import Grain, periods, week_shares
from revmodel.forecast.simulation import Simulation

__all__ = ["forecast_draws", "forecast_table", "metrics_of"]

Floats = npt.NDArray[np.float64]

GRAINS: tuple[Grain, ...] = ("week", "month", "quarter")
_A_DAY = np.timedelta64(1, "D")
_TOTAL_SCOPES = ("", ALL, "total", "company")
_KEYS = ["as_of", METRIC, "grain", PERIOD, "period_start", "period_end", CHANNEL, SEGMENT, PROVENANCE]
_SUMMARIES = ["mean", "sd", *(f"p{percent:02d}" for percent in PERCENTILES)]


def metrics_of(simulation: Simulation, realised: pd.DataFrame) -> list[str]:
    """The metrics that apply: those that were simulated or realised at all; bookings only where there are amounts.

    A funnel without deals has no pipeline, one without lead stages no leads; without amounts bookings would repeat
    the wins.
    """
    seen = set(realised[METRIC]) | {name for name in METRICS if bool((simulation.draws[name] != 0).any())}
    applying = [name for name in METRICS if name in seen or name == "wins"]
    return [name for name in applying if name != BOOKINGS or simulation.has_amounts]


def forecast_table(
    simulation: Simulation,
    realised: pd.DataFrame,
    quarters: int,
    fiscal_year_start_month: int,
    targets: pd.DataFrame | None = None,
    grains: Sequence[Grain] = GRAINS,
) -> pd.DataFrame:
    """The output ``forecast``, one row a metric × period × channel × segment × provenance.

    realised: metric, date, channel, segment, value (see features.tables.Features). targets: period ("2026Q4" or
    "2026-10"), metric, value and, if wanted, scope: empty or "all" for the total, or the name of a channel or segment.
    p_hit_target is the share of draws that reach the target.
    Raises ModelError: too few weeks were simulated, or a target's scope is no channel or segment.
    """
    wanted = _targets(targets, simulation)
    tables = {grain: periods(simulation.as_of, quarters, fiscal_year_start_month, grain) for grain in grains}
    rows: list[list[object]] = []
    for metric in metrics_of(simulation, realised):
        slices = _slices(simulation, realised, metric)
        for grain, table in tables.items():
            for one in slices:
                rows += _rows(one, table, [simulation.as_of, metric, grain], wanted)
    frame = pd.DataFrame(rows, columns=[*_KEYS, *_SUMMARIES, "target", "p_hit_target"])
    return frame.astype({"as_of": "datetime64[s]"})


def forecast_draws(
    simulation: Simulation, realised: pd.DataFrame, quarters: int, fiscal_year_start_month: int
) -> xr.DataArray:
    """Draws of the total by fiscal quarter, actuals to date included: (draw, metric, period)."""
    table = periods(simulation.as_of, quarters, fiscal_year_start_month, "quarter")
    metrics = metrics_of(simulation, realised)
    totals = [_total(simulation, realised, metric).by_period(table, simulation.as_of) for metric in metrics]
    coords = {DRAW: simulation.draws[DRAW].values, METRIC: metrics, PERIOD: table["period"].tolist()}
    return xr.DataArray(np.stack(totals, axis=1), dims=(DRAW, METRIC, PERIOD), coords=coords)


@dataclass(frozen=True)
class _Slice:
    """One line of the forecast: weekly draws (draw, week) ahead and the realised rows (date, value) behind."""

    weekly: Floats
    realised: pd.DataFrame
    channel: str = ALL
    segment: str = ALL
    provenance: str = ALL

    def by_period(self, table: pd.DataFrame, as_of: dt.date) -> Floats:
        """Draws of each period (draw, period): simulated weeks by their days, plus what is realised by ``as_of``."""
        ahead = self.weekly @ week_shares(table, as_of, self.weekly.shape[1]).T
        mine = self.realised[self.realised["date"] < pd.Timestamp(as_of) + _A_DAY]
        date, value = mine["date"].to_numpy()[None, :], mine["value"].to_numpy(dtype=np.float64)
        inside = (date >= table["start"].to_numpy()[:, None]) & (date < table["end"].to_numpy()[:, None] + _A_DAY)
        return np.asarray(ahead + (inside @ value)[None, :], dtype=np.float64)


def _total(simulation: Simulation, realised: pd.DataFrame, metric: str) -> _Slice:
    weekly = simulation.draws[metric].sum((PROVENANCE, CHANNEL, SEGMENT)).transpose(DRAW, WEEK).values
    return _Slice(weekly, realised[realised[METRIC] == metric])


def _slices(simulation: Simulation, realised: pd.DataFrame, metric: str) -> list[_Slice]:
    """The lines of one metric: actual, each provenance, the total, each channel, each segment.

    A company without channels or segments has the one named "all", whose line is the total itself.
    A channel or segment that only has actuals gets its line too, or the parts would not add up to the total.
    """
    draws, total = simulation.draws[metric], _total(simulation, realised, metric)
    nothing, none = np.zeros_like(total.weekly), total.realised.iloc[:0]
    slices = [_Slice(nothing, total.realised, provenance=ACTUAL)]
    margin = draws.sum((CHANNEL, SEGMENT)).transpose(PROVENANCE, DRAW, WEEK)
    for name, weekly in zip(margin[PROVENANCE].values, margin.values, strict=True):
        slices.append(_Slice(weekly, none, provenance=str(name)))
    slices.append(total)
    for dim, other in ((CHANNEL, SEGMENT), (SEGMENT, CHANNEL)):
        margin = draws.sum((PROVENANCE, other)).transpose(dim, DRAW, WEEK)
        ahead = {str(name): weekly for name, weekly in zip(margin[dim].values, margin.values, strict=True)}
        for name in [*ahead, *sorted(set(total.realised[dim]) - set(ahead))]:
            if name == ALL:
                continue
            mine = total.realised[total.realised[dim] == name]
            slices.append(replace(_Slice(ahead.get(name, nothing), mine), **{dim: name}))
    return slices


def _rows(
    one: _Slice, table: pd.DataFrame, head: list[object], targets: dict[tuple[str, ...], float]
) -> Iterator[list[object]]:
    """Rows of one line, a row a period; an "actual" only for periods that have begun."""
    as_of = pd.Timestamp(str(head[0]))
    values = one.by_period(table, as_of.date())
    summary = np.vstack([values.mean(axis=0), values.std(axis=0), np.percentile(values, PERCENTILES, axis=0)])
    for i, (period, start, end) in enumerate(zip(table["period"], table["start"], table["end"], strict=True)):
        if one.provenance == ACTUAL and start > as_of:
            continue
        where = (str(period), str(head[1]), one.channel, one.segment)
        target = targets.get(where, np.nan) if one.provenance == ALL else np.nan
        reached = float((values[:, i] >= target).mean()) if np.isfinite(target) else np.nan
        labels = [one.channel, one.segment, one.provenance]
        yield [*head, period, start, end, *labels, *summary[:, i].tolist(), target, reached]


def _targets(targets: pd.DataFrame | None, simulation: Simulation) -> dict[tuple[str, ...], float]:
    """Targets by (period, metric, channel, segment)."""
    if targets is None:
        return {}
    channels = {str(name) for name in simulation.draws[CHANNEL].values}
    segments = {str(name) for name in simulation.draws[SEGMENT].values}
    scopes = targets["scope"].fillna("").astype(str) if "scope" in targets else [""] * len(targets)
    found: dict[tuple[str, ...], float] = {}
    for period, metric, value, scope in zip(
        targets["period"], targets["metric"], targets["value"], scopes, strict=True
    ):
        if scope.lower() in _TOTAL_SCOPES:
            labels = (ALL, ALL)
        elif scope in channels or scope in segments:
            labels = (scope, ALL) if scope in channels else (ALL, scope)
        else:
            raise ModelError(
                f"a target of {period} has the scope {scope!r}, wanted 'all', one of the channels "
                f"{sorted(channels)} or of the segments {sorted(segments)}: mend the table of targets"
            )
        found[(str(period), str(metric), *labels)] = float(value)
    return found

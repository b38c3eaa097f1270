"""Draws rolled up to the table ``forecast``: every row a summary of sums of the same draws.

Rows: the total by provenance and for all of them; each channel over everything else, and so each segment, region,
owner, type and band that the models tell apart.
The current month and quarter hold what was realised to date (provenance "actual"), so their totals are those of the
whole period. Weeks lie after the as-of date and hold no actuals.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from revmodel.dims import (
    ACTUAL,
    ALL,
    BOOKINGS,
    DRAW,
    GROUP_DIMS,
    METRIC,
    METRICS,
    PERCENTILES,
    PERIOD,
    PROVENANCE,
)
from revmodel.errors import ModelError
from revmodel.forecast.calendar import Grain, periods, week_shares
from revmodel.forecast.simulation import Simulation

__all__ = ["forecast_draws", "forecast_table", "metrics_of"]

Floats = npt.NDArray[np.float64]

GRAINS: tuple[Grain, ...] = ("week", "month", "quarter", "year")
_A_DAY = np.timedelta64(1, "D")
_TOTAL_SCOPES = ("", ALL, "total", "company")
_KEYS = ["as_of", METRIC, "grain", PERIOD, "period_start", "period_end", *GROUP_DIMS, PROVENANCE]
_COMPANY = (ALL,) * len(GROUP_DIMS)
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
    """The output ``forecast``, one row a metric × period × provenance, or × level of one dimension of the groups.

    The columns channel, segment, region, owner, type and band are "all" where a row is over all of them.
    realised: metric, date, value and the dimensions of groups (see features.tables.Features). targets: period
    ("2026Q4", "2026-10" or "FY2026"), metric, value and, if wanted, scope: empty or "all" for the total, or the name of
    a channel, segment or other level. p_hit_target is the share of draws that reach the target.
    Raises ModelError: too few weeks were simulated, or a target's scope is no level that is told apart.
    """
    wanted = _targets(targets, simulation)
    tables = {grain: periods(simulation.as_of, quarters, fiscal_year_start_month, grain) for grain in grains}
    rows: list[list[object]] = []
    for metric in metrics_of(simulation, realised):
        slices = _slices(simulation, realised, metric)
        for grain, table in tables.items():
            for one in slices if len(table) else ():
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
    provenance: str = ALL
    level: tuple[str, ...] = _COMPANY  # in the order of dims.GROUP_DIMS

    def by_period(self, table: pd.DataFrame, as_of: dt.date) -> Floats:
        """Draws of each period (draw, period): simulated weeks by their days, plus what is realised by ``as_of``."""
        ahead = self.weekly @ week_shares(table, as_of, self.weekly.shape[1]).T
        mine = self.realised[self.realised["date"] < pd.Timestamp(as_of) + _A_DAY]
        date, value = mine["date"].to_numpy()[None, :], mine["value"].to_numpy(dtype=np.float64)
        inside = (date >= table["start"].to_numpy()[:, None]) & (date < table["end"].to_numpy()[:, None] + _A_DAY)
        return np.asarray(ahead + (inside @ value)[None, :], dtype=np.float64)


def _total(simulation: Simulation, realised: pd.DataFrame, metric: str) -> _Slice:
    return _Slice(simulation.weekly(metric), realised[realised[METRIC] == metric])


def _slices(simulation: Simulation, realised: pd.DataFrame, metric: str) -> list[_Slice]:
    """The lines of one metric: actual, each provenance, the total, each level of each dimension.

    What is not told apart has the one level "all", whose line is the total itself. A level that only has actuals gets
    its line too, or the parts would not add up to the total.
    """
    total = _total(simulation, realised, metric)
    nothing, none = np.zeros_like(total.weekly), total.realised.iloc[:0]
    slices = [_Slice(nothing, total.realised, ACTUAL)]
    slices += [_Slice(weekly, none, name) for name, weekly in simulation.weekly_by(metric, PROVENANCE).items()]
    slices.append(total)
    for dim in GROUP_DIMS:
        ahead = simulation.weekly_by(metric, dim)
        behind = total.realised[dim] if dim in total.realised else pd.Series(ALL, index=total.realised.index)
        for name in [*ahead, *sorted(set(behind) - set(ahead))]:
            if name != ALL:
                mine = total.realised[behind == name]
                slices.append(_Slice(ahead.get(name, nothing), mine, level=_level(dim, name)))
    return slices


def _level(dim: str, name: str) -> tuple[str, ...]:
    return tuple(name if other == dim else ALL for other in GROUP_DIMS)


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
        where = (str(period), str(head[1]), *one.level)
        target = targets.get(where, np.nan) if one.provenance == ALL else np.nan
        reached = float((values[:, i] >= target).mean()) if np.isfinite(target) else np.nan
        yield [*head, period, start, end, *one.level, one.provenance, *summary[:, i].tolist(), target, reached]


def _targets(targets: pd.DataFrame | None, simulation: Simulation) -> dict[tuple[str, ...], float]:
    """Targets by period, metric and level in each dimension."""
    if targets is None:
        return {}
    levels = {dim: sorted({str(name) for name in simulation.draws[dim].values} - {ALL}) for dim in GROUP_DIMS}
    scopes = targets["scope"].fillna("").astype(str) if "scope" in targets else [""] * len(targets)
    found: dict[tuple[str, ...], float] = {}
    for period, metric, value, scope in zip(
        targets["period"], targets["metric"], targets["value"], scopes, strict=True
    ):
        dim = next((dim for dim in GROUP_DIMS if scope in levels[dim]), None)
        if dim is None and scope.lower() not in _TOTAL_SCOPES:
            known = "; ".join(f"{dim}: {', '.join(names)}" for dim, names in levels.items() if names)
            raise ModelError(
                f"a target of {period} has the scope {scope!r}, wanted 'all' or one of {known or 'nothing else'}: mend "
                "the table of targets, or name the dimension under forecast.by"
            )
        found[(str(period), str(metric), *(_COMPANY if dim is None else _level(dim, scope)))] = float(value)
    return found

"""Draws rolled up to the table ``forecast``: every row a summary of sums of the same draws.

Rows: the total by provenance and for all of them; each channel over all segments; each segment over all channels.
The current month and quarter hold what was realised to date (provenance "actual"), so their totals are those of the
whole period. Weeks lie after the as-of date and hold no actuals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    rows: list[list[object]] = []
    for metric in metrics_of(simulation, realised):
        for grain in grains:
            table = periods(simulation.as_of, quarters, fiscal_year_start_month, grain)
            for labels, values in _slices(simulation, realised, metric, table, grain):
                rows += _rows(labels, values, table, [simulation.as_of, metric, grain], wanted)
    frame = pd.DataFrame(rows, columns=[*_KEYS, *_SUMMARIES, "target", "p_hit_target"])
    return frame.astype({"as_of": "datetime64[s]"})


def _rows(
    labels: dict[str, str],
    values: npt.NDArray[np.float64],
    table: pd.DataFrame,
    head: list[object],
    targets: dict[tuple[str, ...], float],
) -> Iterator[list[object]]:
    """Rows of one slice, a row a period; an "actual" only for periods that have begun."""
    begun = (table["start"] <= pd.Timestamp(str(head[0]))).tolist()
    for i, (period, start, end) in enumerate(zip(table["period"], table["start"], table["end"], strict=True)):
        if labels[PROVENANCE] == ACTUAL and not begun[i]:
            continue
        where = (str(period), str(head[1]), labels[CHANNEL], labels[SEGMENT])
        target = targets.get(where, np.nan) if labels[PROVENANCE] == ALL else np.nan
        reached = float((values[:, i] >= target).mean()) if np.isfinite(target) else np.nan
        yield [*head, period, start, end, *labels.values(), *_summary(values[:, i]), target, reached]


def forecast_draws(
    simulation: Simulation, realised: pd.DataFrame, quarters: int, fiscal_year_start_month: int
) -> xr.DataArray:
    """Draws of the total by fiscal quarter, actuals to date included: (draw, metric, period)."""
    table = periods(simulation.as_of, quarters, fiscal_year_start_month, "quarter")
    metrics = metrics_of(simulation, realised)
    values = np.stack([_total(simulation, realised, metric, table) for metric in metrics], axis=1)
    coords = {DRAW: simulation.draws[DRAW].values, METRIC: metrics, PERIOD: table["period"].tolist()}
    return xr.DataArray(values, dims=(DRAW, METRIC, PERIOD), coords=coords)


def _total(simulation: Simulation, realised: pd.DataFrame, metric: str, table: pd.DataFrame) -> npt.NDArray[np.float64]:
    weekly = simulation.draws[metric].sum((PROVENANCE, CHANNEL, SEGMENT))
    return _by_period(weekly, table, simulation) + _realised(simulation, realised, metric, table)[None, :]


def _slices(
    simulation: Simulation, realised: pd.DataFrame, metric: str, table: pd.DataFrame, grain: Grain
) -> Iterator[tuple[dict[str, str], npt.NDArray[np.float64]]]:
    """Each slice of the table: its labels and its draws (draw, period)."""
    draws = simulation.draws[metric]
    by_provenance = draws.sum((CHANNEL, SEGMENT))
    total = _total(simulation, realised, metric, table)
    if grain != "week":
        actual = np.broadcast_to(_realised(simulation, realised, metric, table), total.shape)
        yield _labels(provenance=ACTUAL), actual
    for provenance in draws[PROVENANCE].values:
        values = _by_period(by_provenance.sel({PROVENANCE: provenance}), table, simulation)
        yield _labels(provenance=str(provenance)), values
    yield _labels(), total
    for dim in (CHANNEL, SEGMENT):
        margin = draws.sum((PROVENANCE, SEGMENT if dim == CHANNEL else CHANNEL))
        names = [str(name) for name in margin[dim].values]
        for name in [*names, *_only_realised(realised, metric, dim, names)]:
            actual = _realised(simulation, realised[realised[dim] == name], metric, table)[None, :]
            ahead = _by_period(margin.sel({dim: name}), table, simulation) if name in names else 0.0
            yield _labels(**{dim: name}), np.broadcast_to(ahead + actual, total.shape)


def _labels(channel: str = ALL, segment: str = ALL, provenance: str = ALL) -> dict[str, str]:
    return {CHANNEL: channel, SEGMENT: segment, PROVENANCE: provenance}


def _only_realised(realised: pd.DataFrame, metric: str, dim: str, names: list[str]) -> list[str]:
    """Channels or segments with actuals that the simulation does not know: shown, or the parts would not add up."""
    return sorted(set(realised.loc[realised[METRIC] == metric, dim]) - set(names))


def _by_period(weekly: xr.DataArray, table: pd.DataFrame, simulation: Simulation) -> npt.NDArray[np.float64]:
    """(draw, week) → (draw, period), straddling weeks split by their days."""
    shares = week_shares(table, simulation.as_of, weekly.sizes[WEEK])
    return np.asarray(weekly.transpose(DRAW, WEEK).values @ shares.T, dtype=np.float64)


def _realised(
    simulation: Simulation, realised: pd.DataFrame, metric: str, table: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """What each period already holds by the as-of date: (period,)."""
    mine = realised[(realised[METRIC] == metric) & (realised["date"] <= pd.Timestamp(simulation.as_of))]
    date, value = mine["date"].to_numpy()[None, :], mine["value"].to_numpy(dtype=np.float64)
    inside = (date >= table["start"].to_numpy()[:, None]) & (date < table["end"].to_numpy()[:, None] + _A_DAY)
    return np.asarray(inside @ value, dtype=np.float64)


def _summary(values: npt.NDArray[np.float64]) -> list[float]:
    return [float(values.mean()), float(values.std()), *np.percentile(values, PERCENTILES).tolist()]


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

"""The weekly panel as arrays for the arrivals model, for the past and for the weeks to come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ModelError
from revmodel.features.tables import WeeklyPanel
from revmodel.models import priors
from revmodel.models.media import lagged

__all__ = ["MIN_WEEKS", "ResponseData", "event_frame", "fourier", "response_data"]

Floats = npt.NDArray[np.float64]
MIN_WEEKS = 12
MAX_WEEKS = 156
COMMON_STEP_WEEKS = 4
OWN_STEP_WEEKS = 13
SEASONS = 2  # pairs of Fourier terms a year
INDICATOR_LEAD_WEEKS = 4  # an indicator speaks about four weeks later


@dataclass(frozen=True)
class ResponseData:
    """Arrays of the arrivals model and what their axes mean.

    rows : (entry stage, recorded channel) of each series. channels: paid channels with any spend.
    spend : (channel, week) currency per week. scale : (channel,), mean spend of active weeks, the unit of the curves.
    """

    arrays: dict[str, Floats]
    rows: tuple[tuple[str, str], ...]
    channels: tuple[str, ...]
    weeks: pd.DatetimeIndex
    spend: Floats
    scale: Floats
    event_names: tuple[str, ...]
    segment_counts: pd.DataFrame  # (row) × segment, records of the latest weeks


def response_data(
    panel: WeeklyPanel, max_lag_weeks: int, holidays_country: str | None, cost_per_lead: dict[str, float]
) -> ResponseData:
    """Arrays for fitting.

    Raises ModelError: fewer than MIN_WEEKS weeks of history, or no record at all.
    """
    arrivals = panel.arrivals.tail(MAX_WEEKS)
    if len(arrivals) < MIN_WEEKS:
        raise ModelError(
            f"{len(arrivals)} weeks of arrivals came, at least {MIN_WEEKS} are wanted: use a later as-of date or "
            "load more history"
        )
    by_row = arrivals.T.groupby(level=["stage", "channel"]).sum().T
    by_row = by_row.loc[:, by_row.sum() > 0]
    if by_row.shape[1] == 0:
        raise ModelError("no record was created in the history: there is nothing to learn arrivals from")
    stages, channels_seen = (by_row.columns.get_level_values(level) for level in ("stage", "channel"))
    rows = tuple(zip(map(str, stages), map(str, channels_seen), strict=True))
    weeks = pd.DatetimeIndex(by_row.index)
    spend, channels = _spend(panel, weeks)
    scale = np.array([s[s > 0].mean() for s in spend]) if channels else np.zeros(0)
    events, names = event_frame(panel, weeks, holidays_country)
    counts = by_row.to_numpy(float).T
    arrays = {
        "arrivals": counts,
        "log_crude": np.log(np.maximum(counts[:, -26:].mean(1), 0.05)),
        "common_walk": _walk(len(weeks), COMMON_STEP_WEEKS),
        "own_walk": _walk(len(weeks), OWN_STEP_WEEKS),
        "season_columns": fourier(weeks),
        "event_columns": events,
        "event_sd": np.array([priors.INDICATOR_SD if n.startswith("indicator:") else priors.EVENT_SD for n in names]),
        **_media_arrays(spend, scale, channels, rows, counts, max_lag_weeks, cost_per_lead),
    }
    latest = arrivals.tail(26).sum().groupby(level=["stage", "channel", "segment"]).sum()
    segments = latest.unstack("segment").fillna(0)  # noqa: PD010 (a series has no pivot_table)
    segments = segments.reindex(pd.MultiIndex.from_tuples(rows, names=["stage", "channel"]), fill_value=0.0)
    return ResponseData(arrays, rows, channels, weeks, spend, scale, names, segments)


def _spend(panel: WeeklyPanel, weeks: pd.DatetimeIndex) -> tuple[Floats, tuple[str, ...]]:
    spend = panel.spend.reindex(weeks).fillna(0.0)
    spend = spend.loc[:, spend.sum() > 0]
    return spend.to_numpy(float).T, tuple(str(c) for c in spend.columns)


def _media_arrays(
    spend: Floats, scale: Floats, channels: tuple[str, ...], rows: tuple[tuple[str, str], ...], counts: Floats,
    max_lag_weeks: int, cost_per_lead: dict[str, float],
) -> dict[str, Floats]:  # fmt: skip
    lags = np.arange(max_lag_weeks + 1, dtype=float)
    if not channels:
        return {"lagged_spend": np.zeros((0, len(lags), counts.shape[1])), "lags": lags}
    volume = counts.sum(1)
    is_own = np.array([[float(channel == name) for _, channel in rows] for name in channels])
    is_own = is_own * (volume == np.max(is_own * volume, axis=1, keepdims=True))  # one row carries the name
    other = (1 - is_own) * volume
    other = np.where(other.sum(1, keepdims=True) > 0, other, np.ones_like(other))
    own = np.where(is_own.sum(1, keepdims=True) > 0, is_own, other)  # a channel that no record carries: all is halo
    own, other = own / own.sum(1, keepdims=True), other / other.sum(1, keepdims=True)
    stated = np.array([cost_per_lead.get(name, np.nan) for name in channels])
    by_name = spend.mean(1) / stated / (1 + np.exp(priors.HALO_LOG_MEAN))
    from_cost = (by_name / (own @ counts.mean(1))).clip(*priors.SHARE_BOUNDS)
    centre = np.where(np.isnan(stated), priors.OWN_SHARE, from_cost)
    return {
        "lagged_spend": lagged(spend / scale[:, None], max_lag_weeks),
        "lags": lags,
        "is_own": is_own,
        "own_row": own,
        "other_rows": other,
        "share_logit": np.log(centre / (1 - centre)),
    }


def _walk(weeks: int, step_weeks: int) -> Floats:
    """(week, step): how much of each step back from the last week lies between a week and the last (zero there)."""
    back = np.arange(weeks)[::-1]
    steps = max(1, -(-(weeks - 1) // step_weeks))
    return np.clip(back[:, None] / step_weeks - np.arange(steps)[None, :], 0.0, 1.0)


def fourier(weeks: pd.DatetimeIndex) -> Floats:
    """Yearly sines and cosines, (week, 2·SEASONS)."""
    angle = 2 * np.pi * weeks.day_of_year.to_numpy() / 365.25
    waves = [wave(k * angle) for k in range(1, SEASONS + 1) for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1)


def event_frame(
    panel: WeeklyPanel, weeks: pd.DatetimeIndex, holidays_country: str | None
) -> tuple[Floats, tuple[str, ...]]:
    """Columns beside trend and season, (week, event), and their names.

    Holidays: working days lost ÷ 5 in the country's calendar. Annotations: share of the week covered. Indicators:
    their standardised value four weeks before, the latest known one carried forward.
    """
    columns: dict[str, Floats] = {}
    if holidays_country is not None:
        columns["holidays"] = _holiday_share(weeks, holidays_country)
    for name in panel.annotations.columns:
        share = panel.annotations[name].reindex(weeks).fillna(0.0).to_numpy(float)
        columns[f"annotation:{name}"] = share
    for name in panel.indicators.columns:
        series = panel.indicators[name].reindex(panel.weeks.union(weeks)).ffill().shift(INDICATOR_LEAD_WEEKS)
        known = panel.indicators[name]
        spread = float(known.std())
        if not np.isfinite(spread) or spread == 0:
            continue
        values = ((series - known.mean()) / spread).reindex(weeks).fillna(0.0)
        columns[f"indicator:{name}"] = values.to_numpy(float)
    if not columns:
        return np.zeros((len(weeks), 0)), ()
    return np.stack(list(columns.values()), axis=1), tuple(columns)


def _holiday_share(weeks: pd.DatetimeIndex, country: str) -> Floats:
    import holidays

    try:
        calendar = holidays.country_holidays(country, years=range(weeks[0].year - 1, weeks[-1].year + 2))
    except NotImplementedError as error:
        raise ModelError(f"no holiday calendar for {country!r}: give an ISO code such as 'DE' or 'US'") from error
    lost = [
        sum(day.date() in calendar and day.day_of_week < 5 for day in pd.date_range(end - pd.Timedelta(days=6), end))
        for end in weeks
    ]
    return np.asarray(lost, dtype=float) / 5

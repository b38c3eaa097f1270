"""The weekly panel as arrays for the arrivals model, for the past and for the weeks to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.features.tables import RESPONSE_WEEKS, Groups, WeeklyPanel
from revmodel.media.lags import lagged
from revmodel.models import priors
from revmodel.models.calendar_columns import event_frame, event_priors, fourier, season_support
from revmodel.models.leading import LAG_CENTRES, Leading, lag_columns, leading_indicators
from revmodel.models.lift_tests import arrays_of_tests
from revmodel.models.steps import step_widths, walk_back

__all__ = ["MAX_WEEKS", "MIN_WEEKS", "SHOCK_WEEKS", "ResponseData", "response_data"]

Floats = npt.NDArray[np.float64]
MIN_WEEKS = 12
MAX_WEEKS = RESPONSE_WEEKS
RECENT_WEEKS = 26  # records fall on segments, regions, … as they did in these
LEVEL_WEEKS = 13  # the crude level is their mean
SHOCK_WEEKS = 52  # of which weekly shocks are told from steps; further back steps are too wide to be taken for one
ENOUGH_RECORDS = 20  # to say when a series began


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
    leading: Leading
    recent: pd.Series  # by (stage, channel, segment, …): records of the latest half year

    def recent_by_group(self, groups: Groups) -> Floats:
        """Records of the latest half year, (row, group); a row's records are of groups of its channel."""
        names = [str(name) for name in self.recent.index.names if name != dims.STAGE]
        keys = list(groups.frame[names].itertuples(index=False, name=None))
        counts = self.recent.to_dict()
        return np.array([
            [float(counts.get((stage, *key), 0.0)) if key[0] == channel else 0.0 for key in keys]
            for stage, channel in self.rows
        ])  # fmt: skip

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of the axes that padding lengthens (models/padding.py)."""
        return {
            "row": len(self.rows), "channel": len(self.channels), "week": len(self.weeks),
            "event": len(self.event_names), "indicator": len(self.leading.names) * len(LAG_CENTRES),
        }  # fmt: skip


def response_data(
    panel: WeeklyPanel, max_lag_weeks: int, holidays_country: str | None, cost_per_lead: dict[str, float],
    captures_demand: Sequence[str] | None = None,
) -> ResponseData:  # fmt: skip
    """Arrays for fitting.

    captures_demand : channels that meet demand that is there rather than create it; by default told by their names.

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
    leading = leading_indicators(panel, weeks, holidays_country)
    counts = by_row.to_numpy(float).T
    mean, sd = event_priors(names)
    widths = step_widths()
    arrays = {
        "arrivals": counts,
        "weight": _weights(counts),
        "week_share": np.full(len(weeks), 1 / len(weeks)),
        "log_crude": np.log(np.maximum(counts[:, -LEVEL_WEEKS:].mean(1), 0.05)),
        "walk": walk_back(len(weeks)),
        "common_scale": priors.COMMON_STEP[0] * widths,
        "own_scale": priors.OWN_STEP[0] * np.tile(widths, (len(rows), 1)),
        "is_shock_week": np.eye(SHOCK_WEEKS, len(weeks))[:, ::-1].T,
        "shock_scale": np.full(SHOCK_WEEKS, priors.ARRIVAL_SHOCK[0]),
        "season_columns": fourier(weeks),
        "season_scale": priors.SEASON[0] * season_support(len(weeks)),
        "indicator_columns": lag_columns(leading.values).T,
        "indicator_scale": np.full(len(leading.names) * len(LAG_CENTRES), priors.INDICATOR_START),
        "event_columns": events,
        "event_mean": mean,
        "event_sd": sd,
        **_media_arrays(spend, scale, channels, rows, counts, max_lag_weeks, cost_per_lead, captures_demand),
        **arrays_of_tests(panel.lift_tests, channels, weeks, spend, scale, max_lag_weeks),
    }
    recent = arrivals.tail(RECENT_WEEKS).sum()
    return ResponseData(arrays, rows, channels, weeks, spend, scale, names, leading, recent[recent > 0])


def _weights(counts: Floats) -> Floats:
    """(row, week): zero in weeks that do not count, else one.

    The first week of a history is seldom whole. A series that began later (a new channel) counts from about where its
    first record is, if it has enough records to tell that from chance.
    """
    weight = np.ones_like(counts)
    weight[:, 0] = 0.0
    for row, series in enumerate(counts):
        first = int(np.argmax(series > 0))
        if series.sum() >= ENOUGH_RECORDS:
            gap = (len(series) - first) / series.sum()
            weight[row, : max(0, first - round(gap))] = 0.0
    return weight


def _spend(panel: WeeklyPanel, weeks: pd.DatetimeIndex) -> tuple[Floats, tuple[str, ...]]:
    spend = panel.spend.reindex(weeks).fillna(0.0)
    spend = spend.loc[:, spend.sum() > 0]
    return spend.to_numpy(float).T, tuple(str(c) for c in spend.columns)


def _captures(name: str) -> bool:
    """Whether a channel's name says that it meets demand that is there.

    >>> _captures("Paid_Search"), _captures("events")
    (True, False)
    """
    return any(part in name.lower() for part in priors.CAPTURE_NAMES)


def _catching(rows: Sequence[tuple[str, str]], channels: Sequence[str], captures: Sequence[bool]) -> Floats:
    """(row,): 1 for names under which records arrive that another channel caused: unpaid ones and those of demand met.

    Who saw an advertisement or met the company at a fair comes back by its name: direct, organic, by a search. A record
    under the name of another fair or call was brought by that one.

    >>> _catching((("lead", "direct"), ("lead", "sem"), ("lead", "fairs")), ("sem", "fairs"), (True, False)).tolist()
    [1.0, 1.0, 0.0]
    """
    creating = {name for name, captured in zip(channels, captures, strict=True) if not captured}
    return np.array([float(name not in creating) for _, name in rows])


def _media_arrays(
    spend: Floats, scale: Floats, channels: tuple[str, ...], rows: tuple[tuple[str, str], ...], counts: Floats,
    max_lag_weeks: int, cost_per_lead: dict[str, float], captures_demand: Sequence[str] | None,
) -> dict[str, Floats]:  # fmt: skip
    lags = np.arange(max_lag_weeks + 1, dtype=float)
    if not channels:
        return {"lagged_spend": np.zeros((0, len(lags), counts.shape[1])), "lags": lags}
    volume = counts.sum(1)
    is_own = np.array([[float(channel == name) for _, channel in rows] for name in channels])
    is_own = is_own * (volume == np.max(is_own * volume, axis=1, keepdims=True))  # one row carries the name
    captures = [_captures(name) if captures_demand is None else name in captures_demand for name in channels]
    caught = _catching(rows, channels, captures)
    other = (1 - is_own) * volume
    other = np.where(other.sum(1, keepdims=True) > 0, other, np.ones_like(other))
    own = np.where(is_own.sum(1, keepdims=True) > 0, is_own, other)  # a channel that no record carries: all is halo
    own = own / own.sum(1, keepdims=True)
    stated = np.array([cost_per_lead.get(name, np.nan) for name in channels])
    usual = np.where(captures, priors.CAPTURED_SHARE, priors.OWN_SHARE)
    by_name = usual * (own @ volume)
    halo = caught @ (volume * (1 - is_own.T @ usual)) / (1 + np.exp(-priors.HALO_LOGIT_MEAN))
    from_cost = spend.mean(1) / stated * by_name.sum() / (by_name.sum() + halo) / (own @ counts.mean(1))
    centre = np.where(np.isnan(stated), usual, from_cost.clip(*priors.SHARE_BOUNDS))
    return {
        "lagged_spend": lagged(spend / scale[:, None], max_lag_weeks),
        "lags": lags,
        "is_own": is_own,
        "own_row": own,
        "is_caught": caught,
        "share_logit": np.log(centre / (1 - centre)),
    }

"""Records not yet created: the arrivals model run forward under a spend plan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.features.tables import Groups, WeeklyPanel
from revmodel.models import priors
from revmodel.models.draws import ArrivalDraws
from revmodel.models.media import geometric_weights, michaelis_menten
from revmodel.models.response import ChannelResponse
from revmodel.models.response_data import COMMON_STEP_WEEKS, OWN_STEP_WEEKS, event_frame, fourier

__all__ = ["caused_leads", "expected_arrivals", "predict_arrivals"]

Floats = npt.NDArray[np.float64]


def caused_leads(response: ChannelResponse, future_spend: Floats, pick: npt.NDArray[np.int64]) -> Floats:
    """Expected records a week that each channel causes, past spend's carry-over included: (draw, channel, week).

    future_spend : (channel, week) currency per week for the weeks ahead, channels as in response.data_.channels.
    pick : (draw,), which posterior draws.
    """
    d, data = response.derived_, response.data_
    lags = data.arrays["lags"]
    past, weeks = data.spend.shape[1], future_spend.shape[1]
    spend = np.concatenate([data.spend, future_spend], axis=1) / data.scale[:, None]
    weights = geometric_weights(d["half_life_weeks"][pick], lags)
    carried = np.zeros((len(pick), len(data.channels), weeks))
    for lag in range(len(lags)):
        start = past - lag
        recent = (
            spend[:, start : start + weeks] if start >= 0 else np.pad(spend[:, : start + weeks], ((0, 0), (-start, 0)))
        )
        carried += weights[:, :, lag, None] * recent[None]
    saturated = michaelis_menten(carried, d["half_saturation"][pick][:, :, None])
    out: Floats = d["effect"][pick][:, :, None] * saturated / d["mean_saturated"][pick][:, :, None]
    return out


def expected_arrivals(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, future_spend: Floats,
    pick: npt.NDArray[np.int64], rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Expected records a week by row, baseline plus media: (draw, row, week)."""
    d, data = response.derived_, response.data_
    draws, rows = len(pick), len(data.rows)
    drift = _walk_on(priors.TREND_COMMON_STEP_SD, COMMON_STEP_WEEKS, (draws, 1), len(weeks), rng)
    drift = drift + _walk_on(priors.TREND_STEP_SD, OWN_STEP_WEEKS, (draws, rows), len(weeks), rng)
    log_baseline = d["level"][pick][:, :, None] + drift + (d["season"][pick] @ fourier(weeks).T)[:, None, :]
    if data.event_names:
        events, names = event_frame(panel, weeks, response.holidays_country)
        known = [names.index(name) for name in data.event_names]
        log_baseline = log_baseline + (d["event"][pick] @ events[:, known].T)[:, None, :]
    mean = np.exp(log_baseline)
    if data.channels:
        caused = caused_leads(response, future_spend, pick)
        mean = mean + np.einsum("dmw,dmr->drw", caused, d["share"][pick], optimize=True)
    return mean


def _walk_on(step_sd: float, step_weeks: int, shape: tuple[int, int], weeks: int, rng: np.random.Generator) -> Floats:
    """A random walk ahead of the last week, (draw, row, week), with the variance of the fitted one."""
    return np.cumsum(rng.normal(0, step_sd / np.sqrt(step_weeks), (*shape, weeks)), axis=2)


def predict_arrivals(
    response: ChannelResponse, panel: WeeklyPanel, weeks: pd.DatetimeIndex, future_spend: Floats,
    stages: tuple[str, ...], groups: Groups, draws: int, seed: int,
) -> ArrivalDraws:  # fmt: skip
    """Counts of records that will enter the funnel (models/draws.py: ArrivalDraws).

    Within a row, records fall on segments as in the latest half year (Dirichlet posterior).
    """
    rng = np.random.default_rng(seed)
    pick = np.linspace(0, len(response.posterior_.thetas) - 1, draws).round().astype(int)
    mean = expected_arrivals(response, panel, weeks, future_spend, pick, rng)
    size = response.derived_["size"][pick][:, :, None]
    counts = rng.poisson(np.minimum(mean * rng.gamma(size, 1 / size, mean.shape), 1e9))
    out = np.zeros((draws, len(weeks), len(stages), len(groups)), dtype=np.int64)
    for r, (stage, channel) in enumerate(response.data_.rows):
        at = [i for i, name in enumerate(groups.channel) if name == channel]
        segments = [groups.segment[i] for i in at]
        seen = response.data_.segment_counts.iloc[r]
        total = response.data_.segment_counts.sum()
        prior = np.array([total.get(s, 0.0) for s in segments]) + 0.1
        alpha = np.array([seen.get(s, 0.0) for s in segments]) + 2 * prior / prior.sum()
        split = rng.multinomial(counts[:, r], rng.dirichlet(alpha, draws)[:, None, :])
        out[:, :, stages.index(stage), at] += split
    return ArrivalDraws(out)

"""What a media mix found, as tidy tables: one row a quantity, with its unit in the column's name or beside it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.mix.arrays import MORE
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.path_tables import QUANTILES, path_tables, summary

__all__ = ["LAST_YEAR", "WHOLE", "mix_tables"]

Floats = npt.NDArray[np.float64]
YEAR_WEEKS = 52
WHOLE, LAST_YEAR = "all", "last 52 weeks"
MULTIPLES = np.linspace(0.0, 2.0, 21)  # of the mean of what acts in an active week


def mix_tables(mix: MediaMix) -> dict[str, pd.DataFrame]:
    """contribution (channel × period: added, share, gain, cost, ROMI short and long, marginal ROMI), weekly,
    decomposition (adds up to the KPI in every week), curves, carry_over; where the mix has them, those of
    mix/path_tables.py."""
    tables = {
        "contribution": _contribution(mix),
        "weekly": _weekly(mix),
        "decomposition": _decomposition(mix),
        "curves": _curves(mix),
        "carry_over": _carry_over(mix),
    }
    return tables | path_tables(mix)


def _periods(mix: MediaMix) -> Iterator[tuple[str, int]]:
    """Name and first week of each period; all end with the panel."""
    weeks = len(mix.panel_.weeks)
    yield WHOLE, 0
    if weeks > YEAR_WEEKS:
        yield LAST_YEAR, weeks - YEAR_WEEKS


def _contribution(mix: MediaMix) -> pd.DataFrame:
    """One row a channel and period.

    added: units of the KPI that came in the period because of spend in or before it. gain: money, over the whole
    carry-over, of what was spent in the period (short: of that, what came inside it). ROMI = (gain − cost) ÷ cost;
    marginal_romi: of one per cent more in every week of the period.
    """
    panel, lags = mix.panel_, mix.config.max_lag_weeks
    after = np.zeros((*panel.acts.shape[:2], lags))
    value = np.concatenate([panel.value, np.repeat(panel.value.mean(1)[:, None], lags, axis=1)], axis=1)
    acts = np.concatenate([panel.acts, after], axis=2)
    whole, weeks = mix.added(acts), len(panel.weeks)
    rows = []
    for period, first in _periods(mix):
        inside = slice(first, weeks)
        less, more = acts.copy(), acts.copy()
        less[..., inside], more[..., inside] = 0.0, MORE * acts[..., inside]
        caused, extra = whole - mix.added(less), mix.added(more) - whole
        kpi, cost = panel.kpi[:, inside].sum(), panel.cost[..., inside].sum((1, 2))
        for i, name in enumerate(panel.channels):
            added = whole[:, i, :, inside].sum((1, 2))
            gains = {
                "long": (caused[:, i] * value).sum((1, 2)),
                "short": (caused[:, i, :, inside] * value[:, inside]).sum((1, 2)),
            }
            row = {
                "channel": name, "period": period, "start": panel.weeks[first], "end": panel.weeks[-1],
                "cost": cost[i], **summary(added, "added_"), **summary(added / kpi, "share_"),
                **summary(gains["long"], "gain_"),
            }  # fmt: skip
            if cost[i] > 0:
                row |= summary(gains["long"] / cost[i] - 1, "romi_")
                row |= summary(gains["short"] / cost[i] - 1, "short_romi_")
                margin = (extra[:, i] * value).sum((1, 2)) / ((MORE - 1) * cost[i]) - 1
                row |= summary(margin, "marginal_romi_") | {"p_pays": float((gains["long"] > cost[i]).mean())}
            rows.append(row)
    return pd.DataFrame(rows)


def _weekly(mix: MediaMix) -> pd.DataFrame:
    """One row a week and channel, all regions together: units of the KPI added."""
    added, panel = mix.added().sum(2), mix.panel_
    cuts = np.quantile(added, list(QUANTILES.values()), axis=0)
    frames = [
        pd.DataFrame({
            "week": panel.weeks, "channel": name, "cost": panel.cost[i].sum(0), "acts": panel.acts[i].sum(0),
            "mean": added[:, i].mean(0), **{key: cuts[k, i] for k, key in enumerate(QUANTILES)},
        })
        for i, name in enumerate(panel.channels)
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _decomposition(mix: MediaMix) -> pd.DataFrame:
    """One row a week and part, means over draws; the parts of a week, unexplained among them, add up to the KPI."""
    panel = mix.panel_
    parts = {name: draws.mean(0).sum(0) for name, draws in mix.baseline().items()}
    media = mix.added().mean(0).sum(1)
    parts |= dict(zip(panel.channels, media, strict=True))
    kind = dict.fromkeys(parts, "baseline") | dict.fromkeys(panel.channels, "channel") | {"unexplained": "unexplained"}
    parts["unexplained"] = panel.kpi.sum(0) - sum(parts.values())
    frames = [
        pd.DataFrame({"week": panel.weeks, "part": name, "kind": kind[name], "units": units})
        for name, units in parts.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _curves(mix: MediaMix) -> pd.DataFrame:
    """One row a channel and level held for good: money a week in all regions, units of the KPI a week it brings.

    People are reached as often as on average, and effects are those of the panel's last week, where either may vary.
    observed: whether weeks with so much in force, carry-over counted, are in the history; beyond it the curve is what
    its family says, not what was seen.
    """
    panel, basis, draws = mix.panel_, mix.arrays_.basis, mix.draws_
    middle = {name: np.median(value, axis=0)[None] for name, value in draws.values.items()}
    seen = draws.response.carried(mix.arrays_.data, middle)[0]
    level = np.tile(MULTIPLES, (len(panel.channels), 1))
    share = draws.response.held(level, draws.values, basis.ramps(len(panel.weeks))[:, -1:])
    by_region = (draws.regional * basis.scale).sum(2)
    brings = draws.height[:, :, None] * by_region[:, :, None] * share
    frames = []
    for i, name in enumerate(panel.channels):
        units = MULTIPLES * basis.act_scale[i] * len(panel.regions)
        cuts = np.quantile(brings[:, i], list(QUANTILES.values()), axis=0)
        frames.append(
            pd.DataFrame({
                "channel": name, "multiple": MULTIPLES, "acts_a_week": units, "cost_a_week": units * panel.unit_cost[i],
                "mean": brings[:, i].mean(0), **{key: cuts[k] for k, key in enumerate(QUANTILES)},
                "observed": (seen[i].max() >= MULTIPLES) & (seen[i].min() <= MULTIPLES),
            })
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _carry_over(mix: MediaMix) -> pd.DataFrame:
    """One row a channel and lag: share of the effect that comes so many weeks later."""
    lags = mix.arrays_.data["lags"]
    weights = mix.draws_.response.curves.weights(lags, mix.draws_.values)
    rows = [
        {"channel": name, "lag_weeks": int(lag), **summary(weights[:, i, k])}
        for i, name in enumerate(mix.panel_.channels)
        for k, lag in enumerate(lags)
    ]
    return pd.DataFrame(rows)

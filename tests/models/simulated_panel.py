"""A weekly panel whose arrivals are drawn from a known baseline and known effects of spend."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.features.tables import WeeklyPanel, WonDeals
from revmodel.media.carry_over import geometric_weights
from revmodel.media.lags import lagged
from revmodel.media.saturation import michaelis_menten

EFFECT = {"events": 2.0, "search": 25.0, "social": 9.0}  # records a week that each channel causes on average
WEEKS = 104
LAST_WEEK = pd.Timestamp("2026-09-30")
BASELINE = {"direct": 30.0, "events": 4.0, "search": 12.0, "social": 6.0}
COST = 100.0  # currency of the spend behind one caused record


def spend_of(rng: np.random.Generator, weeks: int = WEEKS) -> np.ndarray:
    """(channel, week): on and off in blocks of three weeks, around a mean that the effect times COST gives."""
    blocks = rng.choice([0.1, 1.0, 2.0], (len(EFFECT), -(-weeks // 3)))
    noise = rng.lognormal(0, 0.2, (len(EFFECT), weeks))
    shape = np.repeat(blocks, 3, axis=1)[:, :weeks] * noise
    mean = np.array(list(EFFECT.values())) * COST
    return np.asarray(shape / shape.mean(1, keepdims=True) * mean[:, None])


def panel_of(seed: int, weeks: int = WEEKS, with_spend: bool = True) -> WeeklyPanel:
    """Counts over ``weeks`` weeks: each channel's effect lands under its own name, the rest is baseline."""
    rng = np.random.default_rng(seed)
    spend = spend_of(rng, weeks)
    scaled = spend / spend.mean(1, keepdims=True)
    carried = np.einsum("clw,cl->cw", lagged(scaled, 8), geometric_weights(np.full(len(EFFECT), 1.0), np.arange(9)))
    saturated = michaelis_menten(carried, 2.0)
    caused = np.array(list(EFFECT.values()))[:, None] * saturated / saturated.mean(1, keepdims=True)
    index = pd.date_range(end=LAST_WEEK, periods=weeks, freq="7D")
    counts = {("lead", "direct", "all"): rng.poisson(BASELINE["direct"], weeks)}
    for i, name in enumerate(EFFECT):
        counts["lead", name, "all"] = rng.poisson(BASELINE[name] + with_spend * caused[i])
    arrivals = pd.DataFrame(counts, index=index)
    arrivals.columns = arrivals.columns.set_names(["stage", "channel", "segment"])
    money = pd.DataFrame(spend.T, index=index, columns=list(EFFECT))
    empty = pd.DataFrame(index=index)
    return WeeklyPanel(money if with_spend else empty, arrivals, empty, empty)


def won_deals_of(amounts: np.ndarray, channel: str = "search", segment: str = "smb", first: float = 1.0) -> WonDeals:
    """Won deals with these amounts; the amount first on file is ``first`` times the amount won."""
    n = len(amounts)
    return WonDeals(
        pd.DataFrame(
            {
                "deal_id": [f"D{i}" for i in range(n)],
                "channel": channel,
                "segment": segment,
                **dict.fromkeys(("region", "owner", "type", "band"), "all"),
                "deal_type": "new",
                "won_at": pd.date_range("2026-01-01", periods=n, freq="h"),
                "amount": amounts,
                "first_amount": amounts * first,
                "cycle_days": 30,
            }
        )
    )

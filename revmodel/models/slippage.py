"""Slippage: how the amount on file of an open deal compares with what it brings once it is won.

Most amounts do not change, some change a little, a few a lot, and all of it depends on how far the deal has come. So
nothing is assumed of its form: past log ratios (won ÷ on file) are resampled, with the weights of a Bayesian bootstrap
(Rubin 1981) over deals, one set of weights a draw. A stage with few won deals borrows from all stages.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["SLIPS", "Slippage"]

Floats = npt.NDArray[np.float64]
SLIPS = 64  # values a draw and origin, equally likely
MOST_DEALS = 1000  # the latest: more do not change the law
BORROWED = 10.0  # deals' worth of weight that a stage takes from all stages together
MIN_DEALS = 5


class Slippage:
    """Log of won ÷ on file, by where the deal was when the amount was on file.

    Origins: 0 is the amount first on file, 1 + s is an amount on file while the deal was in stage s.
    After ``fit``: ``slips_`` (one array an origin) and ``deals_`` (of each value, the deal it belongs to).
    """

    def fit(self, won: pd.DataFrame, snapshots: pd.DataFrame | None, stages: tuple[str, ...]) -> Slippage:
        """won : deals with amount and first_amount, by time of win. snapshots : open deals of the past."""
        first = won[(won["first_amount"] > 0) & (won["amount"] > 0)].tail(MOST_DEALS)
        slips = [np.log(first["amount"].to_numpy(float)) - np.log(first["first_amount"].to_numpy(float))]
        deals = [np.arange(len(first))]
        for stage in stages:
            seen = _in_stage(snapshots, stage)
            slips.append(np.log(seen["won_amount"].to_numpy(float)) - np.log(seen["amount"].to_numpy(float)))
            deals.append(pd.factorize(seen["deal_id"])[0])
        self.slips_, self.deals_ = slips, deals
        return self

    def predict(self, draws: int, rng: np.random.Generator) -> Floats:
        """(draw, origin, SLIPS): equally likely log ratios; all zero where fewer than MIN_DEALS tell of them."""
        pooled = np.concatenate(self.slips_)
        out = np.zeros((draws, len(self.slips_), SLIPS))
        if len(pooled) < MIN_DEALS:
            return out
        for origin, (slips, deals) in enumerate(zip(self.slips_, self.deals_, strict=True)):
            values, own = (slips, deals) if len(slips) else (pooled, np.arange(len(pooled)))
            members = int(own.max()) + 1
            per_deal = np.bincount(own, minlength=members)
            weight = rng.standard_exponential((draws, members))[:, own] / per_deal[own]
            ends = np.cumsum(weight, axis=1)
            at = (np.arange(SLIPS) + rng.random((draws, 1))) / SLIPS  # systematic: the spread of a draw is its law's
            drawn = np.stack([np.searchsorted(e, u * e[-1]) for e, u in zip(ends, at, strict=True)])
            out[:, origin] = values[np.minimum(drawn, len(values) - 1)]
            borrow = rng.random((draws, SLIPS)) < BORROWED / (BORROWED + members)
            out[:, origin][borrow] = pooled[rng.integers(len(pooled), size=int(borrow.sum()))]
        return out


def _in_stage(snapshots: pd.DataFrame | None, stage: str) -> pd.DataFrame:
    """Snapshots in one stage of deals that were won later, with an amount on file."""
    if snapshots is None or snapshots.empty:
        return pd.DataFrame({"deal_id": [], "won_amount": [], "amount": []})
    here = snapshots[(snapshots["stage"] == stage) & (snapshots["won_amount"] > 0) & (snapshots["amount"] > 0)]
    latest = here.drop_duplicates("deal_id", keep="last")["deal_id"].tail(MOST_DEALS)
    return here[here["deal_id"].isin(latest)]

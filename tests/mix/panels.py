"""A small panel whose truth is known, by the model's own formulas written again by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.mix.mix_config import MixConfig

Floats = npt.NDArray[np.float64]
WEEKS = 130
SHARE = {"ads": 0.25, "fairs": 0.1}
HALF_LIFE = {"ads": 1.0, "fairs": 2.0}


@dataclass(frozen=True)
class Known:
    """panel: week, region, leads, ads, fairs, price. added: channel → leads over the panel."""

    panel: pd.DataFrame
    added: dict[str, float]


def known(regions: int = 1, weeks: int = WEEKS, seed: int = 1) -> Known:
    """Leads of a baseline with a season, a control and two channels; each region twice the size of the one before."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=weeks, freq="7D")
    frames, added = [], dict.fromkeys(SHARE, 0.0)
    for region in range(regions):
        size = 400.0 * 2**region
        spend = {name: rng.gamma(1.5, 1.0, weeks) * (rng.random(weeks) < 0.7) for name in SHARE}
        effect = {name: _effect(spend[name], HALF_LIFE[name]) for name in SHARE}
        price = rng.standard_normal(weeks)
        season = 0.1 * np.sin(2 * np.pi * dates.day_of_year.to_numpy() / 365.25)
        mean = 0.65 + season - 0.05 * price
        for name, share in SHARE.items():
            part = share * effect[name] / effect[name].mean()
            added[name] += float(size * part.sum())
            mean = mean + part
        leads = size * (mean + 0.03 * rng.standard_normal(weeks))
        frame = {"week": dates, "region": f"r{region}", "leads": leads, "price": price}
        frames.append(pd.DataFrame(frame | {name: size * 20 * x for name, x in spend.items()}))
    return Known(pd.concat(frames, ignore_index=True), added)


def _effect(spend: Floats, half_life: float) -> Floats:
    weights = 0.5 ** (np.arange(13) / half_life)
    carried = np.convolve(spend, weights / weights.sum())[: len(spend)]
    return np.asarray(carried / (carried + 2.0))


def config(**changes: object) -> MixConfig:
    """The configuration that fits ``known``."""
    said: dict[str, object] = {
        "name": "known", "data": "none", "date": "week", "kpi": "leads", "kpi_value": 100.0, "controls": ["price"],
        "channels": {"ads": {"cost": "ads"}, "fairs": {"cost": "fairs"}}, "engine": "laplace", "draws": 250,
    }  # fmt: skip
    return MixConfig(**(said | changes))  # type: ignore[arg-type]

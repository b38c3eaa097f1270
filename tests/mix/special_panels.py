"""Small panels of known truth with what only some mixes have, by formulas written again by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from panels import Known

Floats = npt.NDArray[np.float64]


def weeks_of(count: int) -> pd.DatetimeIndex:
    return pd.date_range("2023-01-02", periods=count, freq="7D")


def carried(x: Floats, half_life: float = 1.0) -> Floats:
    """Geometric carry-over with weights that sum to one."""
    weights = 0.5 ** (np.arange(13) / half_life)
    return np.asarray(np.convolve(x, weights / weights.sum())[: len(x)])


def bursts(rng: np.random.Generator, count: int) -> Floats:
    """Spend that is often nought."""
    return np.asarray(rng.gamma(1.5, 1.0, count) * (rng.random(count) < 0.6))


def of_mean(effect: Floats, share: float) -> Floats:
    return np.asarray(share * effect / effect.mean())


def season(dates: pd.DatetimeIndex, size: float = 0.1) -> Floats:
    return np.asarray(size * np.sin(2 * np.pi * dates.day_of_year.to_numpy() / 365.25))


def counts(a_week: float = 4.0, share: float = 0.4, extra: float = 0.3, seed: int = 1, weeks: int = 156) -> Known:
    """Few leads a week, negative binomial with variance m + extra² m²; price is there, and does nothing."""
    rng, dates = np.random.default_rng(seed), weeks_of(weeks)
    spend = {"ads": bursts(rng, weeks), "fairs": bursts(rng, weeks)}
    part = {name: of_mean(carried(x) / (carried(x) + 2.0), share * k)
            for (name, x), k in zip(spend.items(), (1.0, 0.3), strict=True)}  # fmt: skip
    mean = a_week * (1 - 1.3 * share + season(dates) + sum(part.values()))
    rate = mean * rng.gamma(1 / extra**2, extra**2, weeks) if extra else mean
    frame = {"week": dates, "leads": rng.poisson(rate).astype(float), "price": rng.standard_normal(weeks)}
    added = {name: float(a_week * each.sum()) for name, each in part.items()}
    return Known(pd.DataFrame(frame | {name: 100 * x for name, x in spend.items()}), added)


def mediated(seed: int = 1, weeks: int = 156) -> tuple[Known, float]:
    """Leads that ads bring directly (15 %) and by way of searches (12 %); and the number that came by searches.

    Searches have a demand of their own and bring 40 % of the leads, 12 of these points being the ads' doing.
    """
    rng, dates = np.random.default_rng(seed), weeks_of(weeks)
    spend = {"ads": bursts(rng, weeks), "fairs": bursts(rng, weeks)}
    acts = {name: carried(x) / (carried(x) + 2.0) for name, x in spend.items()}
    searches = 0.7 + season(dates, 0.05) + of_mean(acts["ads"], 0.3) + 0.08 * rng.standard_normal(weeks)
    direct, fairs, through = of_mean(acts["ads"], 0.15), of_mean(acts["fairs"], 0.1), of_mean(acts["ads"], 0.12)
    mean = 0.35 + season(dates) + direct + fairs + 0.4 * searches
    leads = 800 * (mean + 0.03 * rng.standard_normal(weeks))
    frame = {"week": dates, "leads": leads, "searches": 5000 * searches, "price": rng.standard_normal(weeks)}
    added = {"ads": float(800 * (direct + through).sum()), "fairs": float(800 * fairs.sum())}
    panel = pd.DataFrame(frame | {name: 100 * x for name, x in spend.items()})
    return Known(panel, added), float(800 * through.sum())


def reached(seed: int = 1, weeks: int = 156, half: float = 3.0, slope: float = 2.0) -> Known:
    """Video by people reached and contacts a person: what contacts do is S-shaped, half of the most at ``half``."""
    rng, dates = np.random.default_rng(seed), weeks_of(weeks)
    people, contacts = 1e5 * bursts(rng, weeks), 1.0 + rng.gamma(2.0, 1.5, weeks)
    effect = carried(people * contacts**slope / (contacts**slope + half**slope))
    fairs = bursts(rng, weeks)
    part = {"video": of_mean(effect, 0.3), "fairs": of_mean(carried(fairs) / (carried(fairs) + 2.0), 0.1)}
    leads = 600 * (0.6 + season(dates) + sum(part.values()) + 0.03 * rng.standard_normal(weeks))
    frame = {"week": dates, "leads": leads, "price": rng.standard_normal(weeks), "people": people, "fairs": 100 * fairs,
             "contacts": contacts, "video": 0.01 * people * contacts}  # fmt: skip
    return Known(pd.DataFrame(frame), {name: float(600 * each.sum()) for name, each in part.items()})


def fading(seed: int = 1, weeks: int = 156) -> tuple[Known, Floats]:
    """Ads whose effect falls to a quarter over the panel; and the leads that they added in each week."""
    rng, dates = np.random.default_rng(seed), weeks_of(weeks)
    spend = {"ads": bursts(rng, weeks), "fairs": bursts(rng, weeks)}
    acts = {name: carried(x) / (carried(x) + 2.0) for name, x in spend.items()}
    ads = of_mean(acts["ads"] * np.geomspace(2.0, 0.5, weeks), 0.3)
    fairs = of_mean(acts["fairs"], 0.1)
    leads = 600 * (0.6 + season(dates) + ads + fairs + 0.03 * rng.standard_normal(weeks))
    frame = {"week": dates, "leads": leads, "price": rng.standard_normal(weeks)}
    added = {"ads": float(600 * ads.sum()), "fairs": float(600 * fairs.sum())}
    return Known(pd.DataFrame(frame | {name: 100 * x for name, x in spend.items()}), added), 600 * ads

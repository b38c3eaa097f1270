"""How far a test's regions stray from those left alone by chance: as past stretches of the same length have it.

A test compares what came in its regions with their usual share of all. What moves every region at once, a season or a
wave of demand, moves both and leaves the share as it is; only what moves regions apart blurs the test. So past
stretches are taken for tests in which nothing was changed: what each region had against its share of the weeks before.
Placebo tests over time: Abadie, Diamond & Hainmueller 2010, section 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BEFORE_WEEKS", "split_ratio"]

Floats = npt.NDArray[np.float64]
BEFORE_WEEKS = 26  # from which a region's usual share is taken
FEWEST = 4  # stretches times regions beyond the first: fewer say next to nothing of a variance


def split_ratio(counts: Floats, weeks: int) -> float | None:
    """Variance ÷ mean of a region's part of what comes in ``weeks`` weeks, given all of it: 1 if by pure chance.

    counts : (region, week), oldest first, what came in. None where the past is too short or there is but one region.
    """
    counts = counts[counts.sum(1) > 0]
    regions, history = counts.shape
    strayed = []
    for end in range(history, BEFORE_WEEKS + weeks - 1, -weeks):
        start = end - weeks
        usual = counts[:, start - BEFORE_WEEKS : start].sum(1)
        came = counts[:, start:end].sum(1)
        expected = usual / max(float(usual.sum()), 1e-9) * came.sum()
        some = expected > 0
        if some.sum() > 1:
            strayed.append(float(((came - expected)[some] ** 2 / expected[some]).sum() / (some.sum() - 1)))
    if len(strayed) * (regions - 1) < FEWEST:
        return None
    return float(np.mean(strayed))

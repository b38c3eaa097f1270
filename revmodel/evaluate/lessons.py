"""What past forecasts teach, as of an origin: those whose total, or the first weeks of it, is known by then.

A forecast for half a year teaches after a week: the total of its first week is known then. Nothing that became known
after the origin enters, because actuals are read from the history that the origin itself knew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.evaluate.fans import OriginFans

__all__ = ["Lesson", "known_actual", "lessons"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """One past forecast of a total that is known by now.

    weeks : how many weeks the total covers. ago_weeks : how long before now the forecast was made. step_weeks : how
    long before the next origin. fans : method → quantiles (level,). actual : the total. weight : the share of its
    evidence that no other lesson repeats: forecasts of thirteen weeks made every four weeks share most of their weeks,
    and the totals that one forecast is checked by lie one within the other (their number counts by its square root).
    """

    metric: str
    weeks: int
    ago_weeks: int
    step_weeks: int
    fans: Mapping[str, Floats]
    actual: float
    weight: float


def lessons(past: Sequence[OriginFans], now: OriginFans) -> list[Lesson]:
    """Lessons that ``past`` origins teach at ``now``, oldest first.

    past : any order; those at or after ``now``, or not whole weeks before it, are left out.
    """
    earlier = sorted((one for one in past if one.origin < now.origin), key=lambda one: one.origin)
    days = [(now.origin - one.origin).days for one in earlier]
    found = []
    for position, (fans, ago) in enumerate(zip(earlier, days, strict=True)):
        if ago % 7:
            continue
        step = (ago - (days[position + 1] if position + 1 < len(days) else 0)) // 7
        known = [weeks for weeks in fans.checkpoints if weeks <= ago // 7]
        for metric in fans.quantiles:
            for weeks in known:
                actual = known_actual(now, metric, ago // 7, weeks)
                told = {m: q for m in fans.quantiles[metric] if np.isfinite(q := fans.fan(metric, m, weeks)).all()}
                if actual is not None and told:
                    weight = min(1.0, max(step, 1) / weeks) / len(known) ** 0.5
                    found.append(Lesson(metric, weeks, ago // 7, max(step, 1), told, actual, weight))
    return found


def known_actual(now: OriginFans, metric: str, ago_weeks: int, weeks: int) -> float | None:
    """Total of ``weeks`` weeks from ``ago_weeks`` before ``now`` on, as known then; None before its history."""
    history = now.history.get(metric)
    if history is None or history.size < ago_weeks:
        return None
    end = history.size - ago_weeks + weeks
    return float(history[history.size - ago_weeks : end].sum())

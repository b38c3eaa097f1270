"""What has to come in at each stage, week by week: from open records, and from arrivals so many times as planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from revmodel.planning.ahead import Ahead
from revmodel.planning.flow import Floats

__all__ = ["Needs", "lifted", "stage_needs"]


@dataclass(frozen=True)
class Needs:
    """(draw, week) each, of one stage: what is expected under the plan, and what the target takes."""

    planned: Floats
    needed: Floats


def lifted(created: Floats, times: float, early: Floats) -> Floats:
    """(draw, row, week): arrivals ``times`` as many in the weeks that are ``early`` (week,), 0 to 1; else as planned.

    Of infinitely many nothing is told: blanks.
    """
    if not np.isfinite(times):
        return np.full_like(created, np.nan)
    return np.asarray(created * (1 + (times - 1) * early))


def stage_needs(
    ahead: Ahead, open_entries: Mapping[str, Floats], times: float, early: Floats, scale: Mapping[str, float]
) -> dict[str, Needs]:
    """Stage → needs, "leads" first; "wins" last.

    open_entries : stage or "wins" → (draw, week), entries of records that are open today
    times, early : see ``lifted``
    scale : "leads" and "wins" → what the forecast, which learns from its past, expects of arrivals ÷ what is expected
    here; the stages between go by that of leads
    """
    planned = ahead.records(ahead.spend)
    needed = lifted(planned, times, early)
    out = {}
    for name in ("leads", *(kernel for kernel in ahead.kernels if kernel.startswith("entered:")), "wins"):
        stage = name.removeprefix("entered:")
        factor = scale.get(stage, scale["leads"])
        plan, need = (factor * ahead.by_week(name, created) for created in (planned, needed))
        if stage in open_entries:
            of_open = _in_turn(open_entries[stage], plan.shape)
            plan, need = plan + of_open, need + of_open
        out[stage] = Needs(plan, need)
    return out


def _in_turn(entries: Floats, shape: tuple[int, ...]) -> Floats:
    """Entries (draw, week) taken in turn for as many draws, and none in the weeks beyond those told."""
    taken = entries[np.arange(shape[0]) % len(entries), : shape[1]]
    return np.pad(taken, ((0, 0), (0, shape[1] - taken.shape[1])))

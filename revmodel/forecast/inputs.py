"""What the forecast is given, checked: draws that agree with each other, records that the models know."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import CAUSES, GROUP_DIMS
from revmodel.errors import ModelError
from revmodel.features.tables import OpenRecords
from revmodel.forecast.clock import DAYS
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws

__all__ = ["check_draws", "check_funnel", "first_deal_index", "group_index", "simulated_records", "stage_index"]


def first_deal_index(funnel: FunnelDraws, first_deal_stage: str | None) -> int:
    """Index of the first deal stage; the number of stages where the funnel has no deals."""
    if first_deal_stage is None:
        return len(funnel.stages)
    if first_deal_stage not in funnel.stages:
        raise ModelError(
            f"first_deal_stage came as {first_deal_stage!r}, wanted one of {', '.join(funnel.stages)}: "
            "give the stage list that the funnel was fitted with"
        )
    return funnel.stages.index(first_deal_stage)


def check_funnel(funnel: FunnelDraws) -> None:
    """Raise ModelError where shapes disagree, a log-odds is NaN or destinations or days do not sum to one."""
    draws, stages, groups = funnel.log_odds.shape[0], len(funnel.stages), len(funnel.groups)
    wanted = {
        "log_odds": (draws, stages, len(CAUSES), groups, len(funnel.age_edges_weeks)),
        "calendar": (draws, stages, len(CAUSES), funnel.calendar.shape[-1]),
        "destination": (draws, stages, len(CAUSES), stages + 2),
        "again": (draws, stages, len(CAUSES)),
        "first_week": (draws, stages, DAYS),
    }
    for name, shape in wanted.items():
        came = getattr(funnel, name)
        if came.shape != shape:
            raise ModelError(f"funnel draws: {name} came with shape {came.shape}, wanted {shape}: fit the funnel again")
        if np.isnan(came).any():
            raise ModelError(
                f"funnel draws: {name} holds NaN in {int(np.isnan(came).sum())} places: look at its health"
            )
    if funnel.age_edges_weeks[0] != 0:
        raise ModelError(f"age_edges_weeks start at {funnel.age_edges_weeks[0]}, wanted 0: fit with edges from week 0")
    for name, what in (("destination", "stage and cause"), ("first_week", "stage")):
        if not np.allclose(getattr(funnel, name).sum(axis=-1), 1.0, atol=1e-6):
            raise ModelError(f"funnel draws: {name} does not sum to 1 for every {what}: fit the funnel again")


def check_draws(funnel: FunnelDraws, arrivals: ArrivalDraws, sizes: DealSizeDraws, weeks: int) -> None:
    """Raise ModelError unless the three parts speak of the same draws, stages, groups and enough weeks."""
    check_funnel(funnel)
    draws, stages, groups = funnel.log_odds.shape[0], len(funnel.stages), len(funnel.groups)
    known = min(funnel.calendar.shape[-1], arrivals.counts.shape[1])
    if weeks < 1 or weeks > known:
        raise ModelError(f"{weeks} weeks asked, but calendar and arrivals know {known}: predict both for {weeks} weeks")
    if (arrivals.counts.shape[0], *arrivals.counts.shape[2:]) != (draws, stages, groups):
        raise ModelError(
            f"arrivals came with shape {arrivals.counts.shape}, wanted (draw {draws}, week, stage {stages}, "
            f"group {groups}): predict arrivals for the draws and groups of the funnel"
        )
    if sizes.mean.shape != (draws, groups) or sizes.sd.shape != (draws,):
        raise ModelError(
            f"deal sizes came with shapes {sizes.mean.shape} and {sizes.sd.shape}, wanted {(draws, groups)} and "
            f"{(draws,)}: draw sizes for the draws and groups of the funnel"
        )
    if sizes.has_amounts and not np.isfinite(sizes.mean).all():
        raise ModelError("deal sizes hold means that are not finite: look at the health of the deal-size model")
    if int(arrivals.counts.min(initial=0)) < 0:
        raise ModelError("arrivals hold negative counts: look at the health of the arrivals model")


def stage_index(frame: pd.DataFrame, funnel: FunnelDraws) -> npt.NDArray[np.int64]:
    """Index of each record's stage; ModelError names stages that the funnel does not have."""
    return _index(frame["stage"], {name: i for i, name in enumerate(funnel.stages)}, "stage")


def group_index(frame: pd.DataFrame, funnel: FunnelDraws) -> npt.NDArray[np.int64]:
    """Index of each record's group; ModelError names groups that the funnel does not have."""
    named = zip(*(frame[name] for name in GROUP_DIMS), strict=True)
    values = pd.Series([" × ".join(names) for names in named], index=frame.index, dtype=object)
    known: dict[object, int] = {" × ".join(names): i for i, names in enumerate(funnel.groups.names)}
    return _index(values, known, "group")


def _index(values: pd.Series, known: dict[object, int], what: str) -> npt.NDArray[np.int64]:
    index = np.array([known.get(value, -1) for value in values], dtype=np.int64)
    if (index < 0).any():
        strangers = sorted({str(value) for value in values[index < 0]})
        raise ModelError(
            f"{int((index < 0).sum())} open records have a {what} the funnel was not fitted with "
            f"({', '.join(strangers[:5])}): fit and forecast from the same as-of features"
        )
    return index


def simulated_records(records: OpenRecords, funnel: FunnelDraws, first_deal: int) -> pd.DataFrame:
    """Open records without zombies, deals first, with added columns stage_index, group_index and is_deal.

    A record is a deal when it stands in a deal stage or, in a funnel with deals, was made one and moved back.
    """
    frame = records.frame.loc[~records.frame["zombie"].astype(bool)].copy()
    frame["stage_index"] = stage_index(frame, funnel)
    frame["group_index"] = group_index(frame, funnel)
    made_deal = (frame["record_type"] == "deal") & (first_deal < len(funnel.stages))
    frame["is_deal"] = (frame["stage_index"] >= first_deal) | made_deal
    if (frame["age_weeks"] < 0).any():
        raise ModelError(f"{int((frame['age_weeks'] < 0).sum())} open records entered their stage after the as-of date")
    order = ["is_deal", "stage_index", "group_index", "age_weeks"]
    return frame.sort_values(order, ascending=[False, True, True, True], kind="stable", ignore_index=True)

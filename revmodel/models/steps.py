"""How the level of arrivals moves: steps back from the as-of date, and how large they are, learned.

A level is a random walk of steps e ~ spread · t₄ · √width, so that it mostly creeps and sometimes breaks. Steps are
two weeks wide near the as-of date, where they decide the forecast, and wider further back. Written as a mixture of
normals, a t step is a normal one with a weight of its own: given the weights the posterior is close to normal, and
sampling it is easy. Weights and spreads are set by EM (Lange et al. 1989 for the weights, Laird & Ware 1982 for the
spreads): given the mode and covariance of the steps, E[e²] says whether a step is a break and whether the spread is
too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.models.compiled import CompiledModel
from revmodel.models.sampling import Mode, find_mode

__all__ = ["LARGEST_STEP", "STEP_WIDTHS", "Effects", "learn_scales", "step_widths", "steps_ahead", "walk_back"]

Floats = npt.NDArray[np.float64]
UNIT_WEEKS = 4  # spreads are those of four weeks
STEP_WIDTHS = np.repeat([2.0, 4.0, 8.0, 13.0], [6, 5, 5, 7])  # weeks, from the as-of date back: 163 in all
AHEAD_WEEKS = 2  # width of the steps ahead
LARGEST_STEP = 1.0  # of log volume ahead: a t step has no finite exponential, and a factor of e is a break already
ROUNDS = 12
TOLERANCE = 0.03  # of a log spread
OVER_RELAXATION = 1.6


@dataclass(frozen=True)
class Effects:
    """Effects whose size is learned: free variable, standardised, shape (effect,) or (series, effect).

    scale : the data array, of the same shape, that the variable is multiplied by. widths : (effect,), prior sd of each
    effect where the spread is one. median, log_sd : LogNormal prior of the spread, one a series.
    degrees_of_freedom : of the t, few where most effects are nothing and a few are large. live : (series,) bool, which
    series are not padding.
    """

    variable: str
    scale: str
    widths: Floats
    median: float
    log_sd: float
    degrees_of_freedom: float
    live: npt.NDArray[np.bool_]


def walk_back(weeks: int) -> Floats:
    """(week, step): how much of each step back from the last week lies between a week and the last (zero there)."""
    back = np.arange(weeks)[::-1].astype(float)
    ends = np.cumsum(STEP_WIDTHS)
    walk: Floats = np.clip((back[:, None] - (ends - STEP_WIDTHS)) / STEP_WIDTHS, 0.0, 1.0)
    return walk


def step_widths() -> Floats:
    """(step,): prior sd of each step where the spread of four weeks is one."""
    widths: Floats = np.sqrt(STEP_WIDTHS / UNIT_WEEKS)
    return widths


def steps_ahead(spread: Floats, weeks: int, degrees_of_freedom: float, rng: np.random.Generator) -> Floats:
    """Walks ahead of the last week, (…, week), with t steps of ``spread`` (…) of four weeks' log volume."""
    steps = -(-weeks // AHEAD_WEEKS)
    sd = spread[..., None] * np.sqrt(AHEAD_WEEKS / UNIT_WEEKS)
    jumps = np.clip(sd * rng.standard_t(degrees_of_freedom, (*spread.shape, steps)), -LARGEST_STEP, LARGEST_STEP)
    weekly = np.repeat(jumps / AHEAD_WEEKS, AHEAD_WEEKS, axis=-1)[..., :weeks]
    walk: Floats = np.cumsum(weekly, axis=-1)
    return walk


def learn_scales(
    model: CompiledModel, data: Mapping[str, Floats], effects: Sequence[Effects]
) -> tuple[Mode, dict[str, Floats]]:
    """The mode at the best scales, and by name the scales (as data), "<variable>_spread" (series,) and its log's "_se".

    A round: find the mode; take E[e²] of each effect; give each effect its weight and each series its spread.
    """
    scales = {each.scale: np.array(data[each.scale]) for each in effects}
    spreads = {each.variable: np.full(len(each.live), np.log(each.median)) for each in effects}
    errors: dict[str, Floats] = {}
    mode: Mode | None = None
    for _ in range(ROUNDS):
        mode = find_mode(model, {**data, **scales}, mode)
        mean, variance = _moments(model, mode)
        moved = 0.0
        for each in effects:
            z2, v = (np.atleast_2d(part[each.variable][0]) for part in (mean, variance))
            second = z2 * np.atleast_2d(scales[each.scale]) ** 2 / each.widths**2
            weight = _weights(second, spreads[each.variable], each.degrees_of_freedom)
            step, errors[each.variable] = _spread_step(
                weight * second, (1 - v).clip(0, 1), spreads[each.variable], each
            )
            spreads[each.variable] = spreads[each.variable] + OVER_RELAXATION * step
            weight = _weights(second, spreads[each.variable], each.degrees_of_freedom)
            scale = np.exp(spreads[each.variable])[:, None] * each.widths / np.sqrt(weight)
            scales[each.scale] = scale.reshape(scales[each.scale].shape)
            moved = max(moved, float(np.abs(step[each.live]).max(initial=0.0)))
        if moved < TOLERANCE:
            break
    mode = find_mode(model, {**data, **scales}, mode)
    learned = {f"{name}_spread": np.exp(value) for name, value in spreads.items()}
    return mode, {**scales, **learned, **{f"{name}_se": value for name, value in errors.items()}}


def _moments(model: CompiledModel, mode: Mode) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """E[z²] and the variance of every free variable, by name, under the normal at the mode."""
    variance = np.einsum("ij,ij->i", mode.factor, mode.factor)
    return model.unpack((mode.theta**2 + variance)[None]), model.unpack(variance[None])


def _weights(second: Floats, log_spread: Floats, degrees_of_freedom: float) -> Floats:
    """(series, effect): below one for effects beyond what the spread tells to expect."""
    if np.isinf(degrees_of_freedom):
        return np.ones_like(second)
    relative = second * np.exp(-2 * log_spread)[:, None]
    weights: Floats = (degrees_of_freedom + 1) / (degrees_of_freedom + relative)
    return weights


def _spread_step(weighted: Floats, informed: Floats, log_spread: Floats, each: Effects) -> tuple[Floats, Floats]:
    """One EM step of each series' log spread, and the standard error of the log spread.

    Series are alike: their spreads scatter around a middle, itself drawn to the prior's median.
    """
    live, n = each.live, weighted.shape[1]
    middle = (log_spread[live].sum() + np.log(each.median)) / (live.sum() + 1)
    precision = each.log_sd**-2
    total = weighted.sum(1)
    r = np.zeros_like(log_spread)
    for _ in range(20):
        shrink = total * np.exp(-2 * (log_spread + r))
        gradient = -n + shrink - (log_spread + r - middle) * precision
        r = r + np.clip(gradient / (2 * shrink + precision), -0.5, 0.5)
    return r, 1 / np.sqrt(2 * informed.sum(1) + precision)

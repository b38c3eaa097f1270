"""How the level of arrivals moves: steps back from the as-of date, and how large they are, learned.

A level is a random walk of steps e ~ spread · t₄ · √width, so that it mostly creeps and sometimes breaks. Steps are
two weeks wide near the as-of date, where they decide the forecast, and wider further back. Written as a mixture of
normals, a t step is a normal one with a weight of its own: given the weights the posterior is close to normal, and
sampling it is easy. Weights are set by EM (Lange et al. 1989), spreads to their type-II maximum a posteriori by
MacKay's (1992) count of informed effects: given the mode and covariance of the steps, E[e²] says whether a step is a
break, and the squared steps against the number that data determine say whether the spread is too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.models.compiled import CompiledModel
from revmodel.models.empirical_bayes import t_weights
from revmodel.models.sampling import Mode, find_mode

__all__ = ["LARGEST_STEP", "STEP_WIDTHS", "Effects", "learn_scales", "step_widths", "steps_ahead", "walk_back"]

Floats = npt.NDArray[np.float64]
UNIT_WEEKS = 4  # spreads are those of four weeks
STEP_WIDTHS = np.repeat([2.0, 4.0, 8.0, 13.0], [6, 5, 5, 7])  # weeks, from the as-of date back: 163 in all
AHEAD_WEEKS = 2  # width of the steps ahead
LARGEST_STEP = 1.0  # of log volume ahead: a t step has no finite exponential, and a factor of e is a break already
ROUNDS = 8
TOLERANCE = 0.05  # of a log spread: five per cent of a spread moves no forecast
LONGEST_STEP = 0.7  # of a log spread in a round


@dataclass(frozen=True)
class Effects:
    """Effects whose size is learned: free variable, standardised, shape (effect,) or (series, effect).

    scale : the data array, of the same shape, that the variable is multiplied by. widths : (effect,), prior sd of each
    effect where the spread is one. median, log_sd : LogNormal prior of the spread, one a series.
    degrees_of_freedom : of the t, few where most effects are nothing and a few are large. Effects whose scale is zero
    at the start are padding and stay so.
    """

    variable: str
    scale: str
    widths: Floats
    median: float
    log_sd: float
    degrees_of_freedom: float


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

    A round: find the mode; give each series its spread and each effect its weight.
    """
    scales = {each.scale: np.array(data[each.scale]) for each in effects}
    live = {each.variable: np.atleast_2d(scales[each.scale]) > 0 for each in effects}
    spreads = {each.variable: np.full(len(live[each.variable]), np.log(each.median)) for each in effects}
    errors: dict[str, Floats] = {}
    mode: Mode | None = None
    for _ in range(ROUNDS):
        mode = find_mode(model, {**data, **scales}, mode)
        means, variances = (model.unpack(part[None]) for part in (mode.theta, _variance(mode)))
        moved = 0.0
        for each in effects:
            mean, v = (np.atleast_2d(part[each.variable][0]) for part in (means, variances))
            old, there = np.atleast_2d(scales[each.scale]), live[each.variable]
            informed = ((1 - v).clip(0, 1) * there).sum(1)
            spread = spreads[each.variable]
            step, errors[each.variable] = _spread_step((mean**2 * there).sum(1), informed, there.any(1), spread, each)
            spreads[each.variable] = spread = spread + step
            weight = t_weights((mean**2 + v) * old**2 / each.widths**2, spread, each.degrees_of_freedom)
            new = there * np.exp(spread)[:, None] * each.widths / np.sqrt(weight)
            scales[each.scale] = new.reshape(scales[each.scale].shape)
            moved = max(moved, float(np.abs(step[there.any(1)]).max(initial=0.0)))
        if moved < TOLERANCE:
            break
    mode = find_mode(model, {**data, **scales}, mode)
    learned = {f"{name}_spread": np.exp(value) for name, value in spreads.items()}
    return mode, {**scales, **learned, **{f"{name}_se": value for name, value in errors.items()}}


def _variance(mode: Mode) -> Floats:
    """(dim,): of every free variable, under the normal at the mode."""
    variance: Floats = np.einsum("ij,ij->i", mode.factor, mode.factor)
    return variance


def _spread_step(
    squares: Floats, informed: Floats, live: npt.NDArray[np.bool_], log_spread: Floats, each: Effects
) -> tuple[Floats, Floats]:
    """A step of each series' log spread uphill its marginal posterior, and the log spread's standard error, (series,).

    squares : Σ of the squared means of standardised effects. informed : how many effects the data, not the prior,
    determine; at the best spread both are equal (MacKay 1992). Series are alike: their spreads scatter around a middle,
    itself drawn to the prior's median.
    """
    middle = (log_spread[live].sum() + np.log(each.median)) / (live.sum() + 1)
    precision = each.log_sd**-2
    gradient = squares - informed - (log_spread - middle) * precision
    curvature = 2 * informed + precision
    return np.clip(gradient / curvature, -LONGEST_STEP, LONGEST_STEP), 1 / np.sqrt(curvature)

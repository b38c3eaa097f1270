"""What a channel's effect at one stage says of its effect at the others: empirical Bayes across stages.

For each way out of a stage, with stages s and channels c,

    u_sc = q_c + e_sc,    q_c ~ Normal(0, common),    e_sc ~ Normal(0, own_s)

Who comes by a good channel is a good lead at every stage; fitted alone, a stage that few records reach shrinks that to
nothing, so that over a whole funnel good channels look worse and bad ones better than they are. Each stage is fitted
alone first. Its Laplace posterior over its prior is what its data say of u_s: a normal likelihood with precision L_s
and shift h_s. Given the spreads everything is normal (Lindley & Smith 1972): integrating e_s out,

    L'_s = (1 + own_s² L_s)⁻¹ L_s,    h'_s = (1 + own_s² L_s)⁻¹ h_s,    q | data ~ Normal(P⁻¹ Σ h'_s, P⁻¹),
    P = 1/common² + Σ L'_s

and the spreads are their type-II maximum a posteriori by EM, as all spreads are (models/empirical_bayes.py); those of
single stages lie around one of all, since a stage with few records cannot tell its own. The prior of a stage's effects
is what the *other* stages say: Normal(q without s, its variance + own_s²). Its own data enter once, in its own fit.
Where channels have nothing in common, ``common`` is learned to be small, and the prior is that of a stage alone. The
uncertainty of q, which all stages share, is in each of them but not as the same draw, so that what a whole funnel's
channel is worth comes out a little too certain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.models import priors
from revmodel.models.empirical_bayes import OVER_RELAXATION, TOLERANCE, spread_change
from revmodel.models.hazard_data import Effects
from revmodel.models.sampling import Mode
from revmodel.models.spreads import fit_spreads

__all__ = ["Evidence", "Prior", "evidence_of", "informed_by_others", "priors_across"]

Floats = npt.NDArray[np.float64]
ROUNDS = 60  # each costs next to nothing


@dataclass(frozen=True)
class Evidence:
    """What one stage's data say of the effects of one kind: precision (cause, level, level), shift (cause, level)."""

    precision: Floats
    shift: Floats


@dataclass(frozen=True)
class Prior:
    """What the other stages say of the effects of one kind: mean and sd, (cause, level) each, on log-odds."""

    mean: Floats
    sd: Floats


def informed_by_others(
    stages: Mapping[str, dict[str, Floats]], effects: Sequence[Effects]
) -> dict[str, dict[str, Floats]]:
    """Arrays of each stage with the means and scales that the other stages give to its channels.

    stages : arrays by stage (models/hazard_data.py: stage_data), more than one. All other scales are as the stage alone
    has them, to start from.
    """
    alone = {stage: fit_spreads(data, effects) for stage, data in stages.items()}
    out = {
        stage: data | {name: alone[stage][1][name].copy() for name in ("row_mean", "row_scale", "time_scale")}
        for stage, data in stages.items()
    }
    for each in (effect for effect in effects if effect.name in priors.COMMON_SDS):
        evidence = [evidence_of(mode, learned["row_scale"], each) for mode, learned in alone.values()]
        found, _, _ = priors_across(evidence, priors.COMMON_SDS[each.name], priors.OWN_SDS[each.name])
        for data, prior in zip(out.values(), found, strict=True):
            data["row_mean"][:, each.columns], data["row_scale"][:, each.columns] = prior.mean, prior.sd
    return out


def evidence_of(mode: Mode, row_scale: Floats, each: Effects) -> Evidence:
    """The Laplace posterior of a stage over its prior. row_scale : (cause, column), prior sd, around a mean of zero."""
    causes, columns = row_scale.shape
    precision, shift = [], []
    for k in range(causes):
        at = k * columns + np.arange(each.start, each.stop)
        scale = row_scale[k, each.columns]
        inverse = np.linalg.inv(mode.factor[at] @ mode.factor[at].T)
        values, vectors = np.linalg.eigh(inverse - np.eye(len(at)))
        informed = (vectors * values.clip(0.0)) @ vectors.T
        precision.append(informed / scale[:, None] / scale[None, :])
        shift.append(inverse @ mode.theta[at] / scale)
    return Evidence(np.stack(precision), np.stack(shift))


def priors_across(
    stages: Sequence[Evidence], common: tuple[float, float], own: tuple[float, float]
) -> tuple[list[Prior], Floats, Floats]:
    """Each stage's prior from the others; the learned spreads of what is common (cause,), and of own (stage, cause).

    common, own : LogNormal priors (median, log sd) of the spread of what is common, and of what own spreads lie around.
    """
    precision = np.stack([each.precision for each in stages])  # (stage, cause, level, level)
    shift = np.stack([each.shift for each in stages])
    count, causes, levels = shift.shape
    log_common, log_own = np.full(causes, np.log(common[0])), np.full((count, causes), np.log(own[0]))
    for _ in range(ROUNDS):
        squares = _moments(_Joint.of(precision, shift, np.exp(log_common), np.exp(log_own)))
        of_common, of_own = squares[0] * np.exp(-2 * log_common), squares[1] * np.exp(-2 * log_own)
        step_common = spread_change(of_common, levels, log_common, *common)
        step_own = spread_change(of_own, levels, log_own, np.exp(_of_all(log_own, own)), priors.OWN_LOG_SD)
        log_common, log_own = log_common + OVER_RELAXATION * step_common, log_own + OVER_RELAXATION * step_own
        if max(np.abs(step_common).max(), np.abs(step_own).max()) < TOLERANCE / 10:
            break
    joint = _Joint.of(precision, shift, np.exp(log_common), np.exp(log_own))
    found = []
    for s in range(count):
        covariance = np.linalg.inv(joint.total - joint.thinned[s])
        mean = np.einsum("kij,kj->ki", covariance, joint.whole - joint.shift[s])
        variance = np.einsum("kii->ki", covariance) + np.exp(2 * log_own[s])[:, None]
        found.append(Prior(mean, np.sqrt(variance)))
    return found, np.exp(log_common), np.exp(log_own)


def _of_all(log_own: Floats, own: tuple[float, float]) -> Floats:
    """(cause,): what stages' own spreads lie around: their mean, drawn to its prior."""
    precision, prior = len(log_own) / priors.OWN_LOG_SD**2, own[1] ** -2
    return np.asarray((precision * log_own.mean(0) + prior * np.log(own[0])) / (precision + prior))


@dataclass(frozen=True)
class _Joint:
    """Given spreads: what stages say of q, together and each. keep : (stage, cause, level, level), (1 + own² L)⁻¹."""

    own: Floats
    keep: Floats
    thinned: Floats  # (stage, cause, level, level), precision of a stage about q
    shift: Floats  # (stage, cause, level), its shift
    total: Floats  # (cause, level, level), precision of q
    whole: Floats  # (cause, level), its shift

    @classmethod
    def of(cls, precision: Floats, shift: Floats, common: Floats, own: Floats) -> _Joint:
        identity = np.eye(shift.shape[-1])
        keep = np.linalg.inv(identity + own[:, :, None, None] ** 2 * precision)
        thinned, moved = keep @ precision, np.einsum("skij,skj->ski", keep, shift)
        total = identity / common[:, None, None] ** 2 + thinned.sum(0)
        return cls(own, keep, thinned, moved, total, moved.sum(0))


def _moments(joint: _Joint) -> tuple[Floats, Floats]:
    """Σ over levels of E[q²], (cause,), and of E[e²], (stage, cause)."""
    covariance = np.linalg.inv(joint.total)
    q = np.einsum("kij,kj->ki", covariance, joint.whole)
    common = (q**2).sum(1) + np.einsum("kii->k", covariance)
    away = joint.keep - np.eye(q.shape[1])
    variance = joint.own[:, :, None, None] ** 2
    e = variance[..., 0] * joint.shift + np.einsum("skij,kj->ski", away, q)
    spread = variance * joint.keep + away @ covariance @ np.swapaxes(away, -1, -2)
    return common, (e**2).sum(-1) + np.einsum("skii->sk", spread)

"""The one place that finds modes and samples: Laplace and NUTS on the same compiled PyMC model.

Laplace: the mode and the curvature there, θ ~ Normal(mode, H⁻¹) (Tierney & Kadane 1986).
NUTS (Hoffman & Gelman 2014, through BlackJAX) samples in the coordinates that Laplace whitened, θ = mode + L z with
L Lᵀ = H⁻¹, where the posterior is nearly a standard normal: short trajectories, little to adapt. Where it is known to
be close to normal, trajectories follow the normal exactly (models/rotations.py): three long steps then do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from revmodel.errors import ModelError
from revmodel.models.accelerator import DEVICES, jax  # before BlackJAX, which computes while it is imported
from revmodel.models.compiled import CompiledModel
from revmodel.models.convergence import has_converged, rhat_and_ess
from revmodel.models.rotations import rotations

# isort: split
import blackjax
from blackjax.adaptation.step_size import dual_averaging_adaptation

__all__ = ["CHAINS", "Engine", "Mode", "Posterior", "find_mode", "laplace_draws", "nuts_draws", "sample"]

jnp = jax.numpy
Floats = npt.NDArray[np.float64]
Engine = Literal["nuts", "laplace"]
CHAINS = 4
WARM_UP = (150, 50)  # moves to find the step size and variances, and the step size again; coordinates are white
TARGET_ACCEPTANCE = 0.65  # optimal for Hamiltonian Monte Carlo in many dimensions (Beskos et al. 2013)
FIRST_STEP = 0.4
MAX_ROUNDS = 4
MOST_AT_A_TIME = 100  # draws of a chain
MAX_DOUBLINGS = 9  # of a trajectory
NEAR_NORMAL_DOUBLINGS = 2  # three rotations of at most an eighth of a turn each reach a draw that is nearly independent
LONGEST_ROTATION = np.pi / 4


@dataclass(frozen=True)
class Mode:
    """The posterior mode with a factor of its covariance.

    theta : (dim,). factor : (dim, dim), factor @ factor.T is the covariance. converged: the gradient vanished there.
    """

    theta: Floats
    factor: Floats
    converged: bool
    gradient_norm: float


@dataclass(frozen=True)
class Posterior:
    """Draws of the flat parameter vector with what health checks need.

    thetas : (draw, dim), chains one after the other. chains: 1 for Laplace. agreement: the largest R-hat and the
    smallest bulk ESS over all parameters, of chains.
    """

    thetas: Floats
    chains: int
    engine: Engine
    divergences: int
    mode: Mode
    agreement: tuple[float, float] | None = None

    def by_chain(self) -> Floats:
        """(chain, draw, dim)."""
        return self.thetas.reshape(self.chains, -1, self.thetas.shape[1])


def find_mode(model: CompiledModel, data: Mapping[str, Any], near: Mode | None = None) -> Mode:
    """The posterior mode by L-BFGS, its curvature by central differences of exact gradients.

    near : a mode of almost the same problem, whose whitened coordinates make the search short.
    Raises ModelError: the log density is not finite at the start (a prior or data value is impossible).
    """
    full = model.check(data)
    zero = np.zeros(model.size)
    center, factor = (zero, np.eye(model.size)) if near is None else (near.theta, near.factor)

    def objective(z: Floats) -> tuple[float, Floats]:
        value, grad = model.value_and_grad(z, center, factor, full)
        return -value, -grad

    if not np.isfinite(objective(zero)[0]):
        raise ModelError("the log density is not finite at the start: look for impossible data (negative counts?)")
    options = {"maxiter": 2000, "maxfun": 4000, "maxcor": 30, "gtol": 1e-4, "ftol": 1e-13}
    theta = center + factor @ minimize(objective, zero, jac=True, method="L-BFGS-B", options=options).x
    values, vectors = np.linalg.eigh(_precision(model, theta, full))
    # Directions that the data do not inform keep their prior, whose precision is about one; anything far below that
    # is numerical noise or a flat spot, and a floor keeps the proposal from running away there.
    factor = vectors / np.sqrt(np.maximum(values, 0.05))
    gradient = model.value_and_grad(zero, theta, factor, full)[1]
    norm = float(np.max(np.abs(gradient)))
    return Mode(theta, factor, bool(norm < 0.1 and values[0] > 0), norm)


def _precision(model: CompiledModel, theta: Floats, data: dict[str, Any], step: float = 1e-4) -> Floats:
    """−∂²log p/∂θ², (dim, dim)."""
    identity = np.eye(model.size)
    points = np.concatenate([step * identity, -step * identity])
    grads = model.grads(points, theta, identity, data)
    half = -(grads[: model.size] - grads[model.size :]) / (2 * step)
    return (half + half.T) / 2


def laplace_draws(mode: Mode, draws: int, seed: int) -> Posterior:
    """Draws from Normal(mode, covariance)."""
    z = np.random.default_rng(seed).standard_normal((draws, len(mode.theta)))
    return Posterior(mode.theta + z @ mode.factor.T, 1, "laplace", 0, mode)


def nuts_draws(
    model: CompiledModel, data: Mapping[str, Any], mode: Mode, draws: int, seed: int, target_acceptance: float,
    near_normal: bool = False,
) -> Posterior:  # fmt: skip
    """Draws by NUTS from over-dispersed starts around the mode: four chains, ``draws`` each at least.

    Chains go on, ``draws`` at a time, until R-hat and the effective sample size hold, at most MAX_ROUNDS times; what
    then still fails is for the health gate to say.
    """
    full = model.check(data)
    _ = model.log_density  # made here: what is first made while a sampler is traced cannot leave the trace
    warm_up, go_on = _compiled_sampler(model, draws, near_normal)
    start, *keys = jax.random.split(jax.random.key(seed), MAX_ROUNDS + 1)
    where = (mode.theta, mode.factor, full)
    chains = warm_up(jax.random.split(start, CHAINS), target_acceptance, *where)
    rounds, divergences = [], 0
    for key in keys:
        steps = jax.vmap(lambda each: jax.random.split(each, draws))(jax.random.split(key, CHAINS))
        for some in np.split(np.arange(draws), draws // _piece(draws)):
            chains, z, divergent = go_on(steps[:, some], chains, *where)
            rounds.append(np.asarray(z))
            divergences += int(np.sum(divergent))
        by_chain = np.concatenate(rounds, axis=1) @ mode.factor.T + mode.theta
        agreement = rhat_and_ess(by_chain)
        if has_converged(*agreement):
            break
    return Posterior(by_chain.reshape(-1, model.size), CHAINS, "nuts", divergences, mode, agreement)


def _piece(draws: int) -> int:
    """How many of ``draws`` are drawn at a time, all where no number near MOST_AT_A_TIME divides them.

    What a loop leaves behind at each step is freed only when it ends: a gigabyte over a thousand draws of a model of
    twenty regions.
    """
    most, fewest = min(MOST_AT_A_TIME, draws), MOST_AT_A_TIME // 4
    return next((piece for piece in range(most, fewest, -1) if draws % piece == 0), draws)


def _compiled_sampler(model: CompiledModel, draws: int, near_normal: bool) -> tuple[Any, Any]:
    """Warm-up and drawing of all chains, compiled once for a model, a number of draws and a kind of step.

    Chains are spread over the devices and run one after the other on each, so none waits for another's longer
    trajectory; the numbers do not depend on how many run at a time.
    """
    key_of = (_piece(draws), near_normal)
    if key_of not in model.samplers:
        mesh = jax.sharding.Mesh(np.array(jax.devices()[:DEVICES]), ("chain",))
        spread, same = jax.sharding.PartitionSpec("chain"), jax.sharding.PartitionSpec()

        def warm_up(keys: Any, target: Any, *where: Any) -> Any:
            return jax.lax.map(lambda key: _warm_up(model, near_normal, key, target, *where), keys)

        def go_on(keys: Any, chains: Any, *where: Any) -> Any:
            return jax.lax.map(lambda each: _go_on(model, near_normal, each[0], *each[1], *where), (keys, chains))

        over = partial(jax.shard_map, mesh=mesh, out_specs=spread, check_vma=False)
        model.samplers[key_of] = (
            jax.jit(over(warm_up, in_specs=(spread, same, same, same, same))),
            jax.jit(over(go_on, in_specs=(spread, spread, same, same, same))),
        )
    return model.samplers[key_of]


class Tuned(NamedTuple):
    """What warm-up learned for a chain: its step size, and the variance of each whitened coordinate."""

    step_size: Any
    variances: Any


def _move(log_density: Any, state: Any, tuned: Tuned, key: Any, near_normal: bool) -> Any:
    """One NUTS transition: by rotations where the posterior is near the standard normal, else by the leapfrog."""
    if near_normal:
        kernel, most = blackjax.nuts.build_kernel(rotations), NEAR_NORMAL_DOUBLINGS
        step = jnp.minimum(tuned.step_size, LONGEST_ROTATION)
    else:
        kernel, most, step = blackjax.nuts.build_kernel(), MAX_DOUBLINGS, tuned.step_size
    return kernel(key, state, log_density, step, tuned.variances, max_num_doublings=most)


def _warm_up(
    model: CompiledModel, near_normal: bool, key: Any, target_acceptance: Any, center: Any, factor: Any, data: Any
) -> Any:
    """An over-dispersed start; step size by dual averaging; then the variances, and a step size for those."""
    begin, update, final = dual_averaging_adaptation(target_acceptance)
    first, moves = WARM_UP[0], sum(WARM_UP)
    seen_from = first // 3
    weight = (first - seen_from) / (first - seen_from + 20.0)  # as if twenty draws had shown unit variance

    def log_density(z: Any) -> Any:
        return model.log_density(z, center, factor, data)

    # Both parts in one loop: each loop that holds the sampler costs its compilation.
    def one(carry: Any, step: Any) -> Any:
        state, adaptation, variances, total, squares = carry
        at, key = step
        tuned = Tuned(jnp.exp(adaptation.log_step_size), variances)
        state, info = _move(log_density, state, tuned, key, near_normal)
        adaptation = update(adaptation, info.acceptance_rate)
        counts = (at >= seen_from) & (at < first)
        total, squares = total + counts * state.position, squares + counts * state.position**2
        turn = at == first - 1
        if not near_normal:
            n = first - seen_from
            learned = weight * (squares / n - (total / n) ** 2) + (1 - weight)
            variances = jnp.where(turn, learned, variances)
        anew = begin(final(adaptation))
        adaptation = jax.tree.map(lambda new, old: jnp.where(turn, new, old), anew, adaptation)
        return (state, adaptation, variances, total, squares), None

    at_start, on_the_way = jax.random.split(key)
    state = blackjax.nuts.init(1.5 * jax.random.normal(at_start, (model.size,)), log_density)
    zero = jnp.zeros(model.size)
    start = (state, begin(FIRST_STEP), jnp.ones(model.size), zero, zero)
    (state, adaptation, variances, *_), _ = jax.lax.scan(
        one, start, (jnp.arange(moves), jax.random.split(on_the_way, moves))
    )
    return state, Tuned(final(adaptation), variances)


def _go_on(
    model: CompiledModel,
    near_normal: bool,
    keys: Any,
    state: Any,
    tuned: Tuned,
    center: Any,
    factor: Any,
    data: Any,
) -> Any:
    """More of a chain, a draw a key: ((state, tuned), positions (draw, dim), divergences (draw,))."""

    def draw(state: Any, key: Any) -> Any:
        state, info = _move(lambda z: model.log_density(z, center, factor, data), state, tuned, key, near_normal)
        return state, (state.position, info.is_divergent)

    state, (positions, divergent) = jax.lax.scan(draw, state, keys)
    return (state, tuned), positions, divergent


def sample(
    model: CompiledModel, data: Mapping[str, Any], mode: Mode, *, engine: Engine, draws: int, seed: int,
    target_acceptance: float = TARGET_ACCEPTANCE, near_normal: bool = False,
) -> Posterior:  # fmt: skip
    """Draws by the engine asked for, from the same mode: ``draws`` in all for Laplace, per chain for NUTS.

    near_normal: the posterior is known to be close to the normal at its mode, so that long steps by rotations do.
    """
    if engine == "laplace":
        return laplace_draws(mode, draws, seed)
    return nuts_draws(model, data, mode, draws, seed, target_acceptance, near_normal)

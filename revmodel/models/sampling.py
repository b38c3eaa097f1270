"""The one place that finds modes and samples: Laplace and NUTS on the same compiled PyMC model.

Laplace: the mode and the curvature there, θ ~ Normal(mode, H⁻¹) (Tierney & Kadane 1986).
NUTS (Hoffman & Gelman 2014, through BlackJAX) samples in the coordinates that Laplace whitened, θ = mode + L z with
L Lᵀ = H⁻¹, where the posterior is nearly a standard normal: short trajectories, little to adapt. Where it is known to
be close to normal, trajectories follow the normal exactly (models/rotations.py): three long steps then do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from blackjax.mcmc.hmc import HMCState

__all__ = ["CHAINS", "Engine", "Mode", "Posterior", "find_mode", "laplace_draws", "nuts_draws", "sample"]

jnp = jax.numpy
Floats = npt.NDArray[np.float64]
Engine = Literal["nuts", "laplace"]
CHAINS = 4
WARM_UP = (150, 50)  # moves to find the step size and variances, and the step size again; coordinates are white
WARM_UP_STEPS = sum(WARM_UP)
PIECE = 100  # moves of a chain from one call to the next: what a loop leaves behind at each is freed only when it ends
TARGET_ACCEPTANCE = 0.65  # optimal for Hamiltonian Monte Carlo in many dimensions (Beskos et al. 2013)
FIRST_STEP = 0.4
MAX_ROUNDS = 4
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

    Chains go on, PIECE draws at a time, until R-hat and the effective sample size hold, at most to MAX_ROUNDS times
    ``draws``; what then still fails is for the health gate to say.
    """
    full = model.check(data)
    _ = model.log_density  # made here: what is first made while a sampler is traced cannot leave the trace
    go_on, over_devices = _compiled_sampler(model, near_normal)
    at_start, on_the_way = jax.random.split(jax.random.key(seed))
    where = (mode.theta, mode.factor, full)
    chains = jax.device_put(_start(model, jax.random.split(at_start, CHAINS), *where), over_devices)
    warm_up, most = WARM_UP_STEPS // PIECE, MAX_ROUNDS * _pieces(draws)
    pieces, divergences = [], 0
    for i, key in enumerate(jax.random.split(on_the_way, warm_up + most)):
        moves = np.arange(PIECE) + i * PIECE
        chains, z, divergent = go_on(jax.random.split(key, CHAINS), chains, moves, target_acceptance, *where)
        if i < warm_up:
            continue
        pieces.append(np.asarray(z))
        divergences += int(np.sum(divergent))
        if len(pieces) >= _pieces(draws):
            by_chain = np.concatenate(pieces, axis=1) @ mode.factor.T + mode.theta
            agreement = rhat_and_ess(by_chain)
            if has_converged(*agreement):
                break
    return Posterior(by_chain.reshape(-1, model.size), CHAINS, "nuts", divergences, mode, agreement)


def _pieces(draws: int) -> int:
    """How many pieces hold so many draws of a chain."""
    return -(-draws // PIECE)


def _compiled_sampler(model: CompiledModel, near_normal: bool) -> tuple[Any, Any]:
    """How chains go on for a piece, compiled once for a model and a kind of step, and how they lie on the devices.

    Warm-up and draws are one program, as the sampler is most of what there is to compile. Chains are spread over the
    devices and run one after the other on each, so none waits for another's longer trajectory; the numbers do not
    depend on how many run at a time.
    """
    if near_normal not in model.samplers:
        mesh = jax.sharding.Mesh(np.array(jax.devices()[:DEVICES]), ("chain",))
        spread, same = jax.sharding.PartitionSpec("chain"), jax.sharding.PartitionSpec()

        def go_on(keys: Any, chains: Any, *how: Any) -> Any:
            return jax.lax.map(lambda each: _go_on(model, near_normal, *each, *how), (keys, chains))

        over = jax.shard_map(
            go_on, mesh=mesh, in_specs=(spread, spread, *[same] * 5), out_specs=spread, check_vma=False
        )
        model.samplers[near_normal] = (jax.jit(over), jax.sharding.NamedSharding(mesh, spread))
    return model.samplers[near_normal]


class Chain(NamedTuple):
    """Where a chain is and what warm-up has learned: the step size, and the variance of each whitened coordinate."""

    state: Any
    adaptation: Any
    variances: Any
    total: Any
    squares: Any


def _move(log_density: Any, state: Any, step_size: Any, variances: Any, key: Any, near_normal: bool) -> Any:
    """One NUTS transition: by rotations where the posterior is near the standard normal, else by the leapfrog."""
    if near_normal:
        kernel, most = blackjax.nuts.build_kernel(rotations), NEAR_NORMAL_DOUBLINGS
        step = jnp.minimum(step_size, LONGEST_ROTATION)
    else:
        kernel, most, step = blackjax.nuts.build_kernel(), MAX_DOUBLINGS, step_size
    return kernel(key, state, log_density, step, variances, max_num_doublings=most)


def _start(model: CompiledModel, keys: Any, center: Floats, factor: Floats, data: Mapping[str, Any]) -> Chain:
    """Chains at over-dispersed starts with nothing learned, one a key: every part (chain, …), in NumPy.

    NumPy's arrays have a type of their own, as what comes out of a piece has: Python's numbers would have none, and
    each piece until all of a chain had one would be compiled anew.
    """
    begin, _, _ = dual_averaging_adaptation(0.5)
    z = 1.5 * np.asarray(jax.vmap(lambda key: jax.random.normal(key, (model.size,)))(keys))
    there = [model.value_and_grad(each, center, factor, data) for each in z]
    state = HMCState(z, np.array([value for value, _ in there]), np.array([gradient for _, gradient in there]))
    adaptation = jax.tree.map(lambda part: np.full(len(z), part), begin(FIRST_STEP))
    zeros = np.zeros_like(z)
    return Chain(state, adaptation, np.ones_like(z), zeros, zeros)


def _go_on(
    model: CompiledModel, near_normal: bool, key: Any, chain: Chain, moves: Any, target_acceptance: Any, center: Any,
    factor: Any, data: Any,
) -> Any:  # fmt: skip
    """A piece of a chain: (chain, positions (move, dim), divergences (move,)). moves: their numbers from the start on.

    In warm-up the step size is found by dual averaging; then the variances, and a step size for those.
    """
    begin, update, final = dual_averaging_adaptation(target_acceptance)
    first, seen_from = WARM_UP[0], WARM_UP[0] // 3
    n = first - seen_from
    weight = n / (n + 20.0)  # as if twenty draws had shown unit variance

    def one(chain: Chain, step: Any) -> Any:
        at, key = step
        state, adaptation, variances, total, squares = chain
        tuning = at < WARM_UP_STEPS
        step_size = jnp.where(tuning, jnp.exp(adaptation.log_step_size), final(adaptation))
        state, info = _move(
            lambda z: model.log_density(z, center, factor, data), state, step_size, variances, key, near_normal
        )
        adaptation = _where(tuning, update(adaptation, info.acceptance_rate), adaptation)
        counts = (at >= seen_from) & (at < first)
        total, squares = total + counts * state.position, squares + counts * state.position**2
        turn = at == first - 1
        if not near_normal:
            learned = weight * (squares / n - (total / n) ** 2) + (1 - weight)
            variances = jnp.where(turn, learned, variances)
        adaptation = _where(turn, begin(final(adaptation)), adaptation)
        return Chain(state, adaptation, variances, total, squares), (state.position, info.is_divergent)

    chain, (positions, divergent) = jax.lax.scan(one, chain, (moves, jax.random.split(key, PIECE)))
    return chain, positions, divergent


def _where(condition: Any, new: Any, old: Any) -> Any:
    """Each part of ``new`` where the condition holds, else of ``old``."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)


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

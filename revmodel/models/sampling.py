"""The one place that finds modes and samples: Laplace and NUTS on the same compiled PyMC model.

Laplace: the mode and the curvature there, θ ~ Normal(mode, H⁻¹) (Tierney & Kadane 1986).
NUTS (Hoffman & Gelman 2014, through nutpie) samples in the coordinates that Laplace whitened, θ = mode + L z with
L Lᵀ = H⁻¹, where the posterior is nearly a standard normal: short trajectories, little to adapt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from revmodel.errors import ModelError
from revmodel.models.compiled import CompiledModel

__all__ = ["Engine", "Mode", "Posterior", "find_mode", "laplace_draws", "nuts_draws", "sample"]

Floats = npt.NDArray[np.float64]
Engine = Literal["nuts", "laplace"]
CHAINS = 4
TUNE = 200


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

    thetas : (draw, dim), chains one after the other. chains: 1 for Laplace.
    """

    thetas: Floats
    chains: int
    engine: Engine
    divergences: int
    mode: Mode

    def by_chain(self) -> Floats:
        """(chain, draw, dim)."""
        return self.thetas.reshape(self.chains, -1, self.thetas.shape[1])


def find_mode(model: CompiledModel, data: Mapping[str, Any], start: Floats | None = None) -> Mode:
    """The posterior mode by L-BFGS, its curvature by central differences of exact gradients.

    Raises ModelError: the log density is not finite at the start (a prior or data value is impossible).
    """
    full = model.check(data)
    identity, zero = np.eye(model.size), np.zeros(model.size)
    start = zero if start is None else start

    def objective(theta: Floats) -> tuple[float, Floats]:
        value, grad = model.value_and_grad(theta, zero, identity, full)
        return -value, -grad

    if not np.isfinite(objective(start)[0]):
        raise ModelError("the log density is not finite at the start: look for impossible data values (negative counts?)")
    options = {"maxiter": 2000, "maxfun": 4000, "maxcor": 30, "gtol": 1e-4, "ftol": 1e-13}
    theta = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    values, vectors = np.linalg.eigh(_precision(model, theta, full))
    # Directions that the data do not inform keep their prior, whose precision is about one; anything below that is
    # numerical noise or a flat spot, and a floor keeps the proposal from running away there.
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


def nuts_draws(model: CompiledModel, data: Mapping[str, Any], mode: Mode, draws: int, seed: int, cores: int) -> Posterior:
    """Draws by NUTS from over-dispersed starts around the mode; ``draws`` in total over four chains."""
    import nutpie

    full = model.check(data)
    n = model.size

    def log_density() -> Any:
        return lambda z, **_: model.value_and_grad(z, mode.theta, mode.factor, full)

    def expand(*_: Any) -> Any:
        return lambda z, **_: {"z": z}

    compiled = nutpie.compiled_pyfunc.from_pyfunc(
        n, log_density, expand, [np.dtype("float64")], [(n,)], ["z"],
        make_initial_point_fn=lambda s: np.random.default_rng(s).standard_normal(n) * 1.5,
    )  # fmt: skip
    per_chain = -(-draws // CHAINS)
    trace = nutpie.sample(
        compiled, draws=per_chain, tune=TUNE, chains=CHAINS, cores=cores, seed=seed, progress_bar=False, save_warmup=False
    )  # fmt: skip
    z = trace["posterior"]["z"].to_numpy()
    thetas = mode.theta + z.reshape(-1, n) @ mode.factor.T
    return Posterior(thetas, CHAINS, "nuts", int(trace["sample_stats"]["diverging"].sum()), mode)


def sample(
    model: CompiledModel, data: Mapping[str, Any], mode: Mode, *, engine: Engine, draws: int, seed: int, cores: int = 2
) -> Posterior:
    """Draws by the engine asked for, from the same mode."""
    if engine == "laplace":
        return laplace_draws(mode, draws, seed)
    return nuts_draws(model, data, mode, draws, seed, cores)

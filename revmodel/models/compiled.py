"""A PyMC model turned into one compiled function that is reused for every data set of the same shapes.

PyMC writes the model down; JAX compiles its log density when it is first asked for. PyTensor's own compilation of the
same graphs took one to four minutes cold and over a minute warm on two cores; this takes about four seconds, with no C
compiler.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import graph_replace
from pytensor.link.jax.dispatch import jax_funcify

from revmodel.errors import ModelError
from revmodel.models.accelerator import jax
from revmodel.models.turns import lock_of, one_at_a_time

__all__ = ["CompiledModel"]

Floats = npt.NDArray[np.float64]
Data = Mapping[str, npt.NDArray[Any]]
FEW = 400  # gradients; so many take a tenth of a second to a second one by one


class CompiledModel:
    """Log density, gradient and derived quantities of a PyMC model over one flat, unconstrained vector.

    model : every free variable must be unconstrained (no transform) and have a fixed shape.
    Data declared with ``pm.Data`` can be replaced at each call by arrays of the same shapes.

    Raises ModelError: a free variable is constrained, or data have other shapes than at compilation.
    """

    def __init__(self, model: pm.Model) -> None:
        for rv in model.free_RVs:
            if model.rvs_to_transforms[rv] is not None:
                raise ModelError(f"{rv.name} is constrained: write it as a function of an unconstrained variable")
        self.names = [rv.name for rv in model.free_RVs]
        value_vars = [model.rvs_to_values[rv] for rv in model.free_RVs]
        self.shapes = [tuple(int(n) for n in var.type.shape) for var in value_vars]
        self.size = sum(math.prod(shape) for shape in self.shapes)
        self.data = {v.name: np.asarray(v.get_value()) for v in model.data_vars}
        self._build(model, value_vars)

    def _build(self, model: pm.Model, value_vars: Sequence[Any]) -> None:
        theta = pt.vector("theta", shape=(self.size,), dtype="float64")
        parts = dict(zip(value_vars, self._split(theta), strict=True))
        inputs = {v: pt.tensor(v.name, dtype=v.dtype, shape=self.data[v.name].shape) for v in model.data_vars}
        derived = [model.rvs_to_values.get(d, d) for d in model.deterministics]
        on_values = model.replace_rvs_by_values(derived) if derived else []
        graphs = graph_replace([model.logp(), *on_values], {**parts, **inputs}, strict=False)
        arguments = [theta, *inputs.values()]
        self._arguments, self._graphs = arguments, graphs
        self.derived_names = [d.name for d in model.deterministics]
        self._compiled: set[str] = set()
        self.samplers: dict[bool, tuple[Any, Any]] = {}  # by kind of step (models/sampling.py)

    @cached_property
    def log_density(self) -> Any:
        """Log density of z, where theta = center + scale @ z; traced once, wherever samplers call it."""
        logp, names = self._to_jax(self._arguments, self._graphs[:1]), list(self.data)

        def log_density(z: Any, center: Any, scale: Any, data: dict[str, Any]) -> Any:
            return logp(center + scale @ z, *[data[name] for name in names])[0]

        return jax.jit(log_density)

    @cached_property
    def _value_and_grad(self) -> Any:
        return jax.jit(jax.value_and_grad(self.log_density))

    @cached_property
    def _grads(self) -> Any:
        gradient = jax.grad(self.log_density)
        return jax.jit(
            lambda zs, center, scale, data: jax.lax.map(lambda z: gradient(z, center, scale, data), zs, batch_size=16)
        )

    @cached_property
    def _derived(self) -> Any:
        outputs, names = self._to_jax(self._arguments, self._graphs[1:]), list(self.data)
        return jax.jit(lambda thetas, data: jax.lax.map(lambda t: outputs(t, *[data[name] for name in names]), thetas))

    @staticmethod
    def _to_jax(arguments: list[Any], graphs: list[Any]) -> Any:
        graph = FunctionGraph(inputs=arguments, outputs=graphs, clone=True)
        from pytensor.compile.mode import JAX

        JAX.optimizer.rewrite(graph)
        with warnings.catch_warnings():  # PyMC's checks of parameters cannot run inside JAX; ours are in range by form
            warnings.filterwarnings("ignore", message="Skipping Check", category=UserWarning)
            return jax_funcify(graph)

    def _split(self, theta: Any) -> list[Any]:
        parts, start = [], 0
        for shape in self.shapes:
            n = math.prod(shape)
            parts.append(theta[start : start + n].reshape(shape))
            start += n
        return parts

    def check(self, data: Data) -> dict[str, npt.NDArray[Any]]:
        """``data`` completed with what was given at compilation, each array checked for its shape."""
        unknown = set(data) - set(self.data)
        if unknown:
            raise ModelError(f"unknown data {sorted(unknown)}: this model takes {sorted(self.data)}")
        full = {name: np.asarray(data.get(name, value), dtype=value.dtype) for name, value in self.data.items()}
        for name, value in full.items():
            if value.shape != self.data[name].shape:
                raise ModelError(f"{name} has shape {value.shape}, compiled for {self.data[name].shape}")
        return full

    def value_and_grad(self, z: Floats, center: Floats, scale: Floats, data: Data) -> tuple[float, Floats]:
        """Log density and its gradient in z, where theta = center + scale @ z."""
        value, grad = self._called("value_and_grad", self._value_and_grad, z, center, scale, data)
        return float(value), np.asarray(grad)

    def grads(self, zs: Floats, center: Floats, scale: Floats, data: Data) -> Floats:
        """Gradients at many points: (point, dim) → (point, dim).

        Few are taken one by one, as samplers take them: a program that takes many at a time costs seconds to compile.
        """
        if len(zs) <= FEW:
            return np.array([self.value_and_grad(z, center, scale, data)[1] for z in zs])
        return np.asarray(self._called("grads", self._grads, zs, center, scale, data))

    def _called(self, name: str, function: Any, *arguments: Any) -> Any:
        """What a compiled function says; compiled when first called, while no other process compiles."""
        if name in self._compiled:
            return function(*arguments)
        with one_at_a_time(lock_of("models")):
            said = jax.block_until_ready(function(*arguments))
        self._compiled.add(name)
        return said

    def unpack(self, thetas: Floats) -> dict[str, Floats]:
        """(draw, dim) → the free variables by name, each (draw, *shape)."""
        return {
            name: part.reshape(len(thetas), *shape)
            for name, part, shape in zip(self.names, self._columns(thetas), self.shapes, strict=True)
        }

    def _columns(self, thetas: Floats) -> list[Floats]:
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])[:-1]
        return np.split(thetas, ends, axis=1)

    def derived(self, thetas: Floats, data: Data) -> dict[str, Floats]:
        """The model's deterministics for each draw, each (draw, *shape)."""
        if not self.derived_names:
            return {}
        values = self._derived(thetas, self.check(data))
        return {name: np.asarray(value) for name, value in zip(self.derived_names, values, strict=True)}

"""The families that a company's channels follow, evaluated together: on draws of their parameters, or in a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt

from revmodel.media.carry_over import CarryOver
from revmodel.media.family import Family
from revmodel.media.saturation import Saturation

__all__ = ["Curves"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """carry_over, saturation : the family of each channel, by name."""

    carry_over: tuple[str, ...]
    saturation: tuple[str, ...]

    @classmethod
    def of(
        cls, channels: Sequence[str], carry_over: str, saturation: str, own: Mapping[str, Mapping[str, str]]
    ) -> Curves:
        """The families that hold for all channels, but where a channel has its ``own``: channel → kind → name.

        Raises ConfigError: a family that is not known.
        """
        chosen = cls(
            tuple(own.get(name, {}).get("carry_over", carry_over) for name in channels),
            tuple(own.get(name, {}).get("saturation", saturation) for name in channels),
        )
        chosen._families()
        return chosen

    def taking(self, places: Sequence[int]) -> Curves:
        """Of these channels, in this order; a channel may come several times."""
        return Curves(tuple(self.carry_over[i] for i in places), tuple(self.saturation[i] for i in places))

    def lengthened(self, channels: int) -> Curves:
        """For so many channels, those beyond the last as plain as they can be."""
        more = channels - len(self.carry_over)
        return Curves((*self.carry_over, *["geometric"] * more), (*self.saturation, *["michaelis_menten"] * more))

    @property
    def priors(self) -> dict[str, tuple[Floats, Floats]]:
        """Parameter → mean and sd of its logarithm, (channel,) each; of channels without it a standard normal's."""
        found: dict[str, tuple[Floats, Floats]] = {}
        for position, families in enumerate(self._families()):
            for each in (parameter for family in families for parameter in family.parameters):
                mean, sd = found.setdefault(each.name, (np.zeros(self.count), np.ones(self.count)))
                mean[position], sd[position] = each.log_mean, each.log_sd
        return found

    @property
    def count(self) -> int:
        """How many channels."""
        return len(self.carry_over)

    @property
    def fingerprint(self) -> list[str]:
        """What distinguishes these curves from others, formulas of one's own included."""
        return [
            f"{family.name} {family.parameters} {family.of.__code__.co_code.hex()} {family.of.__code__.co_consts}"
            for families in self._families()
            for family in families
        ]

    def weights(self, lags: Any, values: Mapping[str, Any]) -> Any:
        """Carry-over (…, channel, lag) that sums to 1 over lags. values : parameter → (…, channel)."""

        def of_some(family: Family, at: list[int]) -> Any:
            assert isinstance(family, CarryOver)
            return family.weights(lags, **{name: value[..., at] for name, value in family.taken(values).items()})

        return self._together(self.carry_over, CarryOver, of_some)

    def saturated(self, carried: Any, values: Mapping[str, Any]) -> Any:
        """Share of each channel's ceiling, (…, channel, week). carried : the same shape, ≥ 0, in mean active spend."""

        def of_some(family: Family, at: list[int]) -> Any:
            taken = {name: value[..., at][..., None] for name, value in family.taken(values).items()}
            return family.of(carried[..., at, :], **taken)

        return self._together(self.saturation, Saturation, of_some)

    def _families(self) -> list[tuple[Family, Family]]:
        pairs = zip(self.carry_over, self.saturation, strict=True)
        return [(CarryOver.named(carry), Saturation.named(saturation)) for carry, saturation in pairs]

    def _together(self, names: Sequence[str], kind: type[Family], of_some: Callable[[Family, list[int]], Any]) -> Any:
        """One family after the other, each for its channels, put back in order along the last axis but one."""
        places = {name: [i for i, each in enumerate(names) if each == name] for name in dict.fromkeys(names)}
        parts = [of_some(kind.named(name), at) for name, at in places.items()]
        if len(parts) == 1:
            return parts[0]
        order = np.argsort([i for at in places.values() for i in at])
        join = np.concatenate if isinstance(parts[0], np.ndarray) else pt.concatenate
        return join(parts, axis=-2)[..., order, :]

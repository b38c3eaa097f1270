"""What channels do → how strongly it acts in each week: carry-over, saturation, and effects that change over time.

On draws of the parameters (NumPy) or in the graph of the model (PyTensor), by the same lines:

    s_mt = drift_mt · saturation_m(Σ_l w_ml x_m,t−l)                          spend or exposure
    s_mt = drift_mt · Σ_l w_ml reach_m,t−l · saturation_m(frequency_m,t−l)     reach and frequency

With reach and frequency saturation is that of one person's contacts, and acts before the carry-over; people reached add
up. Source: Zhang et al. 2023, "Bayesian hierarchical media mix model incorporating reach and frequency data". drift is
a walk on the log scale that turns every DRIFT_WEEKS, of mean 0 over the history, and 1 where no drift is asked for.

What channels did is a mapping of arrays, here ``done`` (mix/arrays.py: what_was_done):

    lagged (channel, lag, region × week), in mean active acts; frequency (channel by reach, lag, region × week), in mean
    frequencies; ramps (turn, region × week) of drift; lags (lag,), in weeks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt

from revmodel.media.curves import Curves
from revmodel.media.saturation import Saturation
from revmodel.mix.mix_config import MixConfig

__all__ = ["DRIFT", "Response", "some_draws"]

Floats = npt.NDArray[np.float64]
OF_CONTACTS = "contacts_"  # before the names of parameters of what contacts do to a person
PER_CONTACT = "hill"  # saturation of frequency where a channel names none: the paper's choice
DRIFT = "drift"
AT_ONCE = 4_000_000  # numbers held at a time while curves are evaluated


@dataclass(frozen=True)
class Response:
    """curves: of what is carried over. by_reach: places of channels given by reach and frequency; contacts: what a
    number of contacts does to a person, a family of saturation for each of them. drifting: places of channels whose
    effect changes over time.
    """

    curves: Curves
    by_reach: tuple[int, ...]
    contacts: tuple[str, ...]
    drifting: tuple[int, ...]

    @classmethod
    def of(cls, config: MixConfig) -> Response:
        """Of the channels of a mix. Raises ConfigError: a family of curves is not known."""
        own = {name: each.chosen() for name, each in config.channels.items()}
        by_reach = [i for i, each in enumerate(config.channels.values()) if each.reach is not None]
        names = list(config.channels)
        contacts = tuple(own[names[i]].get("saturation", PER_CONTACT) for i in by_reach)
        after = own | {names[i]: own[names[i]] | {"saturation": "none"} for i in by_reach}
        drifting = tuple(i for i, each in enumerate(config.channels.values()) if each.drift > 0)
        curves = Curves.of(names, config.carry_over, config.saturation, after)
        return cls(curves, tuple(by_reach), contacts, drifting)

    def taking(self, places: Sequence[int], drifting: bool = True) -> Response:
        """Of these channels, in this order; a channel may come several times. drifting: False for steady effects."""
        reached = [(i, self.by_reach.index(place)) for i, place in enumerate(places) if place in self.by_reach]
        return Response(
            self.curves.taking(places), tuple(i for i, _ in reached), tuple(self.contacts[j] for _, j in reached),
            tuple(i for i, place in enumerate(places) if drifting and place in self.drifting),
        )  # fmt: skip

    @property
    def priors(self) -> dict[str, tuple[Floats, Floats]]:
        """Parameter → mean and sd of its logarithm, (channel,) each; of channels without it a standard normal's."""
        found = dict(self.curves.priors)
        for place, family in zip(self.by_reach, self._contact_families(), strict=True):
            for each in family.parameters:
                plain = (np.zeros(self.curves.count), np.ones(self.curves.count))
                mean, sd = found.setdefault(OF_CONTACTS + each.name, plain)
                mean[place], sd[place] = each.log_mean, each.log_sd
        return found

    @property
    def fingerprint(self) -> list[str]:
        """What distinguishes this response from others."""
        formulas = [f"{each.parameters} {each.of.__code__.co_code.hex()}" for each in self._contact_families()]
        own = [f"by reach {self.by_reach} {self.contacts} {formulas}", f"drifting {self.drifting}"]
        return [*self.curves.fingerprint, *own]

    def brought(self, done: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """How strongly each channel acts, (…, channel, region × week). values : parameter → (…, channel)."""
        return self.acting(self.carried(done, values), done, values)

    def carried(self, done: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """What is in force of this and of past weeks, (…, channel, region × week), in mean active acts."""
        weights = self.curves.weights(done["lags"], values)
        numbers = isinstance(weights, np.ndarray)
        if numbers:
            whole = np.einsum("...cl,clw->...cw", weights, done["lagged"], optimize=True)
        else:
            whole = (weights[:, :, None] * done["lagged"]).sum(1)
        if not self.by_reach:
            return whole
        at = list(self.by_reach)
        heard = done["lagged"][at] * self._per_person(done["frequency"], values)
        if numbers:
            whole[..., at, :] = np.einsum("...cl,...clw->...cw", weights[..., at, :], heard)
            return whole
        return pt.set_subtensor(whole[at], (weights[at][:, :, None] * heard).sum(1))

    def acting(self, carried: Any, done: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """How strongly what is in force acts: saturated, and as strong as effects are in each week."""
        saturated = self.curves.saturated(carried, values)
        return saturated * self._drift(values, done["ramps"]) if self.drifting else saturated

    def held(self, level: Floats, values: Mapping[str, Floats], ramps: Floats) -> Floats:
        """A level (channel, level), in mean active acts, held for good: how strongly it acts, (…, channel, level).

        People are reached as often as on average. ramps : (turn, 1), of the week whose effects are meant.
        """
        count = len(next(iter(values.values())))
        saturated = np.array(self.curves.saturated(np.tile(level, (count, 1, 1)), values))
        if self.by_reach:
            once = self._per_person(np.ones((len(self.by_reach), 1, 1)), values)[..., 0]
            saturated[:, list(self.by_reach)] *= once
        return np.asarray(saturated * self._drift(values, ramps) if self.drifting else saturated)

    def per_person(self, frequency: Floats, values: Mapping[str, Floats]) -> Floats:
        """(…, channel by reach, level): what so many contacts do to a person. frequency : (channel by reach, level)."""
        return np.asarray(self._per_person(frequency[:, None, :], values)[..., 0, :])

    def _per_person(self, frequency: Any, values: Mapping[str, Any]) -> Any:
        """(channel by reach, lag, week) → (…, channel by reach, lag, week)."""
        parts = []
        for i, (place, family) in enumerate(zip(self.by_reach, self._contact_families(), strict=True)):
            names = [each.name for each in family.parameters]
            own = {name: values[OF_CONTACTS + name][..., place][..., None, None] for name in names}
            parts.append(family.of(frequency[i], **own))
        return np.stack(parts, axis=-3) if isinstance(parts[0], np.ndarray) else pt.stack(parts, axis=-3)

    def _contact_families(self) -> list[Saturation]:
        return [Saturation.named(name) for name in self.contacts]

    def _drift(self, values: Mapping[str, Any], ramps: Any) -> Any:
        """(…, channel, region × week), around 1. ramps : (turn, region × week), or of each channel its own."""
        walk, numbers = values[DRIFT], isinstance(values[DRIFT], np.ndarray)
        if ramps.ndim == 3:
            return pt.exp((walk[:, :, None] * ramps).sum(1))
        return np.exp(walk @ ramps) if numbers else pt.exp(pt.dot(walk, ramps))

    def weight_of(self, done: Mapping[str, Any]) -> int:
        """How many numbers one draw takes while it is evaluated."""
        channels, lags, weeks = done["lagged"].shape
        return int(channels + len(self.by_reach) * lags) * int(weeks)


def some_draws(draws: int, numbers: int) -> Iterator[slice]:
    """Draws that fit into memory together where one draw takes so many numbers."""
    step = max(1, AT_ONCE // max(numbers, 1))
    return (slice(start, min(start + step, draws)) for start in range(0, draws, step))

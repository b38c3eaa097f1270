"""What spend does: leads caused per channel, saturating within the week and spread over later days.

A week's spend reaches people (saturating, S-shaped where several contacts are needed) or works in proportion to a
power of it; its leads come after gamma-distributed days. Effects of different weeks and channels add up. A channel's
strength drifts slowly. None of this is the models' form: they carry over first, geometrically, and saturate then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from revmodel.synthetic.environment import Environment
from revmodel.synthetic.profile import CHANNELS, PROFILES, ChannelProfile, Floats
from revmodel.synthetic.spend import SpendPlan
from revmodel.synthetic.timeline import Timeline

__all__ = ["Response", "draw_response"]

DELAY_DAYS = 240  # the longest delay kept; less than one lead in a thousand would come later
EFFECT_JITTER, INTENSITY_JITTER, STRENGTH_DRIFT = 0.25, 0.2, 0.10


@dataclass(frozen=True)
class Response:
    """The causal effect of spend on lead creation.

    amplitude : (channel,), leads a week at the reference spend. reference : (channel,), currency a week.
    intensity : (channel,), contacts per reachable person at the reference spend.
    strength : (week, channel), slow drift of the effect around 1. delays : (day, channel), summing to 1.
    sensitivity : (day,), shared conditions that scale leads on the day they come.
    """

    amplitude: Floats
    reference: Floats
    intensity: Floats
    strength: Floats
    delays: Floats
    sensitivity: Floats

    def caused_by_week_of_spend(self, spend: Floats) -> Floats:
        """(week, channel): leads that each week's spend sets going, before shared conditions. ``spend``: same shape."""
        relative = spend / self.reference
        columns = [_shape(relative[:, c], self.intensity[c], profile) for c, profile in enumerate(PROFILES)]
        return np.asarray(np.stack(columns, axis=1) * self.amplitude * self.strength[: len(spend)])

    def expected_leads(self, spend: Floats) -> Floats:
        """(day, channel): expected incremental leads on every day, given spend (week, channel) of all weeks."""
        by_day = np.repeat(self.caused_by_week_of_spend(spend) / 7, 7, axis=0)
        days = len(by_day)
        size = 1 << (days + DELAY_DAYS).bit_length()
        spectrum = np.fft.rfft(by_day, size, axis=0) * np.fft.rfft(self.delays, size, axis=0)
        spread = np.fft.irfft(spectrum, size, axis=0)[:days]
        return np.asarray(np.clip(spread, 0, None) * self.sensitivity[:, None])


def draw_response(
    timeline: Timeline, plan: SpendPlan, environment: Environment, scale: float, rng: np.random.Generator
) -> Response:
    """Draw one company's response, such that spend in the history causes about what the profiles say."""
    history = plan.untested[timeline.history]
    lit = history > 0
    reference = history.sum(axis=0) / np.maximum(lit.sum(axis=0), 1)
    intensity = np.array([profile.intensity for profile in PROFILES]) * rng.lognormal(
        0, INTENSITY_JITTER, len(PROFILES)
    )
    shapes = np.stack([_shape(history[:, c] / reference[c], intensity[c], p) for c, p in enumerate(PROFILES)], axis=1)
    wanted = np.array([profile.leads_per_week for profile in PROFILES]) * rng.lognormal(0, EFFECT_JITTER, len(PROFILES))
    return Response(
        amplitude=wanted * scale / shapes.mean(axis=0),
        reference=reference,
        intensity=intensity,
        strength=_strength(timeline.weeks, rng),
        delays=np.stack([_delays(profile) for profile in PROFILES], axis=1),
        sensitivity=environment.sensitivity,
    )


def _shape(relative: Floats, intensity: float, profile: ChannelProfile) -> Floats:
    """Response at ``relative`` times the reference spend: 0 at 0 and 1 at 1."""
    reach = _reached(intensity * relative, profile.frequency) / _reached(np.array(intensity), profile.frequency)
    return np.asarray(profile.reach_share * reach + (1 - profile.reach_share) * relative**profile.power)


def _reached(contacts: Floats, frequency: int) -> Floats:
    """Share of people with at least ``frequency`` contacts, when contacts are Poisson."""
    missed = np.exp(-contacts)
    return np.asarray(1 - missed if frequency == 1 else 1 - missed * (1 + contacts))


def _strength(weeks: int, rng: np.random.Generator) -> Floats:
    """(week, channel): two slow waves each, about ±15 % over the years."""
    time = np.arange(weeks) / 52.18
    period_years = rng.uniform([1.8], [4.5], (2, len(CHANNELS)))
    turn = rng.uniform(0, 2 * np.pi, (2, len(CHANNELS)))
    waves = np.sin(2 * np.pi * time[:, None, None] / period_years + turn)
    return np.asarray(np.exp(STRENGTH_DRIFT * waves.sum(axis=1) / np.sqrt(2)))


def _delays(profile: ChannelProfile) -> Floats:
    """(day,): probability that a caused lead comes this many whole days after the spend."""
    edges = np.arange(DELAY_DAYS + 1)
    cumulative = stats.gamma.cdf(edges, profile.delay_shape, scale=profile.delay_days / profile.delay_shape)
    return np.asarray(np.diff(cumulative) / cumulative[-1])

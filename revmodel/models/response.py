"""Arrivals: how many records enter the funnel each week, and how many of them spend causes.

    n_rt ~ NegativeBinomial(shock(t) · μ_rt, φ_r),  μ_rt = baseline_r(t) + Σ_m share_mr · effect_m · s_m(t) / mean_t s_m
    s_m(t) = saturation(carry-over of spend_m)(t) · exp(κ · season(t) + holidays, annotations(t) + steps_m(t))
    log baseline_r(t) = level_r + common steps(t) + steps_r(t) + season(t) + trend, holidays, annotations(t)
                        + Σ_kl indicator_k(t − lag_l) · effect_kl

A row r is an entry stage × recorded channel. Media add to the baseline, so contributions add up. ``effect_m`` is
records a week that channel m caused on average, not the coefficient of a curve: a share of the level of the row that
carries its name, with a prior on that share or on a stated cost per lead (models/priors.py), and its halo: records that
it causes and that arrive under other names. These are unpaid ones and those of channels that meet demand
(models/response_data.py); of what they would have without their own spend one share is halo, split among channels. A
lift test of channel m with a lift y ± e (widened, models/lift_tests.py) observes

    y ~ Normal( Σ_{t in its weeks} [caused_m(t) with spend as it was − caused_m(t) without the test's change], e )

Source of the additive form with carry-over and saturation: Jin et al. 2017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt

from revmodel.errors import ModelError
from revmodel.features.tables import WeeklyPanel
from revmodel.media.curves import Curves
from revmodel.models import priors
from revmodel.models.calendar_columns import season_support
from revmodel.models.compiled import CompiledModel
from revmodel.models.counts import log_negative_binomial
from revmodel.models.padding import padded, trimmed
from revmodel.models.response_data import MAX_WEEKS, SHOCK_WEEKS, ResponseData, response_data
from revmodel.models.sampling import Engine, Posterior, sample
from revmodel.models.steps import Effects, learn_scales, step_widths
from revmodel.models.stored import PosteriorStore

__all__ = ["ChannelResponse", "response_model"]

Floats = npt.NDArray[np.float64]
# Data that are learned (models/steps.py).
SCALES = ("common_scale", "own_scale", "shock_scale", "season_scale", "indicator_scale")
TINY = 1e-9  # records a week, so that what is nothing can be split
TARGET_ACCEPTANCE = 0.9  # saturation and carry-over bend the posterior: longer steps diverged


def response_model(data: dict[str, Floats], curves: Curves) -> pm.Model:
    """The PyMC model of arrivals; every free variable is standardised (see models/priors.py).

    curves : the families of carry-over and saturation of each channel of ``data``.
    """
    rows = data["arrivals"].shape[0]
    channels = data["lagged_spend"].shape[0]
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        shock = pt.dot(x["is_shock_week"], x["shock_scale"] * pm.Normal("shock", shape=data["shock_scale"].shape))
        total = pt.exp(x["log_crude"] + priors.LEVEL_SD * pm.Normal("z_level", shape=(rows,)))
        log_shape, own_steps, season, events = _log_shape(x, data)
        shape = pt.exp(log_shape)
        level, mean = total, total[:, None] * shape
        if channels:
            calendar = pt.exp(_season_share() * season + events)
            strength = pm.Deterministic("strength", pt.exp(pt.dot(x["own_row"], own_steps)))
            level, caused, share = _media(x, curves, total, calendar, strength, len(data["test_in"]))
            mean = level[:, None] * shape + pt.dot(share.T, caused)
        pm.Deterministic("total", total)
        pm.Deterministic("level", pt.log(level))
        pm.Deterministic("baseline", level[:, None] * shape)
        log_size = priors.DISPERSION_LOG_MEAN + priors.DISPERSION_LOG_SD * pm.Normal("log_size", shape=(rows,))
        pm.Deterministic("size", pt.exp(log_size))
        likelihood = log_negative_binomial(x["arrivals"], mean * pt.exp(shock), pt.exp(log_size)[:, None])
        pm.Potential("log_likelihood", (x["weight"] * likelihood).sum())
    return model


def _season_share() -> pt.TensorVariable:
    """How much of the season's swing, as a share of its logarithm, what spend causes takes part in."""
    share = priors.SEASON_SHARE_MEAN + priors.SEASON_SHARE_SD * pm.Normal("z_season_share")
    return pm.Deterministic("season_share", share)


def _log_shape(x: dict[str, pt.TensorVariable], data: dict[str, Floats]) -> tuple[pt.TensorVariable, ...]:
    """Log of the baseline against its level (row, week): steps (zero in the last week), season, events, indicators;
    and of these each row's own steps (row, week), the season and the events other than the trend, (week,)."""
    common = x["common_scale"] * pm.Normal("common_step", shape=data["common_scale"].shape)
    own = x["own_scale"] * pm.Normal("own_step", shape=data["own_scale"].shape)
    season = pm.Deterministic("season", x["season_scale"] * pm.Normal("z_season", shape=data["season_scale"].shape))
    z_event = pm.Normal("z_event", shape=data["event_sd"].shape)
    event = pm.Deterministic("event", x["event_mean"] + x["event_sd"] * z_event)
    by_season, trend = pt.dot(x["season_columns"], season), x["event_columns"][:, 0] * event[0]
    events = pt.dot(x["event_columns"][:, 1:], event[1:])
    shared = pt.dot(x["walk"], common) + by_season + trend + events
    if len(data["indicator_scale"]):
        z_indicator = pm.Normal("z_indicator", shape=data["indicator_scale"].shape)
        indicator = pm.Deterministic("indicator", x["indicator_scale"] * z_indicator)
        shared = shared + pt.dot(x["indicator_columns"], indicator)
    own_steps = pt.dot(own, x["walk"].T)
    return shared[None, :] + own_steps, own_steps, by_season, events


def _media(
    x: dict[str, pt.TensorVariable], curves: Curves, total: pt.TensorVariable, calendar: pt.TensorVariable,
    strength: pt.TensorVariable, rounds: int,
) -> tuple[pt.TensorVariable, ...]:  # fmt: skip
    """What spend leaves of each row's level (row,), records caused a week (channel, week), and under which rows they
    arrive (channel, row).

    The row's level is what the data inform and shares split it, so baseline and media do not trade off along a ridge,
    on which chains got stuck: first what the row's own channel causes, then, where other channels' records are caught,
    what these cause, in proportion to what they cause under their own names. strength : (channel, week), how the
    channel's row strays from what all rows share, one in the last week: spend's effect strays with it.
    rounds : of lift tests.
    """
    channels = curves.count
    values = {
        name: pm.Deterministic(name, pt.exp(mean + sd * pm.Normal(f"z_{name}", shape=(channels,))))
        for name, (mean, sd) in curves.priors.items()
    }
    own_share = pt.sigmoid(x["share_logit"] + priors.SHARE_LOGIT_SD * pm.Normal("z_share", shape=(channels,)))
    halo_share = pt.sigmoid(priors.HALO_LOGIT_MEAN + priors.HALO_LOGIT_SD * pm.Normal("z_halo_share"))
    by_name = pt.dot(x["own_row"], total) * own_share
    size = by_name * pt.exp(priors.HALO_LOG_SD * pm.Normal("z_halo", shape=(channels,)))
    rest = total * (1 - pt.dot(x["is_own"].T, own_share))
    into = (1 - x["is_own"]) * size[:, None]
    halo = into / (into.sum(0) + TINY) * (x["is_caught"] * rest * halo_share)[None, :]
    level = rest - halo.sum(0)
    effect = by_name + halo.sum(1)
    weights = curves.weights(x["lags"], values)
    carried = (weights[:, :, None] * x["lagged_spend"]).sum(1)
    saturated = curves.saturated(carried, values)
    mean_saturated = (saturated * calendar * x["week_share"]).sum(1)
    height = effect[:, None] * calendar * strength / mean_saturated[:, None]
    caused = height * saturated
    if rounds:
        without = _without_tests(x, curves.taking(list(range(channels)) * rounds), rounds, carried, weights, values)
        lift = (x["test_in"] * (caused - height * without)).sum(2)
        pm.Potential("lift_tests", -(x["test_precision"] * (x["test_lift"] - lift) ** 2).sum() / 2)
    share = (by_name[:, None] * x["own_row"] + halo) / (effect[:, None] + TINY)
    for name, value in {
        "effect": effect, "share": share, "caused": caused, "mean_saturated": mean_saturated, "own_share": own_share,
    }.items():  # fmt: skip
        pm.Deterministic(name, value)
    return level, caused, share


def _without_tests(
    x: dict[str, pt.TensorVariable], curves: Curves, rounds: int, carried: pt.TensorVariable,
    weights: pt.TensorVariable, values: Mapping[str, pt.TensorVariable],
) -> pt.TensorVariable:  # fmt: skip
    """How strongly spend would have acted without each test's change, (round, channel, week).

    curves : of all rounds' channels, one after the other.
    """
    less = (weights[None, :, :, None] * x["test_less"]).sum(2)
    there = pt.maximum(carried[None] - less, 0.0)
    repeated = {name: pt.concatenate([value] * rounds) for name, value in values.items()}
    return curves.saturated(there.reshape((curves.count, there.shape[2])), repeated).reshape(there.shape)


class ChannelResponse:
    """Response of record creation to spend, baseline and season, from the weekly panel.

    engine: "nuts" or "laplace". carry_over, saturation: families of all channels (revmodel.media); channels: those of
    single ones, channel → {"carry_over": …, "saturation": …}. captures_demand: channels that meet demand that is there
    (models/response_data.py). After ``fit``: ``posterior_``, ``derived_`` (draws of the
    model's deterministics), ``data_`` (arrays, rows, channels and weeks), ``curves_`` (the families by channel),
    ``learned_`` (how large steps and seasons are, models/steps.py).
    """

    # One compiled model a shape, for the process; models/padding.py keeps the shapes few.
    _compiled: ClassVar[dict[tuple[Any, ...], CompiledModel]] = {}

    def __init__(
        self, *, engine: Engine = "nuts", draws: int = 1000, seed: int = 1, max_lag_weeks: int = 10,
        holidays_country: str | None = None, cost_per_lead: dict[str, float] | None = None,
        captures_demand: Sequence[str] | None = None,
        carry_over: str = "geometric", saturation: str = "michaelis_menten",
        channels: Mapping[str, Mapping[str, str]] | None = None, store: PosteriorStore | None = None,
    ) -> None:  # fmt: skip
        self.engine: Engine = engine
        self.draws = draws
        self.seed = seed
        self.max_lag_weeks = max_lag_weeks
        self.holidays_country = holidays_country
        self.cost_per_lead = cost_per_lead or {}
        self.captures_demand = captures_demand
        self.carry_over = carry_over
        self.saturation = saturation
        self.channels = channels or {}
        self.store = store or PosteriorStore()

    def fit(self, panel: WeeklyPanel) -> ChannelResponse:
        """Fit on the weekly history of arrivals and spend (features/tables.py: WeeklyPanel)."""
        self.data_: ResponseData = response_data(
            panel, self.max_lag_weeks, self.holidays_country, self.cost_per_lead, self.captures_demand
        )
        self._refuse_unknown_channels()
        self.curves_ = Curves.of(self.data_.channels, self.carry_over, self.saturation, self.channels)
        arrays = padded(self.data_.arrays, MAX_WEEKS)
        curves = self.curves_.lengthened(len(arrays["lagged_spend"]))
        key = (*(value.shape for value in arrays.values()), *curves.fingerprint)
        if key not in self._compiled:
            self._compiled[key] = CompiledModel(response_model(arrays, curves))
        model = self._compiled[key]
        settings = {
            "engine": self.engine, "draws": self.draws, "target_acceptance": TARGET_ACCEPTANCE,
            "curves": curves.fingerprint,
        }  # fmt: skip
        self.posterior_, self.learned_ = self.store.fetch(
            "arrivals", arrays, settings, self.seed, lambda: self._fit(model, arrays)
        )
        full = arrays | {name: self.learned_[name] for name in SCALES if name in self.learned_}
        self.derived_ = trimmed(model.derived(self.posterior_.thetas, full), self.data_.sizes)
        return self

    def _fit(self, model: CompiledModel, arrays: dict[str, Floats]) -> tuple[Posterior, dict[str, Floats]]:
        mode, learned = learn_scales(model, arrays, self._effects(arrays))
        data = arrays | {name: learned[name] for name in SCALES if name in learned}
        posterior = sample(
            model, data, mode, engine=self.engine, draws=self.draws, seed=self.seed,
            target_acceptance=TARGET_ACCEPTANCE,
        )  # fmt: skip
        return posterior, learned

    def _effects(self, arrays: dict[str, Floats]) -> tuple[Effects, ...]:
        """What is learned of the size of steps and seasons (models/steps.py)."""
        nu, widths = priors.ARRIVAL_STEP_DEGREES_OF_FREEDOM, step_widths()
        season, lags = season_support(len(self.data_.weeks)), np.ones(len(arrays["indicator_scale"]))
        effects = (
            Effects("common_step", "common_scale", widths, *priors.COMMON_STEP, nu),
            Effects("own_step", "own_scale", widths, *priors.OWN_STEP, nu),
            Effects("shock", "shock_scale", np.ones(SHOCK_WEEKS), *priors.ARRIVAL_SHOCK, nu),
            Effects("z_season", "season_scale", season, *priors.SEASON, np.inf),
            Effects("z_indicator", "indicator_scale", lags, *priors.INDICATOR, priors.INDICATOR_DEGREES_OF_FREEDOM),
        )
        return effects if len(lags) else effects[:-1]

    def _refuse_unknown_channels(self) -> None:
        unknown = sorted(set(self.channels) - set(self.data_.channels))
        if unknown:
            raise ModelError(
                f"curves are given for {', '.join(unknown)}, which spends nothing in the history: channels with spend "
                f"are {', '.join(self.data_.channels) or 'none'}; mend the names under response.channels"
            )

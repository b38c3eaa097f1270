"""The configuration of a media mix: YAML in, a frozen pydantic model out. Paths are relative to the config's folder."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from revmodel.channel_config import CurvesConfig, RangeConfig
from revmodel.config import AllocationConfig, TrackingConfig, read_config
from revmodel.source_config import Frozen

__all__ = [
    "BeliefConfig", "LiftTestConfig", "MediatorConfig", "MixChannelConfig", "MixConfig", "Noise", "load_mix_config",
]  # fmt: skip

Noise = Literal["normal", "student_t", "poisson", "negative_binomial"]


class BeliefConfig(RangeConfig):
    """What is believed of a channel before the data speak.

    of: "return", money gained per unit of money spent, over the whole history; "marginal_return", the same of one more
    unit at the present level; "share", of the KPI that the channel brings; "cost", money per unit of the KPI. A return
    of 1 is a ROMI of 0.
    """

    of: Literal["return", "marginal_return", "share", "cost"]


class MixChannelConfig(CurvesConfig):
    """One channel. cost: column of money spent. exposure: column of impressions or clicks that act in its place.

    reach, frequency: columns of people reached and of contacts a person reached, in place of exposure; saturation is
    then of contacts, hill where none is named. Without a cost a channel is organic (a newsletter, posts): it has a
    contribution and no return. follows_demand: it spends where demand is (branded search, retargeting), so that its
    spend says what the baseline was, and would otherwise get the credit for it; less is expected of it beforehand.
    drift: how much its effect may change, the sd of its logarithm from one quarter to the next (0.1: by 10 %); 0, the
    default: it stays what it is.
    """

    cost: str | None = None
    exposure: str | None = None
    reach: str | None = None
    frequency: str | None = None
    follows_demand: bool = False
    drift: float = Field(0.0, ge=0, le=1)
    belief: BeliefConfig | None = None

    @model_validator(mode="after")
    def _acts(self) -> MixChannelConfig:
        if (self.reach is None) != (self.frequency is None):
            given, lacks = ("reach", "frequency") if self.frequency is None else ("frequency", "reach")
            raise ValueError(f"{given} is given without {lacks}: name both columns, or give exposure")
        if self.reach is not None and self.exposure is not None:
            raise ValueError("exposure is given beside reach and frequency, of which it is the product: leave it out")
        if self.reach is not None and self.saturation == "none":
            raise ValueError("by reach and frequency without saturation it is exposure that acts: give that instead")
        if self.cost is None and self.acting is None:
            raise ValueError("neither cost nor exposure is given: name the column of what was spent or shown")
        if self.cost is None and self.belief is not None and self.belief.of != "share":
            raise ValueError(f"a belief of its {self.belief.of} wants a cost: give one, or believe in a share")
        return self

    @property
    def acting(self) -> str | None:
        """The column that acts in place of cost."""
        return self.exposure or self.reach


class MediatorConfig(Frozen):
    """What channels drive and what brings the KPI in turn: searches for the brand, visits, store footfall.

    column: its weekly count, in the panel. driven_by: channels that work on it. It is assumed that nothing else moves
    it and the KPI in the same weeks but what the baseline, controls and events explain.
    """

    column: str
    driven_by: list[str]

    @model_validator(mode="after")
    def _driven(self) -> MediatorConfig:
        if not self.driven_by:
            raise ValueError("driven_by is empty: name the channels that work on it, or make it a control")
        return self


class LiftTestConfig(Frozen):
    """What an experiment found: ``lift`` units of the KPI, which may be negative, because spend differed.

    spend_change: by how much spend (exposure, where that acts) in these weeks differed from what it would have been
    without the test, in all; below 0 where the channel went dark. The panel shows spend as it was, with the change.
    lift: units of the KPI that came in these weeks because of it. region: the one, or a list of those, that it was done
    in; without one, all.
    """

    channel: str
    start: dt.date
    end: dt.date
    region: str | list[str] | None = None
    spend_change: float
    lift: float
    standard_error: float = Field(gt=0)

    @model_validator(mode="after")
    def _changes(self) -> LiftTestConfig:
        if self.end < self.start:
            raise ValueError(f"it ends on {self.end}, before it starts on {self.start}")
        if self.spend_change == 0:
            raise ValueError("spend_change 0 tests nothing: give by how much spend differed because of the test")
        if self.region == []:
            raise ValueError("region is an empty list: name the regions of the test, or leave region out for all")
        return self

    @property
    def regions(self) -> list[str] | None:
        """Those it was done in; None for all."""
        return [self.region] if isinstance(self.region, str) else self.region


class MixConfig(Frozen):
    """One media mix.

    data: CSV or Parquet, one row a week (and region). kpi_value: money that a unit of the KPI is worth, a number or a
    column. seasonal and event columns are made from dates; events: a column of names, none meaning no event.
    media_share: between what shares of the KPI all channels together are believed to lie, nine chances in ten; it is
    spread over channels in proportion to cost, a third of that for those that follow demand, where no belief of their
    own is given. Both hold at once, which narrows either a little; the table doubt has what is believed of each channel
    then. week_weight: how much a week counts in the likelihood; 1 would take curves, baseline and noise for exactly
    what the model says, less than 1 allows for their being somewhat wrong, which widens ranges and lets beliefs count
    more. trend: how the baseline moves,
    "piecewise" by slopes that may turn every trend_weeks, "hsgp" by a smooth curve (a Gaussian process), "none" not at
    all; season: whether it has yearly waves. noise: of a week given the one before it, "normal"; "student_t" where some
    weeks are far out; "poisson" or "negative_binomial" where the KPI counts, and is small. mediators: what channels
    drive and what brings the KPI in turn, by name. allocation: the budget to split anew over the weeks after the
    panel; none where it is left out. none_words: what stands for nothing in text columns.
    """

    name: str
    currency: str = "USD"
    data: str
    date: str
    kpi: str
    kpi_value: float | str = 1.0
    region: str | None = None
    channels: dict[str, MixChannelConfig]
    mediators: dict[str, MediatorConfig] = Field(default_factory=dict)
    controls: list[str] = Field(default_factory=list)
    events: str | None = None
    none_words: list[str] = Field(default_factory=lambda: ["", "na", "none"])
    holidays_country: str | None = None
    carry_over: str = "geometric"
    saturation: str = "michaelis_menten"
    max_lag_weeks: int = Field(12, ge=1, le=52)
    noise: Noise = "normal"
    trend: Literal["piecewise", "hsgp", "none"] = "piecewise"
    trend_weeks: int = Field(6, ge=2, le=52)
    season: bool = True
    media_share: tuple[float, float] = (0.05, 0.6)
    week_weight: float = Field(0.8, gt=0, le=1)
    lift_tests: list[LiftTestConfig] = Field(default_factory=list)
    allocation: AllocationConfig | None = None
    engine: Literal["nuts", "laplace"] = "nuts"
    draws: int = Field(500, ge=100)
    seed: int = 1
    reports: str = "reports"
    tracking: TrackingConfig = Field(default_factory=TrackingConfig)
    root: Path = Field(default=Path("."), exclude=True)

    @model_validator(mode="after")
    def _together(self) -> MixConfig:
        if not self.channels:
            raise ValueError("channels is empty: name at least one")
        low, high = self.media_share
        if not 0 < low < high < 1:
            raise ValueError(f"media_share came as {low:g} to {high:g}: wanted 0 < low < high < 1")
        unknown = sorted({test.channel for test in self.lift_tests} - set(self.channels))
        if unknown:
            raise ValueError(f"lift_tests name {', '.join(unknown)}: channels are {', '.join(self.channels)}")
        twice = sorted(set(self.allocation.new_channels) & set(self.channels)) if self.allocation else []
        if twice:
            raise ValueError(
                f"allocation.new_channels names {', '.join(twice)}, which is among channels and measured: give its "
                "limits under bounds or money, or the new one another name"
            )
        if self.trend == "none" and not self.season:
            raise ValueError(
                "trend none and season false leave a flat baseline: channels would get the credit for whatever changed "
                "meanwhile; let one of them stand"
            )
        return self

    @model_validator(mode="after")
    def _mediated(self) -> MixConfig:
        acting = {each.acting or each.cost: name for name, each in self.channels.items()}
        for name, each in self.mediators.items():
            unknown = sorted(set(each.driven_by) - set(self.channels))
            if unknown:
                raise ValueError(
                    f"the mediator {name} is driven by {', '.join(unknown)}: channels are {', '.join(self.channels)}"
                )
            if name in self.channels:
                raise ValueError(f"{name} is the name of a channel and of a mediator: give one of them another")
            if each.column in self.controls:
                raise ValueError(
                    f"{each.column} is a control and the column of the mediator {name}: a control takes what goes "
                    "through it away from the channels, a mediator counts it; leave it out of controls"
                )
            if each.column in acting:
                raise ValueError(
                    f"{each.column} is the column of the mediator {name} and what acts in the channel "
                    f"{acting[each.column]}: it would count twice; leave the channel out, or the mediator"
                )
        return self

    def resolve(self, path: str) -> Path:
        """``path`` as written in the config, made absolute from the config's folder."""
        return (self.root / path).resolve()


def load_mix_config(path: str | Path) -> MixConfig:
    """Read and check a YAML file. Raises ConfigError as ``revmodel.config.load_config`` does."""
    return read_config(path, MixConfig, "name, data, date, kpi, channels")

"""What a config says of a budget: the window, the limits, and what makes one plan better than another."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from revmodel.channel_config import CurvesConfig, RangeConfig
from revmodel.source_config import Frozen

__all__ = ["AllocationConfig", "GroupConfig", "NewBeliefConfig", "NewChannelConfig", "PaceConfig", "ValueConfig"]


class GroupConfig(Frozen):
    """Channels whose spend over the window is limited together, in money."""

    name: str
    channels: list[str] = Field(min_length=1)
    least: float | None = Field(None, ge=0)
    most: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _limits(self) -> GroupConfig:
        if self.least is None and self.most is None:
            raise ValueError(f"group {self.name} has neither least nor most: give one")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"group {self.name}: least {self.least:g} is above most {self.most:g}")
        return self


class PaceConfig(Frozen):
    """How a channel's spend may move over the periods: change from one to the next, share of its total in any one.

    from_before: the first period changes by at most most_change as well, from what was spent in as many weeks just
    before the window. False where that was no ordinary time (a launch, a stop): then the first period starts freely.
    """

    most_change: float | None = Field(None, ge=0)
    from_before: bool = True
    least_share: float | None = Field(None, ge=0, le=1)
    most_share: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _has_a_change(self) -> PaceConfig:
        if self.most_change is None and "from_before" in self.model_fields_set:
            raise ValueError("from_before says what most_change counts from: give most_change too, or leave it out")
        return self


class NewBeliefConfig(RangeConfig):
    """What a channel that has never spent is believed to do at a steady spend, ``per_week`` of NewChannelConfig.

    of: "return", money per unit of money; "marginal_return", the same of one more unit; "cost", money per unit of what
    comes in (a lead, a unit of a mix's KPI). A return of 1 is a ROMI of 0.
    """

    of: Literal["return", "marginal_return", "cost"]


class NewChannelConfig(CurvesConfig):
    """A channel that has never spent, on what is believed of it.

    per_week: the spend a week that the belief speaks of. most: up to how much it may get over the window, in money.
    """

    per_week: float = Field(gt=0)
    most: float = Field(gt=0)
    belief: NewBeliefConfig


class ValueConfig(Frozen):
    """What a plan's leads are worth.

    of: bookings (wins where no amounts are known), pipeline, leads, or ltv: wins, each counted with the lifetime value
    of its segment's customers (metrics/lifetime.py). counted_from: "lead" counts what lands within horizon_weeks of
    each lead, "start" what lands within horizon_weeks of the window's first day, so that time to close decides what
    can still land; of ltv it is the win that has to land, and the customer's whole life then counts.
    discount_per_year: what comes a year later is worth so much less (net present value), of ltv the months of a
    customer's life too. margin: the share of money that is kept; of ltv only where subscriptions hold no gross_margin.
    segments: by segment, by how much its value counts.
    """

    of: Literal["bookings", "pipeline", "leads", "ltv"] = "bookings"
    counted_from: Literal["lead", "start"] = "lead"
    discount_per_year: float = Field(0.0, ge=0, lt=1)
    margin: float = Field(1.0, gt=0)
    segments: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_money(self) -> ValueConfig:
        if self.of == "leads" and self.margin != 1:
            raise ValueError("leads have no margin: leave it out, or count bookings or pipeline")
        return self


class AllocationConfig(Frozen):
    """The window and the limits of a budget, which is the total over the window.

    weeks: of the window. periods: into how many equal parts it is planned. lower, upper, bounds: multiples of current
    spend, for all channels and for some; money: limits of some over the window, in money. fixed: what is settled.
    groups, minimum, steps, pace, most_changed: see decide/rules.py. spend_all: false lets money be left over.
    objective: see decide/objectives.py, with risk, or for "probability" a target; or "least_spend": the cheapest plan
    whose value reaches the target, expected or with a stated chance (decide/least_spend.py).
    risk_of: "change" holds the move against what is spent now, so that nothing moves where nothing is known; "total"
    looks at the whole value.
    least_chance: the chance with which a plan has to beat current spend (decide/sure.py); only with objective mean.
    new_channels: channels that have never spent, which may get some of the budget on what is believed of them.
    caps: verdict of a media mix → the largest move of its channels, as a share of current spend.
    """

    weeks: int = Field(13, ge=1, le=104)
    periods: int = Field(1, ge=1)
    lower: float = Field(0.7, ge=0)
    upper: float = Field(1.3, ge=0)
    bounds: dict[str, tuple[float, float]] = Field(default_factory=dict)  # by channel, multiples of current
    money: dict[str, tuple[float, float]] = Field(default_factory=dict)
    fixed: dict[str, float] = Field(default_factory=dict)
    groups: list[GroupConfig] = Field(default_factory=list)
    minimum: dict[str, float] = Field(default_factory=dict)
    steps: dict[str, float] = Field(default_factory=dict)
    pace: dict[str, PaceConfig] = Field(default_factory=dict)
    most_changed: int | None = Field(None, ge=0)
    new_channels: dict[str, NewChannelConfig] = Field(default_factory=dict)
    spend_all: bool = True
    objective: Literal["mean", "mean_minus_risk", "cvar", "probability", "least_spend"] = "mean"
    risk: float = Field(0.0, ge=0)
    risk_of: Literal["change", "total"] = "change"
    target: float | None = None
    chance: float | None = Field(None, gt=0, lt=1)
    least_chance: float | None = Field(None, gt=0, lt=1)
    value: ValueConfig = Field(default_factory=ValueConfig)
    horizon_weeks: int = Field(52, ge=1, le=156)  # bookings that land within this horizon count
    caps: dict[Literal["measured", "weakly measured", "prior-driven", "not identified"], float] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _ordered(self) -> AllocationConfig:
        pairs = {"lower/upper": (self.lower, self.upper), **self.bounds, **self.money}
        for name, (low, high) in pairs.items():
            if low > high or low < 0:
                raise ValueError(f"allocation bounds of {name}: lower {low} and upper {high} need 0 ≤ lower ≤ upper")
        twice = sorted(set(self.bounds) & set(self.money))
        if twice:
            raise ValueError(f"{', '.join(twice)} has limits in bounds and in money: give one of them")
        if self.weeks % self.periods:
            raise ValueError(f"{self.weeks} weeks do not part into {self.periods} periods: wanted a divisor of weeks")
        return self

    @model_validator(mode="after")
    def _pace_has_periods(self) -> AllocationConfig:
        for name, pace in self.pace.items() if self.periods == 1 else ():
            if pace.least_share is not None or pace.most_share is not None:
                raise ValueError(
                    f"pace of {name}: a share of its total in each period says nothing where the window is one period: "
                    "set periods to 2 or more, or leave it out"
                )
            if pace.most_change is not None and not pace.from_before:
                raise ValueError(
                    f"pace of {name}: with one period most_change limits the window's total against what was spent in "
                    "as many weeks before it, and from_before: false gives that up, so that nothing is left of it: set "
                    "periods to 2 or more, or leave the pace out"
                )
        return self

    @model_validator(mode="after")
    def _has_an_aim(self) -> AllocationConfig:
        if (self.objective in ("probability", "least_spend")) != (self.target is not None):
            raise ValueError("a target goes with objective probability or least_spend, and only with them")
        if self.chance is not None and self.objective != "least_spend":
            raise ValueError(
                f"chance is that of objective least_spend, not of {self.objective}: leave it out, or see least_chance"
            )
        if self.chance is not None and self.periods > 1:
            raise ValueError("a chance is planned over totals of the window: set periods to 1, or leave chance out")
        if self.objective in ("mean", "probability", "least_spend") and self.risk:
            raise ValueError(
                f"objective {self.objective} takes no risk: choose mean_minus_risk or cvar, or leave it out"
            )
        if self.least_chance is not None and self.objective != "mean":
            raise ValueError(f"least_chance goes with objective mean, not {self.objective}: leave one of them out")
        if self.objective == "cvar" and not 0 < self.risk <= 1:
            raise ValueError(f"risk of cvar is the share of worst outcomes that counts, 0 to 1; came {self.risk:g}")
        return self

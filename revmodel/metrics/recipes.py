"""How a KPI is computed from sums of measures: a few shapes, each with its numerator, denominator and range.

Every ratio is a ratio of sums, never a mean of ratios. Where there is nothing to divide by, the value is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from revmodel.metrics.intervals import cost_interval, mean_interval, ratio_interval, share_interval
from revmodel.metrics.totals import Cells

__all__ = [
    "Answer", "Average", "Cost", "Coverage", "Flow", "Lifetime", "LifetimeRatio", "Lost", "Mean", "Quantile", "Recipe",
    "Return", "Share", "Stock", "Sum", "Velocity",
]  # fmt: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """A KPI by level and period; NaN where it is not known. Of a ratio, value = numerator / denominator."""

    value: Floats
    numerator: Floats
    denominator: Floats
    low: Floats
    high: Floats


class Recipe(Protocol):
    """Computes a KPI; ``measures`` names what it needs."""

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures that the KPI is computed from."""
        ...

    def answer(self, cells: Cells) -> Answer:
        """The KPI by level and period."""
        ...


def _unknown(cells: Cells) -> Floats:
    return np.full(cells.shape, np.nan)


def _ratio(of: Floats, per: Floats) -> Floats:
    shares: Floats = np.divide(of, per, out=np.full(of.shape, np.nan), where=per > 0)
    return shares


def _plain(cells: Cells, of: Floats, per: Floats, scale: float = 1.0) -> Answer:
    return Answer(scale * _ratio(of, per), of, per, _unknown(cells), _unknown(cells))


@dataclass(frozen=True)
class Sum:
    """What happened in the period, added up."""

    measure: str

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.measure,)

    def answer(self, cells: Cells) -> Answer:
        none = _unknown(cells)
        return Answer(cells.total(self.measure), none, none, none, none)


@dataclass(frozen=True)
class Share:
    """``of`` among ``among``, of which it is a part."""

    of: tuple[str, ...]
    among: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        return (*self.of, *self.among)

    def answer(self, cells: Cells) -> Answer:
        of, among = cells.n(*self.of), cells.n(*self.among)
        return Answer(_ratio(of, among), of, among, *share_interval(of, among))


@dataclass(frozen=True)
class Flow:
    """Events of one kind per event of another in the same period; not a part of it, so that it may exceed 1."""

    of: str
    per: str

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.of, self.per)

    def answer(self, cells: Cells) -> Answer:
        of, per = cells.n(self.of), cells.n(self.per)
        return Answer(_ratio(of, per), of, per, *ratio_interval(of, per))


@dataclass(frozen=True)
class Cost:
    """What one of ``per`` cost: amounts over counts. Nothing spent is no price."""

    amount: tuple[str, ...]
    per: str

    @property
    def measures(self) -> tuple[str, ...]:
        return (*self.amount, self.per)

    def answer(self, cells: Cells) -> Answer:
        amount, per = cells.total(*self.amount), cells.n(self.per)
        paid = np.where(amount > 0, amount, np.nan)
        return Answer(_ratio(paid, per), amount, per, *cost_interval(paid, per))


@dataclass(frozen=True)
class Average:
    """One sum over another, without a range: clicks over impressions, spend over clicks."""

    of: str
    per: str

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.of, self.per)

    def answer(self, cells: Cells) -> Answer:
        return _plain(cells, cells.total(self.of), cells.total(self.per))


@dataclass(frozen=True)
class Mean:
    """The mean value of a measure's events."""

    measure: str

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.measure,)

    def answer(self, cells: Cells) -> Answer:
        n, total = cells.n(self.measure), cells.total(self.measure)
        return Answer(_ratio(total, n), total, n, *mean_interval(n, total, cells.squares(self.measure)))


@dataclass(frozen=True)
class Return:
    """(gain − cost) / cost; the range is that of a sum of as many gains of such sizes."""

    gain: str
    cost: str = "spend"

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.gain, self.cost)

    def answer(self, cells: Cells) -> Answer:
        gain, cost = cells.total(self.gain), cells.total(self.cost)
        half = 1.2816 * np.sqrt(cells.squares(self.gain))  # 80 % of a normal
        values = [_ratio(gain + shift - cost, cost) for shift in (0.0, -half, half)]
        return Answer(values[0], gain - cost, cost, values[1], values[2])


@dataclass(frozen=True)
class Stock:
    """What had come and not left by the period's end, or by today: a count, or a sum of values."""

    came: str
    left: tuple[str, ...]
    values: bool = False

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.came, *self.left)

    def answer(self, cells: Cells) -> Answer:
        none = _unknown(cells)
        return Answer(at_end(cells, self.came, self.left, values=self.values), none, none, none, none)


@dataclass(frozen=True)
class Lost:
    """What left in the period among what was there when it began; of counts the range is that of a share."""

    came: str
    left: str
    values: bool = False
    kept: bool = False  # the share that stayed instead

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.came, self.left)

    def answer(self, cells: Cells) -> Answer:
        gone = cells.total(self.left) if self.values else cells.n(self.left)
        there = at_end(cells, self.came, (self.left,), values=self.values) - (
            (cells.total(self.came) if self.values else cells.n(self.came)) - gone
        )
        of = there - gone if self.kept else gone
        low, high = (_unknown(cells), _unknown(cells)) if self.values else share_interval(of, there)
        return Answer(_ratio(of, there), of, there, low, high)


@dataclass(frozen=True)
class Quantile:
    """The days by which a share had ended, those still open counted as far as they were followed."""

    clock: str
    share: float

    @property
    def measures(self) -> tuple[str, ...]:
        return (f"clock|{self.clock}",)

    def answer(self, cells: Cells) -> Answer:
        found = cells.clocks.get((self.clock, self.share))
        return found if found is not None else Answer(*[_unknown(cells)] * 5)


@dataclass(frozen=True)
class Coverage(Average):
    """Open pipeline due, over what is left to book (the target less what is booked): both as they stand on a day."""


@dataclass(frozen=True)
class Velocity:
    """Opportunities × win rate × average deal size ÷ sales cycle: revenue a day that the pipeline runs at."""

    @property
    def measures(self) -> tuple[str, ...]:
        return ("opportunities", "deals_won", "deals_lost", "bookings", "cycle_days")

    def answer(self, cells: Cells) -> Answer:
        win_rate = _ratio(cells.n("deals_won"), cells.n("deals_won", "deals_lost"))
        size = _ratio(cells.total("bookings"), cells.n("bookings"))
        cycle = _ratio(cells.total("cycle_days"), cells.n("cycle_days"))
        of = cells.n("opportunities") * win_rate * size
        return _plain(cells, of, np.where(cycle > 0, cycle, np.nan))


@dataclass(frozen=True)
class Lifetime:
    """Gross margin a customer brings a month ÷ share of customers lost a month."""

    @property
    def measures(self) -> tuple[str, ...]:
        return ("mrr_came", "mrr_left", "margin_came", "margin_left")

    def answer(self, cells: Cells) -> Answer:
        customers = at_end(cells, "mrr_came", ("mrr_left",))
        margin = _ratio(at_end(cells, "margin_came", ("margin_left",), values=True), customers)
        churn = Lost("mrr_came", "mrr_left").answer(cells).value / cells.months
        return _plain(cells, margin, np.where(churn > 0, churn, np.nan))


@dataclass(frozen=True)
class LifetimeRatio:
    """Lifetime value over what winning a customer costs."""

    costs: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        return (*Lifetime().measures, *self.costs, "new_customers")

    def answer(self, cells: Cells) -> Answer:
        cost = Cost(self.costs, "new_customers").answer(cells).value
        return _plain(cells, Lifetime().answer(cells).value, cost)


def at_end(cells: Cells, came: str, left: tuple[str, ...], *, values: bool = False) -> Floats:
    """What had come and not left by each period's end, what came before the first period included."""
    take = cells.total if values else cells.n
    opening = take(f"opening|{came}") - take(*(f"opening|{name}" for name in left))
    return np.cumsum(take(came) - take(*left) + opening, axis=1)

"""A surface by period, made scale-free, and what the search asks of it: values, gradients, envelopes.

Each draw's saturation in each week is a curve of one number, what is carried then. Where it is concave its tangents
bound it; where it is S-shaped those of its envelope do, within a branch; a draw that counts against the plan (a risk
objective may give it a weight below zero) is bounded by the envelope below. Summed over draws and weeks these are cuts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from revmodel.decide.envelope import Cap, Tangents, below, slope_of
from revmodel.decide.master import FAR, Cut, Links
from revmodel.decide.objectives import Aim
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.decide.plan_cuts import Anchors, all_in_one, apart
from revmodel.decide.programme import Programme, columns_of
from revmodel.decide.scale import STAKE, Valued
from revmodel.decide.surface import Floats
from revmodel.errors import ModelError

__all__ = ["PlanCurves", "plan_curves"]

BENDS = 1e-9  # share of a curve's height by which it may bend upwards and still count as concave
SAMPLES = 65
OFF = 1e-7  # of the value at stake: nearer than this a mix is on its curves
NARROW = 1e-5  # a range of spend that is not parted
EDGE = 0.4  # of a range that is parted, the least that each part gets
KEPT_CAPS, KEPT_LINES = 150, 4000  # some megabyte, some kilobyte each


@dataclass(frozen=True)
class _Judged:
    """A line of a plan. brings : (week of effect,), truly, under the first weighting of the draws.

    relaxed : (weighting, week of effect), by its envelopes; slopes : (weighting, week of effect, period), theirs
    """

    brings: Floats
    relaxed: Floats
    slopes: Floats


@dataclass
class PlanCurves:
    """curve columns: a value by anchor (see plan_cuts.py), line and week of effect.

    concave : (line,). price : (line, period), what spend costs beside; of a mean only. Everything scaled as in
    ``Programme`` and by ``value_unit``.
    """

    surface: PeriodSurface
    programme: Programme
    anchors: Anchors
    value_unit: float
    concave: npt.NDArray[np.bool_]
    offset: float = 0.0
    price: Floats | None = None
    caps: dict[tuple[int, bytes, bytes], Cap] = field(default_factory=dict)
    capped: set[int] = field(default_factory=set)  # lines with a cap: a table is worth its while from the second on
    tangents: dict[int, Tangents] = field(default_factory=dict)
    known: dict[tuple[int, bytes, bytes, bytes], _Judged] = field(default_factory=dict)  # of a mean
    off: Floats | None = None  # (line, week of effect), by how much the last judged mix was above its curves
    judged: tuple[tuple[bytes, bytes, bytes], tuple[Valued, float]] | None = None

    @property
    def columns(self) -> int:
        """A value by anchor, line and week of effect."""
        return self.anchors.most * sum(int(line.worth.shape[1]) for line in self.surface.lines)

    @property
    def pull(self) -> Floats:
        """None: ties of curves are rare."""
        return np.zeros(self.programme.spends + self.columns)

    def links(self, low: Floats, high: Floats) -> Links:
        """Values are bounded by cuts alone."""
        count = self.columns
        return Links(
            sparse.csr_array((0, self.programme.spends + count)), np.zeros(0), np.full(count, -FAR), np.full(count, FAR)
        )

    def of_plan(self, spend: Floats, low: Floats, high: Floats) -> Valued:
        """The true worth of a plan, and the cuts of the envelopes there."""
        return self._judge(spend, low, high)[0]

    def worth_of(self, spend: Floats) -> float:
        """The true worth of a plan alone."""
        plan = spend.reshape(self.programme.shape)
        total = self.surface.value_at(plan * self.programme.unit).sum(1) / self.value_unit
        return float(self.anchors.aim.draw_weights(total) @ total) - self.paid(plan)

    def of_mix(self, spend: Floats, curve: Floats, low: Floats, high: Floats) -> Valued:
        """The worth of a plan by its envelopes between ``low`` and ``high``."""
        true, relaxed = self._judge(spend, low, high)
        return Valued(relaxed, true.cuts)

    def split(self, spend: Floats, curve: Floats, low: Floats, high: Floats) -> tuple[int, float] | None:
        """The amount that has most to do with envelopes lying above their curves, and near the middle of its range.

        Each week's distance counts for the periods whose spend acts in it, by the share that does, and for as much as
        is left of the range they were first allowed: parting a narrow one brings envelopes no nearer.
        """
        if self.off is None or float(self.off.sum(1).max()) <= OFF * STAKE:
            return None
        wide = high - low
        first = self.programme.box[1] - self.programme.box[0]
        left = np.where(wide > NARROW, wide / np.where(first > 0, first, 1.0), 0.0)
        due = left * np.concatenate([self._due(i, off) for i, off in enumerate(self.off)])
        column = int(np.argmax(due))
        if due[column] <= 0:
            return None
        edge = EDGE * wide[column]
        return column, float(np.clip(spend[column], low[column] + edge, high[column] - edge))

    def _due(self, line: int, off: Floats) -> Floats:
        """(period,): how far weeks are above their curves, each by how much of the period's spend acts in it."""
        acts = self.surface.lines[line].carry.mean(0)
        by_week = np.correlate(off, acts, mode="valid")
        return np.bincount(self.surface.period_of, by_week)

    def of_line(self, line: int, programme: Programme, price: Floats) -> PlanCurves:
        """One line's, of a mean, less what its spend (period,) costs."""
        alone = PeriodSurface(
            (self.surface.lines[line],), self.surface.period_of, self.surface.current[line : line + 1]
        )
        curves = PlanCurves(
            alone,
            programme,
            Anchors(self.anchors.aim),
            self.value_unit,
            self.concave[line : line + 1],
            price=price[None],
        )
        if not self.concave[line]:
            curves.tangents[0] = self._tangents(line, self.surface.lines[line])
            curves.capped.add(0)
        return curves

    def line_cut(self, line: int, price: Floats, most: float) -> Cut:
        """What a line brings less what its spend (period,) costs is ``most`` or less, of a mean."""
        effects = [one.worth.shape[1] for one in self.surface.lines]
        row = np.zeros(self.programme.spends + self.columns + 1)
        row[columns_of(self.programme, line)] = -price
        first = self.programme.spends + sum(effects[:line])
        row[first : first + effects[line]] = 1.0
        return Cut(sparse.csr_array(row[None, :]), np.array([most]))

    def _judge(self, spend: Floats, low: Floats, high: Floats) -> tuple[Valued, float]:
        """True worth with the envelopes' cuts at ``spend``, and the worth by the envelopes; the latest is kept."""
        key = (spend.tobytes(), low.tobytes(), high.tobytes())
        if self.judged is not None and self.judged[0] == key:
            return self.judged[1]
        shape, unit = self.programme.shape, self.programme.unit
        plan, lows, highs = (each.reshape(shape) * unit for each in (spend, low, high))
        asked, anchor, lines = (self._apart if self.anchors.aim.is_mean else self._together)(plan, lows, highs)
        brings = np.stack([one.brings for one in lines]) / self.value_unit
        relaxed = np.stack([one.relaxed for one in lines], axis=1) / self.value_unit
        slopes = np.stack([one.slopes for one in lines], axis=1) * unit / self.value_unit
        self.off = relaxed[0] - brings
        here = spend.reshape(shape)
        box = [None if self.concave.all() and not (each < 0).any() else (low.copy(), high.copy()) for each in asked]
        paid = self.paid(here)
        cuts = [apart(here, relaxed[-1], slopes[-1], anchor, self.anchors.most, box[-1], self.price)]
        if not self.anchors.aim.is_mean:
            cuts.append(all_in_one(here, relaxed[0], slopes[0], self.columns, box[0]))
        self.judged = (key, (Valued(float(brings.sum()) - paid, cuts), float(relaxed[0].sum()) - paid))
        return self.judged[1]

    def _apart(self, plan: Floats, low: Floats, high: Floats) -> tuple[list[Floats], int, list[_Judged]]:
        """Weightings of the draws, the place of the anchor, and each line: of a mean, where a line hangs on itself."""
        weights = self.anchors.aim.draw_weights(np.zeros(self.surface.lines[0].worth.shape[0]))
        lines = []
        for i, line in enumerate(self.surface.lines):
            key = (i, plan[i].tobytes(), low[i].tobytes(), high[i].tobytes())
            if key not in self.known:
                at = line.carried(self.surface.weekly(i, plan[i]))
                value = line.curve(at)
                _make_room(self.known, KEPT_LINES)
                self.known[key] = self._line(i, [weights], at, value, low[i], high[i])
            lines.append(self.known[key])
        return [weights], self.anchors.at(weights), lines

    def _together(self, plan: Floats, low: Floats, high: Floats) -> tuple[list[Floats], int, list[_Judged]]:
        """The same where how much a draw counts hangs on what all lines bring in it."""
        at = [line.carried(self.surface.weekly(i, plan[i])) for i, line in enumerate(self.surface.lines)]
        value = [line.curve(one) for line, one in zip(self.surface.lines, at, strict=True)]
        gained = [(line.worth * (one - line.idle)).sum(1) for line, one in zip(self.surface.lines, value, strict=True)]
        weights = self.anchors.aim.draw_weights(np.sum(gained, axis=0) / self.value_unit)
        anchor = self.anchors.at(weights)
        asked = [weights, self.anchors.weights[anchor]]
        return asked, anchor, [self._line(i, asked, at[i], value[i], low[i], high[i]) for i in range(len(at))]

    def paid(self, plan: Floats) -> float:
        """What the spend of a plan costs beside."""
        return 0.0 if self.price is None else float((self.price * plan.reshape(self.price.shape)).sum())

    def _line(self, i: int, weightings: list[Floats], at: Floats, value: Floats, low: Floats, high: Floats) -> _Judged:
        """One line. weightings : of draws. at, value : (draw, week of effect), what is carried, and its saturation."""
        line = self.surface.lines[i]
        if self.concave[i] or (low == high).all():
            upper, slope = value, slope_of(line.curve, at, value)
        else:
            upper, slope = self._cap(i, line, low, high).at(at, value)
        under, under_slope = upper, slope
        if any((weights < 0).any() for weights in weightings):
            bottom, top = (line.carried(self.surface.weekly(i, end)) for end in (low, high))
            under, under_slope = below(line.curve, bottom, top, at, concave=bool(self.concave[i]))
        periods = np.eye(self.programme.shape[1])[self.surface.period_of]
        values, slopes = [], []
        for weights in weightings:
            counts = weights[:, None] * line.worth
            values.append((counts * (np.where(counts >= 0, upper, under) - line.idle)).sum(0))
            slopes.append(line.back(counts * np.where(counts >= 0, slope, under_slope)) * line.pace @ periods)
        brings = weightings[0] @ (line.worth * (value - line.idle))
        return _Judged(brings, np.stack(values), np.stack(slopes))

    def _cap(self, i: int, line: LineResponse, low: Floats, high: Floats) -> Cap:
        key = (i, low.tobytes(), high.tobytes())
        if key not in self.caps:
            _make_room(self.caps, KEPT_CAPS)
            bottom, top = (line.carried(self.surface.weekly(i, end)) for end in (low, high))
            self.caps[key] = Cap.over(line.curve, bottom, top, self._tangents(i, line) if i in self.capped else None)
            self.capped.add(i)
        self.caps[key] = cap = self.caps.pop(key)  # the latest asked for is the last to go
        return cap

    def _tangents(self, i: int, line: LineResponse) -> Tangents:
        if i not in self.tangents:
            self.tangents[i] = Tangents.of(line.curve, line.carried(self.surface.weekly(i, line.most)).max(1))
        return self.tangents[i]


def _make_room(kept: dict[Any, Any], most: int) -> None:
    while len(kept) >= most:
        del kept[next(iter(kept))]


def plan_curves(surface: PeriodSurface, programme: Programme, aim: Aim) -> PlanCurves:
    """The surface in units that make any problem look alike. Raises ModelError: a curve is neither concave nor an S."""
    low, high = (end.reshape(programme.shape) * programme.unit for end in programme.box)
    stake = float(np.abs(surface.value_at(high) - surface.value_at(low)).mean(0).sum())
    if stake == 0:
        stake = float(np.abs(surface.value_at(high)).max()) or STAKE
    bends = [_bends(line, surface.weekly(i, line.most)) for i, line in enumerate(surface.lines)]
    return PlanCurves(surface, programme, Anchors(aim), stake / STAKE, np.array([not bend for bend in bends]))


def _bends(line: LineResponse, weekly: Floats) -> bool:
    """Whether any draw's curve is S-shaped. Raises ModelError where one bends up again after bending down."""
    top = line.carried(weekly).max(1, keepdims=True)
    height = line.curve(top * np.linspace(0.0, 1.0, SAMPLES))
    bend = np.diff(height, n=2, axis=1)
    up = bend > BENDS * np.abs(height).max(1, keepdims=True)
    down_before = np.maximum.accumulate(bend < -BENDS * np.abs(height).max(1, keepdims=True), axis=1)
    if (up & down_before).any():
        raise ModelError(
            f"the response of {line.name} ({line.saturation}) bends up again after it has bent down: a plan by period "
            "has no proof for such a curve; plan totals of the window instead (periods: 1)"
        )
    if (line.worth < 0).any():
        raise ModelError(f"{line.name} does harm in some draws: plan totals of the window instead (periods: 1)")
    return bool(up.any())

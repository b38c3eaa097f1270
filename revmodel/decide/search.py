"""The search for the best plan: cuts and branches until the bound and the plan meet.

The master problem's mix bounds every plan; the plan it spends bounds the best from below; and where the objective is
curved, the mix's own cut takes away what the master overrated. Where cuts no longer help, because a mix has left an
S-shaped curve, the spend of one line is branched: below a point, or above it. Cuts are shared by all branches in which
they hold. The branch with the highest bound is next, and the highest bound left is the certificate.
Source: Kelley 1960 (cutting planes); Duran and Grossmann 1986 (outer approximation with whole numbers); Falk and Soland
1969 (branch and bound for separable non-convex programmes); Ben-Ameur and Neto 2007 (cuts halfway to the best plan).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import numpy as np

from revmodel.decide.master import Cut, Links, Master, Mix
from revmodel.decide.programme import KEPT, Programme
from revmodel.decide.scale import PULL, STAKE, Valued
from revmodel.decide.surface import Floats

__all__ = ["Curves", "Search"]

WORTH_BRANCHING = 0.3  # branch once cuts can close no more than this share of the gap
LATEST_CUTS = 12000  # rows; older cuts are dropped: the bounds they gave are kept
PATIENCE = 40  # branches, of lines apart too, after which a gap of ``late_share`` is good enough
FIRST_BRANCHES = 10  # before help is asked for
SLOW = 0.9  # a round that leaves more than this share of the gap asks for a cut at the mix itself


class Curves(Protocol):
    """What the search asks of a surface; everything scaled. columns : the curves' own columns in the master.

    A worth w stands for w · value_unit + offset in the value's own unit.
    """

    value_unit: float
    offset: float

    @property
    def columns(self) -> int:
        """How many."""

    @property
    def pull(self) -> Floats:
        """(spend and curve column,): see Master."""

    def links(self, low: Floats, high: Floats) -> Links:
        """How curve columns hang on spend between ``low`` and ``high``."""

    def of_mix(self, spend: Floats, curve: Floats, low: Floats, high: Floats) -> Valued:
        """What a mix of the master is worth to the master, were its cuts complete."""

    def of_plan(self, spend: Floats, low: Floats, high: Floats) -> Valued:
        """What a plan is truly worth, with cuts that hold between ``low`` and ``high``."""

    def split(self, spend: Floats, curve: Floats, low: Floats, high: Floats) -> tuple[int, float] | None:
        """The column of spend to branch, and where; None if the mix is on its curves."""


class Helper(Protocol):
    """Who knows more of a search than it finds itself (decide/line_search.py)."""

    def help(self, search: Search) -> None:
        """Give it cuts and plans."""


@dataclass(order=True)
class _Branch:
    """Plans between ``low`` and ``high``. minus_bound: the highest bound comes first.

    ones : whole numbers (of "at most k change") that count as one, whether their channel changes or not
    """

    minus_bound: float
    number: int
    low: Floats = field(compare=False)
    high: Floats = field(compare=False)
    ones: frozenset[int] = field(compare=False, default=frozenset())


_Part = tuple[Floats, Floats, frozenset[int]]  # low, high, ones of a branch


@dataclass
class Search:
    """State of one search, in scaled units.

    gap_share : stop once bound − best is below this share of the value at stake, or of the best plan's if that is less.
    late_share : the same after PATIENCE branches; counted, not timed, so that the same question has the same answer.
    halfway : cut at points between the best plan and the mix, where curves have gradients.
    fractions : bound branches with whole numbers as fractions first.
    apart : who is asked for help after the first branches.
    After ``run``: plan (column of spend,), the best found, None if none was; best, its worth; bound: none exceeds it.
    """

    curves: Curves
    programme: Programme
    gap_share: float
    deadline: float
    halfway: bool = False
    late_share: float = 0.0
    fractions: bool = False
    apart: Helper | None = None
    plan: Floats | None = field(init=False, default=None)
    best: float = field(init=False, default=-np.inf)
    cuts: list[Cut] = field(init=False, default_factory=list)
    held: list[Cut] = field(init=False, default_factory=list)
    branches: list[_Branch] = field(init=False, default_factory=list)
    settled: float = field(init=False, default=-np.inf)
    parted: int = field(init=False, default=0)
    looked: int = field(init=False, default=0)

    def run(self) -> None:
        """Search until the gap is closed or time is up; one round is always done."""
        self.begin()
        if self.apart is not None:
            self.go_on(FIRST_BRANCHES)
            if self.branches and self.bound - self.best > self.tolerance and self.has_time():
                self.apart.help(self)
        self.go_on()

    def begin(self) -> None:
        """Nothing is known yet."""
        self.master = Master(self.programme, self.curves.columns, self.curves.pull, PULL * STAKE)
        low, high = self.programme.box
        self._consider(self.programme.now, low, high, needed=True)
        self.branches = [_Branch(-np.inf, 0, low, high)]

    def go_on(self, most: float = np.inf) -> None:
        """Look at up to ``most`` more branches, at one even where time is up."""
        done = 0
        while self.branches and self.bound - self.best > self.tolerance and done < most:
            branch = heapq.heappop(self.branches)
            bound, halves = self._looked_at(branch)
            self.looked, done = self.looked + 1, done + 1
            for low, high, ones in halves:
                self.parted += 1
                heapq.heappush(self.branches, _Branch(-bound, self.parted, low, high, ones))
            if not halves:
                self.settled = max(self.settled, bound)
            if not self.has_time():
                break

    @property
    def bound(self) -> float:
        """No plan is worth more."""
        return max(self.settled, self.best, *(-branch.minus_bound for branch in self.branches[:1]))

    @property
    def tolerance(self) -> float:
        """The gap at which to stop, in scaled value."""
        return self._of_value(self.gap_share) if self.looked < PATIENCE else self.late

    @property
    def late(self) -> float:
        """The gap that is good enough after many branches."""
        return self._of_value(max(self.gap_share, self.late_share))

    def _of_value(self, share: float) -> float:
        return share * float(np.clip(abs(self.best), STAKE / 10, STAKE))

    def has_time(self) -> bool:
        """Whether any is left."""
        return monotonic() < self.deadline

    def relaxed(self) -> Mix | None:
        """The master's mix of the branch with the highest bound, whole numbers taken as fractions."""
        branch = self.branches[0]
        return self._mixed(branch, self.curves.links(branch.low, branch.high), whole=False)

    def hold(self, cuts: list[Cut]) -> None:
        """Keep cuts to the end, in place of those held before."""
        self.held = [self.master.spread(cut) for cut in cuts]

    def offer(self, spend: Floats) -> None:
        """A plan that may be the best."""
        self._consider(spend, *self.programme.box)

    def met(self, plan: Floats, worth: float) -> None:
        """Keep a plan that is the best so far."""
        if worth > self.best:
            self.best, self.plan = worth, plan

    def _looked_at(self, branch: _Branch) -> tuple[float, list[_Part]]:
        """The branch's bound, and the parts that have still to be looked at.

        With ``fractions`` whole numbers are taken as such where the branch can be parted so; at the start, and then
        ever more seldom, the whole programme is solved for the plan that it finds.
        """
        has_whole = bool(self.programme.extra_top)
        first = has_whole and self.fractions and not _is_power_of_four(branch.number)
        for whole in (False, True) if first else (has_whole,):
            bound, mix = self._tighten(branch, whole)
            if bound - self.best <= self.tolerance or not self.has_time():
                return bound, []
            halves = self._halves(branch, mix)
            if halves:
                break
        return bound, halves

    def _tighten(self, branch: _Branch, whole: bool) -> tuple[float, Mix | None]:
        """Cut until the master values its mix right or the branch cannot win: the branch's bound and last mix."""
        bound, low, high = -branch.minus_bound, branch.low, branch.high
        links, slow = self.curves.links(low, high), True
        while True:
            mix = self._mixed(branch, links, whole)
            if mix is None:
                return -np.inf, None
            before, bound = bound - self.best, min(bound, mix.bound)
            if bound - self.best <= self.tolerance:
                return bound, mix
            overrated = self._learn(mix, low, high, slow)
            enough = self.tolerance / 4
            if overrated > enough and self.curves.split(mix.spend, mix.curve, low, high) is not None:
                enough = max(enough, WORTH_BRANCHING * (bound - self.best))
            if overrated <= enough or bound - self.best <= self.tolerance or not self.has_time():
                return bound, mix
            slow = bound - self.best > SLOW * before

    def _mixed(self, branch: _Branch, links: Links, whole: bool) -> Mix | None:
        """The master's mix of a branch under the cuts that hold there."""
        low, high = branch.low, branch.high
        usable = [cut for cut in self._latest() if cut.holds_in(low, high)]
        left = self.deadline - monotonic()
        return self.master.solve(low, high, links, usable, self.tolerance / 4, left, whole, branch.ones)

    def _learn(self, mix: Mix, low: Floats, high: Floats, slow: bool) -> float:
        """Take cuts and plans from a mix: by how much the master overrates it, infinite where that was not asked."""
        if self.halfway and self.plan is not None and not self.programme.extra_top and not slow:
            middle = (self.plan + mix.spend) / 2
            if (middle >= low).all() and (middle <= high).all():
                self._consider(middle, low, high)
                return np.inf
        self._consider(mix.spend, low, high)
        judged = self.curves.of_mix(mix.spend, mix.curve, low, high)
        self._keep(judged.cuts)
        return mix.ceiling - judged.worth

    def _keep(self, cuts: list[Cut]) -> None:
        self.cuts += [self.master.spread(cut) for cut in cuts]

    def _latest(self) -> list[Cut]:
        rows = 0
        for place in range(len(self.cuts) - 1, -1, -1):
            rows += self.cuts[place].top.size
            if rows > LATEST_CUTS:
                self.cuts = self.cuts[place + 1 :]
                break
        return self.held + self.cuts

    def _consider(self, spend: Floats, low: Floats, high: Floats, needed: bool = False) -> None:
        """Move ``spend`` onto the limits and keep it if it is a plan, and the best so far; its cuts are kept.

        needed : its cuts are wanted even where it is no plan
        """
        plan = self._on_total(*self.programme.snapped(spend))
        is_plan = self.programme.admits(plan)
        if not (is_plan or needed):
            return
        valued = self.curves.of_plan(plan, low, high)
        self._keep(valued.cuts)
        if is_plan:
            self.met(plan, valued.worth)

    def _halves(self, branch: _Branch, mix: Mix | None) -> list[_Part]:
        """The branch parted within the line whose mix is furthest above its curve; none if all are on theirs.

        What gets nothing or at least a minimum is parted there first: no plan lies in between.
        """
        if mix is None:
            return []
        if self.fractions and self.programme.changed:
            parts = self._who_changes(branch, mix)
            if parts:
                return parts
        found = self.curves.split(mix.spend, mix.curve, branch.low, branch.high)
        if found is None:
            return []
        column, at = found
        below, above = branch.high.copy(), branch.low.copy()
        below[column] = above[column] = at
        least = self.programme.least_if_on(column)
        if least is not None and branch.low[column] < least <= branch.high[column]:
            below[column], above[column] = 0.0, least
        return [(branch.low, below, branch.ones), (above, branch.high, branch.ones)]

    def _who_changes(self, branch: _Branch, mix: Mix) -> list[_Part]:
        """The branch parted by whether the channel that the mix moves most stays as it is; none if all are settled."""
        now = self.programme.now
        moved = {
            one: float(np.abs(mix.spend[columns] - now[columns]).sum())
            for one, columns in self.programme.changed.items() if one not in branch.ones
        }  # fmt: skip
        most = max(moved, key=moved.__getitem__, default=None)
        if most is None or moved[most] <= KEPT:
            return []
        ones = branch.ones | {most}
        left = set(self.programme.changed) - ones if len(ones) == self.programme.most_changed else set()
        ways = [(left, ones), ({most}, branch.ones)]
        return [part for still, ones in ways if (part := self._unchanged(branch, still, ones)) is not None]

    def _unchanged(self, branch: _Branch, still: set[int], ones: frozenset[int]) -> _Part | None:
        """The branch where channels (by their whole numbers) stay as they are; None where it has no such plan."""
        low, high, now = branch.low.copy(), branch.high.copy(), self.programme.now
        for one in still:
            columns = self.programme.changed[one]
            if (now[columns] < low[columns]).any() or (now[columns] > high[columns]).any():
                return None
            low[columns] = high[columns] = now[columns]
        return low, high, ones

    def _on_total(self, spend: Floats, settled: np.ndarray) -> Floats:
        """``spend`` in its box and on the total to the last digit; what is missing or over is shared by room."""
        low, high = (np.where(settled, spend, end) for end in self.programme.box)
        spend = np.clip(spend, low, high)
        (_, least, most) = self.programme.limits[0].rows[0]
        missing = most - float(spend.sum())
        if missing == 0 or (least < most and missing > 0):
            return spend
        room = high - spend if missing > 0 else spend - low
        if room.sum() == 0:
            return spend
        part = float(np.sign(missing)) * min(abs(missing) / float(room.sum()), 1.0)
        return np.asarray(np.clip(spend + part * room, low, high))


def _is_power_of_four(number: int) -> bool:
    """Whether it is nought or one of 1, 4, 16 …"""
    return number == 0 or (number & (number - 1) == 0 and number.bit_length() % 2 == 1)

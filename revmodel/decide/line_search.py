"""What each line can bring at most, sought line by line: bounds that a search over all lines would be long to find.

Value adds up over lines, and lines share little but limits on sums. At the prices which those limits have in the
master, each line's own best plan is a search over its few amounts (Dantzig and Wolfe 1960; Geoffrion 1974). It proves

    Σ_weeks value of the line ≤ most + price · spend of the line,

for every plan, whatever the price, and that goes back as a cut. The plans that were met on the way, one a line, are put
together to the best that keeps all limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from scipy.optimize import Bounds, LinearConstraint

from revmodel.decide.integer import milp
from revmodel.decide.line_programme import charged, line_programme
from revmodel.decide.plan_curves import PlanCurves
from revmodel.decide.programme import Programme, columns_of
from revmodel.decide.search import Search
from revmodel.decide.surface import Floats

__all__ = ["LineByLine"]

AT_ONCE, ROUND, ROUNDS = 5, 40, 8  # branches of a line in a row; of all lines before they are put together; how often
CLOSE = 0.02  # of the gap that may stay: a line is bounded closely
WALK, FINE = 24, 0.05  # steps down and up from a line's best plan; of an amount's range, where it has no steps
FEW = 0.1  # of the gap: what a round has to close at least for another
NODES = 500  # of HiGHS, for the plan put together: counted, so that the same question has the same answer


@dataclass
class _LineSearch(Search):
    """A search over one line, whose gap may be ``close``; plans: those met, and what they bring."""

    curves: PlanCurves
    close: float = 0.0
    plans: dict[bytes, tuple[Floats, float]] = field(init=False, default_factory=dict)
    walked_from: Floats | None = field(init=False, default=None)

    @property
    def tolerance(self) -> float:
        return self.close

    @property
    def loose(self) -> float:
        """By how much the bound may be too high."""
        return self.bound - self.best

    @property
    def worth_while(self) -> float:
        """How loose for each branch looked at: where a few more help most; 0 once the line is bounded closely."""
        return self.loose / max(self.looked, 1) if self.loose > self.close else 0.0

    def walk(self) -> None:
        """Meet plans a little smaller and larger than the best, step by step where it costs least or brings most."""
        if self.plan is None or self.plan is self.walked_from:
            return
        self.walked_from = self.plan
        for way in (-1.0, 1.0):
            self._walk_from(self.plan, self.best, way)

    def _walk_from(self, plan: Floats, worth: float, way: float) -> None:
        """A move is valued anew before it is made; until then it counts for what it last did (Minoux 1978)."""
        gains = dict.fromkeys(range(plan.size), np.inf)
        for _ in range(WALK):
            moved: dict[int, tuple[Floats, float]] = {}
            while gains:
                column = max(gains, key=gains.__getitem__)
                if column in moved:
                    break
                other = self._moved(plan, column, way)
                if other is None:
                    del gains[column]
                    continue
                moved[column] = other, self.curves.worth_of(other)
                self.met(*moved[column])
                gains[column] = moved[column][1] - worth
            if not gains:
                return
            plan, worth = moved[column]

    def _moved(self, plan: Floats, column: int, way: float) -> Floats | None:
        """The plan with one amount a step lower or higher, if there is such a plan."""
        low, high = (float(end[column]) for end in self.programme.box)
        size = self.programme.step[column][1] if column in self.programme.step else FINE * (high - low)
        other = plan.copy()
        other[column] = np.clip(plan[column] + way * size, low, high)
        least = self.programme.least_if_on(column) or 0.0
        if other[column] < least:
            other[column] = least if way > 0 else low
        other, _ = self.programme.snapped(other)
        return None if (other == plan).all() or not self.programme.admits(other) else other

    def met(self, plan: Floats, worth: float) -> None:
        self.plans[plan.tobytes()] = (plan, worth + self.curves.paid(plan))
        super().met(plan, worth)


@dataclass(frozen=True)
class LineByLine:
    """Bounds and plans of single lines for a search whose objective is a mean."""

    curves: PlanCurves
    programme: Programme

    def help(self, search: Search) -> None:
        """Give the search cuts of its lines that hold everywhere, and the best plan put together from theirs.

        Until its gap is good enough with them, or lines have had their branches.
        """
        mix = search.relaxed()
        if mix is None or mix.duals is None:
            return
        prices = charged(self.programme, mix.spend, mix.duals)
        lines = [self._searched(search, line, price) for line, price in enumerate(prices)]
        for _ in range(ROUNDS):
            looked = self._look(lines)
            search.looked += looked
            search.hold([self.curves.line_cut(i, prices[i], one.bound) for i, one in enumerate(lines)])
            for one in lines:
                one.walk()
            put = self._put_together(lines, search.deadline - monotonic())
            if put is not None:
                search.offer(put)
            before, mix = mix.bound, search.relaxed()
            if not looked or mix is None or mix.bound - search.best <= search.tolerance or not search.has_time():
                break
            if before - mix.bound < FEW * (before - search.best):
                break

    def _look(self, lines: list[_LineSearch]) -> int:
        """Look at a round of branches, where they help most; how many."""
        looked = 0
        while looked < ROUND:
            one = max(lines, key=lambda each: each.worth_while)
            before = one.looked
            if one.worth_while > 0 and one.has_time():
                one.go_on(AT_ONCE)
            if one.looked == before:
                break
            looked += one.looked - before
        return looked

    def _searched(self, search: Search, line: int, price: Floats) -> _LineSearch:
        programme = line_programme(self.programme, line)
        curves = self.curves.of_line(line, programme, price)
        close = CLOSE * search.late
        one = _LineSearch(curves, programme, 0.0, search.deadline, halfway=True, fractions=True, close=close)
        one.begin()
        one.offer(programme.box[0])
        one.go_on(1)
        return one

    def _put_together(self, lines: list[_LineSearch], seconds: float) -> Floats | None:
        """The best of the plans met, one a line, within the limits that hang on spend alone."""
        met = [(line, *found) for line, one in enumerate(lines) for found in one.plans.values()]
        if {line for line, _, _ in met} != set(range(len(lines))):
            return None
        wide = np.zeros((self.programme.spends, len(met)))
        for i, (line, plan, _) in enumerate(met):
            wide[columns_of(self.programme, line), i] = plan
        held, least, most = self.programme.matrix()
        alone = np.asarray(abs(held[:, self.programme.spends :]).sum(axis=1)).ravel() == 0
        each = np.equal.outer(np.arange(len(lines)), [line for line, _, _ in met]).astype(float)
        found = milp(
            [-brings for _, _, brings in met], integrality=np.ones(len(met)), bounds=Bounds(0.0, 1.0),
            constraints=[LinearConstraint(held[alone, : self.programme.spends] @ wide, least[alone], most[alone]),
                         LinearConstraint(each, 1.0, 1.0)],
            options={"node_limit": NODES, "mip_rel_gap": 1e-4, "time_limit": max(seconds, 0.5)},
        )  # fmt: skip
        return None if found.x is None else np.asarray(wide @ np.round(found.x))

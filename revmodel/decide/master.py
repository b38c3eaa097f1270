"""The master problem: the best plan under all limits and the cuts known so far, with a bound of its own.

Columns: the programme's (spend and whole numbers), those of the curves (weights of points, or a value by line), and
last the value to be raised. Without whole numbers it is a linear programme, and its bound is computed here from its
duals; with them HiGHS branches, and the bound is HiGHS's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog

from revmodel.decide.integer import milp
from revmodel.decide.programme import Programme
from revmodel.decide.scale import STAKE
from revmodel.decide.surface import Floats
from revmodel.errors import ModelError

__all__ = ["Cut", "Links", "Master", "Mix"]

FAR = 1e5  # no scaled value lies beyond: see STAKE
NO_PLAN, TIME_UP = 2, 1


@dataclass(frozen=True)
class Cut:
    """weights · (spend, curve columns, value) ≤ top, wherever spend lies inside ``box``; None: everywhere."""

    weights: sparse.csr_array
    top: Floats
    box: tuple[Floats, Floats] | None = None

    def holds_in(self, low: Floats, high: Floats) -> bool:
        """Whether it may be used for plans between ``low`` and ``high``."""
        return self.box is None or bool((low >= self.box[0]).all() and (high <= self.box[1]).all())


@dataclass(frozen=True)
class Links:
    """Rows that tie curve columns to spend: weights · (spend, curve columns) = equal; and the columns' own bounds.

    mixes : (curve column,), ascending, of which mix each is a weight, from 0; the last rows say that each mix is whole.
    None where columns are no weights.
    """

    weights: sparse.csr_array
    equal: Floats
    low: Floats
    high: Floats
    mixes: npt.NDArray[np.intp] | None = None


@dataclass(frozen=True)
class Mix:
    """spend: scaled. curve: the curves' columns. ceiling: the master's value of it. bound: no plan is worth more.

    duals : by row of the programme's limits, what one more of its sum would be worth; None of whole numbers
    """

    spend: Floats
    curve: Floats
    ceiling: float
    bound: float
    duals: Floats | None = None


class Master:
    """A programme's rows, kept between solutions."""

    def __init__(self, programme: Programme, curve_columns: int, pull: Floats, most_pull: float) -> None:
        """pull : (spend and curve column,), a tiny cost that decides between plans that are equally good.

        most_pull : what it comes to at most in any plan
        """
        self.programme, self.curve_columns, self.most_pull = programme, curve_columns, most_pull
        held, least, most = programme.matrix()
        self.is_equal = is_equal = least == most
        self.equal, self.equals = self._limits(held[is_equal]), least[is_equal]
        up, down = ~is_equal & np.isfinite(most), ~is_equal & np.isfinite(least)
        self.under = self._limits(sparse.vstack([held[up], -held[down]], format="csr"))
        self.tops = np.concatenate([most[up], -least[down]])
        self.up, self.down, self.pull = up, down, pull

    def solve(
        self, low: Floats, high: Floats, links: Links, cuts: Sequence[Cut], gap: float, seconds: float,
        whole: bool = True, ones: Iterable[int] = (),
    ) -> Mix | None:  # fmt: skip
        """The best between ``low`` and ``high`` (scaled spend); None where no plan lies there.

        cuts : as ``spread`` has them. gap : absolute gap at which a search over whole numbers may stop. whole : False
        lets whole numbers be fractions, which bounds the same plans, in a fraction of the time. ones : columns of whole
        numbers that are one at least. Raises ModelError where the solver fails.
        """
        first, extra = self.programme.spends, len(self.programme.extra_top)
        rows_ub = sparse.vstack([self.under, *(cut.weights for cut in cuts)], format="csc")
        b_ub = np.concatenate([self.tops, *(cut.top for cut in cuts)])
        linked = self._spread(sparse.hstack([links.weights, sparse.csr_array((links.weights.shape[0], 1))]))
        rows_eq = sparse.vstack([self.equal, linked], format="csc")
        b_eq = np.concatenate([self.equals, links.equal])
        lows = np.concatenate([low, np.zeros(extra), links.low, [-FAR]])
        lows[list(ones)] = 1.0
        highs = np.concatenate([high, self.programme.extra_top, links.high, [FAR]])
        cost = np.concatenate([self.pull[:first], np.zeros(extra), self.pull[first:], [-1.0]])
        if extra and whole:
            return self._whole(cost, (rows_ub, b_ub), (rows_eq, b_eq), (lows, highs), gap, seconds)
        solved = linprog(
            cost, A_ub=rows_ub, b_ub=b_ub, A_eq=rows_eq, b_eq=b_eq,
            bounds=np.column_stack([lows, highs]), method="highs",
        )  # fmt: skip
        if solved.status == NO_PLAN:
            return None
        if solved.x is None:
            raise ModelError(f"the allocation's linear programme failed ({solved.message}): please report it")
        mu, nu = np.maximum(-solved.ineqlin.marginals, 0.0), -solved.eqlin.marginals
        if links.mixes is not None:
            nu[-int(links.mixes[-1]) - 1 :] = 0.0  # that mixes are whole is told below, and better
        left = -rows_ub.T @ mu - rows_eq.T @ nu
        left[-1] += 1.0
        bound = float(b_ub @ mu + b_eq @ nu) + self._most(left, lows, highs, links.mixes)
        return replace(self._mix(solved.x, bound), duals=self._duals(mu, nu))

    def _duals(self, mu: Floats, nu: Floats) -> Floats:
        duals, ups = np.zeros(self.is_equal.size), int(self.up.sum())
        duals[self.is_equal] = nu[: self.equals.size]
        duals[self.up] += mu[:ups]
        duals[self.down] -= mu[ups : self.tops.size]
        return duals

    def _most(self, left: Floats, low: Floats, high: Floats, mixes: npt.NDArray[np.intp] | None) -> float:
        """The most that columns within their bounds can make of what duals leave to them.

        With it, value ≤ tops·μ + equals·ν + most of (value − Aᵀ(μ, ν))·columns, for any μ ≥ 0 and ν: the bound holds
        whatever the duals, and the solver only chooses which.
        Source: Neumaier and Shcherbina 2004, "Safe bounds in linear and mixed-integer linear programming", section 3.
        """
        if mixes is None:
            return float(np.maximum(left * low, left * high).sum())
        curve = slice(left.size - 1 - self.curve_columns, left.size - 1)
        alone = np.delete(np.arange(left.size), np.arange(left.size)[curve])
        usable = np.where(high[curve] > 0, left[curve], -np.inf)
        of_mixes = np.maximum.reduceat(usable, np.flatnonzero(np.diff(mixes, prepend=-1))).sum()
        return float(np.maximum(left[alone] * low[alone], left[alone] * high[alone]).sum() + of_mixes)

    def _whole(
        self, cost: Floats, under: tuple[sparse.csc_array, Floats], equal: tuple[sparse.csc_array, Floats],
        ends: tuple[Floats, Floats], gap: float, seconds: float,
    ) -> Mix | None:  # fmt: skip
        first, extra = self.programme.spends, len(self.programme.extra_top)
        whole = np.zeros(cost.size)
        whole[first : first + extra] = 1.0
        solved = milp(
            cost, integrality=whole, bounds=Bounds(*ends),
            constraints=[LinearConstraint(under[0], -np.inf, under[1]), LinearConstraint(equal[0], equal[1], equal[1])],
            options={"mip_rel_gap": gap / STAKE, "time_limit": max(seconds, 0.5)},
        )  # fmt: skip
        if solved.status == NO_PLAN:
            return None
        if solved.x is None:
            raise ModelError(
                f"the allocation's integer programme found no plan ({solved.message}): allow more time or fewer rules"
            )
        return self._mix(solved.x, -float(solved.mip_dual_bound) + self.most_pull)

    def _mix(self, columns: Floats, bound: float) -> Mix:
        first, last = self.programme.spends, columns.size - 1
        curve = columns[last - self.curve_columns : last]
        return Mix(columns[:first], curve, float(columns[last]), bound)

    def spread(self, cut: Cut) -> Cut:
        """A cut over (spend, curve columns, value) with room for the whole-numbered columns in between."""
        return replace(cut, weights=self._spread(cut.weights))

    def _limits(self, rows: sparse.csr_array) -> sparse.csr_array:
        return sparse.hstack([rows, sparse.csr_array((rows.shape[0], self.curve_columns + 1))], format="csr")

    def _spread(self, rows: sparse.csr_array) -> sparse.csr_array:
        """Columns behind those of spend move up by as many as the programme has whole numbers."""
        first, extra = self.programme.spends, len(self.programme.extra_top)
        columns = np.where(rows.indices < first, rows.indices, rows.indices + extra)
        return sparse.csr_array((rows.data, columns, rows.indptr), shape=(rows.shape[0], rows.shape[1] + extra))

"""Tangents of a plan's value as cuts of the master: apart, a row for each line and week of effect, or all in one row.

Bounded apart, a few rounds are enough, since each piece hangs on few amounts. That needs one weighting of the draws for
all rounds. The mean has one. A risk objective weighs draws anew at each plan, and is bounded from above by any one
weighting: some of those met are kept as anchors, each with columns of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from revmodel.decide.master import Cut
from revmodel.decide.objectives import Aim
from revmodel.decide.surface import Floats

__all__ = ["Anchors", "all_in_one", "apart"]

ANCHORS, FIRST_ROUNDS, ROUNDS = 6, 4, 2  # weightings kept; plans met before another is taken
Box = tuple[Floats, Floats] | None


@dataclass
class Anchors:
    """Weightings (draw,) under which pieces are bounded apart."""

    aim: Aim
    weights: list[Floats] = field(default_factory=list)
    rounds: int = 0

    @property
    def most(self) -> int:
        """How many there can be."""
        return 1 if self.aim.is_mean else ANCHORS

    def at(self, weights: Floats) -> int:
        """The place of the anchor to use at a plan whose own weights these are; they may become one."""
        enough = FIRST_ROUNDS if len(self.weights) == 1 else ROUNDS
        if not self.weights or (self.rounds >= enough and len(self.weights) < self.most):
            self.weights.append(weights)
            self.rounds = 0
        self.rounds += 1
        return len(self.weights) - 1


def all_in_one(at: Floats, value: Floats, slopes: Floats, columns: int, box: Box) -> Cut:
    """The objective lies below the tangent. Shapes as in ``apart``."""
    top = value.sum() - np.einsum("lbp,lp->", slopes, at)
    row = np.concatenate([-slopes.sum(1).ravel(), np.zeros(columns), [1.0]])
    return Cut(sparse.csr_array(row[None, :]), np.array([top]), box)


def apart(
    at: Floats, value: Floats, slopes: Floats, anchor: int, anchors: int, box: Box, price: Floats | None = None
) -> Cut:
    """Each piece of an anchor lies below its tangent, and the objective below the sum of its pieces.

    at : (line, period), value : (line, week of effect), slopes : (line, week of effect, period)
    price : (line, period), what spend costs the objective beside
    """
    lines, effects, periods = slopes.shape
    pieces, spends = lines * effects, lines * periods
    own = spends + anchor * pieces + np.arange(pieces)
    # a row a piece: its slopes, then its own column; zeros are left out
    weights = np.column_stack([-slopes.reshape(pieces, periods), np.ones(pieces)])
    column = np.column_stack([np.repeat(np.arange(spends).reshape(lines, periods), effects, axis=0), own])
    some = weights != 0
    ends = np.cumsum(some.sum(1))
    paid = np.zeros(spends) if price is None else price.ravel()
    costs = np.flatnonzero(paid)
    adds_up = np.concatenate([paid[costs], -np.ones(pieces), [1.0]])
    rows = sparse.csr_array(
        (
            np.concatenate([weights[some], adds_up]),
            np.concatenate([column[some], costs, own, [spends + anchors * pieces]]),
            np.concatenate([[0], ends, [ends[-1] + adds_up.size]]),
        ),
        shape=(pieces + 1, spends + anchors * pieces + 1),
    )
    top = value - np.einsum("lbp,lp->lb", slopes, at)
    return Cut(rows, np.append(top.ravel(), 0.0), box)

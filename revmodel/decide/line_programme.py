"""The limits of a plan as one line alone meets them, and what the limits it shares with others would charge it."""

from __future__ import annotations

import numpy as np

from revmodel.decide.programme import Limit, Programme, Row, columns_of
from revmodel.decide.surface import Floats

__all__ = ["charged", "line_programme"]

SPENT = 1e-6  # of the unit: nearer than this to what a limit leaves it, a line has used it up alone


def line_programme(whole: Programme, line: int) -> Programme:
    """A programme of one line that every plan of the ``whole`` keeps, the line's part of it.

    Limits that others share are kept as far as they bind however little the others have.
    """
    periods = whole.shape[1]
    columns = list(columns_of(whole, line))
    part, own = slice(columns[0], columns[-1] + 1), set(columns)
    rows = [(limit.says, row) for limit in whole.limits for row in limit.rows]
    columns += sorted({c for _, (row, _, _) in rows if own & row.keys() for c in row if c >= whole.spends})
    place = {column: i for i, column in enumerate(columns)}
    made = Programme(
        whole.unit, (1, periods), whole.now[part], (whole.free[0][part], whole.free[1][part]),
        (whole.box[0][part], whole.box[1][part]),
        extra_top=[whole.extra_top[column - whole.spends] for column in columns[periods:]],
        on={place[column]: place[one] for column, one in whole.on.items() if column in own},
        minimum={place[column]: least for column, least in whole.minimum.items() if column in own},
        step={place[column]: (place[one], size) for column, (one, size) in whole.step.items() if column in own},
        changed={place[one]: [place[c] for c in own.intersection(of)] for one, of in whole.changed.items()
                 if one in place},
    )  # fmt: skip
    made.limits.append(Limit("whatever the line gets", ((dict.fromkeys(range(periods), 1.0), -np.inf, np.inf),)))
    for says, row in rows:
        alone = _alone(whole, row, own, place)
        if alone is not None:
            made.limits.append(Limit(says, (alone,)))
    return made


def charged(whole: Programme, spend: Floats, duals: Floats) -> Floats:
    """(line, period): what limits that lines share charge an amount, at a mix of the master and its duals.

    A limit that a line uses up alone charges it nothing: its own programme keeps it (``line_programme``), and a price
    on top would only make it hard to tell how much of the line is best.
    """
    prices = np.zeros(whole.shape)
    rows = [row for limit in whole.limits for row in limit.rows]
    for (weights, _, most), dual in zip(rows, duals, strict=True):
        lines = {column // whole.shape[1] for column in weights if column < whole.spends}
        if dual == 0 or len(lines) < 2 or max(weights) >= whole.spends:
            continue
        for line in lines:
            part = {c: w for c, w in weights.items() if c // whole.shape[1] == line}
            others = {c: w for c, w in weights.items() if c not in part}
            left = most - _ends(whole, others)[0]
            if dual > 0 and sum(w * spend[c] for c, w in part.items()) >= left - SPENT:
                continue
            for column, weight in part.items():
                prices[line, column % whole.shape[1]] += dual * weight
    return prices


def _alone(whole: Programme, row: Row, own: set[int], place: dict[int, int]) -> Row | None:
    """A row as a line meets it; None where it says nothing of its spend, or needs others' whole numbers."""
    weights, least, most = row
    others = {c: w for c, w in weights.items() if c not in place}
    if not own & weights.keys() or any(c >= whole.spends for c in others):
        return None
    low, high = _ends(whole, others)
    return {place[c]: w for c, w in weights.items() if c in place}, least - high, most - low


def _ends(whole: Programme, weights: dict[int, float]) -> tuple[float, float]:
    """The least and the most that a sum over columns of spend can be."""
    low, high = whole.box
    ends = [sorted((weight * low[column], weight * high[column])) for column, weight in weights.items()]
    return float(sum(end[0] for end in ends)), float(sum(end[1] for end in ends))

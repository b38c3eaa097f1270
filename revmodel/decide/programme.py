"""Limits and rules as a linear programme over lines and periods, each limit with the sentence that states it.

Columns: the spend of each line in each period, then what rules need to be told: 1 where a line is on in a period, how
many steps it takes, 1 where a channel differs from current spend. Amounts are in ``unit`` of currency, so that
any budget looks alike to a solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from revmodel.decide.limits import Limits, amount_in_words, lines_named
from revmodel.decide.rules import Group, Pace, PlanRules
from revmodel.decide.surface import AnySurface, Floats
from revmodel.errors import InfeasibleError, ModelError

__all__ = ["Limit", "Programme", "columns_of", "programme_of"]

KEPT = 1e-6  # share of the unit by which a plan may miss a limit: what solvers call feasible
Row = tuple[dict[int, float], float, float]  # column → weight, and between what their sum has to lie


@dataclass(frozen=True)
class Limit:
    """One limit as people know it, and its rows."""

    says: str
    rows: tuple[Row, ...]


@dataclass
class Programme:
    """All limits of a plan.

    unit : currency per unit of a column. shape : (lines, periods). now : (column of spend,), scaled. free : bounds of
    the first columns were nothing laid down; box : with everything that bounds a single column. extra_top : (extra,)
    largest value of each whole-numbered column. on, step, changed : which of them says what of which column or channel.
    minimum : column → the least it gets if anything. most_changed : how many channels may change, None: any.
    """

    unit: float
    shape: tuple[int, int]
    now: Floats
    free: tuple[Floats, Floats]
    box: tuple[Floats, Floats]
    limits: list[Limit] = field(default_factory=list)
    extra_top: list[float] = field(default_factory=list)
    on: dict[int, int] = field(default_factory=dict)
    minimum: dict[int, float] = field(default_factory=dict)
    step: dict[int, tuple[int, float]] = field(default_factory=dict)
    changed: dict[int, list[int]] = field(default_factory=dict)
    most_changed: int | None = None

    @property
    def spends(self) -> int:
        """How many columns of spend."""
        return self.now.size

    @property
    def columns(self) -> int:
        """How many columns in all."""
        return self.spends + len(self.extra_top)

    def matrix(self, limits: Iterable[Limit] | None = None) -> tuple[sparse.csr_array, Floats, Floats]:
        """Rows of the limits (all by default), and between what each has to lie."""
        rows = [row for limit in (self.limits if limits is None else limits) for row in limit.rows]
        at = [(i, column, weight) for i, (weights, _, _) in enumerate(rows) for column, weight in weights.items()]
        i, j, w = zip(*at, strict=True) if at else ((), (), ())
        held = sparse.csr_array((np.array(w, float), (np.array(i, int), np.array(j, int))), (len(rows), self.columns))
        return held, np.array([row[1] for row in rows], float), np.array([row[2] for row in rows], float)

    def least_if_on(self, column: int) -> float | None:
        """The least that a column can get if anything, a whole number of its steps; None without a minimum."""
        least = self.minimum.get(column)
        if least is None or column not in self.step:
            return least
        _, size = self.step[column]
        return float(np.ceil(least / size - KEPT) * size)

    def snapped(self, spend: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """``spend`` with what whole numbers decide put in to the last digit, and which columns that are."""
        spend, settled = spend.copy(), np.zeros(self.spends, dtype=bool)
        for column in self.on:
            if spend[column] <= KEPT:
                spend[column], settled[column] = 0.0, True
        for column, (_, size) in self.step.items():
            spend[column], settled[column] = round(spend[column] / size) * size, True
        for columns in self.changed.values():
            if np.abs(spend[columns] - self.now[columns]).max() <= KEPT:
                spend[columns], settled[columns] = self.now[columns], True
        return spend, settled

    def admits(self, spend: Floats) -> bool:
        """Whether a plan, scaled, keeps every limit."""
        extra = np.zeros(len(self.extra_top))
        first = self.spends
        for column, place in self.on.items():
            extra[place - first] = float(spend[column] > KEPT)
        for column, (place, size) in self.step.items():
            extra[place - first] = round(spend[column] / size)
        for place, columns in self.changed.items():
            extra[place - first] = float(np.abs(spend[columns] - self.now[columns]).max() > KEPT)
        held, least, most = self.matrix()
        sums = held @ np.concatenate([spend, extra])
        low, high = self.free
        slack = 2 * KEPT
        inside = (spend >= low - slack).all() and (spend <= high + slack).all()
        return bool(inside and (sums >= least - slack).all() and (sums <= most + slack).all())


def programme_of(surface: AnySurface, limits: Limits, rules: PlanRules) -> Programme:
    """The programme of a plan. Raises InfeasibleError: a rule names what is no channel."""
    for name, rule in rules.names().items():
        lines_named(surface, name, f"named in {rule}")
    largest = float(limits.upper.max())
    unit = largest if largest > 0 else 1.0
    shape = (surface.now.shape[0], surface.now.shape[1])
    made = Programme(
        unit, shape, surface.now.ravel() / unit,
        (surface.least.ravel() / unit, np.full(surface.now.size, max(float(surface.most.sum()), limits.budget) / unit)),
        (limits.low.ravel() / unit, np.minimum(limits.high, surface.most).ravel() / unit),
    )  # fmt: skip
    made.limits += [*_budget(made, limits), *_bounds(surface, made, limits)]
    for group in rules.groups:
        made.limits.append(_group(surface, made, group))
    for name, amount in rules.minimum.items():
        for line in lines_named(surface, name, "named in minimum"):
            made.limits.append(_minimum(surface, made, line, amount))
    for name, size in rules.steps.items():
        for line in lines_named(surface, name, "named in steps"):
            if not limits.fixed[line]:
                made.limits.append(_steps(surface, made, line, size))
    for name, pace in rules.pace.items():
        for line in lines_named(surface, name, "named in pace"):
            made.limits += _pace(surface, made, line, pace)
    if rules.most_changed is not None:
        made.limits.append(_most_changed(surface, made, rules.most_changed))
    return made


def columns_of(made: Programme, line: int) -> range:
    """The columns of a line's spend, a period each."""
    return range(line * made.shape[1], (line + 1) * made.shape[1])


def _new(made: Programme, top: float) -> int:
    made.extra_top.append(top)
    return made.columns - 1


def _budget(made: Programme, limits: Limits) -> list[Limit]:
    total, all_of_it = limits.budget / made.unit, dict.fromkeys(range(made.spends), 1.0)
    words = amount_in_words(limits.budget)
    if limits.at_most:
        return [Limit(f"at most the budget of {words} is spent", ((all_of_it, -np.inf, total),))]
    return [Limit(f"the budget of {words} is spent", ((all_of_it, total, total),))]


def _bounds(surface: AnySurface, made: Programme, limits: Limits) -> list[Limit]:
    found = []
    for line, name in enumerate(surface.channels):
        columns, slack = columns_of(made, line), 1e-12
        whole = dict.fromkeys(columns, 1.0)
        low, high = limits.lower[line] / made.unit, limits.upper[line] / made.unit
        if limits.fixed[line]:
            rows = tuple(({c: 1.0}, made.box[0][c], made.box[1][c]) for c in columns)
            found.append(Limit(f"{name} is fixed at {amount_in_words(limits.lower[line])}", rows))
            continue
        each = [(c, made.box[0][c], made.box[1][c]) for c in columns]
        lows = tuple(({c: 1.0}, least, np.inf) for c, least, _ in each)
        highs = tuple(({c: 1.0}, -np.inf, most) for c, _, most in each)
        if low > slack:
            said = f"{name} gets at least {amount_in_words(limits.lower[line])}"
            found.append(Limit(said, (*lows, (whole, low, np.inf))))
        said = f"{name} gets at most {amount_in_words(limits.upper[line])}"
        found.append(Limit(said, (*highs, (whole, -np.inf, high))))
    return found


def _group(surface: AnySurface, made: Programme, group: Group) -> Limit:
    lines = {line for name in group.channels for line in lines_named(surface, name, f"named in group {group.name}")}
    weights = {column: 1.0 for line in sorted(lines) for column in columns_of(made, line)}
    least = -np.inf if group.least is None else group.least / made.unit
    most = np.inf if group.most is None else group.most / made.unit
    ends = [f"at least {amount_in_words(group.least)}" if group.least is not None else "",
            f"at most {amount_in_words(group.most)}" if group.most is not None else ""]  # fmt: skip
    said = f"group {group.name} ({', '.join(group.channels)}) gets {' and '.join(end for end in ends if end)}"
    return Limit(said, ((weights, least, most),))


def _minimum(surface: AnySurface, made: Programme, line: int, amount: float) -> Limit:
    rows: list[Row] = []
    for column in columns_of(made, line):
        top = max(made.box[1][column], 0.0)
        made.on[column] = on = _new(made, 1.0)
        made.minimum[column] = max(amount / made.unit, made.minimum.get(column, 0.0))
        rows += [({column: 1.0, on: -top}, -np.inf, 0.0), ({column: 1.0, on: -amount / made.unit}, 0.0, np.inf)]
    said = f"{surface.channels[line]} gets nothing or at least {amount_in_words(amount)}{_a_period(made)}"
    return Limit(said, tuple(rows))


def _steps(surface: AnySurface, made: Programme, line: int, size: float) -> Limit:
    rows: list[Row] = []
    scaled = size / made.unit
    for column in columns_of(made, line):
        number = _new(made, float(np.floor(made.box[1][column] / scaled + KEPT)))
        made.step[column] = (number, scaled)
        rows.append(({column: 1.0, number: -scaled}, 0.0, 0.0))
    return Limit(f"{surface.channels[line]} gets a multiple of {amount_in_words(size)}{_a_period(made)}", tuple(rows))


def _a_period(made: Programme) -> str:
    return " in each period" if made.shape[1] > 1 else ""


def _pace(surface: AnySurface, made: Programme, line: int, pace: Pace) -> list[Limit]:
    columns, name, found = columns_of(made, line), surface.channels[line], []
    if len(columns) == 1 and (not pace.from_before or pace.least_share is not None or pace.most_share is not None):
        raise InfeasibleError(
            f"pace of {name}: a plan of one period can only change from what was spent before the window; plan two "
            "periods or more, or leave shares and from_before=False out"
        )
    if pace.most_change is not None:
        rows = [row for one, next_ in pairwise(columns) for row in _near(next_, {one: 1.0}, 0.0, pace.most_change)]
        if rows:
            found.append(Limit(f"{name} changes by at most {pace.most_change:.0%} from period to period", tuple(rows)))
        if pace.from_before:
            found.append(_from_before(surface, made, line, pace.most_change))
    for share, most in ((pace.least_share, False), (pace.most_share, True)):
        if share is not None:
            ends = (-np.inf, 0.0) if most else (0.0, np.inf)
            shared: list[Row] = [({c: (1.0 if c == own else 0.0) - share for c in columns}, *ends) for own in columns]
            said = f"{name} spends at {'most' if most else 'least'} {share:.0%} of its total in each period"
            found.append(Limit(said, tuple(shared)))
    return found


def _from_before(surface: AnySurface, made: Programme, line: int, most_change: float) -> Limit:
    """The first period against what was spent over as long before the window."""
    name = surface.channels[line]
    spent = np.nan if surface.spent_before is None else float(surface.spent_before[line])
    if not np.isfinite(spent):
        raise ModelError(
            f"pace of {name}: its first period is held against what was spent over as long before the window, and the "
            "history is not that long; plan shorter periods, or start freely with from_before: false"
        )
    first = "the first period" if made.shape[1] > 1 else "the window"
    said = f"in {first} {name} changes by at most {most_change:.0%} from the {amount_in_words(spent)} spent before it"
    return Limit(said, tuple(_near(columns_of(made, line)[0], {}, spent / made.unit, most_change)))


def _near(column: int, of: dict[int, float], amount: float, most_change: float) -> list[Row]:
    """A column stays within a share of the sum of another's and an amount."""
    up, down = 1 + most_change, max(1 - most_change, 0.0)
    return [({column: 1.0, **{c: -up * w for c, w in of.items()}}, -np.inf, up * amount),
            ({column: 1.0, **{c: -down * w for c, w in of.items()}}, down * amount, np.inf)]  # fmt: skip


def _most_changed(surface: AnySurface, made: Programme, most: int) -> Limit:
    rows: list[Row] = []
    made.most_changed = most
    for channel in dict.fromkeys(surface.belongs_to):
        lines = [i for i, of in enumerate(surface.belongs_to) if of == channel]
        columns = [column for line in lines for column in columns_of(made, line)]
        one = _new(made, 1.0)
        made.changed[one] = columns
        for column in columns:
            up = max(made.box[1][column] - made.now[column], 0.0)
            down = max(made.now[column] - made.box[0][column], 0.0)
            rows += [({column: 1.0, one: -up}, -np.inf, made.now[column]),
                     ({column: 1.0, one: down}, made.now[column], np.inf)]  # fmt: skip
    rows.append((dict.fromkeys(made.changed, 1.0), -np.inf, float(most)))
    return Limit(f"at most {most} channels change", tuple(rows))

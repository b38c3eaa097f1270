"""The least budget that is enough, by halving: where more may be left unspent, more budget is never worse."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["least_enough"]


def least_enough[Found](
    tried: Callable[[float], tuple[Found, bool]], least: float, most: float, rounds: int, near: float = 0.0
) -> tuple[Found, bool]:
    """What is found at the least budget that is enough, and that it is; or at the most, and that not even that is.

    tried : budget → what is found, and whether it is enough. near : budgets closer than this are one

    >>> least_enough(lambda budget: (round(budget), budget >= 30), 0.0, 100.0, 20)
    (30, True)
    """
    best = tried(most)
    if not best[1]:
        return best
    cheapest = tried(least)
    if cheapest[1]:
        return cheapest
    for _ in range(rounds):
        if most - least <= near:
            break
        middle = 0.5 * (least + most)
        found = tried(middle)
        if found[1]:
            best, most = found, middle
        else:
            least = middle
    return best

"""Counts in sentences: '1 row', '12 rows', '1,234 records'."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["and_list", "count", "plural", "some_of"]


def count(value: float) -> str:
    """A count: whole, with thousands apart; half a win is '0.5' only below ten.

    >>> count(1234.4), count(3.26), count(12.0)
    ('1,234', '3.3', '12')
    """
    return (
        f"{value:,.1f}" if abs(value) < 10 and abs(value - round(value)) > 0.05 else f"{value:,.0f}".replace("-0", "0")
    )


def plural(n: float, one: str, many: str = "") -> str:
    """A count with its noun; ``many`` where the plural is not ``one`` with an s.

    >>> plural(1, "deal"), plural(1200, "deal"), plural(2, "company", "companies")
    ('1 deal', '1,200 deals', '2 companies')
    """
    return f"{count(n)} {one if round(n) == 1 and math.isclose(n, round(n)) else many or one + 's'}"


def and_list(items: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    words = list(items)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def some_of(items: Iterable[str], most: int = 8) -> str:
    """The first few of a list, and how many more there are.

    >>> some_of("abc", 2)
    'a, b and 1 more'
    """
    words = list(items)
    return ", ".join(words) if len(words) <= most else f"{', '.join(words[:most])} and {len(words) - most:,} more"

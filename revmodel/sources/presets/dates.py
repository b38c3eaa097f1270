"""How the dates of a column are written, told from its values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

__all__ = ["date_formats"]

_DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y")
_OTHER_DAYS = ("%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%m-%d-%Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p", ", %H:%M")
_FORMATS = tuple(day + time for day in (*_DAYS, *_OTHER_DAYS) for time in _TIMES)


def date_formats(values: Sequence[str]) -> tuple[list[str], bool]:
    """Formats that read the values, the fewest found, and whether day and month could also be the other way round.

    An empty list: ISO, which needs no format. Values that no format reads are left to the findings.

    >>> date_formats(["02/24/26 02:18 AM"])
    (['%m/%d/%y %I:%M %p'], False)
    >>> date_formats(["2021-01-07 6:49:18", "2021-01-07T06:49:18Z"])
    ([], False)
    >>> date_formats(["03/04/2026", "05/06/2026"])
    (['%m/%d/%Y'], True)
    """
    rest = [value for value in values if not _is_iso(value)]
    chosen: list[str] = ["iso"] if rest and len(rest) < len(values) else []
    if rest and all(value.isdigit() and len(value) == 13 for value in rest):
        return [*chosen, "epoch_ms"], False
    doubtful = False
    while rest:
        read = {name: sum(_follows(value, name) for value in rest) for name in _FORMATS}
        best = max(_FORMATS, key=lambda name: read[name])  # of equals the first
        if not read[best]:
            break
        doubtful |= read.get(_other_way_round(best), 0) == read[best]
        chosen.append(best)
        rest = [value for value in rest if not _follows(value, best)]
    return (chosen if chosen != ["iso"] else []), doubtful


def _is_iso(value: str) -> bool:
    """As the engine reads ISO: also with one-digit hours, a 'Z', or ' UTC'."""
    text = value.strip().replace("T", " ").removesuffix("Z").removesuffix(" UTC")
    day, _, time = text.partition(" ")
    if len(day) != 10 or day[4] != "-" or day[7] != "-":
        return False
    return not time or time[:1].isdigit()


def _follows(value: str, format: str) -> bool:
    try:
        dt.datetime.strptime(value.strip(), format)
    except ValueError:
        return False
    return True


def _other_way_round(format: str) -> str:
    swapped = format.replace("%m", "%%").replace("%d", "%m").replace("%%", "%d")
    return swapped if swapped != format else ""

"""What options of the command line mean: days, whole numbers, one of a few words; each refused in one sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

from revmodel.errors import ConfigError

__all__ = ["company_day", "iso_day", "one_of", "whole_numbers"]


def company_day(text: str | None, config: Any) -> dt.date | None:
    """A day as given, or the company's own today or yesterday."""
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    if text in ("today", "yesterday"):
        now = dt.datetime.now(ZoneInfo(config.timezone)).date()
        return now if text == "today" else now - dt.timedelta(days=1)
    return iso_day("--as-of", text, ", or today or yesterday")


def iso_day(option: str, text: str, others: str = "") -> dt.date:
    """A day as given. others: what else may stand there. Raises ConfigError: it is no date."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} is not a date: write it as 2026-09-30{others}") from error


def one_of(option: str, given: str, wanted: tuple[str, ...]) -> None:
    """Raise ConfigError unless what was given is one of ``wanted``."""
    if given not in wanted:
        raise ConfigError(f"{option} {given!r} is not known: give one of {', '.join(wanted)}")


def whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """``4,13,26`` → (4, 13, 26). Raises ConfigError: not whole numbers from 1 to 104."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and 1 <= int(part) <= 104 for part in parts):
        raise ConfigError(f"{option} came as {text!r}: wanted whole numbers from 1 to 104, such as 4,13,26")
    return tuple(sorted({int(part) for part in parts}))

"""What a message may show of a value: no address, no name, no phone number."""

from __future__ import annotations

import re

__all__ = ["shown", "without_addresses"]

_ADDRESS = re.compile(r"[^\s@<>,;:'\"()=]+@[^\s@<>,;:'\"()=]+\.[^\s@<>,;:'\"()=]+")
_WORDS_FOR_NOTHING = {"n/a", "na", "none", "null", "nil", "nan", "inf", "-inf", "-", "--", "?", "tbd", "unknown"}
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]{0,6}\.?"
_DAY = rf"\d{{1,4}}[-/. ]\d{{1,2}}[-/. ]\d{{1,4}}|\d{{1,2}}[-. ]{{1,2}}{_MONTH}[- ]\d{{2,4}}"
_DAY_OF_MONTH_FIRST = rf"{_MONTH} \d{{1,2}},? \d{{2,4}}"
_TIME = r"[T, ]+\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d+)? ?(?:[ap]m)?(?:z| ?utc|[+-]\d{2}:?\d{2})?"
_LIKE_A_DATE = re.compile(rf"(?:{_DAY}|{_DAY_OF_MONTH_FIRST}|\d{{8}}|\d{{13}})(?:{_TIME})?", flags=re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(
    r"[-+(]?(?:[$€£¥]|[A-Z]{3} ?)?[-+]?\d{1,3}(?:[.,' ]?\d{3})*(?:[.,]\d{1,6})?(?: ?(?:[$€£¥%kKmM]|[A-Z]{3}))?\)?"
)
_LONGEST_SHAPE = 40


def shown(value: str, *, is_moment: bool) -> str:
    """A value that is neither date nor number, as a message may show it.

    In an export whose columns slipped it may be a name or a phone number. So what looks like a date (in a column of
    dates), a number (in one of numbers) or a word for nothing is shown as it is, and of all else only its shape.

    >>> [shown(text, is_moment=True) for text in ("31.12.2025", "n/a", "Rose Hill", "+44 20 7946 0018")]
    ['31.12.2025', 'n/a', 'Aaaa Aaaa', '+99 99 9999 9999']
    """
    looks_right = _LIKE_A_DATE if is_moment else _LIKE_A_NUMBER
    if looks_right.fullmatch(value.strip()) or value.strip().lower() in _WORDS_FOR_NOTHING:
        return value
    return "".join(_shape_of(character) for character in value[:_LONGEST_SHAPE])


def without_addresses(text: str) -> str:
    """A message without the e-mail addresses in it.

    >>> without_addresses("lead 7 of ann@acme.com, twice")
    'lead 7 of <an e-mail address>, twice'
    """
    return _ADDRESS.sub("<an e-mail address>", text) if "@" in text else text


def _shape_of(character: str) -> str:
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return "9" if character.isdigit() else character

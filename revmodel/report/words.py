"""Numbers as people say them: money, counts, dates, quarters, chances, lists."""

from __future__ import annotations

import pandas as pd

from revmodel.sources.wording import and_list, count, plural

__all__ = [
    "and_list",
    "between",
    "chance",
    "count",
    "date",
    "label",
    "money",
    "number",
    "percent",
    "plural",
    "price",
    "quarter",
    "span",
]

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_SCALES = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
_ODDS = (
    (0.005, "almost no chance"),
    (0.035, "less than 1 in 20"),
    (0.075, "about 1 in 20"),
    (0.15, "about 1 in 10"),
    (0.225, "about 1 in 5"),
    (0.29, "about 1 in 4"),
    (0.36, "about 1 in 3"),
    (0.45, "about 4 in 10"),
    (0.55, "about even"),
    (0.63, "about 6 in 10"),
    (0.71, "about 2 in 3"),
    (0.775, "about 3 in 4"),
    (0.85, "about 8 in 10"),
    (0.925, "about 9 in 10"),
    (0.965, "about 19 in 20"),
    (0.995, "more than 19 in 20"),
)
_LABELS = {
    "crm": "CRM",
    "content_seo": "content / SEO",
    "sdr": "SDR",
    "pr": "PR",
    "seo": "SEO",
}


def money(value: float, currency: str) -> str:
    """An amount in at most three digits: '€3.1m', '€420k', '−€15k', 'CHF 1.2bn'.

    >>> money(3_140_000, "EUR"), money(-419_600, "EUR"), money(95.4, "CHF"), money(999_950, "EUR")
    ('€3.1m', '−€420k', 'CHF 95', '€1.0m')
    """
    sign = _SIGNS.get(currency, f"{currency} ")
    size = abs(float(value))
    minus = "−" if value < 0 and round(size) > 0 else ""
    for scale, letter in _SCALES:
        if size >= scale * 0.9995:
            scaled = size / scale
            return (
                f"{minus}{sign}{scaled:.1f}{letter}"
                if scaled < 99.95 and letter != "k"
                else f"{minus}{sign}{scaled:.0f}{letter}"
            )
    return f"{minus}{sign}{size:.0f}"


def price(value: float, currency: str) -> str:
    """An amount to the unit below ten thousand, where three digits would hide a difference: '€5,243'.

    >>> price(5243.4, "EUR"), price(-120, "CHF"), price(31_640, "EUR")
    ('€5,243', '−CHF 120', '€32k')
    """
    if abs(value) >= 9_999.5:
        return money(value, currency)
    minus = "−" if round(value) < 0 else ""
    return f"{minus}{_SIGNS.get(currency, f'{currency} ')}{abs(value):,.0f}"


def number(value: float, currency: str | None) -> str:
    """Money where there is a currency, else a count."""
    return count(value) if currency is None else money(value, currency)


def between(low: float, high: float, currency: str | None) -> str:
    """'between €3.1m and €4.0m'; one number where both ends read the same.

    >>> between(3_100_000, 4_000_000, "EUR"), between(11.8, 12.2, None)
    ('between €3.1m and €4.0m', 'around 12')
    """
    first, last = (number(end, currency) for end in (low, high))
    return f"around {first}" if first == last else f"between {first} and {last}"


def span(low: float, high: float, currency: str | None) -> str:
    """An interval for a table's cell: '€3.1m – €4.0m'."""
    return f"{number(low, currency)} – {number(high, currency)}"


def percent(share: float) -> str:
    """A share as whole percent, with its sign turned into a minus that is as wide as a plus.

    >>> percent(0.314), percent(-0.02), percent(0.004)
    ('31 %', '−2 %', '0.4 %')
    """
    value = 100 * share
    text = f"{abs(value):.1f}" if 0.05 <= abs(value) < 0.95 else f"{abs(value):,.0f}"
    return f"{'−' if value <= -0.05 else ''}{text} %"


def chance(probability: float) -> str:
    """A chance as odds that one can picture.

    >>> chance(0.24), chance(0.5), chance(1.0), chance(0.002)
    ('about 1 in 4', 'about even', 'almost certain', 'almost no chance')
    """
    return next((words for limit, words in _ODDS if probability < limit), "almost certain")


def date(value: object) -> str:
    """A day: '30 September 2026'; 'not known' where there is none.

    >>> date("2026-09-30")
    '30 September 2026'
    """
    day = pd.Timestamp(str(value))
    return "not known" if pd.isna(day) else f"{day.day} {day:%B %Y}"


def quarter(period: str, fiscal_year_start_month: int = 1) -> str:
    """A quarter as it is said; a fiscal year that is not the calendar's is marked.

    >>> quarter("2026Q4"), quarter("2026Q4", 2)
    ('Q4 2026', 'Q4 FY2026')
    """
    year, _, part = period.partition("Q")
    if not part:
        return period
    return f"Q{part} {'FY' if fiscal_year_start_month != 1 else ''}{year}"


def label(name: str) -> str:
    """The name of a channel, stage or model as a reader would write it: 'paid_search' → 'Paid search'.

    >>> label("paid_search"), label("sql"), label("content_seo")
    ('Paid search', 'SQL', 'Content / SEO')
    """
    words = _LABELS.get(name.lower(), name.replace("_", " ").strip())
    if words.isupper() or (len(words) <= 3 and words.isalpha()):
        return words.upper()
    return words[:1].upper() + words[1:]

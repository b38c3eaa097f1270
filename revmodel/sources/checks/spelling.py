"""Names that are, or may be, one name written in several ways. Pure functions on names and their counts."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping

__all__ = ["is_near", "name_key", "near_pairs", "variants", "yaml_text"]

_LEAST_LETTERS = 5  # of the word that differs: shorter ones differ by a letter on purpose (smb, smc; de, dk)
_RARE = 0.05  # of the rows of the usual spelling: a slip is rare
_USUAL_ROWS = 20  # of the usual spelling, at least
_MOST_NAMES = 20_000  # the most frequent ones are compared
_WORDS = re.compile(r"[^\W\d_]+|\d+")


def name_key(name: str) -> str:
    """What spellings of one name share: no case, accents, spaces, dashes, underscores or invisible characters.

    >>> name_key("Paid\\u00a0Search") == name_key("PAID–search") == name_key("paid_search")
    True
    >>> name_key("Région") == name_key("region"), name_key("Q1 2025") == name_key("Q2 2025")
    (True, False)
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    kinds = ("Mn", "Cf", "Pd", "Pc", "Zs", "Cc")  # marks, invisible ones, dashes, underscores, spaces, controls
    return "".join(letter for letter in plain if unicodedata.category(letter) not in kinds)


def variants(rows: Mapping[str, int]) -> list[list[str]]:
    """Groups of names with one key, the most frequent of each first; groups in the order of their names.

    >>> variants({"events": 40, "Events": 3, "content": 5})
    [['events', 'Events']]
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(rows):
        groups[name_key(name)].append(name)
    return [sorted(names, key=lambda name: -rows[name]) for _, names in sorted(groups.items()) if len(names) > 1]


def near_pairs(rows: Mapping[str, int]) -> list[tuple[str, str]]:
    """Pairs (usual, rare) of names that differ by a slip in one long word; see is_near.

    The rare one has a twentieth of the rows of the usual one or less, unless the two differ by a plural s.

    >>> near_pairs({"webinars": 300, "webnars": 2, "fair 2024": 90, "fair 2025": 1})
    [('webinars', 'webnars')]
    """
    frequent = sorted(rows, key=lambda name: (-rows[name], name))[:_MOST_NAMES]
    by_trace: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in frequent:
        for trace in _traces(name):
            by_trace[trace].append(name)
    pairs = set()
    for names in by_trace.values():
        for usual, rare in itertools.combinations(names, 2):
            is_rare = rows[usual] >= _USUAL_ROWS and rows[rare] <= _RARE * rows[usual]
            if (is_rare or _is_plural(usual, rare)) and is_near(usual, rare):
                pairs.add((usual, rare))
    return sorted(pairs)


def is_near(one: str, other: str) -> bool:
    """Whether two names have the same words but one, of five letters or more in both, which is one slip apart.

    A slip is a letter too many, too few, wrong, or swapped with its neighbour. Numbers never differ by a slip:
    'event 1' and 'event 2' are two events.

    >>> is_near("paid serach", "paid search"), is_near("acme_de", "acme_dk"), is_near("fair 2024", "fair 2025")
    (True, False, False)
    """
    first, second = _words(one), _words(other)
    if len(first) != len(second):
        return False
    differing = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    if len(differing) != 1:
        return False
    a, b = differing[0]
    return a.isalpha() and b.isalpha() and min(len(a), len(b)) >= _LEAST_LETTERS and _is_one_slip(a, b)


def yaml_text(name: str) -> str:
    """A name as it is written in YAML: quoted where it has to be."""
    is_plain = re.fullmatch(r"[A-Za-z][\w ]*\w", name) and name.lower() not in (
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
    )
    return name if is_plain else "'" + name.replace("'", "''") + "'"


def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORDS.findall(unicodedata.normalize("NFKC", name).casefold()))


def _traces(name: str) -> set[tuple[str, ...]]:
    """The name's words, and those with one letter of one long word left out: names one slip apart share one."""
    words = _words(name)
    traces = {words}
    for place, word in enumerate(words):
        if word.isalpha() and len(word) >= _LEAST_LETTERS:
            shorter = {word[:i] + word[i + 1 :] for i in range(len(word))}
            traces |= {(*words[:place], less, *words[place + 1 :]) for less in shorter}
    return traces


def _is_plural(one: str, other: str) -> bool:
    return name_key(one) + "s" == name_key(other) or name_key(other) + "s" == name_key(one)


def _is_one_slip(a: str, b: str) -> bool:
    if len(a) == len(b):
        places = [i for i in range(len(a)) if a[i] != b[i]]
        swapped = len(places) == 2 and places[1] == places[0] + 1 and a[places[0]] == b[places[1]]
        return len(places) == 1 or (swapped and a[places[1]] == b[places[0]])
    short, long = sorted((a, b), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))

"""The error for a column that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from revmodel.errors import MissingColumnError

__all__ = ["missing_column"]


def missing_column(
    wanted: str, table: str, origin: str, came: Sequence[str], asked: str | None = None, where: str = "columns"
) -> MissingColumnError:
    """What was wanted, what came, the nearest of it, and the line of the config that would map it.

    wanted: the canonical column. asked: what the config calls it in the source, under ``where``.
    """
    close = difflib.get_close_matches((asked or wanted).lower(), [name.lower() for name in came], n=1, cutoff=0.5)
    nearest = next((name for name in came if close and name.lower() == close[0]), None)
    why = f", which tables.{table}.{where} asks for." if asked else f", and {wanted!r} is needed."
    lines = [
        f"{table}: {origin} has no column {asked or wanted!r}{why}",
        f"  It has: {', '.join(came) or 'no columns'}.",
        *([f"  The nearest is {nearest!r}."] if nearest else []),
        f"  Map it under tables.{table}: {where}: {{{wanted}: {nearest or '<the column in the file>'}}}",
    ]
    if len(came) == 1 and any(mark in came[0] for mark in ";\t|,"):
        lines.append("  The header came as one column: set 'delimiter' to what separates the columns of this file.")
    return MissingColumnError("\n".join(lines))

"""scipy's integer programmes, without what their solver writes to standard output past every switch.

HiGHS tells by name of a function whenever it has to mend a solution. That is nobody's business, and would stand in the
middle of a table that another program reads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scipy import optimize

__all__ = ["milp"]

STDOUT = 1


def milp(*args: Any, **options: Any) -> Any:
    """``scipy.optimize.milp``, in silence."""
    with _silent():
        return optimize.milp(*args, **options)


@contextmanager
def _silent() -> Iterator[None]:
    sys.stdout.flush()
    try:
        kept = os.dup(STDOUT)
    except OSError:  # there is none: nothing can be written
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDOUT)
        yield
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)
        os.close(nowhere)

"""The one way in which loops of the forecast are compiled.

Numba's cache knows a function by the time stamp of its own file. So a compiled function calls compiled functions of its
own file only; across files they meet in Python. A change then never leaves a stale copy behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba import njit

__all__ = ["compiled"]


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Numba in nopython mode, cached on disk, free of the interpreter's lock; division follows IEEE 754 as in NumPy."""
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))

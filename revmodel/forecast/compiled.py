"""The one way in which loops of the forecast are compiled.

Numba's cache knows a function by the time stamp of its own file. So a compiled function calls compiled functions of its
own file only; across files they meet in Python. A change then never leaves a stale copy behind.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from numba import njit

try:
    import fcntl
except ImportError:  # not a Unix: then processes that start together each compile
    fcntl = None  # type: ignore[assignment]

__all__ = ["compiled", "one_at_a_time"]

LOCK = Path(tempfile.gettempdir()) / f"revmodel-compiling-{os.getuid() if fcntl else 0}.lock"


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Numba in nopython mode, cached on disk, free of the interpreter's lock; division follows IEEE 754 as in NumPy."""
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))


@contextmanager
def one_at_a_time(lock: Path = LOCK) -> Iterator[None]:
    """For one process at a time: who compiles a loop first puts it into the cache, where the next ones find it.

    Compiling the simulation takes some ten seconds of a core; processes that start together would each do it.
    """
    if fcntl is None:
        yield
        return
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

"""Processes that start together compile each thing once: who comes first puts it into the cache, the others read it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a Unix: then processes that start together each compile
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_of", "one_at_a_time"]


def lock_of(what: str) -> Path:
    """The file that stands for the compilation of ``what``, one a user of the machine."""
    return Path(tempfile.gettempdir()) / f"revmodel-compiling-{what}-{os.getuid() if fcntl else 0}.lock"


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """For one process at a time. Locks are not to be held within each other.

    Compiling the simulation takes some ten seconds of a core, a model's gradients three.
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

"""Files and folders written aside, then renamed: what stands at a path is complete, or is what stood there before."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from revmodel.errors import SourceError

__all__ = ["file_aside", "folder_aside"]


@contextmanager
def file_aside(file: Path) -> Iterator[Path]:
    """A path to write to, beside ``file``, whose place it takes once that went well; else it goes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}.part")
    try:
        yield aside
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def folder_aside(folder: Path, mark: str, kind: str) -> Iterator[Path]:
    """A new folder to write to, beside ``folder``, whose place it takes once that went well; else it goes.

    mark : the file by which a folder of this kind is known. Raises SourceError: ``folder`` holds something else.
    """
    if folder.exists() and not (folder / mark).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{folder} exists and is not {kind} (no {mark}): choose another name or move it away")
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        aside.chmod(0o755)
        yield aside
        _put_in_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(aside: Path, folder: Path) -> None:
    """Two renames: the old folder steps out of the way, the new one takes its place; then the old one goes."""
    if not folder.exists():
        aside.rename(folder)
        return
    leaving = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    old = leaving / folder.name
    folder.rename(old)
    try:
        aside.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    finally:
        shutil.rmtree(leaving, ignore_errors=True)

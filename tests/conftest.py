"""What every test may use: the repository, the public data where it lies, and an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path

# No test may write to somebody's real tracking server, phone home, or open a window.
os.environ.pop("MLFLOW_TRACKING_URI", None)
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MPLBACKEND="Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores: one thread each
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

# Fixture files hold no doctests, and several of one name cannot be imported side by side as modules.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

REPOSITORY_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The folder that holds pyproject.toml."""
    return REPOSITORY_ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets: ``REVMODEL_SHARED_DATA``, else ``../shared/data`` beside the repository.

    The data is not part of the repository; a test that needs it is skipped where it is absent.
    """
    folder = Path(os.environ.get("REVMODEL_SHARED_DATA", REPOSITORY_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no public data at {folder}: set REVMODEL_SHARED_DATA to the folder that holds it")
    return folder

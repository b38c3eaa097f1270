"""One real run of a small company, whose fit the other tests use again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_company import untracked, write_small_company

from revmodel.config import load_config
from revmodel.report.tables import RunFolder
from revmodel.workflows import told as told_module
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.run import run_company


@dataclass(frozen=True)
class RealRun:
    """A run as it was made: its config file, its fit, its folder, and what it said on the way."""

    config_path: Path
    fitted: FittedCompany
    folder: RunFolder
    said: list[str]


@pytest.fixture(scope="session")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> RealRun:
    """Everything but the backtest, Laplace engine, logged to an MLflow store of its own."""
    path = write_small_company(tmp_path_factory.mktemp("small_company"), tracked=True)
    said: list[str] = []
    fits: list[FittedCompany] = []
    original = told_module.fit_company

    def kept(*args: object, **options: object) -> FittedCompany:
        fits.append(original(*args, **options))  # type: ignore[arg-type]
        return fits[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(told_module, "fit_company", kept)
        folder = run_company(
            load_config(path), ["forecast", "contribution", "allocation"], "forecast", name="real", progress=said.append
        )
    return RealRun(path, fits[0], folder, said)


@pytest.fixture
def fit_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[FittedCompany], None]:
    """Let the next runs use this fit instead of fitting."""

    def use(fitted: FittedCompany) -> None:
        monkeypatch.setattr(told_module, "fit_company", lambda *_, **__: fitted)

    return use


@pytest.fixture
def fitted(real_run: RealRun, fit_is: Callable[[FittedCompany], None], tmp_path: Path) -> FittedCompany:
    """The fit of the real run, used again by every run of this test."""
    again = untracked(real_run.fitted, tmp_path)
    fit_is(again)
    return again

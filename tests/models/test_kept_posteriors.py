"""A posterior is fitted once for the same data, settings, seed and program, and never taken for another."""

from pathlib import Path

import numpy as np
import pytest

from revmodel.errors import ModelError
from revmodel.models.sampling import Mode, Posterior, laplace_draws
from revmodel.models.stored import PosteriorStore

DATA = {"count": np.arange(6.0).reshape(2, 3)}
SETTINGS = {"engine": "laplace", "draws": 50}


def a_mode() -> Mode:
    return Mode(np.array([1.0, -2.0]), np.array([[1.0, 0.0], [0.5, 2.0]]), True, 1e-5)


class Fit:
    """Counts how often it is asked."""

    def __init__(self, posterior: Posterior) -> None:
        self.posterior, self.times = posterior, 0

    def __call__(self) -> tuple[Posterior, dict[str, np.ndarray]]:
        self.times += 1
        return self.posterior, {"log_spread": np.array([[0.1, 0.2]])}


def nuts() -> Posterior:
    thetas = np.random.default_rng(3).standard_normal((80, 2))
    return Posterior(thetas, 4, "nuts", 1, a_mode(), (1.004, 512.0))


@pytest.mark.parametrize("posterior", [laplace_draws(a_mode(), 50, 7), nuts()], ids=["laplace", "nuts"])
def test_what_comes_back_is_what_was_fitted(tmp_path: Path, posterior: Posterior) -> None:
    fit = Fit(posterior)
    PosteriorStore(tmp_path, "a").fetch("deal size", DATA, SETTINGS, 7, fit)
    again, extras = PosteriorStore(tmp_path, "a").fetch("deal size", DATA, SETTINGS, 7, fit)
    assert fit.times == 1
    np.testing.assert_array_equal(again.thetas, posterior.thetas)
    assert (again.chains, again.engine, again.divergences) == (
        posterior.chains,
        posterior.engine,
        posterior.divergences,
    )
    assert again.agreement == posterior.agreement
    np.testing.assert_array_equal(again.mode.factor, posterior.mode.factor)
    np.testing.assert_array_equal(extras["log_spread"], [[0.1, 0.2]])


def test_any_change_is_fitted_anew(tmp_path: Path) -> None:
    fit = Fit(laplace_draws(a_mode(), 50, 7))
    PosteriorStore(tmp_path, "a").fetch("stage", DATA, SETTINGS, 7, fit)
    changed = {"count": DATA["count"] + np.array([0, 0, 1e-9])}
    turned = {"count": DATA["count"].reshape(3, 2)}
    for store, data, settings, seed in (
        (PosteriorStore(tmp_path, "b"), DATA, SETTINGS, 7),
        (PosteriorStore(tmp_path, "a"), changed, SETTINGS, 7),
        (PosteriorStore(tmp_path, "a"), turned, SETTINGS, 7),
        (PosteriorStore(tmp_path, "a"), DATA, {**SETTINGS, "draws": 60}, 7),
        (PosteriorStore(tmp_path, "a"), DATA, SETTINGS, 8),
    ):
        before = fit.times
        store.fetch("stage", data, settings, seed, fit)
        assert fit.times == before + 1


def test_without_a_folder_nothing_is_kept() -> None:
    fit = Fit(laplace_draws(a_mode(), 50, 7))
    for _ in range(2):
        PosteriorStore().fetch("stage", DATA, SETTINGS, 7, fit)
    assert fit.times == 2


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    fit = Fit(laplace_draws(a_mode(), 50, 7))
    store = PosteriorStore(tmp_path, "a")
    store.fetch("stage", DATA, SETTINGS, 7, fit)
    (file,) = tmp_path.glob("stage-*.npz")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"stage-.*cannot be read.*delete it"):
        store.fetch("stage", DATA, SETTINGS, 7, fit)


def test_the_least_recently_used_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    fit = Fit(nuts())
    store = PosteriorStore(tmp_path, "a")
    for seed in (1, 2):
        store.fetch("stage", DATA, SETTINGS, seed, fit)
    for age, file in enumerate(sorted(tmp_path.glob("*.npz"))):
        os.utime(file, (1000 + age, 1000 + age))
    oldest = sorted(tmp_path.glob("*.npz"))[0]
    monkeypatch.setattr("revmodel.models.stored.MAX_BYTES", int(2.5 * oldest.stat().st_size))
    store.fetch("stage", DATA, SETTINGS, 3, fit)
    assert not oldest.exists()
    assert len(list(tmp_path.glob("*.npz"))) == 2

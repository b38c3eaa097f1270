"""Posteriors kept between runs, by the content of all that they depend on: the second question costs no second fit.

The key is a digest of the arrays the likelihood saw, the settings of the sampler, and the program; a key that changes
whenever any of them does cannot go stale. Of a Laplace posterior the mode is kept, from which its draws follow.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from revmodel.aside import file_aside
from revmodel.errors import ModelError
from revmodel.models.sampling import Mode, Posterior, laplace_draws

__all__ = ["PosteriorStore"]

Floats = npt.NDArray[np.float64]
Extras = dict[str, Floats]
MAX_BYTES = 500_000_000  # the least recently used go first


class PosteriorStore:
    """A folder of posteriors. folder: None keeps nothing. program: fingerprint of the code that fits."""

    def __init__(self, folder: Path | None = None, program: str = "") -> None:
        self.folder = folder
        self.program = program

    def fetch(
        self, part: str, data: Mapping[str, npt.NDArray[Any]], settings: Mapping[str, Any], seed: int,
        fit: Callable[[], tuple[Posterior, Extras]],
    ) -> tuple[Posterior, Extras]:  # fmt: skip
        """The posterior of ``part`` given data, settings and seed, with what was learned beside it; fitted if new.

        Raises ModelError: a kept file cannot be read.
        """
        if self.folder is None:
            return fit()
        file = self.folder / f"{part.replace(' ', '-')}-{self._key(data, {**settings, 'seed': seed})}.npz"
        if file.exists():
            os.utime(file)
            return _read(file, seed)
        posterior, extras = fit()
        _write(file, posterior, extras)
        _forget_the_oldest(self.folder)
        return posterior, extras

    def _key(self, data: Mapping[str, npt.NDArray[Any]], settings: Mapping[str, Any]) -> str:
        digest = hashlib.sha256(json.dumps([self.program, settings], sort_keys=True).encode())
        for name in sorted(data):
            value = np.ascontiguousarray(data[name])
            digest.update(f"{name} {value.dtype} {value.shape}".encode())
            digest.update(value.tobytes())
        return digest.hexdigest()[:24]


def _write(file: Path, posterior: Posterior, extras: Extras) -> None:
    """Written aside, then renamed."""
    mode = posterior.mode
    thetas = {} if posterior.engine == "laplace" else {"thetas": posterior.thetas}
    facts = {
        "engine": posterior.engine, "draws": len(posterior.thetas), "chains": posterior.chains,
        "divergences": posterior.divergences, "converged": mode.converged, "gradient_norm": mode.gradient_norm,
        "agreement": posterior.agreement,
    }  # fmt: skip
    with file_aside(file) as aside, aside.open("wb") as out:
        np.savez(
            out, theta=mode.theta, factor=mode.factor, facts=json.dumps(facts), allow_pickle=False, **thetas,
            **{f"extra_{name}": value for name, value in extras.items()},
        )  # fmt: skip


def _read(file: Path, seed: int) -> tuple[Posterior, Extras]:
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as kept:
            facts = json.loads(str(kept["facts"]))
            mode = Mode(kept["theta"], kept["factor"], facts["converged"], facts["gradient_norm"])
            extras = {name.removeprefix("extra_"): kept[name] for name in kept.files if name.startswith("extra_")}
            if facts["engine"] == "laplace":
                return laplace_draws(mode, facts["draws"], seed), extras
            agreement = tuple(facts["agreement"])
            return Posterior(kept["thetas"], facts["chains"], "nuts", facts["divergences"], mode, agreement), extras
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise ModelError(
            f"the kept posterior {file} cannot be read ({error}): delete it, and it is fitted again"
        ) from error


def _forget_the_oldest(folder: Path) -> None:
    """Delete the least recently used files beyond MAX_BYTES."""
    files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > MAX_BYTES:
            file.unlink(missing_ok=True)

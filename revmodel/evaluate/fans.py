"""Forecasts at one origin as fans: quantiles of what will have happened by each of several weeks after it.

A fan is what scoring, combination and recalibration need of a forecast, at a hundredth of the size of its draws; so the
fans of many origins can be kept, and everything that is learned from them is learned again in a second.
"""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from revmodel.aside import file_aside
from revmodel.errors import ModelError

__all__ = ["LEVELS", "OriginFans", "fan_of", "pinball_of", "quantile_crps", "read_fans", "write_fans"]

Floats = npt.NDArray[np.float64]

LEVELS: Floats = (np.arange(100) + 0.5) / 100  # probabilities of the kept quantiles: midpoints of a hundred equal parts


@dataclass(frozen=True)
class OriginFans:
    """What every method forecast at one origin, and what was known then.

    checkpoints : weeks after the origin, increasing. quantiles : metric → method → (checkpoint, level), quantiles at
    LEVELS of the total of the weeks up to each checkpoint, in the metric's unit; NaN beyond what a method was asked.
    history : metric → weekly totals known at the origin, (week,), oldest first, the last one ending on the origin.
    refused : (method, metric or "all", reason) of each forecast that a method could not give.
    """

    origin: dt.date
    checkpoints: tuple[int, ...]
    quantiles: Mapping[str, Mapping[str, Floats]]
    history: Mapping[str, Floats]
    refused: tuple[tuple[str, str, str], ...] = field(default=())

    def fan(self, metric: str, method: str, weeks: int) -> Floats:
        """Quantiles (level,) of the total of the first ``weeks`` weeks. Raises ModelError: not a checkpoint."""
        if weeks not in self.checkpoints:
            raise ModelError(f"{weeks} weeks is not a checkpoint of these fans: they hold {self.checkpoints}")
        fan: Floats = self.quantiles[metric][method][self.checkpoints.index(weeks)]
        return fan

    def with_method(self, method: str, fans: Mapping[str, Floats]) -> OriginFans:
        """The same with one more method: metric → (checkpoint, level)."""
        wider = {
            metric: {**methods, method: fans[metric]} if metric in fans else dict(methods)
            for metric, methods in self.quantiles.items()
        }
        return OriginFans(self.origin, self.checkpoints, wider, self.history, self.refused)


def fan_of(weekly: Floats, checkpoints: Sequence[int]) -> Floats:
    """Quantiles at LEVELS of running totals, (checkpoint, level), of weekly draws (draw, week).

    NaN at checkpoints beyond the draws' last week.
    """
    running = np.cumsum(np.asarray(weekly, dtype=float), axis=1)
    out = np.full((len(checkpoints), LEVELS.size), np.nan)
    for position, weeks in enumerate(checkpoints):
        if weeks <= running.shape[1]:
            out[position] = np.quantile(running[:, weeks - 1], LEVELS)
    return out


def pinball_of(quantiles: Floats, actual: npt.ArrayLike) -> Floats:
    """Pinball losses at LEVELS, (…, level), of quantiles (…, level) for actuals (…)."""
    error = np.asarray(actual, dtype=float)[..., None] - quantiles
    return np.maximum(LEVELS * error, (LEVELS - 1) * error)


def quantile_crps(quantiles: Floats, actual: npt.ArrayLike) -> Floats:
    """CRPS (…) of forecasts given by their quantiles (…, level): twice the mean pinball loss over all levels.

    Source: Gneiting and Ranjan 2011, "Comparing density forecasts using threshold- and quantile-weighted proper
    scoring rules", eq. 8.

    >>> float(quantile_crps(np.full(100, 3.0), 5.0))
    2.0
    """
    return np.asarray(2 * pinball_of(quantiles, actual).mean(axis=-1))


def write_fans(fans: OriginFans, file: Path) -> None:
    """Written aside, then renamed; numbers as 32-bit floats, no pickle."""
    arrays = {
        f"fan|{metric}|{method}": values for metric, by in fans.quantiles.items() for method, values in by.items()
    }
    arrays |= {f"history|{metric}": values for metric, values in fans.history.items()}
    facts = {"origin": fans.origin.isoformat(), "checkpoints": list(fans.checkpoints), "refused": list(fans.refused)}
    with file_aside(file) as aside, aside.open("wb") as out:
        small = {name: values.astype(np.float32) for name, values in arrays.items()}
        np.savez_compressed(out, allow_pickle=False, facts=json.dumps(facts), **small)


def read_fans(file: Path) -> OriginFans:
    """What ``write_fans`` wrote. Raises ModelError: the file is damaged."""
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as kept:
            facts = json.loads(str(kept["facts"]))
            quantiles: dict[str, dict[str, Floats]] = {}
            history: dict[str, Floats] = {}
            for name in kept.files:
                kind, *labels = name.split("|")
                if kind == "fan":
                    quantiles.setdefault(labels[0], {})[labels[1]] = kept[name].astype(float)
                elif kind == "history":
                    history[labels[0]] = kept[name].astype(float)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise ModelError(
            f"the kept forecasts {file} cannot be read ({error}): delete the file, and run again"
        ) from error
    refused = tuple((str(method), str(metric), str(reason)) for method, metric, reason in facts["refused"])
    checkpoints = tuple(int(weeks) for weeks in facts["checkpoints"])
    return OriginFans(dt.date.fromisoformat(facts["origin"]), checkpoints, quantiles, history, refused)

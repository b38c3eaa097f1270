"""Tables of what only some mixes have: effects by way of mediators, contacts a person, effects that change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.mix.media_mix import MediaMix
from revmodel.mix.response import DRIFT

__all__ = ["DIRECT", "QUANTILES", "path_tables", "summary"]

Floats = npt.NDArray[np.float64]
QUANTILES = {"p05": 0.05, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p95": 0.95}
DIRECT = "direct"
MOST_CONTACTS, STEPS = 12.0, 45  # contacts a person that are looked at, from one on


def path_tables(mix: MediaMix) -> dict[str, pd.DataFrame]:
    """paths (channel × path: added, share; they add up to the channel's), frequency, drift; each only where there is
    something to tell."""
    response = mix.draws_.response
    tables = {"paths": _paths(mix)} if mix.config.mediators else {}
    tables |= {"frequency": _frequency(mix)} if response.by_reach else {}
    return tables | ({"drift": _drift(mix)} if response.drifting else {})


def summary(draws: Floats, prefix: str = "") -> dict[str, float]:
    """Mean and quantiles of (draw,)."""
    cuts = np.quantile(draws, list(QUANTILES.values()))
    return {f"{prefix}mean": float(draws.mean())} | {
        f"{prefix}{name}": float(cut) for name, cut in zip(QUANTILES, cuts, strict=True)
    }


def _paths(mix: MediaMix) -> pd.DataFrame:
    """One row a driven channel and path, over the whole panel: units of the KPI added directly, or by a mediator."""
    added, kpi = mix.added().sum((2, 3)), float(mix.panel_.kpi.sum())
    parts = mix.draws_.paths["through"]
    rows = []
    for i, channel in enumerate(mix.panel_.channels):
        by = {name: k for k, (name, each) in enumerate(mix.config.mediators.items()) if channel in each.driven_by}
        if not by:
            continue
        ways = {DIRECT: 1 - parts[:, :, i].sum(1)} | {name: parts[:, k, i] for name, k in by.items()}
        for way, part in ways.items():
            units = part * added[:, i]
            rows.append({
                "channel": channel, "path": way, **summary(units, "added_"), **summary(units / kpi, "share_"),
                **summary(part, "part_"),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _frequency(mix: MediaMix) -> pd.DataFrame:
    """One row a channel by reach and number of contacts: per_contact, what one contact does against the best number.

    best: in what share of draws no other number of contacts does more for the same impressions. observed: whether weeks
    with so many contacts, or more, are in the history.
    """
    response, basis = mix.draws_.response, mix.arrays_.basis
    contacts = np.linspace(1.0, MOST_CONTACTS, STEPS)
    effect = response.per_person(contacts / basis.frequency_scale[:, None], mix.draws_.values)
    each = effect / contacts
    against = each / each.max(2, keepdims=True)
    frames = []
    for j, place in enumerate(response.by_reach):
        seen = mix.panel_.frequency[j][mix.panel_.acts[place] > 0].max()
        cuts = np.quantile(against[:, j], list(QUANTILES.values()), axis=0)
        best = np.bincount(against[:, j].argmax(1), minlength=STEPS) / len(against)
        frames.append(
            pd.DataFrame({
                "channel": mix.panel_.channels[place], "contacts": contacts, "best": best,
                "per_contact_mean": against[:, j].mean(0),
                **{f"per_contact_{key}": cuts[k] for k, key in enumerate(QUANTILES)}, "observed": contacts <= seen,
            })
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _drift(mix: MediaMix) -> pd.DataFrame:
    """One row a channel whose effect may change, and week: its strength against its own mean (of logarithms)."""
    panel, draws = mix.panel_, mix.draws_
    strength = np.exp(draws.values[DRIFT] @ mix.arrays_.basis.ramps(len(panel.weeks)))
    frames = []
    for i in draws.response.drifting:
        cuts = np.quantile(strength[:, i], list(QUANTILES.values()), axis=0)
        frames.append(
            pd.DataFrame({
                "week": panel.weeks, "channel": panel.channels[i], "mean": strength[:, i].mean(0),
                **{key: cuts[k] for k, key in enumerate(QUANTILES)},
            })
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)

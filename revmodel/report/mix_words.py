"""What a media mix says of the ways by which channels work, in sentences."""

from __future__ import annotations

import pandas as pd

from revmodel.report.tables import RunFolder
from revmodel.report.words import and_list, count

__all__ = ["path_sentences"]

_DIRECT = "direct"


def path_sentences(run: RunFolder) -> list[str]:
    """One a channel: what it added directly and by way of mediators; how many contacts do most; how it changed."""
    said = []
    for channel, part in _by_channel(run, "paths"):
        ways = part.set_index("path")["added_mean"]
        by = [f"{count(units)} by way of {way}" for way, units in ways.items() if way != _DIRECT]
        said.append(f"{channel}: {count(ways.sum())} in all, {count(ways[_DIRECT])} directly and {and_list(by)}.")
    for channel, part in _by_channel(run, "frequency"):
        best = part.iloc[int(part["best"].to_numpy(float).argmax())]
        said.append(
            f"{channel}: the same impressions do most at about {best['contacts']:.1f} contacts a person"
            f"{'' if best['observed'] else ', which is more than was ever tried'}."
        )
    for channel, part in _by_channel(run, "drift"):
        now = part.iloc[-1]
        low, high = (f"{now[end]:.1f}" for end in ("p10", "p90"))
        said.append(f"{channel}: its effect is now {low} to {high} times its own mean, 8 in 10 between.")
    return said


def _by_channel(run: RunFolder, table: str) -> list[tuple[str, pd.DataFrame]]:
    if table not in run.tables:
        return []
    return [(str(channel), part) for channel, part in run.tables[table].groupby("channel", sort=False)]

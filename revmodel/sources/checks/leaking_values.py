"""Values that give the outcome away: a segment or type that a deal gets only once it is won, or lost."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["leaking_values"]

_COLUMNS = ("channel", "segment", "type", "region")
_ENOUGH = 30  # ended deals of a value
_SURE = 0.98  # of them ended the same way
_EXPECTED_OPEN = 5.0  # open deals that should have the value, if it were known before the end
_OPEN = 0.2  # of them have it, at most
_CHANCE = 1e-4  # of so one-sided an outcome, over all values


def leaking_values(tables: Tables, config: Config, facts: ir.Table) -> list[Finding]:  # noqa: ARG001
    """Values of deals that nearly always go with one outcome, and hardly any open deal has. facts: see deal_facts."""
    if "stage_changes" not in tables:
        return []
    counts = _outcomes_by_value(facts)
    findings = []
    for column, rows in counts.groupby("column", sort=True):
        values = rows.groupby("value")[["won", "lost", "still_open"]].sum()
        for value in values.index[[_leaks(values, str(value), len(counts)) for value in values.index]]:
            findings.append(_finding(str(column), str(value), values.loc[value]))
    return findings


def _outcomes_by_value(facts: ir.Table) -> pd.DataFrame:
    """column, value, won, lost, still_open: deals by what became of them; values that are not empty."""
    ended = ibis.ifelse(facts.won, "won", "lost")
    outcome = facts.select(*_COLUMNS, outcome=ibis.ifelse(facts.won.notnull(), ended, "still_open"))  # noqa: PD004 (ibis)
    counted: pd.DataFrame = outcome.group_by(*_COLUMNS, "outcome").aggregate(n=outcome.count()).to_pyarrow().to_pandas()
    parts = []
    for column in _COLUMNS:
        sums = counted.dropna(subset=[column]).pivot_table("n", column, "outcome", aggfunc="sum", fill_value=0)
        parts.append(sums.rename_axis("value").reset_index().assign(column=column))
    return pd.concat(parts).reindex(columns=["column", "value", "won", "lost", "still_open"]).fillna(0)


def _leaks(values: pd.DataFrame, value: str, looks: int) -> bool:
    own, rest = values.loc[value], values.drop(index=value).sum()
    ended, rest_ended = own["won"] + own["lost"], rest["won"] + rest["lost"]
    if ended < _ENOUGH or rest_ended < _ENOUGH:
        return False
    expected_open = rest["still_open"] * ended / rest_ended
    for outcome in ("won", "lost"):
        usual = rest[outcome] / rest_ended
        chance = looks * np.exp(ended * np.log(max(usual, 1e-12)))
        if (
            own[outcome] >= _SURE * ended
            and own["still_open"] <= _OPEN * expected_open
            and expected_open >= _EXPECTED_OPEN
        ):
            return bool(chance < _CHANCE)
    return False


def _finding(column: str, value: str, counts: pd.Series[float]) -> Finding:
    outcome = "won" if counts["won"] > counts["lost"] else "lost"
    ended = int(counts["won"] + counts["lost"])
    return finding_of(
        "leaking-value",
        "deals",
        f"{int(counts[outcome]):,} of {plural(ended, 'ended deal')} with the {column} {value!r} were {outcome}, and "
        f"{plural(counts['still_open'], 'open deal has', 'open deals have')} it: it is set once the outcome is known",
        count=ended,
        examples=(value,),
        done="Kept: it counts as a value like any other",
        remedy=f"Map {column} to a field that is filled when the deal is created, or leave it out: "
        f"columns: {{{column}: ''}}.",
    )

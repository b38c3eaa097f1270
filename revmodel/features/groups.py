"""Groups of records that a model can learn about: what is told apart, with the rare levels pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ALL, BAND, CHANNEL, GROUP_DIMS, REGION, SEGMENT, TYPE, UNKNOWN
from revmodel.journeys.reconstruct import Journeys

__all__ = ["OTHER", "GroupPooler", "pooled_levels"]

OTHER = "other"
SCORE_BANDS = 5  # a numeric lead score is cut into fifths of the leads that have one
_RECORD = ["record_type", "record_id"]


class GroupPooler(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Tells records apart by the dimensions of ``by`` and pools their rare levels into "other", in records and spells.

    A channel, region or owner is rare with less than ``rare_share`` of all records and fewer than ``rare_records`` of
    them; beyond ``max_levels`` of a dimension the smallest are pooled as well. Where some records have a segment,
    the others' is "unknown"; where none has, all records are of the segment "all". A dimension that is not in ``by``
    is "all" everywhere. A numeric ``score`` of leads without a ``band`` is cut into fifths, "score 1" the lowest.

    After ``fit``: level_ (dimension → original → level), channels_, segments_ (sorted tuples), score_edges_.
    """

    MAX_LEVELS = {CHANNEL: 12, SEGMENT: 6, REGION: 8, "owner": 10, TYPE: 4, BAND: 8}  # noqa: RUF012 (a constant)

    def __init__(
        self,
        by: Sequence[str] = (CHANNEL, SEGMENT),
        max_levels: dict[str, int] | None = None,
        rare_share: float = 0.01,
        rare_records: int = 30,
    ) -> None:
        self.by = by
        self.max_levels = max_levels
        self.rare_share = rare_share
        self.rare_records = rare_records

    def fit(self, journeys: Journeys, y: None = None) -> GroupPooler:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the levels from the records of ``journeys``."""
        self.score_edges_ = _score_edges(journeys.records) if BAND in self.by else ()
        each = self._banded(journeys.records)
        names = [name for name in GROUP_DIMS if name in self.by]
        counts = each.group_by(names).aggregate(n=each.count()).to_pyarrow().to_pandas() if names else pd.DataFrame()
        self.level_ = {name: self._levels(counts.groupby(name)["n"].sum(), name) for name in names}
        self.channels_, self.segments_ = (
            tuple(sorted(set(self.level_[name].values()))) if name in self.level_ else (ALL,)
            for name in (CHANNEL, SEGMENT)
        )
        return self

    def _levels(self, counts: pd.Series[int], name: str) -> dict[str, str]:
        few = name in (SEGMENT, TYPE, BAND)  # few by nature, and each means something
        rarer_than = 0.0 if few else min(self.rare_share * float(counts.sum()), self.rare_records)
        most = {**self.MAX_LEVELS, **(self.max_levels or {})}[name]
        level = pooled_levels(counts, most, rarer_than)
        if len(counts) > 1 and level.get(ALL) == ALL:
            level[ALL] = UNKNOWN
        if set(level.values()) == {UNKNOWN} and name != CHANNEL:
            level[UNKNOWN] = ALL  # nobody has one: there is nothing to tell apart
        return level

    def transform(self, journeys: Journeys) -> Journeys:
        """The journeys with pooled groups; levels that were not seen in fit become "other"."""
        records, spells = self._banded(journeys.records), journeys.spells
        beyond = [name for name in self.level_ if name not in spells.columns]
        if beyond:  # spells know channel and segment; a join is spared where nothing else is told apart
            spells = spells.inner_join(records.select(*_RECORD, *beyond), _RECORD)
        return replace(journeys, records=self._pooled(records), spells=self._pooled(spells))

    def _banded(self, records: ir.Table) -> ir.Table:
        if not self.score_edges_:
            return records
        reached = [(records.score >= edge).ifelse(1, 0) for edge in self.score_edges_]
        number = sum(reached, start=ibis.literal(1)).cast("string")
        cut = ibis.ifelse(records.score.isnull(), UNKNOWN, ibis.literal("score ") + number)  # noqa: PD003 (ibis)
        return records.mutate(band=ibis.ifelse(records.band == UNKNOWN, cut, records.band))

    def _pooled(self, table: ir.Table) -> ir.Table:
        every = ibis.literal(ALL)
        return table.mutate(
            **{
                name: table[name].cases(*self.level_[name].items(), else_=OTHER) if name in self.level_ else every
                for name in GROUP_DIMS
            }
        )

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """The pooled columns."""
        return np.array(GROUP_DIMS, dtype=object)


def _score_edges(records: ir.Table) -> tuple[float, ...]:
    """Edges between the fifths of the scores on file; none where no lead has a score."""
    shares = {f"q{i}": records.score.quantile(i / SCORE_BANDS) for i in range(1, SCORE_BANDS)}
    row = records.aggregate(**shares).to_pyarrow().to_pylist()[0]
    return tuple(sorted({float(edge) for edge in row.values() if edge is not None and not pd.isna(edge)}))


def pooled_levels(counts: pd.Series[int], most: int, rarer_than: float) -> dict[str, str]:
    """Level of each name: itself, or "other" for those with fewer than ``rarer_than`` records and beyond ``most``.

    >>> pooled_levels(pd.Series({"search": 90, "social": 9, "fax": 1}), most=12, rarer_than=5)
    {'search': 'search', 'social': 'social', 'fax': 'other'}
    """
    names = sorted(counts.index, key=lambda name: (-int(counts[name]), name))
    kept = [name for name in names if counts[name] >= rarer_than and name != OTHER]
    if len(kept) + (len(kept) < len(names)) > most:
        kept = kept[: most - 1]
    return {str(name): str(name) if name in kept else OTHER for name in names}

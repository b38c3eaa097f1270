"""Channels and segments that a model can learn about: the rare ones share a level."""

from __future__ import annotations

from dataclasses import replace

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ALL, CHANNEL, SEGMENT, UNKNOWN
from revmodel.journeys.reconstruct import Journeys

__all__ = ["OTHER", "GroupPooler", "pooled_levels"]

OTHER = "other"


class GroupPooler(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Pools rare channels and segments into "other", the same way in records and spells.

    A channel is rare with less than ``rare_share`` of all records and fewer than ``rare_records`` of them; beyond
    ``max_channels`` and ``max_segments`` levels the smallest are pooled as well. Where some records have a segment,
    the others' is "unknown"; where none has, all records are of the segment "all".

    After ``fit``: channels_, segments_ (sorted tuples), channel_level_, segment_level_ (original → level).
    """

    def __init__(
        self, max_channels: int = 12, max_segments: int = 6, rare_share: float = 0.01, rare_records: int = 30
    ) -> None:
        self.max_channels = max_channels
        self.max_segments = max_segments
        self.rare_share = rare_share
        self.rare_records = rare_records

    def fit(self, journeys: Journeys, y: None = None) -> GroupPooler:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the levels from the records of ``journeys``."""
        each = journeys.records
        counts = each.group_by([CHANNEL, SEGMENT]).aggregate(n=each.count()).to_pyarrow().to_pandas()
        by_channel, by_segment = (counts.groupby(name)["n"].sum() for name in (CHANNEL, SEGMENT))
        rarer_than = min(self.rare_share * float(by_channel.sum()), self.rare_records)
        self.channel_level_ = pooled_levels(by_channel, self.max_channels, rarer_than)
        self.segment_level_ = pooled_levels(by_segment, self.max_segments, 0)
        if len(by_segment) > 1 and self.segment_level_.get(ALL) == ALL:
            self.segment_level_[ALL] = UNKNOWN
        self.channels_ = tuple(sorted(set(self.channel_level_.values())))
        self.segments_ = tuple(sorted(set(self.segment_level_.values())))
        return self

    def transform(self, journeys: Journeys) -> Journeys:
        """The journeys with pooled channels and segments; levels that were not seen in fit become "other"."""
        return replace(journeys, records=self._pooled(journeys.records), spells=self._pooled(journeys.spells))

    def _pooled(self, table: ir.Table) -> ir.Table:
        return table.mutate(
            channel=table.channel.cases(*self.channel_level_.items(), else_=OTHER),
            segment=table.segment.cases(*self.segment_level_.items(), else_=OTHER),
        )

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """The pooled columns."""
        return np.array([CHANNEL, SEGMENT], dtype=object)


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

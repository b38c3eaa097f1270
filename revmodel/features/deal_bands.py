"""Bands of deal size: by the amount on file when a deal entered a stage, so that nothing later decides its band."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.errors import JourneyError
from revmodel.journeys.events import DEAL
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.dialect import first_rows

__all__ = ["NO_AMOUNT", "band_edges", "with_deal_band"]

NO_AMOUNT = 0  # the band of leads, and of deals without an amount on file; the others count from 1, smallest first
_SPELL = ["record_type", "record_id", "stage", "attempt"]


def band_edges(journeys: Journeys, bands: int | tuple[float, ...]) -> tuple[float, ...]:
    """Lower edges of the second band, the third, …, in company currency.

    bands: the edges themselves, or how many bands there should be; then the quantiles of the amounts on file at entry
    over all stays of deals, equal ones made one. Raises JourneyError: fewer than two bands, or edges out of order.
    """
    if not isinstance(bands, int):
        if list(bands) != sorted(set(bands)):
            raise JourneyError(f"deal bands have edges {bands}: wanted different amounts, smallest first")
        return tuple(float(edge) for edge in bands)
    if bands < 2:
        raise JourneyError(f"{bands} deal bands tell nothing apart: take two or more, or none")
    amounts = _amounts_at_entry(journeys)
    shares = {f"q{i}": amounts.entry_amount.quantile(i / bands) for i in range(1, bands)}
    row = amounts.aggregate(**shares).to_pyarrow().to_pylist()[0]
    return tuple(sorted({float(edge) for edge in row.values() if edge is not None and not pd.isna(edge)}))


def with_deal_band(journeys: Journeys, edges: tuple[float, ...]) -> ir.Table:
    """The spells with ``deal_band``: 1 below the first edge, 2 from it on, …; NO_AMOUNT where none was on file."""
    spells, amounts = journeys.spells, _amounts_at_entry(journeys)
    joined = spells.left_join(amounts, _SPELL)
    reached = [(joined.entry_amount >= edge).ifelse(1, 0) for edge in edges]
    band = ibis.ifelse(joined.entry_amount.isnull(), NO_AMOUNT, sum(reached, start=ibis.literal(1)))  # noqa: PD003 (ibis)
    return joined.mutate(deal_band=band.cast("int64")).select(*spells.columns, "deal_band")


def _amounts_at_entry(journeys: Journeys) -> ir.Table:
    """record_type, record_id, stage, attempt, entry_amount: the latest recorded by the end of the day of entry."""
    spells = journeys.spells.filter(journeys.spells.record_type == DEAL).select(*_SPELL, "entered_at")
    if "deal_history" not in journeys.tables:
        return spells.limit(0).select(*_SPELL, entry_amount=ibis.null().cast("float64"))
    history = journeys.tables["deal_history"].filter(lambda t: t.amount.notnull())  # noqa: PD004 (ibis, not pandas)
    history = history.select(of_deal="deal_id", noted_at="recorded_at", entry_amount="amount")
    joined = spells.inner_join(history, spells.record_id == history.of_deal)
    known = joined.filter(joined.noted_at.date() <= joined.entered_at.date())
    latest = first_rows(known, _SPELL, [ibis.desc(known.noted_at), ibis.desc(known.entry_amount)])
    return latest.select(*_SPELL, "entry_amount")

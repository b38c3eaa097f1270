"""What the stage values of an export mean: the vendor's standard ones, those that the export itself explains, the rest.

Stages are a company's own. A value that no list and no flag explains is never guessed: it is left for the config.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from revmodel.sources.mapping import alias_key
from revmodel.sources.presets.exports import Export
from revmodel.sources.presets.model import Preset

__all__ = ["ENTRY", "NamedStages", "StageFact", "facts_of", "funnel_of", "name_stages"]

ENTRY = "lead"  # the stage in which a lead begins
_ENDS = ("won", "lost")
_YES = {"true", "1", "yes"}


@dataclass(frozen=True)
class StageFact:
    """What an export says of a stage: won, lost (closed and not won), and its place in the order."""

    won: bool
    lost: bool
    order: float | None


@dataclass(frozen=True)
class NamedStages:
    """named: value in the export → ours ('' is no stage of this record). unnamed: value → rows. own: ours → order."""

    named: dict[str, str] = field(default_factory=dict)
    unnamed: dict[str, int] = field(default_factory=dict)
    own: dict[str, float] = field(default_factory=dict)


def facts_of(preset: Preset, exports: Sequence[Export], family: str) -> dict[str, StageFact]:
    """alias_key of a stage value → what the exports of one family say of it."""
    facts: dict[str, StageFact] = {}
    for said in preset.stage_facts:
        for export in exports:
            wanted = {"value": said.value, "won": said.won, "closed": said.closed, "order": said.order}
            columns = {name: header for name, headers in wanted.items() if (header := export.header(headers))}
            if export.object != said.object or export.family != family or export.rows is None or len(columns) < 3:
                continue
            rows: dict[str, list[dict[str, Any]]] = {}
            for row in export.facts(columns):
                if row["value"]:
                    rows.setdefault(alias_key(row["value"]), []).append(row)
            for key, same in rows.items():
                facts.setdefault(key, _fact(same))
    return facts


def name_stages(
    counts: Mapping[str, int], standard: Mapping[str, str], facts: Mapping[str, StageFact], *, of_deals: bool
) -> NamedStages:
    """The values of one export with their meaning. Without counts (no data yet): the standard ones."""
    if not counts:
        return NamedStages(named=dict(standard))
    by_key = {alias_key(value): ours for value, ours in standard.items()}
    found = NamedStages()
    for value, n in counts.items():
        key = alias_key(value)
        fact = facts.get(key) if of_deals else None
        if key in by_key:
            found.named[value] = by_key[key]
        elif fact and (fact.won or fact.lost):
            found.named[value] = "won" if fact.won else "lost"
        elif fact and fact.order is not None:
            found.named[value] = _slug(value)
            found.own[_slug(value)] = fact.order
        else:
            found.unnamed[value] = n
    return found


def funnel_of(
    preset: Preset,
    lead_stages: Iterable[str],
    deal_stages: Iterable[str],
    own: Mapping[str, float],
    *,
    has_leads: bool,
    has_deals: bool,
) -> dict[str, Any]:
    """The funnel of the stages that were found, in the vendor's order; stages of the company's own by their order.

    Deals of which no stage is known get the vendor's stages.
    """
    leads = _in_order(preset.lead_stages, set(lead_stages) | ({ENTRY} if has_leads else set()))
    standard = _in_order(preset.deal_stages, set(deal_stages))
    if has_deals and not standard and not own:
        standard = _in_order(preset.deal_stages, set(preset.deal_stages.values()))
    deals = [*standard, *sorted((name for name in own if name not in standard), key=lambda name: own[name])]
    stages = [*leads, *(stage for stage in deals if stage not in leads)]
    if not stages:  # nothing is known yet: the vendor's own funnel
        leads = _in_order(preset.lead_stages, set(preset.lead_stages.values()))
        deals = _in_order(preset.deal_stages, set(preset.deal_stages.values()))
        stages = [*leads, *deals] or [ENTRY]
    funnel: dict[str, Any] = {"stages": stages}
    if deals:
        funnel["first_deal_stage"] = deals[0]
    return funnel | {"won": ["won"], "lost": ["lost"]}


def _fact(rows: Sequence[Mapping[str, Any]]) -> StageFact:
    won = any(_is_yes(row.get("won")) for row in rows)
    lost = not won and any(_is_yes(row.get("closed")) for row in rows)
    orders = [float(row["order"]) for row in rows if _is_number(row.get("order"))]
    return StageFact(won, lost, sum(orders) / len(orders) if orders else None)


def _is_yes(text: Any) -> bool:
    return str(text or "").strip().lower() in _YES


def _is_number(text: Any) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", str(text or "").strip()))


def _in_order(standard: Mapping[str, str], wanted: set[str]) -> list[str]:
    ordered = dict.fromkeys(ours for ours in standard.values() if ours and ours not in _ENDS)
    first = [ENTRY] if ENTRY in wanted and ENTRY not in ordered else []
    return [*first, *(stage for stage in ordered if stage in wanted)]


def _slug(value: str) -> str:
    """A stage's own name, as a plain word of the config."""
    return re.sub(r"[^0-9a-z]+", "_", value.casefold()).strip("_") or "stage"

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
    """named: value in the export → ours ('' is no stage of this record). unnamed: value → rows.

    own: those of ours that are the company's, not the vendor's. order: ours → its place, where the export tells.
    """

    named: dict[str, str] = field(default_factory=dict)
    unnamed: dict[str, int] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    order: dict[str, float] = field(default_factory=dict)


def facts_of(preset: Preset, exports: Sequence[Export], family: str) -> dict[str, StageFact]:
    """alias_key of a stage value → what the exports of one family say of it."""
    facts: dict[str, StageFact] = {}
    for said in preset.stage_facts:
        for export in exports:
            wanted = {"value": said.value, "won": said.won, "closed": said.closed, "order": said.order}
            columns = {name: header for name, headers in wanted.items() if (header := export.header(headers))}
            if export.object != said.object or export.family != family or export.rows is None:
                continue
            if not {"value", "won", "closed"} <= set(columns):
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
    """The values of one export with their meaning. Without counts (no data yet): the standard ones.

    What the export says of a stage goes before what its name says: companies give a vendor's stage another meaning.
    """
    if not counts:
        return NamedStages(named=dict(standard))
    by_key = {alias_key(value): ours for value, ours in standard.items()}
    found = NamedStages()
    for value, n in counts.items():
        key = alias_key(value)
        fact = facts.get(key) if of_deals else None
        if fact and (fact.won or fact.lost):
            found.named[value] = "won" if fact.won else "lost"
        elif key in by_key and not (fact and by_key[key] in _ENDS):
            found.named[value] = by_key[key]
        elif fact and fact.order is not None:
            found.named[value] = _slug(value)
            found.own.append(_slug(value))
        else:
            found.unnamed[value] = n
        if fact and fact.order is not None and value in found.named:
            found.order[found.named[value]] = fact.order
    return found


def funnel_of(
    preset: Preset, of_leads: Iterable[NamedStages], of_deals: Iterable[NamedStages], tables: set[str]
) -> dict[str, Any]:
    """The funnel of the stages that were found: in the order that the exports tell, else in the vendor's.

    tables: canonical tables that have a source. Deals of which no stage is known get the vendor's stages.
    """
    lead_names = {ours for stages in of_leads for ours in stages.named.values()}
    leads = _in_order(preset.lead_stages, lead_names | ({ENTRY} if "leads" in tables else set()))
    found = list(of_deals)
    deals = _in_order(preset.deal_stages, {ours for stages in found for ours in stages.named.values()})
    deals += dict.fromkeys(ours for stages in found for ours in stages.own if ours not in deals)
    order = {ours: place for stages in found for ours, place in stages.order.items()}
    if all(stage in order for stage in deals):
        deals.sort(key=lambda stage: order[stage])  # stages of one place stay in the vendor's order
    if not deals and ("deals" in tables or not leads):
        deals = _in_order(preset.deal_stages, set(preset.deal_stages.values()))
    if not leads and not tables & {"leads", "deals", "stage_changes"}:  # nothing is known yet: the vendor's own funnel
        leads = _in_order(preset.lead_stages, set(preset.lead_stages.values()))
    of_deals_alone = [stage for stage in deals if stage not in leads]
    first = {"first_deal_stage": of_deals_alone[0]} if of_deals_alone else {}
    return {"stages": [*leads, *of_deals_alone] or [ENTRY], **first, "won": ["won"], "lost": ["lost"]}


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
    word = re.sub(r"[^0-9a-z]+", "_", value.casefold()).strip("_") or "stage"
    return f"{word}_stage" if word in (*_ENDS, ENTRY) else word

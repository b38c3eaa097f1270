"""What the CRM notes of the moves: which belong to a lead and which to its deal, when noted, and why lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.synthetic.funnel import Moves
from revmodel.synthetic.leads import Leads
from revmodel.synthetic.profile import CLOSED, FIRST_DEAL_STAGE, LOST, STAGES, Floats, Ints
from revmodel.synthetic.timeline import Timeline

__all__ = ["Ledger", "deal_ids", "lead_ids", "note_moves", "stage_changes_table"]

LATE_BY_HOURS, LATE_BY_WEEKS = 0.15, 0.02  # shares of moves that are entered late
SECONDS_PER_DAY = 86_400
DISQUALIFIED = "disqualified"  # how a lead ends badly; a deal is "lost"
DEAL_LOSS_REASONS = ("no_decision", "price", "competitor", "timing", "missing_feature")
LEAD_LOSS_REASONS = ("unreachable", "no_fit", "no_budget", "student_or_job_seeker")
REJECTED_BY_SALES = "rejected_by_sales"  # why a lead that reached sales acceptance ends
_NAMES = np.array([*STAGES, *CLOSED.values()], dtype=object)
_NAMES_LEFT = np.array([*STAGES, None], dtype=object)  # −1, a creation, leaves none


@dataclass(frozen=True)
class Ledger:
    """Entries, ordered by record and time: each lead's creation, its moves, its deal's creation, the deal's moves.

    lead : number of the lead. deal : number of the deal, −1 for entries of leads. origin : stage left, −1 at a
    creation. target : stage or end. day : of the event, recorded : when it was noted (≥ day); days since the start.
    """

    lead: Ints
    deal: Ints
    origin: Ints
    target: Ints
    day: Floats
    recorded: Floats
    deal_lead: Ints  # (deal,): the lead of each deal; deals are numbered in order of creation


def note_moves(leads: Leads, moves: Moves, rng: np.random.Generator) -> Ledger:
    """Turn moves into the CRM's entries."""
    entry = moves.first_entry(len(leads), FIRST_DEAL_STAGE)
    deal_lead = np.flatnonzero(~np.isnan(entry))
    deal_lead = deal_lead[np.argsort(entry[deal_lead], kind="stable")]
    deal_of_lead = np.full(len(leads), -1)
    deal_of_lead[deal_lead] = np.arange(len(deal_lead))
    into_deal = (moves.origin < FIRST_DEAL_STAGE) & (moves.target == FIRST_DEAL_STAGE)
    of_deal = (moves.origin >= FIRST_DEAL_STAGE) | into_deal
    created = np.arange(len(leads))
    lead = np.concatenate([created, moves.record])
    deal = np.concatenate([np.full(len(leads), -1), np.where(of_deal, deal_of_lead[moves.record], -1)])
    origin = np.concatenate([np.full(len(leads), -1), np.where(into_deal, -1, moves.origin)])
    target = np.concatenate([np.zeros(len(leads), dtype=np.int64), moves.target])
    at = np.concatenate([leads.created, moves.day])
    order = np.lexsort((at, lead))
    lead, deal, origin, target, at = (column[order] for column in (lead, deal, origin, target, at))
    latest = np.where(deal < 0, np.nan_to_num(entry[lead], nan=np.inf), np.inf)
    return Ledger(lead, deal, origin, target, at, _recorded(lead, deal, origin, at, latest, rng), deal_lead)


def _recorded(lead: Ints, deal: Ints, origin: Ints, at: Floats, latest: Floats, rng: np.random.Generator) -> Floats:
    """Most entries are made at once, some hours or days late, few by weeks; creations never late, order kept.

    latest : the creation of the lead's deal, by which the lead's own moves are noted. Entries of one record that are
    made together are a second apart.
    """
    luck = rng.random(len(at))
    hours = rng.lognormal(np.log(0.9), 0.8, len(at))  # in days
    weeks = rng.lognormal(np.log(12), 0.5, len(at))
    late = np.where(luck < LATE_BY_WEEKS, weeks, np.where(luck < LATE_BY_WEEKS + LATE_BY_HOURS, hours, 0.0))
    noted = np.where(origin < 0, at, np.minimum(at + late, latest))
    in_order = pd.DataFrame({"lead": lead, "deal": deal, "noted": pd.Series(noted).groupby(lead).cummax()})
    together = in_order.groupby(["lead", "deal", "noted"], sort=False).cumcount()
    return np.asarray(in_order["noted"] + together / SECONDS_PER_DAY, dtype=np.float64)


def lead_ids(numbers: Ints) -> pd.Index:
    """L-000001 for the first lead."""
    return pd.Index([f"L-{number + 1:06d}" for number in numbers])


def deal_ids(numbers: Ints) -> pd.Index:
    """D-00001 for the first deal."""
    return pd.Index([f"D-{number + 1:05d}" for number in numbers])


def stage_changes_table(ledger: Ledger, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """The canonical stage_changes, as noted by the as-of date, in order of noting."""
    is_deal = ledger.deal >= 0
    target = _NAMES[ledger.target]
    target[(ledger.target == LOST) & ~is_deal] = DISQUALIFIED
    known = ledger.recorded < timeline.cut
    number = np.where(is_deal, ledger.deal, ledger.lead)[known]
    ids = np.where(is_deal[known], deal_ids(number), lead_ids(number))
    table = pd.DataFrame(
        {
            "record_id": ids,
            "record_type": np.where(is_deal, "deal", "lead")[known],
            "from_stage": _NAMES_LEFT[ledger.origin[known]],
            "to_stage": target[known],
            "changed_at": timeline.stamp(ledger.day[known]),
            "recorded_at": timeline.stamp(ledger.recorded[known]),
            "reason": _reasons(ledger, rng)[known],
        }
    )
    return table.sort_values(["recorded_at", "record_id", "changed_at"], kind="stable", ignore_index=True)


def _reasons(ledger: Ledger, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Why records were lost, None for other moves."""
    size = len(ledger.lead)
    of_deals = rng.choice(np.array(DEAL_LOSS_REASONS, dtype=object), size, p=[0.35, 0.22, 0.2, 0.15, 0.08])
    of_leads = rng.choice(np.array(LEAD_LOSS_REASONS, dtype=object), size, p=[0.4, 0.3, 0.2, 0.1])
    of_leads = np.where(ledger.origin == STAGES.index("sal"), REJECTED_BY_SALES, of_leads)
    reason = np.where(ledger.deal >= 0, of_deals, of_leads)
    reason[ledger.target != LOST] = None
    return np.asarray(reason, dtype=np.object_)

"""Touches: what people did before and after they became leads, and visitors who never did.

Before the form fill a touch has only an anonymous_id; the form carries both ids, and so do later ones: stitching is
left to the reader. Leads met at an event, by a call or through a partner have no anonymous past.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.synthetic.leads import Leads
from revmodel.synthetic.ledger import lead_ids
from revmodel.synthetic.profile import CHANNELS, LEAD_CHANNELS, Floats, Ints
from revmodel.synthetic.timeline import Timeline, office_hours

__all__ = ["touches_table"]

TRACKED = ("paid_search", "paid_social", "content", "webinars", "direct", "organic")  # where a visitor has a cookie
KINDS = {
    "paid_search": "click",
    "paid_social": "impression",
    "content": "visit",
    "events": "event",
    "webinars": "event",
    "outbound": "email",
    "partners": "meeting",
    "direct": "visit",
    "organic": "visit",
}
FIRST_KIND = {"events": "event", "outbound": "call", "partners": "meeting"}  # instead of a form
BEFORE, AFTER = 1.7, 1.2  # mean touches before and after the form, beyond the ones that are always there
VISITORS_PER_LEAD, TOUCHES_PER_VISITOR = 0.45, 1.6
MIX = (0.20, 0.17, 0.17, 0.05, 0.06, 0.03, 0.02, 0.16, 0.14)  # of any touch, by LEAD_CHANNELS
A_FEW_MINUTES = 0.004  # in days
CAUSE_SEEN = 0.75  # chance that the first touch of a caused lead shows its true cause
CONTENT = {
    "paid_search": ("/pricing", "/product/picking-arm", "/demo"),
    "paid_social": ("ad/cobots-at-work", "ad/warehouse-video", "ad/roi-calculator"),
    "content": ("/blog/robot-safety", "/blog/warehouse-automation", "/guide/roi-of-cobots", "/case/food-packing"),
    "events": ("hannover-fair", "automate-show", "logimat"),
    "webinars": ("webinar/first-robot", "webinar/integration", "webinar/safety-standards"),
    "outbound": ("sequence/operations-heads", "sequence/plant-managers"),
    "partners": ("partner/integrators", "partner/resellers"),
    "direct": ("/", "/pricing", "/demo"),
    "organic": ("/", "/product/picking-arm", "/blog/robot-safety"),
}
_MOST_CONTENT = max(len(names) for names in CONTENT.values())
_CONTENT = np.array(
    [[names[i % len(names)] for i in range(_MOST_CONTENT)] for names in (CONTENT[c] for c in LEAD_CHANNELS)]
)
_PARTS = ("lead", "visitor", "channel", "day", "stitched", "first")


def touches_table(leads: Leads, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """The canonical touches up to the as-of date, in order of time."""
    known = np.flatnonzero(leads.created < timeline.cut)
    tracked = np.isin(np.array(LEAD_CHANNELS)[leads.recorded[known]], TRACKED)
    visitor = np.where(tracked, known, -1)
    parts = [
        _before(leads, known[tracked], rng),
        _at_creation(leads, known, visitor),
        _after(leads, known, visitor, rng),
        _never_leads(len(leads), len(known), timeline, rng),
    ]
    touches = pd.concat(parts, ignore_index=True)
    touches = touches[(touches["day"] >= 0) & (touches["day"] < timeline.cut)]
    touches = touches.sort_values("day", kind="stable", ignore_index=True)
    return _named(touches, timeline, rng)


def _part(**columns: Ints | Floats | bool) -> pd.DataFrame:
    return pd.DataFrame(columns, columns=list(_PARTS))


def _before(leads: Leads, known: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """Anonymous touches: the first shows the true cause more often than not, the others are a mixture."""
    count = 1 + rng.poisson(BEFORE, len(known))
    lead = np.repeat(known, count)
    is_first = np.concatenate([[True], np.diff(lead) > 0]) if len(lead) else np.zeros(0, dtype=bool)
    channel = _any_channel(len(lead), rng)
    cause = leads.cause[lead]
    seen = is_first & (cause < len(CHANNELS)) & (rng.random(len(lead)) < CAUSE_SEEN)
    channel = np.where(seen, np.minimum(cause, len(CHANNELS) - 1), channel)
    days_before = np.where(is_first, rng.gamma(1.5, 14, len(lead)) + 1, rng.gamma(1, 7, len(lead)))
    day = np.minimum(office_hours(leads.arrived[lead] - days_before), leads.created[lead] - A_FEW_MINUTES)
    return _part(lead=lead, visitor=lead, channel=channel, day=day, stitched=False, first=False)


def _at_creation(leads: Leads, known: Ints, visitor: Ints) -> pd.DataFrame:
    """The form (or the meeting) that makes a lead, credited to the recorded channel."""
    day = leads.created[known]
    return _part(lead=known, visitor=visitor, channel=leads.recorded[known], day=day, stitched=True, first=True)


def _after(leads: Leads, known: Ints, visitor: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """Later touches of known leads; the fitter ones come back more often."""
    count = rng.poisson(AFTER * np.exp(0.3 * leads.traits.fit[known]))
    lead = np.repeat(known, count)
    day = office_hours(leads.arrived[lead] + rng.gamma(1.1, 20, len(lead)))
    day = np.maximum(day, leads.created[lead] + A_FEW_MINUTES)
    channel = _any_channel(len(lead), rng)
    untracked = ~np.isin(np.array(LEAD_CHANNELS)[channel], TRACKED)
    seen_as = np.where(untracked, -1, np.repeat(visitor, count))
    return _part(lead=lead, visitor=seen_as, channel=channel, day=day, stitched=True, first=False)


def _never_leads(leads: int, known: int, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """Visitors who never leave their name; their numbers follow those of the leads."""
    visitors = round(known * VISITORS_PER_LEAD)
    count = 1 + rng.poisson(TOUCHES_PER_VISITOR - 1, visitors)
    visitor = leads + np.repeat(np.arange(visitors), count)
    arrived = np.repeat(rng.uniform(0, timeline.cut, visitors), count)
    day = office_hours(arrived + rng.gamma(1, 8, len(visitor)))
    channel = _any_channel(len(visitor), rng)
    tracked = np.isin(np.array(LEAD_CHANNELS)[channel], TRACKED)
    channel = np.where(tracked, channel, LEAD_CHANNELS.index("organic"))
    return _part(lead=visitor, visitor=visitor, channel=channel, day=day, stitched=False, first=False)


def _any_channel(size: int, rng: np.random.Generator) -> Ints:
    return np.asarray(rng.choice(len(LEAD_CHANNELS), size, p=MIX).astype(np.int64))


def _named(touches: pd.DataFrame, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """Codes to names, ids and contents."""
    channel = touches["channel"].to_numpy()
    names = np.array(LEAD_CHANNELS)[channel]
    kind = np.array([KINDS[name] for name in LEAD_CHANNELS], dtype=object)[channel]
    first_kind = np.array([FIRST_KIND.get(name, "form") for name in LEAD_CHANNELS], dtype=object)[channel]
    visitor = touches["visitor"].to_numpy()
    shuffled = rng.permutation(visitor.max() + 1) if len(visitor) else visitor
    known = touches["stitched"].to_numpy()
    stamps = timeline.stamp(touches["day"].to_numpy())
    campaign = pd.Series(names, dtype=object) + "_" + timeline.quarter_names(touches["day"].to_numpy()).str.lower()
    return pd.DataFrame(
        {
            "touch_id": [f"T-{number:07d}" for number in range(1, len(touches) + 1)],
            "occurred_at": stamps,
            "channel": names,
            "kind": np.where(touches["first"], first_kind, kind),
            "lead_id": pd.Series(lead_ids(touches["lead"].to_numpy())).where(known, None),
            "anonymous_id": [None if number < 0 else f"A-{shuffled[number]:07d}" for number in visitor],
            "campaign": campaign.where(np.isin(names, CHANNELS), None),
            "content": _CONTENT[channel, rng.integers(0, _MOST_CONTENT, len(touches))],
        }
    )

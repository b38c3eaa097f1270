"""Everything that happens in one simulated company, seen or unseen: the parts that tables and truth are made from."""

from __future__ import annotations

from dataclasses import dataclass

from revmodel.synthetic.deals import Amounts
from revmodel.synthetic.environment import Environment
from revmodel.synthetic.leads import Leads
from revmodel.synthetic.ledger import Ledger
from revmodel.synthetic.profile import Floats
from revmodel.synthetic.response import Response
from revmodel.synthetic.spend import SpendPlan
from revmodel.synthetic.timeline import Timeline

__all__ = ["World"]


@dataclass(frozen=True)
class World:
    """expected_per_day : (day of all weeks, cause), expected leads; the other parts say themselves what they are."""

    timeline: Timeline
    plan: SpendPlan
    environment: Environment
    response: Response
    expected_per_day: Floats
    leads: Leads
    ledger: Ledger
    amounts: Amounts

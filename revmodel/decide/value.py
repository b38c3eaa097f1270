"""From leads to money: the value of the response surface."""

from __future__ import annotations

import numpy as np

from revmodel.decide.surface import Floats
from revmodel.errors import ModelError

__all__ = ["value_of_leads"]


def value_of_leads(leads: Floats, value_per_lead: Floats) -> Floats:
    """(draw, channel, point): what the leads caused at each point of spend are worth.

    leads : (draw, channel, group, point), leads of the window that the channel's spend brings into a funnel group
    value_per_lead : (draw, group), expected worth of a new lead, for instance bookings that land inside the horizon
    Raises ModelError where draws or groups differ.
    """
    if leads.ndim != 4 or value_per_lead.shape != (leads.shape[0], leads.shape[2]):
        raise ModelError(
            f"leads have shape {leads.shape} and values {value_per_lead.shape}: wanted (draw, channel, group, point) "
            "and (draw, group) of the same draws and groups"
        )
    value: Floats = np.einsum("dcgk,dg->dck", leads, value_per_lead, optimize=True)
    return value

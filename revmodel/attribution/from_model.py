"""From the fitted model to what contribution and allocation start from: leads by cause, and what a lead is worth.

A lead is worth what leads of its cause are worth, whatever name it carries. Of the leads that a channel causes some are
recorded as direct or organic; who they are, and so how they convert, the channel has decided, not the form they came in
by. The best evidence of that are the records with the channel's own name. Valued by the name they carry instead, good
channels came out worse and bad ones better (`experiments/README.md`). The worth of all leads together stays as it is:
what caused leads under other names are worth more or less than these names' records, the baseline has less or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.attribution.contribution import LeadContribution
from revmodel.attribution.lead_value import LeadValue, lead_value
from revmodel.errors import ModelError
from revmodel.features.tables import Groups
from revmodel.forecast.kernel import funnel_kernel
from revmodel.forecast.later import growth_to_the_long_term
from revmodel.models.arrivals import caused_leads, group_evidence
from revmodel.models.predict import predict_funnel
from revmodel.models.revenue import RevenueModel

__all__ = [
    "LeadEconomics", "group_share", "lead_economics", "leads_by_cause", "marginal_share",
    "share_by_cause",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Picks = npt.NDArray[np.int64]
HISTORY_WEEKS = 70  # the last year and the quarter in which it begins


@dataclass(frozen=True)
class LeadEconomics:
    """What a new record is worth, by draw, for one entry stage.

    entry : the stage at which most records enter the funnel. rows : the arrivals model's rows of that stage.
    pick : posterior draws of the arrivals model that go with the draws here.
    """

    worth: LeadValue
    entry: str
    rows: tuple[int, ...]
    pick: Picks
    groups: Groups


def lead_economics(model: RevenueModel, first_deal_stage: str | None, horizon_weeks: int, draws: int) -> LeadEconomics:
    """Chances of the funnel from the entry stage times deal size, week by week over ``horizon_weeks``, and in all.

    Raises ModelError: no channel has any spend, so there is nothing to attribute.
    """
    response = model.response_
    if not response.data_.channels:
        raise ModelError("no spend in the history: contribution needs a spend table with date, channel, spend")
    totals = response.data_.arrays["arrivals"].sum(1)
    by_stage: dict[str, float] = {}
    for (stage, _), total in zip(response.data_.rows, totals, strict=True):
        by_stage[stage] = by_stage.get(stage, 0.0) + float(total)
    entry = max(by_stage, key=lambda stage: by_stage[stage])
    as_of = pd.Timestamp(model.features_.as_of)
    funnel = predict_funnel(model.hazards_, as_of, 13, draws, model.fiscal_year_start_month, model.seed + 21)
    kernel = funnel_kernel(funnel, horizon_weeks, first_deal_stage, entry_stages=(entry,), threads=2)
    pipeline_growth, won_growth = growth_to_the_long_term(funnel, kernel, first_deal_stage, threads=2)
    sizes = model.sizes_.predict(model.groups, draws, np.random.default_rng(model.seed + 22))
    rows = tuple(i for i, (stage, _) in enumerate(response.data_.rows) if stage == entry)
    pick = np.linspace(0, len(response.posterior_.thetas) - 1, draws).round().astype(np.int64)
    worth = lead_value(kernel.pipeline[:, 0], kernel.won[:, 0], sizes, (pipeline_growth[0], won_growth[0]))
    return LeadEconomics(worth, entry, rows, pick, model.groups)


def group_share(model: RevenueModel, rows: Sequence[int], draws: int) -> Floats:
    """(draw, row, group): how records of rows of the arrivals model fall on groups, as in the latest half year.

    Draws of the same posterior that the forecast's arrivals fall by: a channel with a hundred leads in half a year does
    not know its share of large companies, on which most of what a lead is worth depends, to a point.
    """
    rng, evidence = np.random.default_rng(model.seed + 23), group_evidence(model.response_, model.groups)
    share = np.zeros((draws, len(rows), len(model.groups)))
    for i, row in enumerate(rows):
        at, alpha = evidence[row]
        share[:, i, at] = rng.dirichlet(alpha, draws)
    return share


def share_by_cause(share: Floats, channels: Sequence[str], rows: Sequence[tuple[str, str]]) -> Floats:
    """The rows by which caused records are valued, (…, channel, row), from those that they are recorded under.

    share : (…, channel, row), under which rows (stage, name) the records of each channel arrive. At each stage of entry
    all of them count as the channel's own row; where no record carries its name they stay as they are.
    """
    out = share.copy()
    for c, name in enumerate(channels):
        for stage in {stage for stage, _ in rows}:
            there = [i for i, row in enumerate(rows) if row[0] == stage]
            own = next((i for i in there if rows[i][1] == name), None)
            if own is not None:
                out[..., c, there] = 0.0
                out[..., c, own] = share[..., c, there].sum(-1)
    return out


def leads_by_cause(model: RevenueModel, economics: LeadEconomics) -> LeadContribution:
    """Expected records of the latest HISTORY_WEEKS weeks by the channel whose spend caused them.

    On the group axis caused records are of groups of their cause, and the baseline is what is left: all records of a
    group less those. Where a channel causes more than carry its name, that is below zero in its own groups.
    """
    response, data = model.response_, model.response_.data_
    d, pick, rows = response.derived_, economics.pick, list(economics.rows)
    recent = slice(max(len(data.weeks) - HISTORY_WEEKS, 0), None)
    to_group, recorded = group_share(model, rows, len(pick)), d["share"][pick][:, :, rows]
    by_cause = share_by_cause(recorded, data.channels, [data.rows[row] for row in rows])
    week_caused = d["caused"][pick][:, :, recent]
    caused = np.einsum("dmw,dmr,drg->dwmg", week_caused, by_cause, to_group, optimize=True)
    moved = np.einsum("dmw,dmr->drw", week_caused, recorded - by_cause, optimize=True)
    baseline = np.einsum("drw,drg->dwg", d["baseline"][pick][:, rows][:, :, recent] + moved, to_group, optimize=True)
    spend = pd.DataFrame(data.spend[:, recent].T, index=data.weeks[recent], columns=list(data.channels))
    return LeadContribution(caused, baseline, spend)


def marginal_share(model: RevenueModel, economics: LeadEconomics) -> Floats:
    """(draw, channel): what one per cent more spend all along adds, in per cent of what the channel causes now.

    The ratio of caused records at 1.01 times and at 1 times the history's spend, less one, over 0.01.
    """
    response = model.response_
    data = response.data_
    weeks = min(len(data.weeks), 52)
    more, now = (
        caused_leads(response, data.spend[:, -weeks:] * factor, economics.pick).sum(2) for factor in (1.01, 1.0)
    )
    share: Floats = (more / now - 1) / 0.01
    return share

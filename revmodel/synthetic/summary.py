"""What a simulated company looks like in a few numbers, to judge whether it could exist."""

from __future__ import annotations

import pandas as pd

from revmodel.synthetic.company import Company

__all__ = ["channel_summary", "quarter_summary"]


def channel_summary(company: Company) -> pd.DataFrame:
    """One row a channel: recorded and truly caused leads, spend per lead of both, win rate, days to win, true ROMI.

    spend_per_caused_lead and romi use expected long-term effects; win_rate is of recorded leads at least half a year
    old; cycle_days is the median from lead to win on record.
    """
    leads, deals, changes = (company.tables[name] for name in ("leads", "deals", "stage_changes"))
    truth = company.truth.contribution.query("horizon == 'long_term'").set_index("channel")
    caused = truth.loc[truth["metric"] == "leads", ["spend", "expected"]]
    romi = truth.loc[truth["metric"] == "revenue", "romi_expected"]
    wins = changes[changes["to_stage"] == "won"].merge(deals, left_on="record_id", right_on="deal_id")
    per_lead = leads.assign(won_at=leads["lead_id"].map(wins.set_index("lead_id")["changed_at"]))
    per_lead["cycle_days"] = (per_lead["won_at"] - per_lead["created_at"]).dt.days
    old = per_lead[per_lead["created_at"] < per_lead["created_at"].max() - pd.Timedelta(days=183)]
    table = pd.DataFrame(
        {
            "recorded_leads": leads["channel"].value_counts(),
            "caused_leads": caused["expected"].round(),
            "spend": caused["spend"].round(),
            "win_rate": old.groupby("channel")["won_at"].apply(lambda won: won.notna().mean()),
            "cycle_days": per_lead.groupby("channel")["cycle_days"].median(),
            "romi": romi,
        }
    )
    table["spend_per_recorded_lead"] = (table["spend"] / table["recorded_leads"]).round()
    table["spend_per_caused_lead"] = (table["spend"] / table["caused_leads"]).round()
    return table.round(3).sort_values("spend", ascending=False)


def quarter_summary(company: Company) -> pd.DataFrame:
    """One row a quarter: leads, deals, wins, bookings and spend on record, then the same that the future holds."""
    leads, deals, history, spend = (company.tables[name] for name in ("leads", "deals", "deal_history", "spend"))
    won = history[history["stage"] == "won"]
    future = company.truth.future
    ends = pd.DatetimeIndex(future["week_end"])
    past = pd.DataFrame(
        {
            "leads": _quarter(leads["created_at"]).value_counts(),
            "opportunities": _quarter(deals["created_at"]).value_counts(),
            "wins": _quarter(won["recorded_at"]).value_counts(),
            "bookings": won.groupby(_quarter(won["recorded_at"]))["amount"].sum(),
            "spend": spend.groupby(_quarter(pd.Series(pd.DatetimeIndex(spend["date"]))))["spend"].sum(),
        }
    )
    columns = ["leads", "opportunities", "wins", "bookings"]
    coming = future.groupby(ends.to_period("Q").astype(str))[columns].sum()
    return pd.concat([past.assign(time="past"), coming.assign(time="future")]).round()


def _quarter(stamps: pd.Series) -> pd.Series:
    return pd.Series(stamps.dt.to_period("Q").astype(str))

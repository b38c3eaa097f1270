"""Spend that cannot be (negative), and weeks in which a channel that spends before and after has no row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural, some_of

__all__ = ["drop_negative_spend", "gaps_in_spend"]


def drop_negative_spend(tables: Tables, config: Config) -> Tables:
    """Spend ≥ 0: rows below zero (credits, corrections) are set aside and told."""
    if "spend" not in tables:
        return tables
    spend = tables["spend"]
    negative = spend.filter(spend.spend < 0)
    counted = negative.aggregate(n=negative.count(), total=negative.spend.sum()).to_pyarrow().to_pylist()[0]
    count, total = int(counted["n"]), float(counted["total"] or 0)
    if not count:
        return tables
    rows = negative.order_by("date", "channel", "spend").limit(5).execute()
    finding = finding_of(
        "negative-spend",
        "spend",
        f"{plural(count, 'row has', 'rows have')} a spend below zero, {total:,.0f} {config.currency} together",
        count=count,
        examples=tuple(f"{row.date:%Y-%m-%d} {row.channel} {row.spend:,.2f}" for row in rows.itertuples()),
        done="Those rows were set aside: a refund is not a withdrawal of advertising",
        remedy="Book credits against the weeks they correct, so that each week's spend is what was shown.",
    )
    return tables.materialise("spend", spend.filter(spend.spend >= 0)).with_findings(finding)


def gaps_in_spend(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """Missing weeks by channel, between its first and its last row.

    The rhythm of a channel is the median step between its dates, at least a week: monthly rows are no gaps.
    """
    if "spend" not in tables:
        return []
    dates = tables["spend"].select("channel", "date").distinct().order_by("channel", "date").execute()
    gaps = {str(channel): _missing_weeks(rows["date"]) for channel, rows in dates.groupby("channel")}
    gaps = {channel: weeks for channel, weeks in gaps.items() if weeks}
    if not gaps:
        return []
    return [
        finding_of(
            "gaps-in-spend",
            "spend",
            f"{plural(len(gaps), 'channel has', 'channels have')} weeks without a row between the first and the last: "
            f"{some_of(f'{channel} ({plural(weeks, "week")})' for channel, weeks in gaps.items())}",
            count=sum(gaps.values()),
            examples=gaps,
            done="Nothing was spent in those weeks, as far as the models know",
            remedy="If it was spent, add the rows; if not, rows with 0 say so.",
        )
    ]


def _missing_weeks(dates: pd.Series[pd.Timestamp]) -> int:
    """Whole weeks that a channel skips beyond its own rhythm."""
    steps_days = np.diff(pd.to_datetime(dates).to_numpy().astype("datetime64[D]")).astype(float)
    if steps_days.size == 0:
        return 0
    rhythm_days = max(7.0, float(np.median(steps_days)))
    skipped = np.where(steps_days > 1.5 * rhythm_days, steps_days - rhythm_days, 0.0)
    return int(np.round(skipped.sum() / 7))

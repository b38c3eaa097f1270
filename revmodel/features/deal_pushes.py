"""How often and how far close dates on file are pushed, and how they compare with the day a deal is won, by stage."""

from __future__ import annotations

import pandas as pd

__all__ = ["close_date_pushes"]

_DAYS = 28  # between snapshots


def close_date_pushes(snapshots: pd.DataFrame | None) -> pd.DataFrame:
    """The table ``close_date_pushes``: one row a stage, from past snapshots of open deals (DealSnapshotBuilder).

    stage, snapshots (with a close date on file), overdue (share whose date had passed), pushed (share whose date was
    moved later within four weeks), days_pushed_p50 and _p90 (how far, of those), won (snapshots of deals won later),
    won_in_time (share of them won by the date then on file), days_late_p50 and _p90 (win less that date).
    """
    columns = [
        "stage", "snapshots", "overdue", "pushed", "days_pushed_p50", "days_pushed_p90",
        "won", "won_in_time", "days_late_p50", "days_late_p90",
    ]  # fmt: skip
    if snapshots is None or not snapshots["days_to_close_date"].notna().any():
        return pd.DataFrame(columns=columns)
    known = snapshots[snapshots["days_to_close_date"].notna()].sort_values(["deal_id", "ago"], ascending=[True, False])
    later = known.groupby("deal_id")[["ago", "days_pushed"]].shift(-1)
    known = known.assign(
        moved=(later["days_pushed"] - known["days_pushed"]).where(known["ago"] - later["ago"] == _DAYS)
    )
    known = known.assign(late=known["won_in_days"] - known["days_to_close_date"])[known["ago"] > 0]
    rows = []
    for stage, each in known.groupby("stage", sort=False):
        followed, moved = each["moved"].dropna(), each["moved"][each["moved"] > 0]
        late = each["late"].dropna()
        rows.append((
            stage, len(each), (each["days_to_close_date"] < 0).mean(), (followed > 0).mean(),
            moved.quantile(0.5), moved.quantile(0.9), len(late), (late <= 0).mean(),
            late.quantile(0.5), late.quantile(0.9),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=columns)

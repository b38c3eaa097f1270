"""What marketing and sales promised each other, what became of cohorts, and what indicators go with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import count, label, percent

__all__ = ["cohort_section", "link_section", "service_section"]

_PERIODS = 4
_COHORTS = 2


def service_section(run: AnyRun) -> Section:
    """MQLs and SALs promised and delivered, decided and followed up; rejections by reason."""
    title, table = "Service levels", run.table("service_levels")
    if table is None:
        why = "Needs stages called mql and sal: say which they are under metrics.stages in the config."
        return Section("service", title, missing=why)
    latest = table.groupby("role", sort=False).tail(_PERIODS)
    rows = tuple(
        (
            f"{row.role.upper()}s {row.period}", _or_dash(row.promised), count(row.delivered),
            count(row.accepted), count(row.rejected), count(row.waiting),
            _days(row.days_to_decide), _share(row.decided_in_time, row.decidable),
            _share(row.followed_in_time, row.followable),
        )
        for row in rows_of(latest)
    )  # fmt: skip
    columns = (
        *("", "Promised", "Delivered", "Accepted", "Rejected", "Waiting"),
        *("Half decided within", "Decided in time", "Followed up in time"),
    )
    limits = run.manifest["config"]["metrics"]["service_levels"]
    said = [
        f"In time: a decision within {limits['accept_days']:g} days, a touch by sales within "
        f"{limits['follow_up_hours']:g} hours. Accepted: moved on from the stage; rejected: lost, or sent back.",
        "Delivered counts records once, at their first entry; decisions count every stay, "
        "also of those that come back.",
    ]
    if not table["promised"].notna().any():
        said.append("Nothing is promised: a target for mql or sal in the table targets would be set beside deliveries.")
    grid = Grid(columns, rows, tuple(range(1, len(columns))))
    return Section("service", title, tuple(said), grids=(grid, *_reasons(run)))


def _reasons(run: AnyRun) -> tuple[Grid, ...]:
    table = run.table("rejections")
    if table is None:
        return ()
    latest = table[table["period_start"] == table["period_start"].max()]
    rows = tuple(
        (row.role.upper(), label(str(row.reason)), count(row.n), percent(row.share)) for row in rows_of(latest)
    )
    when = str(latest["period"].iloc[0])
    return (Grid(("Lost from", f"Reason given, {when}", "Records", "Share"), rows, right=(2, 3)),)


def cohort_section(run: AnyRun) -> Section:
    """Conversion of the same records, naive and honest, and the latest difference in a sentence."""
    title, table = "Conversion of recent records, given their time", run.table("cohorts")
    if table is None:
        return Section("cohorts", title, missing="No stage has been left by enough records yet.")
    rows = tuple(
        (
            _stage_words(row.label), row.period, count(row.entered), count(row.open), percent(row.naive),
            percent(row.honest) if np.isfinite(row.honest) else "too young",
            f"{percent(row.low)} – {percent(row.high)}" if np.isfinite(row.honest) else "",
            f"{row.horizon_days:.0f} days",
        )
        for row in rows_of(table)
    )  # fmt: skip
    place = table.groupby("cohort", sort=False).cumcount(ascending=False)
    latest = tuple(row for row, back in zip(rows, place, strict=True) if back < _COHORTS)
    earlier = tuple(row for row, back in zip(rows, place, strict=True) if back >= _COHORTS)
    columns = ("", "Entered in", "Records", "Still open", "So far", "Within the horizon", "8 in 10", "Horizon")
    said = (
        "A ratio of what went on so far to what entered makes every recent cohort look worse than it is, because its "
        "records have not had the time. Counting each record only for as long as it was followed (Aalen-Johansen) does "
        "not; the horizon is what nine in ten of those who went on took.",
        *_examples(table),
    )
    right = (2, 3, 4, 5, 6, 7)
    folded = (Grid(columns, earlier, right, caption="Earlier cohorts"),) if earlier else ()
    return Section("cohorts", title, said, grids=(Grid(columns, latest, right),), folded=folded)


def _stage_words(name: str) -> str:
    """'mql → onward' → 'MQL → onward'."""
    first, _, last = name.partition(" → ")
    return f"{label(first)} → {last}"


def _examples(table: pd.DataFrame) -> tuple[str, ...]:
    """The latest cohort in which the two differ most."""
    latest = table.groupby("cohort", sort=False).tail(1)
    gaps = (latest["honest"] - latest["naive"]).abs()
    if not np.isfinite(gaps).any():
        return ()
    row = latest.iloc[int(np.nanargmax(gaps.to_numpy(dtype=float)))]
    return (f"{_stage_words(str(row['label']))}, {row['period']}: {row['sentence']}",)


def link_section(run: AnyRun) -> Section:
    """Digital KPIs and indicators beside their measured link to pipeline and revenue."""
    title, table = "Digital and engagement, beside what they go with", run.table("links")
    if table is None:
        why = "Needs the table indicators (date, name, value): traffic, engagement, satisfaction."
        return Section("links", title, missing=why)
    rows = tuple(
        (
            label(str(row.indicator).removeprefix("indicator_")), label(str(row.outcome)),
            f"{row.lag_weeks:.0f} weeks" if np.isfinite(row.lag_weeks) else "–",
            f"{row.correlation:+.2f}".replace("-", "−") if np.isfinite(row.correlation) else "–",
            f"{row.low:+.2f} – {row.high:+.2f}".replace("-", "−") if np.isfinite(row.low) else "–",
            "link" if row.linked else "no link measured",
        )
        for row in rows_of(table)
    )  # fmt: skip
    said = [str(row.sentence) for row in rows_of(table) if row.linked] or ["No link of any indicator was measured."]
    note = (
        "Weekly values without their straight trend, at the lag that goes together best of six; the range allows for "
        "autocorrelation and for having looked six times. Moving together is not causing."
    )
    columns = ("Indicator", "With", "Later by", "Correlation", "19 in 20", "")
    return Section("links", title, tuple(said), grids=(Grid(columns, rows, right=(2, 3, 4)),), note=note)


def _or_dash(value: float) -> str:
    return count(value) if np.isfinite(value) else "–"


def _days(value: float) -> str:
    return f"{value:.1f} days" if np.isfinite(value) else "not half yet"


def _share(of: float, among: float) -> str:
    return f"{percent(of / among)} of {count(among)}" if np.isfinite(of) and among > 0 else "–"

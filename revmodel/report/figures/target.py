"""A target and what covers it; entries week by week; until when each lever still counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers, paper, say
from revmodel.report.figures.rows import end_words, mark_line, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import date, number, span

__all__ = ["cover_figure", "dates_figure", "weeks_figure"]

_PARTS = (
    ("actual", "In already", INK.actual),
    ("open_deals_mean", "From deals open today", INK.open_deal),
    ("open_leads_mean", "From leads open today", INK.open_lead),
    ("to_come_mean", "From arrivals as planned", INK.not_yet),
)
_HEIGHT, _ABOVE = 180, 30


def cover_figure(target: pd.Series, width: int, currency: str | None) -> Figure:
    """Parts one after the other at their means, the total with its 80 % range, and the target as a line.

    target : the row of the table ``target``
    """
    parts = [part for part in _PARTS if part[0] != "actual" or target["actual"] > 0]
    figure, ax = row_paper(width, [name for _, name, _ in parts] + ["Quarter under the present plan"])
    start = 0.0
    for i, (column, _, colour) in enumerate(parts):
        value = float(target[column])
        segment(ax, i, start, start + value, colour, 0.26)
        end_words(ax, i, number(value, currency))
        start += value
    last = len(parts)
    segment(ax, last, target["total_p10"], target["total_p90"], INK.range80, 0.26)
    mark_line(ax, last, target["total_mean"], INK.actual, 0.13, 3.0)
    end_words(ax, last, span(target["total_p10"], target["total_p90"], currency), INK.text)
    ax.axvline(target["value"], color=INK.target, linewidth=1.6, dashes=(4, 3))
    right = target["value"] > 0.6 * target["total_p90"]
    say(
        ax, f"target {number(target['value'], currency)}", (target["value"], -0.6), (-4 if right else 4, 0), INK.target,
        "right" if right else "left",
    )  # fmt: skip
    ax.set_xlim(0, 1.04 * max(float(target["total_p90"]), float(target["value"]), start))
    axis_of_numbers(ax, currency, ticks=4)
    return figure


def weeks_figure(weeks: pd.DataFrame, names: dict[str, str], width: int) -> Figure:
    """One chart a stage: entries a week as planned, with their 80 % range, and as needed while they still count.

    weeks : the table ``target_weeks``. names : stage → what it is called
    """
    parts = [part for _, part in weeks.groupby("stage", sort=False)]
    columns = 3 if width > PHONE else 1
    rows = int(np.ceil(len(parts) / columns))
    height = rows * _HEIGHT + 12
    figure, axes = paper(width, height, columns, rows)
    figure.subplots_adjust(46 / width, 30 / height, 1 - 14 / width, 1 - _ABOVE / height, wspace=0.24, hspace=0.56)
    for ax, part in zip(axes, parts, strict=False):
        _stage(ax, part)
        ax.set_title(names[str(part["stage"].iloc[0])], loc="left", fontsize=12.5, color=INK.text, pad=8)
    for ax in axes[len(parts) :]:
        ax.set_axis_off()
    return figure


def _stage(ax: Axes, part: pd.DataFrame) -> None:
    day, counts = part["week_end"].to_numpy(), part["in_time"].to_numpy(bool)
    ax.fill_between(day, part["planned_p10"], part["planned_p90"], color=INK.range90, linewidth=0)
    ax.plot(day, part["planned_mean"], color=INK.actual, linewidth=2.0)
    needed = np.where(counts, part["needed_mean"].to_numpy(float), np.nan)
    ax.plot(day, needed, color=INK.target, linewidth=2.0, dashes=(4, 2))
    top = np.nanmax([*part["planned_p90"], *needed[np.isfinite(needed)]])
    ax.set_ylim(0, 1.1 * top if top > 0 else 1.0)
    axis_of_numbers(ax, None, "y", 3)
    months = pd.date_range(day[0], day[-1], freq="MS")
    ax.set_xticks(months.to_numpy(), [f"{month:%b}" for month in months])
    ax.tick_params(axis="x", length=0, colors=INK.quiet)


def dates_figure(rows: pd.DataFrame, names: list[str], width: int, as_of: pd.Timestamp, end: pd.Timestamp) -> Figure:
    """A bar a lever, from the as-of date to its last date; levers that are too late have none.

    rows : the table ``last_dates``. end : the quarter's last day
    """
    figure, ax = row_paper(width, names, per_row=46)
    length = float((end - as_of).days)
    for i, row in enumerate(rows_of(rows)):
        if pd.isna(row.last_date):
            end_words(ax, i, "too late", INK.target)
            continue
        colour = INK.open_deal if row.kind == "stage" else INK.gain
        segment(ax, i, 0.0, float((row.last_date - as_of).days), colour, 0.2)
        end_words(
            ax, i, f"until {date(row.last_date)}" if width > PHONE else f"{row.last_date.day} {row.last_date:%b %Y}"
        )
    ax.set_xlim(0, length)
    step = 28 if length <= 130 else 56
    ticks = np.arange(0, length + 1, step)
    ax.set_xticks(
        ticks, [f"{(as_of + pd.Timedelta(days=int(t))).day} {as_of + pd.Timedelta(days=int(t)):%b}" for t in ticks]
    )
    ax.grid(visible=True, axis="x", color=INK.line, linewidth=1.0)
    ax.tick_params(axis="x", length=0, colors=INK.quiet)
    return figure

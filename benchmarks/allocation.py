"""How long an allocation takes, and how good it is proven to be, by size, shape of curves, objective and rules.

Made-up posterior draws, fixed seeds; limits 0.3 to 2 times current spend. Seconds of one process, surface given, the
search and its proof included.

    .venv/bin/python benchmarks/allocation.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import csv
import time
from pathlib import Path

import numpy as np

from revmodel.decide.allocate import allocate
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.decide.rules import Group, Pace, PlanRules
from revmodel.decide.surface import ResponseSurface, spend_grid

OUT = Path(__file__).resolve().parent / "results" / "allocation.csv"
RISK = {"mean": 0.0, "cvar": 0.2, "mean_minus_risk": 0.5, "probability": 0.0}
LIKELY = 0.6  # the target of "probability": what current spend stays below with this chance
# channels, weeks (1: totals of the window), draws, curves, objective, rules
CASES = [
    (8, 1, 2000, "concave", "mean", "none"),
    (8, 1, 2000, "concave", "cvar", "none"),
    (8, 1, 2000, "concave", "mean_minus_risk", "none"),
    (8, 1, 2000, "s-shaped", "mean", "none"),
    (8, 1, 2000, "s-shaped", "cvar", "none"),
    (20, 1, 2000, "s-shaped", "mean", "none"),
    (8, 1, 2000, "concave", "mean", "groups, minimum, steps"),
    (8, 1, 2000, "s-shaped", "mean", "groups, minimum, steps"),
    (8, 1, 2000, "concave", "mean", "at most 3 change"),
    (8, 1, 2000, "s-shaped", "mean", "at most 3 change"),
    (8, 8, 2000, "concave", "mean", "none"),
    (8, 8, 2000, "concave", "cvar", "none"),
    (8, 8, 2000, "concave", "mean_minus_risk", "none"),
    (8, 8, 2000, "concave", "mean", "pace"),
    (8, 8, 2000, "concave", "mean", "groups, minimum, steps"),
    (8, 8, 2000, "s-shaped", "mean", "none"),
    (8, 8, 2000, "s-shaped", "cvar", "none"),
    (8, 8, 2000, "s-shaped", "mean", "pace"),
    (8, 8, 2000, "s-shaped", "mean", "groups, minimum, steps"),
    (8, 8, 2000, "concave", "mean", "at most 3 change"),
    (8, 8, 2000, "s-shaped", "mean", "at most 3 change"),
    (8, 8, 2000, "s-shaped", "cvar", "at most 3 change"),
    (20, 12, 2000, "s-shaped", "mean", "none"),
    (12, 12, 2000, "s-shaped", "mean", "groups, minimum, steps"),
    (20, 12, 2000, "s-shaped", "mean", "at most 3 change"),
    (8, 8, 2000, "concave", "probability", "none"),
    (8, 8, 2000, "s-shaped", "probability", "none"),
    (20, 12, 2000, "concave", "mean", "none"),
    (20, 12, 2000, "concave", "mean", "pace"),
    (20, 12, 2000, "concave", "cvar", "none"),
    (20, 12, 4000, "concave", "mean", "none"),
]


def totals(channels: int, draws: int, curves: str) -> ResponseSurface:
    """Hill curves of power 1 or 4."""
    rng = np.random.default_rng(11)
    current = rng.uniform(40, 160, channels) * 1000
    grid = spend_grid(current, 2 * current, 41)
    gain = rng.lognormal(0, 0.6, (1, channels, 1)) * rng.lognormal(0, 0.5, (draws, channels, 1)) * current[:, None]
    half = rng.uniform(0.5, 1.8, (1, channels, 1)) * rng.lognormal(0, 0.2, (draws, channels, 1)) * current[:, None]
    power = 1.0 if curves == "concave" else 4.0
    value = gain * grid**power / (grid**power + half**power)
    return ResponseSurface(tuple(f"channel {i + 1}" for i in range(channels)), grid, value, current)


def by_week(channels: int, weeks: int, draws: int, curves: str) -> PeriodSurface:
    """Geometric carry-over of ten weeks; saturation of Michaelis-Menten, or Hill with a power of 1.8 on average."""
    rng, lags, lines, current = np.random.default_rng(0), 10, [], []
    for i in range(channels):
        half_life = np.exp(rng.normal(0.3, 0.4)) * np.exp(rng.normal(0, 0.3, draws))
        carry = 0.5 ** (np.arange(lags + 1) / half_life[:, None])
        values = {"half_saturation": np.exp(rng.normal(0.5, 0.4)) * np.exp(rng.normal(0, 0.3, draws))}
        if curves == "s-shaped":
            values["slope"] = np.exp(rng.normal(0.6, 0.2, draws))
        unit = float(rng.uniform(1000, 9000))
        height = unit * np.exp(rng.normal(0.5, 0.7)) * np.exp(rng.normal(0, 0.5, draws))
        spend = unit * rng.uniform(0.5, 1.5) * np.ones(weeks)
        lines.append(LineResponse(
            f"channel {i + 1}", f"channel {i + 1}", carry / carry.sum(1, keepdims=True), np.full(lags, unit), unit,
            "michaelis_menten" if curves == "concave" else "hill", values,
            np.repeat(height[:, None], weeks + lags, axis=1), np.ones(weeks), 3 * spend,
        ))  # fmt: skip
        current.append(spend)
    return PeriodSurface(
        tuple(lines), np.arange(weeks), np.stack(current), np.array([line.before[-1] for line in lines])
    )


def rules_of(kind: str, surface: ResponseSurface | PeriodSurface) -> PlanRules:
    """The rules of a case."""
    names, now = surface.channels, surface.now
    if kind == "groups, minimum, steps":
        each = float(now.mean())
        return PlanRules(
            groups=(Group("first two", names[:2], most=0.8 * float(now[:2].sum())),),
            minimum=dict.fromkeys(names, 0.5 * each), steps=dict.fromkeys(names, 0.05 * each),
        )  # fmt: skip
    if kind == "at most 3 change":
        return PlanRules(most_changed=3)
    return PlanRules(pace=dict.fromkeys(names, Pace(most_change=0.2))) if kind == "pace" else PlanRules()


def main() -> None:
    rows = []
    for channels, weeks, draws, curves, objective, kind in CASES:
        surface = totals(channels, draws, curves) if weeks == 1 else by_week(channels, weeks, draws, curves)
        rules = rules_of(kind, surface)
        low = 0.3 * surface.current if "minimum" not in kind else 0 * surface.current
        aim = {}
        if objective == "probability":
            aim = {"target": float(np.quantile(surface.value_at(surface.current).sum(axis=1), LIKELY))}
        wall, cpu = time.perf_counter(), time.process_time()
        found = allocate(
            surface, float(surface.current.sum()), low, 2 * surface.current, objective=objective, risk=RISK[objective],
            rules=rules, at_most="steps" in kind, time_limit_s=30.0, **aim,
        )  # fmt: skip
        rows.append({
            "channels": channels, "weeks_planned": weeks, "draws": draws, "curves": curves, "objective": objective,
            "rules": kind, "wall_s": round(time.perf_counter() - wall, 2),
            "cpu_s": round(time.process_time() - cpu, 2), "certified_gap_percent": round(100 * found.certified_gap, 4),
            "gain_percent": round(100 * (found.objective_proposed / found.objective_current - 1), 2),
        })  # fmt: skip
        print(rows[-1], flush=True)
    with OUT.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

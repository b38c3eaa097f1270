"""A made-up run of a made-up company, in the shape that real runs have. Draws are summarised, so parts add up."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from revmodel import dims

AS_OF = pd.Timestamp("2026-11-15")
QUARTERS = {"2026Q4": ("2026-10-01", "2026-12-31"), "2027Q1": ("2027-01-01", "2027-03-31")}
CHANNELS = {
    # spend of 52 weeks, mean revenue per unit of spend, relative spread
    "paid_search": (640_000, 2.6, 0.22),
    "paid_social": (410_000, 0.7, 0.95),
    "content_seo": (280_000, 3.9, 0.35),
    "events": (520_000, 1.5, 0.40),
    "webinars": (130_000, 3.1, 0.45),
    "outbound": (360_000, 1.9, 0.30),
    "partners": (210_000, 4.4, 0.50),
}
TARGETS = {("bookings", "2026Q4"): 3_900_000.0, ("bookings", "2027Q1"): 4_200_000.0, ("wins", "2026Q4"): 110.0}
SIZES = {"leads": 2400.0, "pipeline_created": 9_600_000.0, "wins": 96.0, "bookings": 3_550_000.0}
SHARES = {
    "2026Q4": {"actual": 0.44, "open_deal": 0.43, "open_lead": 0.08, "not_yet_created": 0.05},
    "2027Q1": {"open_deal": 0.38, "open_lead": 0.27, "not_yet_created": 0.35},
}


def summary(draws: np.ndarray, prefix: str = "") -> dict[str, float]:
    quantiles = np.percentile(draws, dims.PERCENTILES)
    named = {f"{prefix}p{p:02d}": float(q) for p, q in zip(dims.PERCENTILES, quantiles, strict=True)}
    return {f"{prefix}mean": float(draws.mean()), **named}


def fake_tables(seed: int = 7) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    return {
        "forecast": _forecast(rng),
        "path": _path(rng),
        "contribution": _contribution(rng),
        "allocation": _allocation(),
        "allocation_summary": _allocation_summary(),
        "backtest": _backtest(rng),
        "open_deals": _open_deals(rng),
        "forecast_categories": _categories(),
        "findings": _findings(),
        "allows": _allows(),
        "health": _health(),
    }


def fake_manifest(**changes: Any) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "run": "2026-11-15-forecast",
        "company": "Northwind Robotics",
        "currency": "EUR",
        "created_at": "2026-11-16T08:12:44Z",
        "as_of": "2026-11-15",
        "command": "revmodel forecast configs/quarterly.yaml --as-of 2026-11-15",
        "version": "0.1.0",
        "git_sha": "6cd3c9c4d0b51a",
        "seed": 1,
        "engine": "nuts",
        "inputs": [
            {"table": "leads", "rows": 24_310, "digest": "9f2b6c01aa7e44d0"},
            {"table": "stage_changes", "rows": 61_877, "digest": "0c51d7e2b1f09a33"},
            {"table": "deals", "rows": 3_120, "digest": "77aa10be92c4d5e1"},
            {"table": "deal_history", "rows": 14_902, "digest": "4be0f6d8813c2a97"},
            {"table": "spend", "rows": 7_560, "digest": "d41d8cd98f00b204"},
            {"table": "targets", "rows": 8, "digest": "e5c0a1b2f3d49688"},
        ],
        "config": {"company": "Northwind Robotics", "forecast": {"quarters": 2, "draws": 1000}, "seed": 1},
        "health": {"passed": True, "sentence": "All 9 checks of the models passed."},
        "timings_s": {"load": 2.1, "fit": 41.7, "forecast": 3.4, "report": 1.9},
        "cannot": ["Lifetime value: add a table subscriptions (customer_id, started_at)."],
        "quarters": list(QUARTERS),
        "fiscal_year_start_month": 1,
    }
    return manifest | changes


def _forecast(rng: np.random.Generator) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for metric, size in SIZES.items():
        for period, (start, end) in QUARTERS.items():
            parts = _parts(rng, size * (1.06 if period == "2027Q1" else 1.0), SHARES[period])
            total = np.sum(list(parts.values()), axis=0)
            for provenance, draws in {**parts, dims.ALL: total}.items():
                where = {"period": period, "period_start": start, "period_end": end, "provenance": provenance}
                target = TARGETS.get((metric, period), np.nan) if provenance == dims.ALL else np.nan
                reached = float((draws >= target).mean()) if np.isfinite(target) else np.nan
                row = {"as_of": AS_OF, "metric": metric, "grain": "quarter", **where, "sd": draws.std()}
                rows.append({**row, **summary(draws), "target": target, "p_hit_target": reached})
    frame = pd.DataFrame(rows).assign(channel=dims.ALL, segment=dims.ALL)
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in ("period_start", "period_end")})


def _parts(rng: np.random.Generator, size: float, shares: dict[str, float]) -> dict[str, np.ndarray]:
    spread = {"actual": 0.0, "open_deal": 0.22, "open_lead": 0.4, "not_yet_created": 0.45}
    return {
        name: size * share * rng.lognormal(-0.5 * spread[name] ** 2, spread[name], 2000)
        for name, share in shares.items()
    }


def _path(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for metric in ("bookings", "wins"):
        for period, (start, end) in QUARTERS.items():
            first, last = pd.Timestamp(start), pd.Timestamp(end)
            known_days = pd.date_range(first + pd.Timedelta(days=4), AS_OF, freq="7D")
            size, done = SIZES[metric], 0.0
            for day in known_days:
                done = size * 0.44 * ((day - first).days / (AS_OF - first).days) ** 1.2
                rows.append(_step(metric, period, day, True, np.full(2000, done)))
            ahead = [*pd.date_range(max(AS_OF, first) + pd.Timedelta(days=7), last, freq="7D"), last]
            steps = rng.gamma(2.4, 1 / 2.4, (2000, len(ahead))) * (size - done) / len(ahead)
            total = done + np.cumsum(steps * rng.lognormal(0, 0.1, (2000, 1)), axis=1)
            rows += [_step(metric, period, day, False, total[:, i]) for i, day in enumerate(dict.fromkeys(ahead))]
    return pd.DataFrame(rows)


def _step(metric: str, period: str, day: pd.Timestamp, known: bool, draws: np.ndarray) -> dict[str, object]:
    target = TARGETS.get((metric, period), np.nan)
    return {"metric": metric, "period": period, "date": day, "known": known, **summary(draws), "target": target}


def _contribution(rng: np.random.Generator) -> pd.DataFrame:
    rows, everything = [], np.zeros(2000)
    for channel, (spend, per_unit, spread) in CHANNELS.items():
        draws = np.maximum(spend * (per_unit * (1 + spread * rng.standard_normal(2000))), 0.0)
        everything = everything + draws
        romi = summary(draws / spend - 1, "romi_")
        marginal = summary(0.6 * draws / spend - 1, "marginal_romi_")
        rows.append({"channel": channel, "kind": "channel", "spend": spend, **summary(draws), **romi, **marginal})
    rows.append(
        {"channel": "all media", "kind": "media", "spend": sum(c[0] for c in CHANNELS.values()), **summary(everything)}
    )
    base = 5_200_000 * rng.lognormal(0, 0.12, 2000)
    rows.append({"channel": "baseline", "kind": "baseline", "spend": 0.0, **summary(base)})
    frame = pd.DataFrame(rows)
    frame["share_mean"] = frame["mean"] / (everything + base).mean()
    frame["note"] = ""
    frame = frame.assign(period="last 52 weeks", period_start=AS_OF - pd.Timedelta(weeks=52), period_end=AS_OF)
    frame = frame.assign(metric="revenue", horizon="long_term")
    short = frame.assign(horizon="in_period")
    amounts = ["mean", *(f"p{p:02d}" for p in dims.PERCENTILES)]
    short[amounts] *= 0.62
    return pd.concat([frame, short], ignore_index=True)


def _allocation() -> pd.DataFrame:
    change = {"paid_search": 1.05, "paid_social": 0.7, "content_seo": 1.3, "events": 0.78, "webinars": 1.3,
              "outbound": 1.0, "partners": 1.3}  # fmt: skip
    rows = []
    for channel, (spend, per_unit, spread) in CHANNELS.items():
        now = spend / 4
        then = now * change[channel]
        gain = (then - now) * per_unit * 0.6
        rows.append({
            "scenario": "same budget", "channel": channel, "period": "13 weeks", "current": now, "proposed": then,
            "change": then - now, "lower": 0.7 * now, "upper": 1.3 * now,
            "binding": {0.7: "lower", 1.3: "upper"}.get(change[channel], ""),
            "incremental_mean": then * per_unit, "p10": then * per_unit * (1 - 1.28 * spread),
            "p90": then * per_unit * (1 + 1.28 * spread),
            "change_mean": gain, "change_p10": gain * 0.4, "change_p90": gain * 1.7, "note": "",
        })  # fmt: skip
    return pd.DataFrame(rows)


def _allocation_summary() -> pd.DataFrame:
    lands = {"2026Q4": 150_000, "2027Q1": 610_000, "2027Q2": 700_000, "2027Q3": 230_000, "2027Q4": 60_000}
    row = {
        "scenario": "same budget", "period": "13 weeks", "budget": 637_500.0, "at_most": False,
        "spend_current": 637_500.0, "spend_proposed": 637_500.0,
        "objective": "expected bookings that land within 52 weeks",
        "objective_current_mean": 1_560_000.0, "objective_proposed_mean": 1_750_000.0,
        "difference_mean": 190_000.0, "difference_p10": 45_000.0, "difference_p90": 350_000.0,
        "certified_gap": 0.0009, "certified_gap_of_gain": 0.008, "p_better": 0.94,
        "lands_by_quarter": json.dumps(lands), "sentence": "",
    }  # fmt: skip
    return pd.DataFrame([row])


def _backtest(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    models = {"revmodel": (0.06, 0.07), "seasonal_naive": (0.2, 0.22), "snapshot_roll_forward": (0.19, 0.12)}
    for i, origin in enumerate(pd.date_range("2024-01-07", periods=11, freq="91D")):
        for metric in ("bookings", "wins"):
            actual = SIZES[metric] * (0.72 + 0.03 * i) * rng.lognormal(0, 0.08)
            for model, (miss, spread) in models.items():
                centre = actual * rng.lognormal(0, miss)
                draws = centre * rng.lognormal(0, spread, 800)
                named = summary(draws)
                row = {"origin": origin, "horizon": 13, "metric": metric, "model": model, "actual": actual, **named}
                error = float(np.abs(draws - actual).mean() - 0.5 * np.abs(draws - draws[::-1]).mean())
                inside = {f"covered_{w}": named[low] <= actual <= named[high]
                          for w, low, high in ((50, "p25", "p75"), (80, "p10", "p90"), (90, "p05", "p95"))}  # fmt: skip
                rows.append({**row, "crps": error, "pinball": error / 2, **inside})
    return pd.DataFrame(rows)


def _open_deals(rng: np.random.Generator) -> pd.DataFrame:
    n = 22
    p_win = np.sort(rng.beta(1.6, 2.4, n))[::-1]
    close = AS_OF + pd.to_timedelta(rng.integers(10, 120, n), unit="D")
    stages = rng.choice(["proposal", "negotiation", "demo"], n)
    return pd.DataFrame({
        "deal_id": [f"D-{3100 + i}" for i in range(n)], "stage": stages,
        "channel": rng.choice(list(CHANNELS), n), "segment": rng.choice(["mid-market", "enterprise"], n),
        "age_weeks": rng.integers(1, 30, n), "amount": rng.lognormal(10.6, 0.7, n).round(-2),
        "p_win": p_win, "p_win_this_quarter": p_win * rng.uniform(0.2, 0.9, n),
        "expected_close_p10": close - pd.Timedelta(days=12), "expected_close_p50": close,
        "expected_close_p90": close + pd.Timedelta(days=50),
        "expected_this_quarter": rng.lognormal(9.5, 0.7, n).round(-2),
        "drivers": [f"↑ in {s} (×1.4); ↓ close date passed 12 days ago (×0.62)" for s in stages],
    })  # fmt: skip


def _categories() -> pd.DataFrame:
    columns = ["category", "deals", "amount", "said", "due_amount", "mean", "p10", "p50", "p90", "p_reached", "p_win"]
    rows = [
        ("commit", 8, 1.0e6, 0.8e6, 9.0e5, 4.2e5, 2.1e5, 4.0e5, 6.5e5, 0.04, 0.55),
        ("pipeline", 14, 1.4e6, 0.3e6, 7.0e5, 2.0e5, 0.5e5, 1.8e5, 4.1e5, 0.02, 0.2),
        ("all", 22, 2.4e6, 1.1e6, 1.6e6, 6.2e5, 3.9e5, 6.0e5, 8.8e5, 0.0, 0.33),
    ]
    return pd.DataFrame(rows, columns=columns).assign(period="2026Q4")


def _findings() -> pd.DataFrame:
    rows = [
        ("zombies", "warn", "Stage history", "stage_changes", "41 of 300 records wait for too long", 41,
         "D-112; D-205; D-377", "Counted as open they would be forecast to close.",
         "They are set apart and not forecast.", "Close them, or set funnel.zombie_weeks."),
        ("placeholder-amounts", "warn", "Amounts and currency", "deals", "63 of 900 amounts are exactly 0 or 1", 63,
         "D-3101; D-3107", "Deals seem to be worth nothing.", "Nothing.", "Map them to a missing amount."),
        ("duplicate-ids", "note", "Leads and deals", "leads", "12 rows repeat a lead_id", 12, "L-88; L-91",
         "Counted twice, they would lower conversion.", "The copies were dropped.", "Export one row per lead_id."),
    ]  # fmt: skip
    columns = ["code", "severity", "group", "table", "what", "count", "examples", "consequence", "done", "remedy"]
    return pd.DataFrame(rows, columns=columns)


def _allows() -> pd.DataFrame:
    return pd.DataFrame([
        ("Forecast of leads, opportunities and wins, in numbers", True, "61,877 stage changes, 2,204 of them wins"),
        ("Forecast of pipeline and bookings, in money", True, "14,902 amounts in deal_history"),
        ("Contribution of each channel", True, "150 weeks of spend in 7 channels"),
        ("Lifetime value of a customer", False, "Add a table subscriptions (customer_id, started_at): "
         "a customer's value is what stays after the win"),
    ], columns=["what", "possible", "why"])  # fmt: skip


def _health() -> pd.DataFrame:
    rows = []
    for part, rhat, ess in (("hazards", 1.004, 1220.0), ("arrivals", 1.006, 890.0), ("deal_size", 1.002, 1850.0)):
        rows += [
            (part, "rhat", rhat, "< 1.01", True, f"{part}: the chains agree (largest R-hat {rhat})."),
            (part, "ess_bulk", ess, "> 400", True, f"{part}: at least {ess:.0f} effective draws."),
            (part, "divergences", 0.0, "0", True, f"{part}: 0 divergent draws."),
        ]
    return pd.DataFrame(rows, columns=["part", "check", "value", "wanted", "passed", "sentence"])

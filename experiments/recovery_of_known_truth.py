"""Do the intervals hold on companies whose truth is known?

For each seed: simulate a company (revmodel.synthetic, not of the model's family), fit as the demo does, and compare
with the truth file: leads, pipeline and revenue that each channel's spend added over the last 52 weeks, and leads,
pipeline created, wins and bookings of the next quarter. All results are of simulated companies.

    .venv/bin/python experiments/recovery_of_known_truth.py --seeds 101-110 --out experiments/results
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path

import numpy as np
import pandas as pd

from revmodel.attribution.from_model import lead_economics
from revmodel.config import Config, load_config
from revmodel.evaluate.recovery import interval_coverage
from revmodel.evaluate.scores import wape
from revmodel.features.build import build_features
from revmodel.forecast.calendar import weeks_needed
from revmodel.forecast.plan import planned_spend
from revmodel.forecast.rollup import forecast_table
from revmodel.forecast.simulate import simulate
from revmodel.models.predict import future_weeks
from revmodel.models.revenue import RevenueModel
from revmodel.sources.checks import run_checks
from revmodel.sources.tables import tables_from_frames
from revmodel.synthetic import Company, make_company
from revmodel.workflows.company import DataCheck
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.parts import contribution_tables

AS_OF = dt.date(2026, 9, 30)
ROOT = Path(__file__).resolve().parents[1]


def fit(company: Company, config: Config) -> FittedCompany:
    tables = run_checks(tables_from_frames(company.tables), config)
    features = build_features(tables, config, AS_OF)
    model = RevenueModel(engine="mixed", draws=600, seed=config.seed, response=config.response).fit(features)
    empty = pd.DataFrame()
    return FittedCompany(config, AS_OF, DataCheck(tables, empty, empty, empty), features, model, {}, company.plan)


def contributions(fitted: FittedCompany, company: Company) -> pd.DataFrame:
    """Estimated and true contribution of the last 52 weeks, one row a channel and metric."""
    economics = lead_economics(fitted.model, fitted.config.funnel.first_deal_stage, 53, 400)
    table = contribution_tables(fitted, economics)["contribution"]
    year = table[(table["period"] == table["period"].iloc[-1]) & table["kind"].isin(["channel", "media", "baseline"])]
    year = year[(year["horizon"] == "long_term") | (year["metric"] == "leads")]
    start = pd.Timestamp(year["period_start"].iloc[0])
    by_week = company.truth.by_week
    truth = by_week[pd.to_datetime(by_week["week"]) >= start].groupby("channel").sum(numeric_only=True)
    columns = {"leads": "expected_leads", "pipeline": "expected_pipeline", "revenue": "expected_revenue"}
    rows = []
    for row in year.itertuples():
        name = str(row.channel)
        paid = [c for c in truth.index if c != "baseline"]
        value = (
            truth.loc[paid, columns[row.metric]].sum() if name == "all media" else truth.loc[name, columns[row.metric]]
        )
        rows.append({"quantity": f"{row.kind} {row.metric}", "name": name, "truth": float(value), **_summary(row)})
    return pd.DataFrame(rows)


def next_quarter(fitted: FittedCompany, company: Company) -> pd.DataFrame:
    """Forecast and truth of the quarter after the as-of date, one row a metric."""
    weeks = weeks_needed(AS_OF, 1, 1)
    channels = fitted.model.response_.data_.channels
    spend = planned_spend(company.plan, channels, future_weeks(pd.Timestamp(AS_OF), weeks))
    funnel, arrivals, sizes = fitted.model.predict(weeks, spend, 1000)
    simulation = simulate(
        fitted.model.open_records_, funnel, arrivals, sizes, AS_OF, weeks, fitted.config.funnel.first_deal_stage, 5
    )
    table = forecast_table(simulation, fitted.features.realised, 1, 1, grains=("quarter",))
    total = table[(table["channel"] == "all") & (table["segment"] == "all") & (table["provenance"] == "all")]
    future = company.truth.future
    inside = future[pd.to_datetime(future["week_end"]) <= pd.Timestamp("2026-12-31")]
    share = ((pd.Timestamp("2026-12-31") - pd.Timestamp(AS_OF)).days / 7) - inside["week"].nunique()
    last = future[future["week"] == inside["week"].max() + 1]
    metrics = ["leads", "pipeline_created", "wins", "bookings"]
    truth = inside[metrics].sum() + share * last[metrics].sum()  # the quarter ends inside a week: its share of days
    return pd.DataFrame(
        [
            {
                "quantity": f"next quarter {row.metric}",
                "name": row.metric,
                "truth": float(truth[row.metric]),
                **_summary(row),
            }
            for row in total.itertuples()
        ]
    )


def _summary(row: object) -> dict[str, float]:
    return {name: float(getattr(row, name)) for name in ("mean", "p05", "p10", "p50", "p90", "p95")}


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Coverage, bias and error by quantity, in the order in which quantities first appear."""
    held = interval_coverage(results["truth"], results, by=["quantity"]).set_index("quantity")
    table = held[["n", "covered_80", "covered_90", "bias"]].assign(
        wape=[wape(rows["mean"], rows["truth"]) for _, rows in results.groupby("quantity", sort=True)]
    )
    return table.loc[results["quantity"].unique()].round(3).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="101-110", help="first-last")
    parser.add_argument("--size", default="demo", choices=["small", "demo"])
    parser.add_argument("--out", default="experiments/results")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    frames = []
    for seed in range(first, last + 1):
        start = time.perf_counter()
        company = make_company(seed, size=arguments.size, as_of=AS_OF)
        config = load_config(ROOT / "configs" / "demo.yaml").model_copy(update={"seed": seed})
        fitted = fit(company, config)
        found = pd.concat([contributions(fitted, company), next_quarter(fitted, company)], ignore_index=True)
        healthy = bool(fitted.model.health_["passed"].all())
        frames.append(found.assign(seed=seed, healthy=healthy))
        print(
            f"seed {seed}: {time.perf_counter() - start:.0f} s, health {'passed' if healthy else 'failed'}", flush=True
        )
        results = pd.concat(frames, ignore_index=True)
        results.to_csv(out / "recovery_by_seed.csv", index=False, float_format="%.6g")
        summarise(results).to_csv(out / "recovery.csv", index=False)
    print(summarise(results).to_string(index=False))
    healthy = int(results.groupby("seed")["healthy"].first().sum())
    print(f"companies: {results['seed'].nunique()}, of which all health checks passed: {healthy}")
    assert np.isfinite(results["truth"]).all()


if __name__ == "__main__":
    main()

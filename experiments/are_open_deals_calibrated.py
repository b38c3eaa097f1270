"""Does a deal that is given 30 % win in 3 of 10 cases?

For each seed: simulate a company (revmodel.synthetic, not of the models' family), forecast every deal that is open on
record, and compare with what the truth says became of it: won by the end of the next quarter, and within a year.
Methods: the model with each deal's own odds and without; the share won from the same stage in past snapshots; the
probability that sellers put on file. All results are of simulated companies.

    .venv/bin/python experiments/are_open_deals_calibrated.py --seeds 301-308
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path

import numpy as np
import pandas as pd

from revmodel.config import Config, load_config
from revmodel.features.build import build_features
from revmodel.features.tables import Features, OpenRecords
from revmodel.forecast.simulate import simulate
from revmodel.models.deal_effects import DealEffects
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws
from revmodel.models.hazards import StageHazards
from revmodel.models.predict import predict_funnel
from revmodel.sources.checks import run_checks
from revmodel.sources.tables import tables_from_frames
from revmodel.synthetic import Company, make_company

AS_OF = dt.date(2026, 9, 30)
QUARTER_END = pd.Timestamp("2026-12-31")
QUARTER_DAYS, YEAR_WEEKS, DRAWS = 92, 52, 500
ROOT = Path(__file__).resolve().parents[1]
HORIZONS = ("quarter", "year")
METHODS = ("own odds", "stage, group and age", "stage rate", "sellers")
FLOOR = 0.002  # of a chance, for the log score: draws cannot tell less


def forecast_deals(
    features: Features, funnel: FunnelDraws, records: OpenRecords, first: str, seed: int
) -> pd.DataFrame:
    """deal_id, quarter, year: chances to be won, without arrivals and amounts, which touch no open deal."""
    draws, stages, groups = funnel.log_odds.shape[0], len(funnel.stages), len(funnel.groups)
    nobody = ArrivalDraws(np.zeros((draws, YEAR_WEEKS, stages, groups), dtype=np.int64))
    nothing = np.zeros(draws)
    sizes = DealSizeDraws(
        np.zeros((draws, groups)), nothing, nothing, nothing, 0.0, np.zeros((draws, 1 + stages, 2)), has_amounts=False
    )
    deals = simulate(records, funnel, nobody, sizes, features.as_of, YEAR_WEEKS, first, seed).deals
    return deals.rename(columns={"p_win_this_quarter": "quarter", "p_win": "year"})[["deal_id", *HORIZONS]]


def stage_rates(features: Features) -> pd.DataFrame:
    """Share won within a quarter and a year of past snapshots, by stage: only those whose outcome is known by now."""
    past = features.deal_snapshots
    assert past is not None
    quarter = (
        past[past["ago"] >= QUARTER_DAYS].groupby("stage")["won_in_days"].agg(lambda d: (d <= QUARTER_DAYS).mean())
    )
    year = (
        past[past["ago"] >= 7 * YEAR_WEEKS].groupby("stage")["won_in_days"].agg(lambda d: (d <= 7 * YEAR_WEEKS).mean())
    )
    return pd.DataFrame({"quarter": quarter, "year": year})


def company_rows(company: Company, config: Config, seed: int) -> tuple[pd.DataFrame, DealEffects]:
    """One row an open deal, method and horizon: the chance given, and whether it was won in time."""
    features = build_features(run_checks(tables_from_frames(company.tables), config), config, AS_OF)
    hazards = StageHazards(engine="laplace", draws=DRAWS, seed=seed).fit(
        features.cells, None, features.panel.indicators
    )
    funnel = predict_funnel(hazards, pd.Timestamp(AS_OF), YEAR_WEEKS, DRAWS, 1, seed)
    effects = DealEffects().fit(features.deal_snapshots, funnel)
    first = str(config.funnel.first_deal_stage)
    records = features.open_records
    open_now = records.frame[records.frame["record_type"] == "deal"]
    chances = {
        "own odds": forecast_deals(features, funnel, effects.with_shifts(records), first, seed),
        "stage, group and age": forecast_deals(features, funnel, records, first, seed),
        "stage rate": open_now[["record_id", "stage"]]
        .rename(columns={"record_id": "deal_id"})
        .merge(stage_rates(features), left_on="stage", right_index=True),
    }
    history = company.tables["deal_history"].sort_values("recorded_at").groupby("deal_id")["probability"].last()
    chances["sellers"] = pd.DataFrame(
        {"deal_id": history.index, "quarter": history.to_numpy(), "year": history.to_numpy()}
    )
    truth = company.truth.open_deals.set_index("deal_id")
    closed, won = pd.to_datetime(truth["closed_at"]), truth["outcome"] == "won"
    in_time = {
        "quarter": won & (closed < QUARTER_END + pd.Timedelta(days=1)),
        "year": won & (closed < pd.Timestamp(AS_OF) + pd.Timedelta(weeks=YEAR_WEEKS)),
    }
    rows = []
    for method, table in chances.items():
        given = table.set_index("deal_id").reindex(truth.index)  # deals that nobody waits for any more have no chance
        for horizon in HORIZONS:
            chance = given[horizon].fillna(0.0).to_numpy(float)
            rows.append(pd.DataFrame({
                "seed": seed, "method": method, "horizon": horizon, "deal_id": truth.index, "chance": chance,
                "won": in_time[horizon].to_numpy(bool),
            }))  # fmt: skip
    return pd.concat(rows, ignore_index=True), effects


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Brier and log score by horizon and method, and expected against true wins; companies weigh alike."""
    p, won = rows["chance"].clip(FLOOR, 1 - FLOOR), rows["won"].astype(float)
    each = rows.assign(
        brier=(rows["chance"] - won) ** 2, log_score=-(won * np.log(p) + (1 - won) * np.log(1 - p)), wins=won
    )
    by_company = each.groupby(["horizon", "method", "seed"])[["brier", "log_score", "chance", "wins"]].mean()
    table = by_company.groupby(["horizon", "method"])[["brier", "log_score", "chance", "wins"]].mean()
    own = by_company["log_score"].xs("own odds", level="method").rename("own")
    paired = by_company["log_score"].to_frame().join(own)
    less = (paired["log_score"] - paired["own"]).groupby(["horizon", "method"])
    table["log_score_less_own"], table["se"] = less.mean(), less.std() / np.sqrt(rows["seed"].nunique())
    table["deals"] = rows.groupby(["horizon", "method"]).size()
    return table.reset_index().round(4)


def reliability(rows: pd.DataFrame) -> pd.DataFrame:
    """Chances given against shares won, in bins of the chance."""
    edges = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0]
    binned = rows.assign(bin=pd.cut(rows["chance"], edges, include_lowest=True).astype(str))
    table = binned.groupby(["horizon", "method", "bin"]).agg(
        deals=("won", "size"), given=("chance", "mean"), won=("won", "mean")
    )
    table["se"] = np.sqrt(table["given"] * (1 - table["given"]) / table["deals"])
    return table.round(4).reset_index().sort_values(["horizon", "method", "given"], ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="301-308", help="first-last")
    parser.add_argument("--size", default="small", choices=["small", "demo"])
    parser.add_argument("--out", default="experiments/results")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    out = Path(arguments.out)
    config = load_config(ROOT / "configs" / "demo.yaml")
    frames, tested = [], []
    for seed in range(first, last + 1):
        start = time.perf_counter()
        rows, effects = company_rows(make_company(seed, size=arguments.size, as_of=AS_OF), config, seed)
        frames.append(rows)
        tested.append(effects.tested_.assign(seed=seed))
        print(f"seed {seed}: {time.perf_counter() - start:.0f} s, {rows['deal_id'].nunique()} open deals", flush=True)
        every = pd.concat(frames, ignore_index=True)
        scores(every).to_csv(out / "open_deals_scores.csv", index=False)
        reliability(every).to_csv(out / "open_deals_reliability.csv", index=False)
        pd.concat(tested).to_csv(out / "open_deals_own_odds.csv", index=False, float_format="%.4g")
    print(scores(every).to_string(index=False))


if __name__ == "__main__":
    main()

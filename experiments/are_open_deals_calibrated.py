"""Does a deal that is given 30 % win in 3 of 10 cases?

For each seed: simulate a company (revmodel.synthetic, not of the models' family), forecast every deal that is open on
record, and compare with what the truth says became of it: won by the end of the next quarter, and within a year.
Methods: the model with each deal's own odds and without; the share won from the same stage in past snapshots; the
probability that sellers put on file. All results are of simulated companies.

    .venv/bin/python experiments/are_open_deals_calibrated.py --seeds 301-308
    .venv/bin/python experiments/are_open_deals_calibrated.py --maven

Maven is a public data set of a CRM (see configs/maven.yaml): at three quarter ends, what was won in the next quarter.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from revmodel.config import Config, load_config
from revmodel.features.build import build_features
from revmodel.features.deal_fates import deal_fates
from revmodel.features.tables import Features, OpenRecords
from revmodel.forecast.simulate import simulate
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.models.deal_effects import DealEffects
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws
from revmodel.models.hazards import StageHazards
from revmodel.models.predict import predict_funnel
from revmodel.sources.checks import run_checks
from revmodel.sources.tables import Tables, tables_from_frames
from revmodel.synthetic import make_company
from revmodel.synthetic.company import Size
from revmodel.workflows.company import read_company

AS_OF = dt.date(2026, 9, 30)
MAVEN_ORIGINS = (dt.date(2017, 3, 31), dt.date(2017, 6, 30), dt.date(2017, 9, 30))
QUARTER_DAYS, YEAR_WEEKS, DRAWS = 92, 52, 500
ROOT = Path(__file__).resolve().parents[1]
HORIZONS = ("quarter", "year")
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


@dataclass(frozen=True)
class Case:
    """One company at one date. truth : deal_id, outcome, closed_at of every deal that is open on record."""

    name: str
    tables: Tables
    config: Config
    as_of: dt.date
    truth: Callable[[OpenRecords], pd.DataFrame]
    seed: int
    horizons: tuple[str, ...] = HORIZONS


def simulated(seed: int, size: Size, config: Config) -> Case:
    """A company of revmodel.synthetic, which knows what becomes of its deals."""
    company = make_company(seed, size=size, as_of=AS_OF)
    tables = run_checks(tables_from_frames(company.tables), config)
    return Case(str(seed), tables, config, AS_OF, lambda _: company.truth.open_deals, seed)


def maven(origin: dt.date, tables: Tables, config: Config) -> Case:
    """Maven as of a quarter end; the end of its data tells what came of each deal in the next quarter."""

    def truth(records: OpenRecords) -> pd.DataFrame:
        end = reconstruct_journeys(tables, config.funnel, config.as_of or origin, config.identity)
        fates = deal_fates(end, records.frame["record_id"], origin)
        return fates.rename(columns={"state": "outcome", "at": "closed_at"})[["deal_id", "outcome", "closed_at"]]

    return Case(f"maven {origin}", tables, config, origin, truth, 1, ("quarter",))


def sellers(case: Case) -> pd.DataFrame:
    """deal_id, quarter, year: the latest probability that sellers put on file by the date, of a win at any time."""
    history = case.tables["deal_history"].select("deal_id", "recorded_at", "probability").execute()
    known = history[history["probability"].notna() & (history["recorded_at"].dt.date <= case.as_of)]
    latest = known.sort_values("recorded_at").groupby("deal_id")["probability"].last()
    return pd.DataFrame({"deal_id": latest.index, "quarter": latest.to_numpy(), "year": latest.to_numpy()})


def case_rows(case: Case) -> tuple[pd.DataFrame, DealEffects]:
    """One row an open deal, method and horizon: the chance given, and whether it was won in time."""
    features = build_features(case.tables, case.config, case.as_of)
    hazards = StageHazards(engine="laplace", draws=DRAWS, seed=case.seed)
    hazards.fit(features.cells, None, features.panel.indicators)
    funnel = predict_funnel(hazards, pd.Timestamp(case.as_of), YEAR_WEEKS, DRAWS, 1, case.seed)
    effects = DealEffects().fit(features.deal_snapshots, funnel)
    first, records = str(case.config.funnel.first_deal_stage), features.open_records
    open_now = records.frame.loc[records.frame["record_type"] == "deal", ["record_id", "stage"]]
    open_now = open_now.rename(columns={"record_id": "deal_id"})
    chances = {
        "own odds": forecast_deals(features, funnel, effects.with_shifts(records), first, case.seed),
        "stage, group and age": forecast_deals(features, funnel, records, first, case.seed),
        "stage rate": open_now.merge(stage_rates(features), left_on="stage", right_index=True),
    }
    said = sellers(case)
    if len(said):
        chances["sellers"] = said
    truth = case.truth(records).set_index("deal_id")
    closed, won = pd.to_datetime(truth["closed_at"]), truth["outcome"] == "won"
    days = {"quarter": QUARTER_DAYS, "year": 7 * YEAR_WEEKS}
    rows = []
    for method, table in chances.items():
        given = table.set_index("deal_id").reindex(truth.index)  # deals that nobody waits for any more have no chance
        for horizon in case.horizons:
            end = pd.Timestamp(case.as_of) + pd.Timedelta(days=days[horizon] + 1)
            rows.append(pd.DataFrame({
                "case": case.name, "method": method, "horizon": horizon, "deal_id": truth.index,
                "chance": given[horizon].fillna(0.0).to_numpy(float), "won": (won & (closed < end)).to_numpy(bool),
            }))  # fmt: skip
    return pd.concat(rows, ignore_index=True), effects


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Brier and log score by horizon and method, and expected against true wins; companies weigh alike."""
    p, won = rows["chance"].clip(FLOOR, 1 - FLOOR), rows["won"].astype(float)
    each = rows.assign(
        brier=(rows["chance"] - won) ** 2, log_score=-(won * np.log(p) + (1 - won) * np.log(1 - p)), wins=won
    )
    by_company = each.groupby(["horizon", "method", "case"])[["brier", "log_score", "chance", "wins"]].mean()
    table = by_company.groupby(["horizon", "method"])[["brier", "log_score", "chance", "wins"]].mean()
    own = by_company["log_score"].xs("own odds", level="method").rename("own")
    paired = by_company["log_score"].to_frame().join(own)
    less = (paired["log_score"] - paired["own"]).groupby(["horizon", "method"])
    table["log_score_less_own"], table["se"] = less.mean(), less.std() / np.sqrt(rows["case"].nunique())
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
    parser.add_argument("--maven", action="store_true", help="Maven at three origins in place of simulated companies")
    parser.add_argument("--out", default="experiments/results")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    out, name = Path(arguments.out), "open_deals_maven" if arguments.maven else "open_deals"
    config = load_config(ROOT / "configs" / ("maven.yaml" if arguments.maven else "demo.yaml"))
    if arguments.maven:
        tables = read_company(config).tables
        cases = (maven(origin, tables, config) for origin in MAVEN_ORIGINS)
    else:
        cases = (simulated(seed, arguments.size, config) for seed in range(first, last + 1))
    frames, tested = [], []
    for case in cases:
        start = time.perf_counter()
        rows, effects = case_rows(case)
        frames.append(rows)
        tested.append(effects.tested_.assign(case=case.name))
        print(f"{case.name}: {time.perf_counter() - start:.0f} s, {rows['deal_id'].nunique()} open deals", flush=True)
        every = pd.concat(frames, ignore_index=True)
        scores(every).to_csv(out / f"{name}_scores.csv", index=False)
        reliability(every).to_csv(out / f"{name}_reliability.csv", index=False)
        pd.concat(tested).to_csv(out / f"{name}_own_odds.csv", index=False, float_format="%.4g")
    print(scores(every).to_string(index=False))


if __name__ == "__main__":
    main()

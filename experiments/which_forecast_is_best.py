"""Which forecast is best, and do its intervals hold?

Simulated companies (revmodel.synthetic, not of the models' family) whose conversion drifts, or breaks, and two public
data sets, each at many origins. Every method forecasts with what was known at the origin; revmodel combines and
recalibrates with what was known at the origin as well. All results of simulated companies are marked so.

    .venv/bin/python experiments/which_forecast_is_best.py                  # all; goes on where it stopped
    .venv/bin/python experiments/which_forecast_is_best.py --cases drift-small --score-only

Fans of every origin are kept (--kept) under a digest of the code that forecasts, so a change of the models begins anew
and a change of the combination does not. What was realised is taken as known at the end of each data set.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: threads of small matrices cost six times the time

import argparse
import datetime as dt
import hashlib
import inspect
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from revmodel.config import Config, load_config
from revmodel.evaluate.at_origin import forecast_at
from revmodel.evaluate.backtest import score_origins
from revmodel.evaluate.baselines import BASELINES
from revmodel.evaluate.fans import OriginFans, read_fans, write_fans
from revmodel.evaluate.scores import bias, wape
from revmodel.evaluate.stacked import MODEL, stacked
from revmodel.features.build import build_features
from revmodel.sources.checks import run_checks
from revmodel.sources.load import load_tables
from revmodel.sources.tables import Tables, tables_from_frames
from revmodel.workflows.backtest import FUNNEL, revmodel_forecaster

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("REVMODEL_SHARED_DATA", ROOT.parent / "shared" / "data"))
END = dt.date(2026, 9, 30)
FORECASTING = ("dims.py", "sources", "journeys", "features", "models", "forecast", "synthetic", "evaluate/baselines")
DRAWS = 400
UNUSED = ("touches", "subscriptions", "targets", "experiments")  # no forecast reads them


@dataclass(frozen=True)
class Case:
    """One company at many origins. seed, size, years: of a simulated one; file: the config of public data.

    every_weeks, count: the last origin lies the shortest horizon before the end, the others before it. scored: how many
    of the latest origins count; the earlier ones are only what the combination learns from. also: weeks that are scored
    beside the horizons, for methods whose answer does not depend on the horizon that they are asked for.
    """

    regime: str
    name: str
    horizons: tuple[int, ...]
    every_weeks: int
    count: int
    scored: int
    end: dt.date = END
    seed: int = 0
    size: str = ""
    years: float = 3.0
    file: str = ""
    also: tuple[int, ...] = ()

    @property
    def scored_horizons(self) -> tuple[int, ...]:
        return (*self.also, *self.horizons)

    @property
    def origins(self) -> list[dt.date]:
        """Oldest first."""
        last = self.end - dt.timedelta(weeks=min(self.horizons))
        return [last - dt.timedelta(weeks=self.every_weeks * step) for step in reversed(range(self.count))]

    @property
    def scored_from(self) -> dt.date:
        return self.origins[-self.scored]


def simulated(first_seed: int, small: int, demo: int) -> list[Case]:
    """``small`` + ``demo`` companies of each regime. A break comes after 166 of 208 weeks: the eight latest origins,
    from half a week after it on, are scored as "break"."""
    cases = []
    for step in range(small + demo):
        size = "small" if step < small else "demo"
        drift, broken = first_seed + step, first_seed + 500 + step
        horizons, also = (13, 26), (4,)
        cases.append(Case("drift", f"drift-{size}-{drift}", horizons, 4, 19, 13, seed=drift, size=size, also=also))
        cases.append(
            Case("break", f"break-{size}-{broken}", horizons, 4, 19, 8, seed=broken, size=size, years=4.0, also=also)
        )
    return cases


PUBLIC = [
    Case("olist", "olist", (2, 4, 8), 1, 11, 10, end=dt.date(2018, 3, 31), file="olist.yaml"),
    Case("maven", "maven", (4, 13), 2, 14, 11, end=dt.date(2017, 12, 31), file="maven.yaml"),
]


def load(case: Case) -> tuple[Tables, Config]:
    if case.file:
        config = load_config(ROOT / "configs" / case.file).model_copy(update={"as_of": case.end})
        return load_tables(config), config
    from revmodel.synthetic import make_company

    config = load_config(ROOT / "configs" / "demo.yaml").model_copy(update={"as_of": case.end, "seed": case.seed})
    company = make_company(case.seed, size=case.size, break_=case.regime == "break", years=case.years, as_of=case.end)
    frames = {name: frame for name, frame in company.tables.items() if name not in UNUSED}
    return run_checks(tables_from_frames(frames), config), config


@cache
def code_digest() -> str:
    """Of everything that a fan depends on."""
    digest = hashlib.sha256()
    package = ROOT / "revmodel"
    digest.update(inspect.getsource(revmodel_forecaster).encode())
    files = [package / "evaluate" / "at_origin.py"]
    for part in FORECASTING:
        path = package / part
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def forecast_case(case: Case, kept: Path) -> str:
    """Forecast at every origin that is not kept yet, and count what was realised. Returns one sentence."""
    folder, start, fresh = kept / case.name, time.perf_counter(), 0
    missing = [origin for origin in case.origins if not (folder / f"{origin}.npz").exists()]
    if missing or not (folder / "realised.parquet").exists():
        tables, config = load(case)
        forecasters = {FUNNEL: revmodel_forecaster, **BASELINES}
        for origin in missing:
            fans = forecast_at(tables, config, origin, case.horizons, forecasters, draws=DRAWS, seed=config.seed)
            write_fans(fans, folder / f"{origin}.npz")
            fresh += 1
        folder.mkdir(parents=True, exist_ok=True)
        realised = build_features(tables, config, case.end).realised
        realised.groupby(["metric", "date"], as_index=False)["value"].sum().to_parquet(folder / "realised.parquet")
    return f"{case.name}: {fresh} origins forecast in {time.perf_counter() - start:.0f} s"


def read_case(case: Case, kept: Path) -> tuple[list[OriginFans], pd.DataFrame] | None:
    """Fans of the origins, oldest first, and what was realised; None where some are missing."""
    folder = kept / case.name
    files = [folder / f"{origin}.npz" for origin in case.origins]
    if not all(file.exists() for file in [*files, folder / "realised.parquet"]):
        return None
    return [read_fans(file) for file in files], pd.read_parquet(folder / "realised.parquet")


def score_case(case: Case, kept: Path) -> pd.DataFrame | None:
    """Scores of every method and of the combination at every origin, with what had been learned by then."""
    found = read_case(case, kept)
    if found is None:
        return None
    fans, realised = found
    origins = [one for one, _ in stacked(fans, case.scored_horizons)]
    scored = score_origins(origins, realised, case.scored_horizons, case.end)
    part = np.where(scored["origin"].dt.date >= case.scored_from, case.regime, f"{case.regime} (earlier origins)")
    return pd.DataFrame(scored).assign(case=case.name, regime=part)


def relative_scores(scored: pd.DataFrame) -> pd.DataFrame:
    """CRPS as a share of the mean actual of its case, metric and horizon, so that companies can be averaged."""
    keys = ["regime", "case", "metric", "horizon"]
    level = scored.groupby(keys)["actual"].transform("mean").clip(lower=1e-9)
    return scored.assign(relative=scored["crps"] / level)


def table_of(scored: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One row a group × model: relative CRPS, its difference to revmodel's paired by origin, with a standard error
    clustered by case (NaN for one case), WAPE, bias, coverage, mean PIT, how many forecasts and cases."""
    rows = relative_scores(scored)
    keys = [*by, "model"]
    pair = ["case", "regime", "metric", "horizon", "origin"]
    ours = rows.loc[rows["model"] == MODEL, [*pair, "relative"]].rename(columns={"relative": "ours"})
    rows = rows.merge(ours, on=pair, how="left").assign(gap=lambda t: t["relative"] - t["ours"])
    out = []
    for names, group in rows.groupby(keys, sort=False):
        each = group.groupby("case")["gap"].mean().dropna()
        error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else np.nan
        out.append(
            {
                **dict(zip(keys, names, strict=True)),
                "crps": group.groupby("case")["relative"].mean().mean(),
                "worse_than_revmodel": each.mean(),
                "se": error,
                "wape": wape(group["p50"] / group["actual"].mean(), group["actual"] / group["actual"].mean()),
                "bias": bias(group["mean"], group["actual"]),
                "covered_50": group["covered_50"].mean(),
                "covered_80": group["covered_80"].mean(),
                "covered_90": group["covered_90"].mean(),
                "pit": group["pit"].mean(),
                "n": len(group),
                "cases": group["case"].nunique(),
            }
        )
    return pd.DataFrame(out).sort_values([*by, "crps"], ignore_index=True)


def overall(scored: pd.DataFrame) -> pd.DataFrame:
    """One row a regime × model over all metrics and horizons that the model answers for."""
    metrics = scored.groupby("model")["metric"].transform(lambda names: " ".join(sorted(set(names))))
    return table_of(scored.assign(metrics=metrics), ["regime", "metrics"])


def forecast_all(cases: list[Case], kept: Path, jobs: int) -> None:
    workers = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    for done, sentence in enumerate(workers(joblib.delayed(forecast_case)(case, kept) for case in cases), start=1):
        print(f"[{done} of {len(cases)}] {sentence}", flush=True)


def available(cases: list[Case]) -> Iterator[Case]:
    for case in cases:
        if case.file and not SHARED.exists():
            print(f"{case.name} is left out: its public data are not at {SHARED} (set REVMODEL_SHARED_DATA)")
        else:
            yield case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="", help="only cases whose name begins so, comma separated")
    parser.add_argument("--first-seed", type=int, default=301)
    parser.add_argument("--small", type=int, default=6)
    parser.add_argument("--demo", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kept", type=Path, default=ROOT / "reports" / ".study")
    parser.add_argument("--out", type=Path, default=ROOT / "experiments" / "results")
    parser.add_argument("--score-only", action="store_true")
    arguments = parser.parse_args()
    begins = tuple(name for name in arguments.cases.split(",") if name) or ("",)
    every = [*PUBLIC, *simulated(arguments.first_seed, arguments.small, arguments.demo)]
    cases = list(available([case for case in every if case.name.startswith(begins)]))
    kept = arguments.kept / code_digest()
    if not arguments.score_only:
        forecast_all(cases, kept, arguments.jobs)
    scores = [one for case in cases if (one := score_case(case, kept)) is not None]
    if not scores:
        print("no case is complete yet")
        return
    scored = pd.concat(scores, ignore_index=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    rounded = {"index": False, "float_format": "%.4g"}
    scored.to_csv(kept / "scores_by_origin.csv", **rounded)  # megabytes: kept beside the fans
    detail = table_of(scored, ["regime", "horizon", "metric"])
    detail.to_csv(arguments.out / "which_forecast_is_best.csv", **rounded)
    table = overall(scored)
    table.to_csv(arguments.out / "which_forecast_is_best_overall.csv", **rounded)
    pd.set_option("display.width", 200, "display.max_rows", 500, "display.max_columns", 30)
    print(f"{len(scores)} of {len(cases)} cases are complete")
    print(detail.round(3).to_string(index=False))
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()

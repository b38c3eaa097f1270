"""Time the forward simulation: 1,000 draws × 52 weeks of the embedded company, on two threads.

The models are fitted by Laplace first, which is not timed. The first simulation of a process loads or makes compiled
code and is told apart; the others are what a run pays. Aimed at: 5 s on two quiet cores.

    .venv/bin/python benchmarks/simulate_speed.py --out benchmarks/results/simulate_speed.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import time
from pathlib import Path

from revmodel.config import load_config
from revmodel.features.build import build_features
from revmodel.forecast.simulate import simulate
from revmodel.forecast.spend_ahead import expected_spend
from revmodel.models.revenue import RevenueModel
from revmodel.workflows.company import as_of_date, read_company

ROOT = Path(__file__).resolve().parents[1]
DRAWS, WEEKS, THREADS, REPEATS = 1000, 52, 2, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="benchmarks/results/simulate_speed.csv")
    out = Path(parser.parse_args().out)
    config = load_config(ROOT / "configs" / "demo.yaml")
    as_of = as_of_date(config, None)
    features = build_features(read_company(config).tables, config, as_of)
    model = RevenueModel(engine="laplace", draws=DRAWS, seed=config.seed, response=config.response).fit(features)
    funnel, arrivals, sizes = model.predict(WEEKS, expected_spend(model.response_.data_.spend, WEEKS), DRAWS)
    records = int(arrivals.counts.sum(axis=(1, 2, 3)).mean()) + int((~features.open_records.frame["zombie"]).sum())
    rows = []
    for repeat in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        simulate(
            features.open_records, funnel, arrivals, sizes, as_of, WEEKS, config.funnel.first_deal_stage, repeat,
            threads=THREADS,
        )  # fmt: skip
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        name = "first in the process" if repeat == 0 else "again"
        machine = [os.cpu_count(), platform.machine(), f"{os.getloadavg()[0]:.1f}"]
        rows.append([name, DRAWS, WEEKS, records, len(funnel.groups), f"{wall:.2f}", f"{cpu:.2f}", *machine])
        print(
            f"{name}: {DRAWS} draws, {WEEKS} weeks, {records} records: {wall:.2f} s wall, {cpu:.2f} s CPU", flush=True
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    names = ["simulation", "draws", "weeks", "records", "groups", "wall_s", "cpu_s", "cores", "machine", "load"]
    with out.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


if __name__ == "__main__":
    main()

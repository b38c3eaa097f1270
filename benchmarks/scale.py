"""From raw exports to every aggregate at 1, 10 and 100 million touches: wall and CPU seconds, peak memory, the slope.

Each size runs in a process of its own: read and check the Parquet files, cut as of a date, order the journeys, and
build what the models and the scorecards take (hazard cells, open records, weekly and regional panels, cohort triangles,
times in stage, touches led to their leads by week). Rows are made by scale_data.py; nothing of them is simulated truth.

    .venv/bin/python benchmarks/scale.py --touches 1e6 1e7 1e8 --folder DIR --out benchmarks/results/scale.csv
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import itertools
import math
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scale_data import STAGES, write_company

TOUCHES_A_LEAD = 20
COLUMNS = ["touches", "leads", "engine", "step", "seconds", "cpu_seconds", "peak_gb", "version", "cores", "machine"]


def config_text(engine: str) -> str:
    """The config of a company in Parquet files; on Spark, everything is computed there."""
    lines = ["company: scale", "as_of: 2026-09-30", f"funnel: {{stages: [{', '.join(STAGES)}]}}"]
    if engine != "duckdb":
        lines += [f"engine: {engine}", f"databases: {{{engine}: {{kind: {engine}}}}}"]
    lines.append("tables:")
    for name, files in (
        ("leads", "leads"),
        ("touches", "touches-*"),
        ("stage_changes", "stage_changes"),
        ("spend", "spend"),
    ):
        lines.append(f"  {name}: {{path: {files}.parquet}}")
    return "\n".join(lines) + "\n"


def build_everything(config_path: Path, step: Callable[[str], object]) -> None:
    """Read, check, and build every aggregate; ``step`` is called as each part ends."""
    from revmodel.config import load_config
    from revmodel.features.durations import TimeInStageBuilder
    from revmodel.features.groups import GroupPooler
    from revmodel.features.hazard_cells import HazardCellBuilder
    from revmodel.features.open_records import OpenRecordBuilder
    from revmodel.features.realised import RealisedBuilder
    from revmodel.features.regional_panel import RegionalPanelBuilder
    from revmodel.features.triangles import CohortTriangleBuilder
    from revmodel.features.weekly_panel import WeeklyPanelBuilder
    from revmodel.journeys.reconstruct import reconstruct_journeys
    from revmodel.sources.load import load_tables

    config = load_config(config_path)
    step("import")
    tables = load_tables(config)
    step("read and check")
    assert config.as_of is not None
    journeys = GroupPooler().fit_transform(reconstruct_journeys(tables, config.funnel, config.as_of, config.identity))
    step("cut and order journeys")
    HazardCellBuilder().fit_transform(journeys)
    step("hazard cells")
    for builder in (OpenRecordBuilder(), RealisedBuilder(), WeeklyPanelBuilder(), RegionalPanelBuilder()):
        builder.fit_transform(journeys)
    step("open records and panels")
    for builder in (CohortTriangleBuilder(), TimeInStageBuilder()):
        builder.fit_transform(journeys)
    step("triangles and times in stage")
    touches = journeys.tables["touches"]
    by_week = touches.group_by(week=touches.occurred_at.truncate("W"), channel=touches.channel, kind=touches.kind)
    frame = by_week.aggregate(touches=touches.count(), of_leads=touches.lead_id.count()).to_pyarrow().to_pandas()
    print(f"{frame['touches'].sum():,} touches in {len(frame):,} cells, {frame['of_leads'].sum():,} of known leads")
    step("touches led to leads, by week")


def run_one(folder: Path, touches: int, engine: str) -> list[dict[str, object]]:
    """One size in a process of its own; rows of the result."""
    command = [sys.executable, __file__, "--worker", str(folder), "--engine", engine]
    rows: list[dict[str, object]] = []
    used = 0.0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as process:
        assert process.stdout is not None
        with peak_memory(process.pid) as peak:
            for line in process.stdout:
                print(f"  {line.rstrip()}", flush=True)
                if line.startswith("step|"):
                    _, name, seconds = line.rstrip().split("|")
                    before, used = used, cpu_seconds(process.pid)
                    measured = {"seconds": float(seconds), "cpu_seconds": round(used - before, 1)}
                    rows.append({"step": name, **measured, "peak_gb": round(peak() / 1e9, 2)})
    if process.returncode:
        raise SystemExit(f"{touches:,} touches on {engine} failed with status {process.returncode}")
    total = sum(float(str(row["seconds"])) for row in rows)
    rows.append(
        {"step": "all", "seconds": round(total, 1), "cpu_seconds": round(used, 1), "peak_gb": rows[-1]["peak_gb"]}
    )
    facts = {
        "touches": touches, "leads": touches // TOUCHES_A_LEAD, "engine": engine, "version": version_of(engine),
        "cores": os.cpu_count(), "machine": platform.machine(),
    }  # fmt: skip
    return [facts | row for row in rows]


@contextmanager
def peak_memory(pid: int) -> Iterator[Callable[[], int]]:
    """Peak resident bytes so far of a process and its children (Spark's engine is a child), sampled."""
    highest, stop = 0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not stop.wait(0.1):
            highest = max(highest, resident_bytes(pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield lambda: highest
    stop.set()
    watcher.join()


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and all below it, from Linux's /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # ended between two looks
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes(int(child)) for child in children)


def cpu_seconds(pid: int) -> float:
    """Seconds of a core that a process and all below it have used, from Linux's /proc."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    ticks = sum(map(int, after_name[11:15]))  # user and system, its own and of children that ended
    return ticks / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def version_of(engine: str) -> str:
    return importlib.metadata.version("pyspark" if engine == "spark" else engine)


def work(folder: Path, engine: str) -> None:
    config = folder / f"{engine}.yaml"
    config.write_text(config_text(engine))
    clock = time.perf_counter()

    def step(name: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        print(f"step|{name}|{now - clock:.1f}", flush=True)
        clock = now

    build_everything(config, step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--touches", type=float, nargs="+", default=[1e6, 1e7])
    parser.add_argument(
        "--folder", type=Path, default=Path("build/scale"), help="where the rows are made, or lie already"
    )
    parser.add_argument("--engine", default="duckdb", choices=["duckdb", "spark"])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/scale.csv"))
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker, given.engine)
        return
    rows = []
    for touches in map(int, given.touches):
        folder = given.folder / str(touches)
        if not (folder / "leads.parquet").exists():
            print(f"making {touches:,} touches", flush=True)
            write_company(folder, touches, touches // TOUCHES_A_LEAD)
        print(f"{touches:,} touches on {given.engine}", flush=True)
        rows += run_one(folder, touches, given.engine)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    totals = [row for row in rows if row["step"] == "all"]
    for row in totals:
        print(f"{row['touches']:>12,} touches: {row['seconds']} s, {row['cpu_seconds']} s of CPU, {row['peak_gb']} GB")
    for one, two in itertools.pairwise(totals):
        slope = math.log(two["seconds"] / one["seconds"]) / math.log(two["touches"] / one["touches"])
        print(f"from {one['touches']:,} to {two['touches']:,}: time grows as n^{slope:.2f}")


if __name__ == "__main__":
    main()

"""Time the embedded company's runs as processes: the forecast sampled, the whole loop, the command line's help.

Cold: an empty compile cache, an empty numba cache, no kept backtest or posterior, a fresh MLflow store. Warm: the same
command again. Refitted: the same with the kept posteriors deleted, as on a new day of data. Seconds are wall time on
the machine that runs this; compare ratios, not absolute times.

    .venv/bin/python benchmarks/demo_speed.py --out benchmarks/results/demo_speed.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REVMODEL = Path(sys.executable).with_name("revmodel")


def seconds(command: list[str], environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        command, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="benchmarks/results/demo_speed.csv")
    out = Path(parser.parse_args().out)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        checkout = Path(scratch) / "checkout"  # its own reports, store and caches: nothing of this checkout is touched
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(Path(scratch) / "cache"),
            "NUMBA_CACHE_DIR": str(Path(scratch) / "numba"),
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        checkout.mkdir()
        sampled = [str(REVMODEL), "forecast", "configs/demo.yaml", "--engine", "nuts"]
        for name, command in (
            ("revmodel --help", [str(REVMODEL), "--help"]),
            ("revmodel forecast --engine nuts, cold", sampled),
            ("revmodel demo, cold", [str(REVMODEL), "demo"]),
            ("revmodel demo, warm", [str(REVMODEL), "demo"]),
            ("revmodel demo, refitted", [str(REVMODEL), "demo"]),
        ):
            if name.endswith("cold"):
                for folder in (Path(scratch) / "cache", Path(scratch) / "numba", checkout):
                    shutil.rmtree(folder, ignore_errors=True)
                for part in ("configs", "data"):
                    shutil.copytree(ROOT / part, checkout / part)
            if name.endswith("refitted"):
                shutil.rmtree(checkout / "reports" / ".posteriors")
            wall, cpu = seconds(command, environment, checkout)
            rows.append([name, f"{wall:.1f}", f"{cpu:.1f}", os.cpu_count(), platform.machine()])
            print(f"{name}: {wall:.1f} s wall, {cpu:.1f} s CPU", flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", newline="") as file:
        csv.writer(file).writerows([["command", "wall_s", "cpu_s", "cores", "machine"], *rows])


if __name__ == "__main__":
    main()

"""Runs of this company that lie in its reports folder: the one before this, and all whose quarters can be checked."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd

from revmodel.config import Config
from revmodel.dims import ACTUAL, ALL
from revmodel.errors import SourceError
from revmodel.evaluate.past_forecasts import PastRun
from revmodel.features.fiscal import period_of
from revmodel.report.tables import MANIFEST, RunFolder, read_run

__all__ = ["FORECAST_COMMANDS", "past_runs", "run_at_quarter_start", "run_before"]

FORECAST_COMMANDS = ("forecast", "demo")  # runs that people take for the forecast; others hold one beside their answer


def run_before(config: Config, as_of: dt.date, since: str | None = None) -> RunFolder | None:
    """The run named ``since`` (its name or its folder), else the latest forecast as of an earlier day that was sound.

    None where there is none. Raises SourceError: no run of that name, or it is another company's or of a later day.
    """
    if since is not None:
        return _named(config, as_of, since)
    earlier = [found for found in _forecasts(config) if _day(found[1]) < as_of and found[1]["health"]["passed"]]
    if not earlier:
        return None
    folder, _ = max(earlier, key=lambda found: (found[1]["as_of"], found[1]["created_at"]))
    return read_run(folder)


def run_at_quarter_start(config: Config, as_of: dt.date, since: str | None = None) -> RunFolder | None:
    """The run named ``since``, else of the sound forecasts as of an earlier day the one nearest the quarter's start.

    The quarter is that of ``as_of``. None where there is none. Raises SourceError as ``run_before`` does.
    """
    if since is not None:
        return _named(config, as_of, since)
    month = config.forecast.fiscal_year_start_month
    start = period_of(pd.Series([pd.Timestamp(as_of)]), "quarter", month)[0].date() - dt.timedelta(days=1)
    earlier = [found for found in _forecasts(config) if _day(found[1]) < as_of and found[1]["health"]["passed"]]
    if not earlier:
        return None
    return read_run(min(earlier, key=lambda found: (abs((_day(found[1]) - start).days), found[0].name))[0])


def past_runs(config: Config, as_of: dt.date) -> list[PastRun]:
    """Every sound forecast as of an earlier day; of runs as of the same day the latest."""
    sound = [found for found in _forecasts(config) if _day(found[1]) < as_of and found[1]["health"]["passed"]]
    by_day = {_day(manifest): folder for folder, manifest in sorted(sound, key=lambda found: found[1]["created_at"])}
    wanted = [("grain", "==", "quarter"), ("provenance", "in", [ALL, ACTUAL])]
    return [
        PastRun(folder.name, day, pd.read_parquet(folder / "forecast.parquet", filters=wanted))
        for day, folder in sorted(by_day.items())
    ]


def _forecasts(config: Config) -> list[tuple[Path, dict[str, Any]]]:
    """Folder and manifest of every forecast of this company, in its currency and fiscal year."""
    reports = config.resolve(config.reports)
    found = []
    for path in sorted(reports.glob(f"[!.]*/{MANIFEST}")):
        if not (path.parent / "forecast.parquet").is_file():
            continue
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["command"] in FORECAST_COMMANDS and _same_company(manifest, config):
            found.append((path.parent, manifest))
    return found


def _same_company(manifest: dict[str, Any], config: Config) -> bool:
    mine = (config.company, config.currency, config.forecast.fiscal_year_start_month)
    return (manifest["company"], manifest["currency"], manifest["fiscal_year_start_month"]) == mine


def _named(config: Config, as_of: dt.date, since: str) -> RunFolder:
    folder = next((path for path in (config.resolve(config.reports) / since, Path(since)) if path.is_dir()), None)
    if folder is None:
        raise SourceError(f"--since {since!r} is no run in {config.reports}: name one of its folders")
    run = read_run(folder)
    if "forecast" not in run.tables or not _same_company(run.manifest, config) or _day(run.manifest) > as_of:
        raise SourceError(
            f"--since {since!r} is of {run.manifest['company']} as of {run.manifest['as_of']}: wanted a forecast of "
            f"{config.company} as of {as_of} or earlier, in the same currency and fiscal year"
        )
    return run


def _day(manifest: dict[str, Any]) -> dt.date:
    return dt.date.fromisoformat(manifest["as_of"])

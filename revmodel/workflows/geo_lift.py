"""The lift of a test whose days and regions are in a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from revmodel.mix.geo_lift import GeoLift, geo_lift
from revmodel.mix.panel import read_table

__all__ = ["lift_of_file"]


def lift_of_file(
    path: Path, *, date: str, region: str, kpi: str, treated: Sequence[str], start: dt.date, end: dt.date
) -> GeoLift:
    """See mix/geo_lift.py. Raises SourceError: the file is not there or is neither CSV nor Parquet."""
    frame = read_table(path)
    return geo_lift(frame, date=date, region=region, kpi=kpi, treated=treated, start=start, end=end)

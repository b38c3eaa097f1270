"""A simulated company as files: Parquet tables, the plan, and the truth in a folder of its own."""

from __future__ import annotations

import json
import tempfile
from dataclasses import fields
from pathlib import Path

import pandas as pd

from revmodel.errors import SourceError
from revmodel.synthetic.company import Company

__all__ = ["write_company"]

MARK = "simulated.json"  # says that a folder was written here and may be replaced


def write_company(company: Company, folder: str | Path) -> None:
    """Write tables (``<name>.parquet``), ``plan.csv``, ``truth/`` and, where there is dirt, ``dirt_log.csv``.

    Everything is written beside the folder and then renamed, so a reader never meets half a company. A folder that an
    earlier call wrote is replaced; of any other, nothing is touched.
    Raises SourceError: the folder exists, is not empty, and was not written by this function.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise SourceError(f"{folder} holds other files: give an empty or a new folder, or remove what is in it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as workspace:
        new, old = Path(workspace) / "new", Path(workspace) / "old"
        new.mkdir()
        _write(company, new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)


def _write(company: Company, folder: Path) -> None:
    for name, table in company.tables.items():
        _parquet(table, folder / f"{name}.parquet")
    company.plan.to_csv(folder / "plan.csv", index=False)
    if len(company.dirt_log):
        company.dirt_log.to_csv(folder / "dirt_log.csv", index=False)
    truth = folder / "truth"
    truth.mkdir()
    for part in fields(company.truth):
        _parquet(getattr(company.truth, part.name), truth / f"{part.name}.parquet")
    _json(_summary(company), truth / "summary.json")
    rows = {name: len(table) for name, table in company.tables.items()}
    _json(
        {"simulated": True, "what": "a company that does not exist, made by revmodel.synthetic", "rows": rows},
        folder / MARK,
    )


def _parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False, compression="zstd", compression_level=12)


def _json(content: object, path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


def _summary(company: Company) -> dict[str, object]:
    """The truth's totals, readable without a program: contribution by channel and the coming four quarters of weeks."""
    contribution = company.truth.contribution.round(3)
    future = company.truth.future
    blocks = future.groupby(future["week"] // 13)[
        ["leads", "opportunities", "pipeline_created", "wins", "bookings"]
    ].sum()
    return {
        "contribution": json.loads(contribution.to_json(orient="records")),
        "future_by_13_weeks": json.loads(blocks.round(2).to_json(orient="records")),
        "lead_values": json.loads(company.truth.lead_values.round(4).to_json(orient="records")),
    }

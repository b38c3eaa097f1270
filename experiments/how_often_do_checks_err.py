"""How often do the checks of the data err?

False alarms: what is found in simulated companies without faults, apart from what they truly have (deals that nobody
closes). Power: each fault of revmodel.synthetic put in alone, and whether the finding that is meant for it comes.

    python experiments/how_often_do_checks_err.py [clean companies] [of them also spoilt] [first seed]
"""

from __future__ import annotations

import datetime as dt
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from revmodel.config import Config
from revmodel.sources.checks import run_checks
from revmodel.sources.currency import to_one_currency
from revmodel.sources.tables import tables_from_frames
from revmodel.synthetic import make_company
from revmodel.synthetic.dirt import FAULTS, add_dirt

AS_OF = dt.date(2026, 9, 30)
TRUE_OF_ALL = {"zombies", "past-close-dates"}  # the simulated companies have records that nobody closes
MEANT = {
    "duplicate_lead_ids": "duplicate-ids",
    "unmapped_stages": "unmapped-stages",
    "channel_variants": "name-variants",
    "missing_channels": "missing-channel",
    "closed_before_created": "close-before-creation",
    "negative_spend": "negative-spend",
    "dates_in_the_future": "after-as-of",
    "orphan_deals": "orphan-lead-id",
    "ids_with_spaces": None,  # mended without a word: ids are trimmed
    "near_spellings": "near-spellings",
    "region_variants": "name-variants",
    "broken_tracking": "tracking-break",
    "bulk_import": "bulk-import",
    "test_records": "test-records",
    "default_dates": "default-dates",
    "repeated_activities": "repeated-activities",
    "shifted_clock": "shifted-clock",
    "merge_cycles": "merge-cycles",
    "amounts_in_cents": "unit-slip",
    "corrected_units": "amount-jumps",
    "placeholder_amounts": "placeholder-amounts",
    "negative_amounts": "negative-amounts",
    "repeated_deals": "repeated-deals",
    "created_closed": "created-closed",
    "closed_without_history": "closed-without-history",
    "backdated_closes": "backdated-closes",
    "batch_changes": "batch-changes",
    "deals_without_leads": "deals-without-leads",
    "deals_before_leads": "deal-before-lead",
    "owner_left": "owners-left",
    "leaking_type": "leaking-value",
    "ends_before_start": "ends-before-start",
    "spend_in_thousands": "spend-unit-slip",
    "missing_spend": "spend-vanished",
    "totals_beside_parts": "spend-counted-twice",
    "repeated_spend": "repeated-spend",
    "swapped_columns": "clicks-above-impressions",
    "missing_currency": "missing-currency",
}


def config() -> Config:
    """The simulated company's configuration."""
    funnel = {
        "stages": ["lead", "mql", "sal", "sql", "opportunity", "proposal", "negotiation"],
        "first_deal_stage": "opportunity",
        "lost": ["lost", "disqualified"],
    }
    return Config(company="Simulated", currency="EUR", as_of=AS_OF, tables={}, funnel=funnel)  # type: ignore[arg-type]


def codes_in(frames: dict[str, pd.DataFrame]) -> set[str]:
    """Codes of what is found in the tables of one company."""
    tables = run_checks(to_one_currency(tables_from_frames(frames), config()), config())
    return {finding.code for finding in tables.findings} - TRUE_OF_ALL


def study(seed: int, spoil: bool) -> list[dict[str, object]]:
    """Rows seed, fault, meant, found, also of one company: without faults and, if asked, with each fault alone."""
    frames = make_company(seed, "small", as_of=AS_OF).tables
    alarms = codes_in(frames)
    rows = [_row(seed, "none", "", not alarms, alarms)]
    for fault, code in MEANT.items() if spoil else ():
        dirty, _ = add_dirt(frames, AS_OF, np.random.default_rng(seed), [fault])
        codes = codes_in(dirty) - alarms
        rows.append(_row(seed, fault, code or "", code in codes if code else not codes, codes - {code}))
    return rows


def write(rows: list[dict[str, object]]) -> None:
    """Print the result and write results/how_often_do_checks_err.csv."""
    by_fault = pd.DataFrame(rows).groupby(["fault", "meant"], sort=False)
    summary = by_fault.agg(companies=("seed", "size"), as_it_should=("found", "sum"), also=("also", _joined))
    print(summary.to_string())
    summary.reset_index().to_csv(Path(__file__).parent / "results" / "how_often_do_checks_err.csv", index=False)


def _row(seed: int, fault: str, meant: str, found: bool, also: set[str | None]) -> dict[str, object]:
    return {"seed": seed, "fault": fault, "meant": meant, "found": found, "also": ", ".join(sorted(filter(None, also)))}


def _joined(also: pd.Series[str]) -> str:
    return "; ".join(sorted(set(also) - {""}))


if __name__ == "__main__":
    if set(MEANT) != set(FAULTS):
        raise SystemExit(f"faults without an expected finding, or the reverse: {set(MEANT) ^ set(FAULTS)}")
    warnings.simplefilter("ignore")  # ibis announces changes of DuckDB that revmodel cannot act on
    chosen = [int(argument) for argument in sys.argv[1:]]
    clean, spoilt, first = chosen + [40, 4, 100][len(chosen) :]
    write([row for i in range(clean) for row in study(first + i, spoil=i < spoilt)])

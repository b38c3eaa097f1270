"""The law of the cut: whatever is recorded after a day, in any table, changes nothing of what was known on it."""

from __future__ import annotations

import pandas as pd
import pytest
from funnel_by_hand import QUIET_IBIS, day, rows_of, tables_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from revmodel.journeys.as_of import as_of
from revmodel.sources.schema import TABLES

pytestmark = QUIET_IBIS

CUT = 30
IDS = ["L1", "L2", "L3", "D1", "D2", "new"]
# Shrinking a failure would run thousands of queries; the rows drawn are few enough to read.
QUICK = settings(max_examples=2, deadline=None, phases=(Phase.explicit, Phase.generate))

VALUES = {
    **dict.fromkeys(("lead_id", "record_id", "deal_id", "from_id", "into_id"), st.sampled_from(IDS)),
    "customer_id": st.sampled_from(["c1", "new"]), "account_id": st.sampled_from(["a1", "a2", "new"]),
    "touch_id": st.sampled_from(["t1", "t2", "new", None]), "anonymous_id": st.sampled_from(["x", "y", None]),
    "email_hash": st.sampled_from(["e1", "e2"]), "record_type": st.sampled_from(["lead", "deal", None]),
    "to_stage": st.sampled_from(["mql", "opportunity", "won"]), "stage": st.sampled_from(["proposal", "won", None]),
    "mrr": st.just(5.0), "amount": st.sampled_from([1.0, 2.0, None]),
}  # fmt: skip
KNOWN_WITHOUT_A_DATE = ("targets", "annotations", "experiments", "panel")


@st.composite
def row_of(draw, name: str, first_day: int, last_day: int) -> dict[str, object]:
    """A row that was recorded between the two days; its event lies at the same time or, where that differs, earlier."""
    schema, row = TABLES[name], {}
    for column, kind in schema.columns.items():
        if column in VALUES:
            row[column] = draw(VALUES[column])
        elif kind == "string":
            row[column] = draw(st.sampled_from(["one", "two"]))
        elif kind in ("float", "int"):
            row[column] = draw(st.sampled_from([1.0, 2.0]))
        else:
            row[column] = None
    recorded = day(draw(st.integers(first_day, last_day)), draw(st.integers(0, 23)))
    late_days = draw(st.integers(0, 40)) if schema.recorded != schema.event and schema.recorded else 0
    event = max(recorded - pd.Timedelta(days=late_days), day(0, 0))
    row[schema.event] = event.date() if schema.columns[schema.event] == "date" else event
    if schema.recorded:
        row[schema.recorded] = recorded
    return row


def rows_of_day(name: str, first_day: int, last_day: int) -> st.SearchStrategy[list[dict[str, object]]]:
    return st.lists(row_of(name, first_day, last_day), min_size=2, max_size=4)


def frames(rows: dict[str, list[dict[str, object]]]) -> dict[str, pd.DataFrame]:
    """Frames with typed columns, so that an empty one is like a full one."""
    kinds = {"timestamp": "datetime64[us]", "float": "float64", "int": "float64"}
    made = {}
    for name, listed in rows.items():
        columns = TABLES[name].columns
        frame = pd.DataFrame(listed, columns=list(columns))
        typed = {column: kinds[kind] for column, kind in columns.items() if kind in kinds}
        made[name] = frame.astype(typed)
    return made


def contents(tables) -> dict[str, list[tuple]]:
    return {name: rows_of(tables[name], *tables[name].columns) for name in tables.names}


DATED = [name for name in TABLES if name not in KNOWN_WITHOUT_A_DATE]
known = st.fixed_dictionaries({name: rows_of_day(name, 0, CUT) for name in DATED})
later = st.fixed_dictionaries({name: rows_of_day(name, CUT + 1, 90) for name in DATED})


@QUICK
@given(known, later)
def test_rows_recorded_later_change_nothing_whatever_table_they_are_in(known, later):
    everything = {name: [*rows, *later[name]] for name, rows in known.items()}
    date = day(CUT).date()
    then, now = (contents(as_of(tables_of(**frames(rows)), date)) for rows in (known, everything))
    assert now == then


@pytest.mark.parametrize("name", ["leads", "touches", "deals"])
@settings(QUICK, max_examples=2)
@given(st.data())
def test_the_version_known_on_a_day_is_the_one_recorded_last_by_then(name, data):
    key = TABLES[name].keys[0]
    known, later = data.draw(rows_of_day(name, 0, CUT)), data.draw(rows_of_day(name, CUT + 1, 90))
    rows = [row | {key: "one id", "channel": f"version {n}"} for n, row in enumerate([*known, *later])]
    cut = as_of(tables_of(**frames({name: rows})), day(CUT).date())
    newest = max(row["recorded_at"] for row in rows[: len(known)])
    assert rows_of(cut[name], "channel")[0][0] in {row["channel"] for row in rows if row["recorded_at"] == newest}
    assert len(rows_of(cut[name], key)) == 1

"""The steps that a plain config may take to bring an export into shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from revmodel.config import Config
from revmodel.errors import ConfigError, MissingColumnError
from revmodel.sources.files import input_files
from revmodel.sources.load import read_tables

WriteConfig = Callable[..., Config]
CONTACTS = "Id,Became lead,Became MQL,Note\nc1,2026-01-05,2026-02-01,x\nc2,2026-01-06,,y\n"


def rows(config: Config, table: str) -> list[dict[str, Any]]:
    """The filled columns of a canonical table."""
    frame = read_tables(config)[table].to_pandas().dropna(axis="columns", how="all")
    return frame.sort_values(list(frame.columns), ignore_index=True).to_dict("records")


def test_unpivot_makes_a_row_of_each_filled_date(write_config: WriteConfig) -> None:
    source = {
        "path": "c.csv",
        "unpivot": {"columns": {"Became lead": "lead", "Became MQL": "mql"}, "name": "stage", "value": "day"},
        "columns": {"record_id": "Id", "to_stage": "stage", "changed_at": "day"},
    }
    found = rows(write_config({"c.csv": CONTACTS}, {"stage_changes": source}), "stage_changes")
    assert [(row["record_id"], row["to_stage"], f"{row['changed_at']:%m-%d}") for row in found] == [
        ("c1", "lead", "01-05"),
        ("c1", "mql", "02-01"),
        ("c2", "lead", "01-06"),
    ]


def test_join_looks_up_without_adding_rows_and_tells_of_several_answers(write_config: WriteConfig) -> None:
    deals = "deal,made\nd1,2026-01-01\nd2,2026-01-02\nd3,2026-01-03\n"
    companies = "company,deal\nB,d1\nA,d1\nC,d2\n"
    source = {
        "path": "d.csv",
        "join": [{"path": "dc.csv", "match": {"deal": "deal"}, "take": {"of": "company"}}],
        "columns": {"deal_id": "deal", "created_at": "made", "account_id": "of"},
    }
    config = write_config({"d.csv": deals, "dc.csv": companies}, {"deals": source})
    found = read_tables(config)["deals"].order_by("deal_id").account_id.to_pyarrow().to_pylist()
    assert found == ["A", "C", None]
    (finding,) = read_tables(config).findings
    assert (finding.code, finding.count, finding.examples) == ("several-answers", 1, ("d1",))
    assert [path.name for path in input_files(config)] == ["d.csv", "dc.csv"]


def test_split_makes_a_row_of_each_part(write_config: WriteConfig) -> None:
    text = "id,merged,at\nk1,7; 8;9,2026-01-01\nk2,,2026-01-01\n"
    source = {"path": "m.csv", "split": {"merged": ";"}}
    source |= {"columns": {"from_id": "merged", "into_id": "id", "merged_at": "at"}}
    config = write_config({"m.csv": text}, {"merges": source})
    assert [(row["from_id"], row["into_id"]) for row in rows(config, "merges")] == [
        ("7", "k1"),
        ("8", "k1"),
        ("9", "k1"),
    ]


def test_distinct_counts_a_repeated_activity_once_and_keeps_rows_without_an_id(write_config: WriteConfig) -> None:
    text = "act,company,main,at\na,B,false,2026-01-01\na,A,true,2026-01-01\n,C,true,2026-01-02\n,D,true,2026-01-02\n"
    source = {
        "path": "e.csv",
        "distinct": {"by": ["act"], "first": ["-main"]},
        "columns": {"touch_id": "act", "account_id": "company", "occurred_at": "at"},
        "constants": {"channel": "web"},
    }
    found = rows(write_config({"e.csv": text}, {"touches": source}), "touches")
    assert sorted(row["account_id"] for row in found) == ["A", "C", "D"]


def test_several_date_formats_in_one_column(write_config: WriteConfig) -> None:
    text = 'id,at\na,02/24/26 02:18 PM\nb,02/24/26\nc,2021-01-07 6:49:18\nd,2026-01-05T10:00:00Z\ne,"1706076407193"\n'
    formats = ["%m/%d/%y %I:%M %p", "%m/%d/%y", "epoch_ms", "iso"]
    source = {"path": "l.csv", "columns": {"lead_id": "id", "created_at": "at"}, "dates": {"created_at": formats}}
    found = rows(write_config({"l.csv": text}, {"leads": source}), "leads")
    assert [f"{row['created_at']:%Y-%m-%d %H:%M:%S}" for row in found] == [
        "2026-02-24 14:18:00",
        "2026-02-24 00:00:00",
        "2021-01-07 06:49:18",
        "2026-01-05 10:00:00",
        "2024-01-24 06:06:47",
    ]


def test_value_without_a_name_becomes_what_others_says_and_is_told(write_config: WriteConfig) -> None:
    text = "id,stage,at\n1,New,2026-01-01\n2,Limbo,2026-01-01\n3,Limbo,2026-01-01\n4,won,2026-01-01\n"
    source = {
        "path": "s.csv",
        "columns": {"record_id": "id", "to_stage": "stage", "changed_at": "at"},
        "values": {"to_stage": {"New": "lead", "Closed Won": "won"}},
        "others": {"to_stage": ""},
        "drop_missing": ["to_stage"],
    }
    config = write_config({"s.csv": text}, {"stage_changes": source})
    assert [row["to_stage"] for row in rows(config, "stage_changes")] == ["lead", "won"]
    (finding,) = read_tables(config).findings
    assert (finding.code, finding.severity, finding.count) == ("values-not-named", "warn", 2)
    assert finding.examples == ("Limbo (2 rows)",)


def test_numbers_lose_signs_and_are_scaled_and_what_is_no_number_is_told(write_config: WriteConfig) -> None:
    text = 'day,cost\n2026-01-01,"$1,234.50"\n2026-01-02,oops\n'
    source = {
        "path": "s.csv",
        "columns": {"date": "day", "spend": "cost"},
        "constants": {"channel": "ads"},
        "remove": {"spend": "$,"},
        "scale": {"spend": 0.001},
    }
    config = write_config({"s.csv": text}, {"spend": source})
    assert [row["spend"] for row in rows(config, "spend")] == [pytest.approx(1.2345)]
    assert "unreadable-values" in {finding.code for finding in read_tables(config).findings}


def test_drop_leaves_rows_out_whatever_their_case(write_config: WriteConfig) -> None:
    text = "id,at,IsDeleted\n1,2026-01-01,TRUE\n2,2026-01-01,False\n"
    source = {"path": "l.csv", "columns": {"lead_id": "id", "created_at": "at"}, "drop": {"IsDeleted": ["true"]}}
    assert [row["lead_id"] for row in rows(write_config({"l.csv": text}, {"leads": source}), "leads")] == ["2"]


def test_report_title_above_the_header_is_skipped(write_config: WriteConfig) -> None:
    text = "Campaign report\nAll time\nDay,Cost\n2026-01-01,5\n"
    source = {"path": "r.csv", "skip_lines": 2, "columns": {"date": "Day", "spend": "Cost"}}
    config = write_config({"r.csv": text}, {"spend": source | {"constants": {"channel": "ads"}}})
    assert [row["spend"] for row in rows(config, "spend")] == [5.0]


def test_column_that_a_step_asks_for_must_be_there(write_config: WriteConfig) -> None:
    source = {"path": "c.csv", "columns": {"record_id": "Id", "to_stage": "Note", "changed_at": "Became lead"}}
    for step in ({"split": {"nope": ";"}}, {"drop": {"nope": ["1"]}}, {"distinct": {"by": ["nope"]}}):
        with pytest.raises(MissingColumnError, match="nope"):
            read_tables(write_config({"c.csv": CONTACTS}, {"stage_changes": source | step}))


def test_others_without_values_is_refused(write_config: WriteConfig) -> None:
    with pytest.raises(ConfigError, match=r"values\.to_stage"):
        write_config({}, {"stage_changes": {"path": "s.csv", "others": {"to_stage": ""}}})

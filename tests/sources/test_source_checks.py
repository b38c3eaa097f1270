"""Each fault of an export is found, mended or told; the clean company has none of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.errors import EmptyTableError
from revmodel.sources.checks import run_checks
from revmodel.sources.checks.counts import count_tables
from revmodel.sources.checks.duplicates import drop_duplicates
from revmodel.sources.checks.leaks import leaking_columns
from revmodel.sources.checks.names import names_written_twice
from revmodel.sources.checks.orders import mend_orders
from revmodel.sources.checks.orphans import orphans
from revmodel.sources.checks.sizes import few_rows
from revmodel.sources.checks.spend import drop_negative_spend, gaps_in_spend
from revmodel.sources.checks.stages import stage_names
from revmodel.sources.checks.truncation import expected_exits_before_first
from revmodel.sources.checks.visits import stage_visits
from revmodel.sources.findings import Finding
from revmodel.sources.tables import Tables, tables_from_frames

Frames = dict[str, pd.DataFrame]
Checked = Callable[[Frames], Tables]


def found(tables: Tables, code: str) -> Finding:
    """The one finding of a code."""
    (finding,) = [finding for finding in tables.findings if finding.code == code]
    return finding


def told(check: Callable[[Tables, Config], list[Finding]], frames: Frames, config: Config) -> dict[str, Finding]:
    """What one check says of the frames, by code."""
    return {finding.code: finding for finding in check(tables_from_frames(frames), config)}


def deduplicated(frames: Frames, config: Config) -> Tables:
    """The frames as tables in which every id is there once."""
    tables = tables_from_frames(frames)
    return drop_duplicates(tables, count_tables(tables, config))


def plus(frame: pd.DataFrame, **row: object) -> pd.DataFrame:
    """The frame with one more row."""
    return pd.concat([frame, pd.DataFrame([row])], ignore_index=True)


def test_clean_company_has_no_finding(frames: Frames, checked: Checked) -> None:
    tables = checked(frames)
    assert tables.findings == ()
    assert tables["leads"].count().execute() == 60


def test_copies_of_a_row_are_dropped(frames: Frames, config: Config) -> None:
    for name in ("leads", "stage_changes"):
        frames[name] = pd.concat([frames[name], frames[name].head(3)])
    tables = deduplicated(frames, config)
    assert tables["leads"].count().execute() == 60
    assert tables["stage_changes"].count().execute() == 105
    assert (found(tables, "duplicate-ids").severity, found(tables, "duplicate-ids").count) == ("note", 3)
    assert found(tables, "duplicate-rows").examples == ("L00", "L01", "L02")


def test_of_rows_that_disagree_the_last_is_kept(frames: Frames, config: Config) -> None:
    frames["leads"] = plus(frames["leads"], lead_id="L00 ", created_at=pd.Timestamp("2026-01-02"), channel="partners")
    tables = deduplicated(frames, config)
    leads = tables["leads"]
    assert leads.filter(leads.lead_id == "L00").channel.execute().tolist() == ["partners"]
    finding = found(tables, "duplicate-ids")
    assert (finding.severity, finding.count, finding.examples) == ("warn", 1, ("L00",))


def test_touches_without_an_id_are_never_taken_for_copies(config: Config) -> None:
    row = {"occurred_at": "2026-01-05", "channel": "events", "lead_id": "L00"}
    touches = pd.DataFrame([row, row, row | {"touch_id": "t"}, row | {"touch_id": "t"}])
    assert deduplicated({"touches": touches}, config)["touches"].count().execute() == 3


def test_orphans_are_told_by_reference(frames: Frames, config: Config) -> None:
    rows = {"deal_id": ["D1", "D2", "D3"], "created_at": ["2026-02-01"] * 3, "lead_id": ["L01", "gone", None]}
    frames["deals"] = pd.DataFrame(rows)
    frames["stage_changes"] = plus(
        frames["stage_changes"], record_id="D9", to_stage="lead", changed_at=pd.Timestamp("2026-02-01")
    )
    findings = told(orphans, frames, config)
    assert findings["orphan-lead-id"].examples == ("gone",)
    assert findings["orphan-record-id"].examples == ("D9",)


def test_changes_of_records_without_a_table_are_no_orphans(frames: Frames, config: Config) -> None:
    change = {"record_id": "D9", "to_stage": "lead", "changed_at": pd.Timestamp("2026-02-01"), "record_type": "deal"}
    frames["stage_changes"] = plus(frames["stage_changes"], **change)
    assert told(orphans, frames, config) == {}


def test_close_before_the_day_of_creation_is_set_aside(frames: Frames, config: Config) -> None:
    changes = frames["stage_changes"].copy()
    won = changes.index[(changes.record_id == "L00") & (changes.to_stage == "won")]
    changes.loc[won, "changed_at"] = pd.Timestamp("2025-12-30")
    tables = mend_orders(tables_from_frames(frames | {"stage_changes": changes}), config)
    finding = found(tables, "close-before-creation")
    assert (finding.count, finding.examples) == (1, ("L00",))
    assert tables["stage_changes"].filter(tables["stage_changes"].record_id == "L00").count().execute() == 1


def test_date_without_an_hour_on_the_day_of_creation_is_not_before_it(frames: Frames, config: Config) -> None:
    changes = frames["stage_changes"].copy()
    won = changes.index[(changes.record_id == "L00") & (changes.to_stage == "won")]
    changes.loc[won, "changed_at"] = pd.Timestamp("2026-01-01")  # the lead came at 9 that day
    tables = mend_orders(tables_from_frames(frames | {"stage_changes": changes}), config)
    assert tables.findings == ()
    mended = tables["stage_changes"].filter(tables["stage_changes"].record_id == "L00")
    assert set(mended.changed_at.to_pyarrow().to_pylist()) == {dt.datetime(2026, 1, 1, 9)}


def test_first_move_before_creation_is_told_and_kept(frames: Frames, config: Config) -> None:
    changes = frames["stage_changes"].copy()
    changes.loc[0, "changed_at"] = pd.Timestamp("2025-12-30")
    tables = mend_orders(tables_from_frames(frames | {"stage_changes": changes}), config)
    assert found(tables, "change-before-creation").examples == ("L00",)
    assert tables["stage_changes"].count().execute() == len(changes)


def test_negative_spend_is_set_aside(frames: Frames, config: Config) -> None:
    frames["spend"] = plus(frames["spend"], date=pd.Timestamp("2026-01-12"), channel="events", spend=-40.0)
    tables = drop_negative_spend(tables_from_frames(frames), config)
    assert tables["spend"].spend.min().execute() == 100
    assert found(tables, "negative-spend").examples == ("2026-01-12 events -40.00",)


def test_weeks_without_spend_are_a_gap_and_monthly_rows_are_not(frames: Frames, config: Config) -> None:
    spend = frames["spend"].drop(index=[3, 4])
    monthly = pd.DataFrame({"date": pd.date_range("2025-10-01", periods=5, freq="MS"), "channel": "tv", "spend": 9.0})
    finding = told(gaps_in_spend, {"spend": pd.concat([spend, monthly])}, config)["gaps-in-spend"]
    assert (finding.count, finding.examples) == (2, ("events",))


def test_rows_after_the_as_of_date_are_told(frames: Frames, checked: Checked) -> None:
    future = {"lead_id": "L99", "created_at": pd.Timestamp("2027-01-01"), "channel": "events"}
    tables = checked(frames | {"leads": plus(frames["leads"], **future)})
    finding = found(tables, "after-as-of")
    assert (finding.severity, finding.table, finding.count, finding.examples) == ("note", "leads", 1, ("2027-01-01",))


def test_unmapped_stage_stops_and_suggests_the_line(frames: Frames, checked: Checked) -> None:
    changes = frames["stage_changes"].replace({"to_stage": {"won": "Closed Won"}})
    tables = checked(frames | {"stage_changes": changes})
    finding = found(tables, "unmapped-stages")
    assert (finding.severity, finding.count, finding.examples) == ("stop", 30, ("Closed Won",))
    assert "values: {to_stage: {'Closed Won': won}}" in finding.remedy
    assert tables.findings[0] is finding  # the gravest first
    assert found(tables, "unreached-stages").examples == ("won",)


def test_stage_of_deals_under_another_name_is_a_note_with_the_line(frames: Frames, config: Config) -> None:
    deals = pd.DataFrame({"deal_id": ["D1", "D2"], "created_at": "2026-02-01", "stage": ["Won", "lead"]})
    finding = told(stage_names, frames | {"deals": deals}, config)["other-stage-names"]
    assert (finding.severity, finding.table, finding.count) == ("note", "deals", 1)
    assert "values: {stage: {Won: won}}" in finding.remedy


def test_spellings_of_one_channel_are_told_with_the_line(frames: Frames, config: Config) -> None:
    leads = frames["leads"].copy()
    leads.loc[:4, "channel"] = "Events"
    finding = told(names_written_twice, frames | {"leads": leads}, config)["name-variants"]
    assert finding.severity == "warn"
    assert finding.table == "leads, spend"
    assert "values: {channel: {Events: events}}" in finding.remedy


def test_share_without_channel_is_told(frames: Frames, config: Config) -> None:
    leads = frames["leads"].copy()
    leads.loc[:14, "channel"] = None
    leads.loc[15:17, "channel"] = "Unknown"
    finding = told(names_written_twice, frames | {"leads": leads}, config)["missing-channel"]
    assert (finding.severity, finding.count) == ("warn", 18)
    assert "30%" in finding.what


@pytest.mark.parametrize("name", ["leads", "stage_changes"])
def test_single_row_stops(frames: Frames, config: Config, name: str) -> None:
    tables = tables_from_frames({name: frames[name].head(1)})
    (finding,) = few_rows(tables, config, count_tables(tables, config))
    assert (finding.code, finding.severity) == ("one-row", "stop")


def test_table_without_rows_is_an_error_where_needed_and_told_where_not(frames: Frames, checked: Checked) -> None:
    with pytest.raises(EmptyTableError, match="no usable row in leads"):
        checked(frames | {"leads": frames["leads"].head(0)})
    tables = checked(frames | {"spend": frames["spend"].head(0)})
    assert found(tables, "empty-table").table == "spend"


def test_column_that_is_empty_only_while_open_is_told(frames: Frames, config: Config) -> None:
    ended = set(frames["stage_changes"].query("to_stage != 'lead'").record_id)
    account = [f"A{name}" if name in ended else None for name in frames["leads"].lead_id]
    frames["leads"] = frames["leads"].assign(account_id=account)
    finding = told(leaking_columns, frames, config)["leaking-column"]
    assert (finding.table, finding.count) == ("leads", 15)
    assert "account_id is empty for 100% of the 15 open leads but for 0%" in finding.what


def test_column_empty_by_chance_is_not_told(frames: Frames, config: Config) -> None:
    region = np.where(np.arange(60) % 3 == 0, None, "emea")
    assert told(leaking_columns, frames | {"leads": frames["leads"].assign(region=region)}, config) == {}


def one_a_day(start: str, stays: list[int | None]) -> Frames:
    """Leads created one a day, each won after so many days (None: still open)."""
    created = pd.date_range(start, periods=len(stays), freq="D")
    ids = [f"Z{number:03d}" for number in range(len(stays))]
    leads = pd.DataFrame({"lead_id": ids, "created_at": created, "channel": "events"})
    entries = pd.DataFrame({"record_id": ids, "to_stage": "lead", "changed_at": created})
    won = [(name, "won", day + pd.Timedelta(days=n)) for name, day, n in zip(ids, created, stays, strict=True) if n]
    changes = pd.concat([entries, pd.DataFrame(won, columns=entries.columns)]).assign(record_type="lead")
    return {"leads": leads, "stage_changes": changes}


def test_zombie_has_waited_twice_the_longest_time_and_half_a_year() -> None:
    """The slowest took 100 days, so the limit is 29 weeks: of two leads open on 2026-08-31 one is beyond it."""
    stays: list[int | None] = [100 - number % 5 for number in range(60)]
    stays[0] = stays[59] = None
    frames = one_a_day("2026-01-25", stays)
    config = Config(company="x", as_of="2026-08-31", tables={}, funnel={"stages": ["lead"]})  # type: ignore[arg-type]
    finding = found(run_checks(tables_from_frames(frames), config), "zombies")
    assert (finding.count, finding.examples) == (1, ("Z000",))
    assert "lead: 1 after 29 weeks" in finding.what


def test_lead_that_became_a_deal_waits_no_longer_and_ties_follow_the_funnel() -> None:
    config = Config(company="x", tables={}, funnel={"stages": ["mql", "lead"]})  # type: ignore[arg-type]
    moves = {"record_id": ["a", "a", "b"], "to_stage": ["lead", "mql", "mql"], "changed_at": "2026-01-05"}
    deals = pd.DataFrame({"deal_id": ["d"], "created_at": ["2026-01-12"], "lead_id": ["a"]})
    visits = stage_visits(tables_from_frames({"stage_changes": pd.DataFrame(moves), "deals": deals}), config)
    rows = visits.rows.order_by("record_id", "stage").execute()
    assert rows[["record_id", "stage"]].to_numpy().tolist() == [["a", "lead"], ["a", "mql"], ["b", "mql"]]
    assert rows["left_on"].tolist()[:2] == [pd.Timestamp("2026-01-12"), pd.Timestamp("2026-01-05")]
    assert rows["left_on"].isna().tolist() == [False, False, True]


def test_exits_recorded_only_late_are_told() -> None:
    """A hundred enter before the first exit on record, later ones all leave after two weeks."""
    frames = one_a_day("2025-06-01", [*[None] * 100, *[14] * 100])
    config = Config(company="x", tables={}, funnel={"stages": ["lead"]})  # type: ignore[arg-type]
    tables = run_checks(tables_from_frames(frames), config)
    finding = found(tables, "exits-recorded-late")
    assert finding.examples == ("first entry 2025-06-01", "first exit 2025-09-23")
    assert finding.count == 114  # 100 of them and those who entered in the fortnight before that exit
    assert "about 94 would have" in finding.what  # those who had waited three whole weeks or more


def test_lead_and_deal_of_one_id_do_not_double_their_changes(frames: Frames, config: Config) -> None:
    frames["deals"] = pd.DataFrame({"deal_id": ["L00", "L01"], "created_at": ["2026-01-01", "2026-02-01"]})
    changes = frames["stage_changes"].assign(record_type=None)
    changes.loc[changes.index[changes.to_stage == "won"][0], "changed_at"] = pd.Timestamp("2025-01-01")
    tables = mend_orders(tables_from_frames(frames | {"stage_changes": changes}), config)
    assert tables["stage_changes"].count().execute() == len(changes) - 1


def test_slow_start_is_not_left_truncation() -> None:
    """Nobody leaves in the first three weeks because nobody ever leaves within three weeks."""
    entered = pd.date_range("2026-01-01", periods=100, freq="D")
    counts = pd.DataFrame({"entered_on": entered, "left_on": entered + pd.Timedelta(days=21), "n": 3})
    assert expected_exits_before_first(counts, pd.Timestamp("2026-06-01")) == 0

"""The page holds everything, fetches nothing, and never shows an empty box."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_run import fake_manifest, fake_tables

from revmodel.report.page import render_page, write_page
from revmodel.report.reading import Run
from revmodel.report.sections.deals import deals_section
from revmodel.report.sections.findings import findings_section
from revmodel.report.sections.marketing import budget_section, channels_section
from revmodel.report.sections.parts import Section
from revmodel.report.sections.trust import record_section
from revmodel.report.tables import RunFolder, write_run

VOID = {"meta", "br", "use", "path"}


class Tags(HTMLParser):
    """Tags that are open, and ids that were seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.ids += [named["id"]] if "id" in named else []
        self.fetched += [
            value for name, value in named.items() if name in ("src", "href") and not value.startswith("#")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def a_folder(drop: tuple[str, ...] = (), **manifest: object) -> RunFolder:
    tables = {name: table for name, table in fake_tables().items() if name not in drop}
    return RunFolder(Path("run"), fake_manifest(**manifest), tables)


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(a_folder())


def test_page_is_well_formed_and_names_no_id_twice(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))


def test_page_fetches_nothing(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.fetched == []
    assert not re.search(r"https?://|@import|url\((?!#)|<script", page)


def test_reader_finds_the_parts_in_order(page: str) -> None:
    keys = re.findall(r'<section id="(\w+)">', page)
    assert keys == [
        *("forecast", "target", "moved", "bridge", "channels", "budget", "past", "record"),
        *("deals", "findings", "health", "method", "provenance"),
    ]
    assert page.index("8 in 10 chance of bookings between €3.1m and €4.0m in Q4 2026") < page.index("<section")
    assert "if spend follows the plan." in page


def test_colours_of_charts_follow_the_page(page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(drawings) == 16
    assert not [colour for drawing in drawings for colour in re.findall(r"#[0-9a-f]{6}\b", drawing)]
    defined = set(re.findall(r"--([\w-]+):", page))
    assert set(re.findall(r"var\(--([\w-]+)\)", page)) <= defined


def test_failed_gate_comes_first_and_text_from_data_is_escaped() -> None:
    failed = {"passed": False, "sentence": "The chains of arrivals do not agree."}
    folder = a_folder(("contribution", "allocation", "backtest", "path"), health=failed, company="<b>Acme</b> & Sons")
    folder.tables["findings"] = folder.tables["findings"].assign(what="<img src=x>")
    page = render_page(folder)
    body = page[page.index("<body>") :]
    assert body.index("Not published:") < body.index("<h1>")
    assert "The chains of arrivals do not agree." in body
    assert "&lt;b&gt;Acme&lt;/b&gt; &amp; Sons" in page
    assert "<img" not in page


def test_healthy_run_has_no_banner(page: str) -> None:
    assert "Not published" not in page


@pytest.mark.parametrize(
    ("drop", "section", "says"),
    [
        (("contribution",), channels_section, "revmodel contribution"),
        (("allocation", "allocation_summary"), budget_section, "revmodel allocate"),
        (("backtest",), record_section, "revmodel backtest"),
        (("open_deals",), deals_section, "No deal is open"),
    ],
)
def test_missing_part_says_so_in_place_of_an_empty_box(
    drop: tuple[str, ...], section: Callable[[Run], Section], says: str
) -> None:
    part = section(Run(a_folder(drop)))
    assert says in part.missing
    assert (part.charts, part.grids, part.folded) == ((), (), ())


def test_data_without_findings_is_said_to_have_none() -> None:
    part = findings_section(Run(a_folder(("findings",), cannot=[])))
    assert part.sentences == ("Nothing wrong was found.",)
    assert part.grids == ()


def test_gravest_findings_are_told_first_with_what_follows() -> None:
    part = findings_section(Run(a_folder((), cannot=[])))
    assert part.sentences[0] == "3 findings: 2 change numbers."
    assert part.sentences[1] == (
        "41 of 300 records wait for too long. Counted as open they would be forecast to close."
    )
    assert [row[0] for row in part.grids[0].rows] == ["Changes numbers", "Changes numbers"]
    assert [row[2] for row in part.folded[0].rows] == ["12 rows repeat a lead_id."]


def test_runs_written_before_consequences_are_still_shown() -> None:
    folder = a_folder((), cannot=[])
    folder.tables["findings"] = folder.tables["findings"].drop(columns=["group", "consequence"])
    assert findings_section(Run(folder)).sentences[1] == "41 of 300 records wait for too long."


def test_company_with_counts_alone_gets_a_whole_page() -> None:
    tables = fake_tables()
    forecast = tables["forecast"]
    counts = forecast[forecast["metric"].isin(["leads", "wins"])].assign(target=float("nan"), p_hit_target=float("nan"))
    page = render_page(RunFolder(Path("run"), fake_manifest(inputs=[]), {"forecast": counts}))
    assert "8 in 10 chance of wins between 83 and 108" in page
    assert "Add a table targets (period, metric, value)" in page
    assert "Add a table deal_history (deal_id, recorded_at, amount)" in page
    assert "€" not in page
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", page)


def test_same_run_gives_the_same_page_from_its_folder(tmp_path: Path, page: str) -> None:
    folder = write_run(tmp_path / "run", fake_manifest(), fake_tables(), finish=write_page)
    written = (folder / "index.html").read_text(encoding="utf-8")
    assert written == page


def test_deals_shown_are_those_worth_most_and_the_rest_is_pointed_to(page: str) -> None:
    deals = fake_tables()["open_deals"]
    worth = deals.set_index("deal_id")["expected_this_quarter"].sort_values(ascending=False)
    shown = re.findall(r">(D-31\d\d)</td>", page)
    assert shown == worth.index[:15].tolist()
    assert "7 more deals in open_deals.csv." in page


def test_categories_of_the_crm_stand_beside_the_chances_of_their_deals(page: str) -> None:
    assert "Sellers commit €900k to this quarter; the model expects €420k of those deals." in page
    assert "That all of it comes: about 1 in 20." in page
    assert "↓ close date passed 12 days ago (×0.62)" in page


def test_a_crm_without_categories_is_told() -> None:
    run = Run(a_folder())
    run.folder.tables["forecast_categories"] = run.folder.tables["forecast_categories"].tail(1)
    assert any("keeps no forecast category" in sentence for sentence in deals_section(run).sentences)

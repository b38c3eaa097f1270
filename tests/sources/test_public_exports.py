"""The two public data sets load through their committed configs, and their known quirks are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from revmodel.config import Config, load_config
from revmodel.sources.findings import Finding
from revmodel.sources.load import load_tables
from revmodel.sources.tables import Tables


@pytest.fixture(scope="module")
def olist(repository_root: Path, shared_data: Path) -> Tables:
    return load_tables(relocated(repository_root / "configs" / "olist.yaml", shared_data))


@pytest.fixture(scope="module")
def maven(repository_root: Path, shared_data: Path) -> Tables:
    return load_tables(relocated(repository_root / "configs" / "maven.yaml", shared_data))


def relocated(path: Path, shared_data: Path) -> Config:
    """The committed config, its files looked for where the public data lies."""
    config = load_config(path)
    tables = {
        name: [
            source.model_copy(update={"path": str(source.path).replace("../../shared/data", str(shared_data))})
            for source in sources
        ]
        for name, sources in config.tables.items()
    }
    return config.model_copy(update={"tables": tables})


def found(tables: Tables, code: str) -> Finding:
    (finding,) = [finding for finding in tables.findings if finding.code == code]
    return finding


def test_olist_has_every_lead_and_every_win_that_can_be(olist: Tables) -> None:
    assert olist["leads"].count().execute() == 5345
    stages = olist["stage_changes"].to_stage.value_counts().execute().set_index("to_stage").iloc[:, 0]
    assert stages.to_dict() == {"mql": 5345, "won": 335}
    assert found(olist, "close-before-creation").count == 1


def test_olist_left_truncation_is_found_with_its_date(olist: Tables) -> None:
    assert "first exit 2017-12-05" in found(olist, "exits-recorded-late").examples


def test_olist_null_and_unknown_origins_are_one(olist: Tables) -> None:
    finding = found(olist, "missing-channel")
    channel = olist["leads"].channel
    assert finding.count == channel.isnull().sum().execute() + (channel == "unknown").sum().execute() == 812


def test_maven_prospects_are_set_aside(maven: Tables) -> None:
    assert maven["deals"].count().execute() == 8300
    assert found(maven, "unusable-rows").count == 500


def test_maven_product_has_one_spelling(maven: Tables) -> None:
    products = set(maven["deals"].segment.execute())
    assert "GTX Pro" in products
    assert "GTXPro" not in products


def test_maven_knows_no_amount_before_its_win(maven: Tables) -> None:
    assert maven["deals"].amount.count().execute() == 0
    assert maven["deals"].close_date.count().execute() == 0
    changes, history = maven["stage_changes"], maven["deal_history"]
    wins = changes.filter(changes.to_stage == "won").select(deal_id="record_id", won_at="changed_at")
    joined = history.join(wins, "deal_id")
    assert joined.count().execute() == history.count().execute() == 4238
    assert joined.filter(joined.recorded_at < joined.won_at).count().execute() == 0


def test_maven_zombies_and_the_account_that_leaks_are_found(maven: Tables) -> None:
    assert found(maven, "zombies").count == 333
    assert "engaging: 333 after 40 weeks" in found(maven, "zombies").what  # twice 138 days
    assert "account_id is empty for 68%" in found(maven, "leaking-column").what

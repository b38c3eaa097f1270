"""The configuration says what is wrong, where, and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from revmodel.config import Config, load_config
from revmodel.errors import ConfigError


def smallest() -> dict[str, Any]:
    return {
        "company": "Acme",
        "tables": {"stage_changes": {"path": "stages.csv"}},
        "funnel": {"stages": ["lead", "mql", "sql", "opportunity"]},
    }


def written(folder: Path, content: object) -> Path:
    path = folder / "quarterly.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def refusal(folder: Path, content: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, content))
    return str(caught.value)


def test_smallest_config_loads_with_declared_defaults(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, smallest()))
    assert (config.company, config.currency, config.forecast.engine) == ("Acme", "USD", "mixed")
    assert config.as_of is None


def test_single_source_may_be_written_without_a_list(tmp_path: Path) -> None:
    alone = load_config(written(tmp_path, smallest()))
    listed = smallest() | {"tables": {"stage_changes": [{"path": "stages.csv"}]}}
    assert alone.tables == load_config(written(tmp_path, listed)).tables
    assert [source.path for source in alone.tables["stage_changes"]] == ["stages.csv"]


def test_paths_are_relative_to_the_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "company"
    folder.mkdir()
    path = written(folder, smallest())
    monkeypatch.chdir(tmp_path)
    config = load_config(path.relative_to(tmp_path))
    assert config.resolve("data/stages.csv") == folder / "data" / "stages.csv"
    assert config.resolve("../stages.csv") == tmp_path / "stages.csv"
    assert config.resolve("/exports/stages.csv") == Path("/exports/stages.csv").resolve()


@pytest.mark.parametrize(
    ("place", "key", "nearest"),
    [
        ([], "curency", "currency"),
        (["funnel"], "stage", "stages"),
        (["forecast"], "quaters", "quarters"),
        (["tables", "stage_changes"], "colums", "columns"),
        (["allocation"], "bound", "bounds"),
    ],
)
def test_unknown_key_is_refused_with_the_nearest_known_one(
    tmp_path: Path, place: list[str], key: str, nearest: str
) -> None:
    content = smallest()
    inner = content
    for name in place:
        inner = inner.setdefault(name, {})
    inner[key] = 1
    message = refusal(tmp_path, content)
    assert f"{key}: unknown key; did you mean {nearest!r}?" in message
    assert "quarterly.yaml" in message


def test_key_like_no_other_gets_no_guess(tmp_path: Path) -> None:
    message = refusal(tmp_path, smallest() | {"xyzzy": 1})
    assert "xyzzy: unknown key" in message
    assert "did you mean" not in message


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, smallest() | {"curency": "EUR", "forecast": {"quarters": 99, "engine": "guess"}})
    assert "3 thing(s) to mend" in message
    for part in ("curency", "forecast.quarters", "99", "forecast.engine", "guess"):
        assert part in message


def test_missing_required_key_is_named(tmp_path: Path) -> None:
    content = smallest()
    del content["funnel"]
    assert "funnel" in refusal(tmp_path, content)


def test_missing_tables_are_named(tmp_path: Path) -> None:
    content = smallest()
    del content["tables"]
    assert "tables" in refusal(tmp_path, content)


def test_missing_file_names_the_path_and_the_way_to_start(tmp_path: Path) -> None:
    absent = tmp_path / "absent.yaml"
    with pytest.raises(ConfigError, match=r"configs/demo.yaml") as caught:
        load_config(absent)
    assert str(absent) in str(caught.value)


def test_broken_yaml_is_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("company: [Acme", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path)


@pytest.mark.parametrize(("text", "kind"), [("- a\n- b\n", "list"), ("Acme\n", "str"), ("", "NoneType")])
def test_yaml_that_is_not_a_mapping_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"holds {kind}, wanted a mapping"):
        load_config(path)


@pytest.mark.parametrize(
    ("allocation", "words"),
    [
        ({"objective": "least_spend"}, "a target goes with objective probability or least_spend, and only with them"),
        (
            {"objective": "probability", "target": 5, "chance": 0.8},
            "chance is that of objective least_spend, not of pro",
        ),
        (
            {"objective": "least_spend", "target": 5, "chance": 0.8, "periods": 13},
            "over totals of the window: set peri",
        ),
    ],
)
def test_a_least_spend_wants_a_target(tmp_path: Path, allocation: dict[str, Any], words: str) -> None:
    assert words in refusal(tmp_path, smallest() | {"allocation": allocation})


@pytest.mark.parametrize(
    ("pace", "words"),
    [
        ({"most_change": 0.2, "from_before": False}, "pace of events: with one period most_change limits the window's"),
        ({"most_share": 0.5}, "pace of events: a share of its total in each period says nothing where"),
        ({"least_share": 0.1, "from_before": True}, "from_before says what most_change counts from"),
    ],
)
def test_a_pace_that_says_nothing_is_refused(tmp_path: Path, pace: dict[str, Any], words: str) -> None:
    assert words in refusal(tmp_path, smallest() | {"allocation": {"pace": {"events": pace}}})


@pytest.mark.parametrize(
    "allocation",
    [{"lower": 1.4, "upper": 1.3}, {"bounds": {"events": [1.2, 0.8]}}, {"bounds": {"events": [-0.5, 1.0]}}],
)
def test_bounds_out_of_order_are_refused(tmp_path: Path, allocation: dict[str, Any]) -> None:
    message = refusal(tmp_path, smallest() | {"allocation": allocation})
    assert "0 ≤ lower ≤ upper" in message
    if "bounds" in allocation:
        assert "events" in message


@pytest.mark.parametrize(
    ("funnel", "complaint"),
    [
        ({"stages": []}, "stages is empty"),
        ({"stages": ["lead", "lead"]}, "names a stage twice"),
        ({"stages": ["lead"], "first_deal_stage": "deal"}, "not among funnel.stages"),
        ({"stages": ["lead", "won"]}, "both as an open stage and as an end"),
        ({"stages": ["lead"], "won": ["closed"], "lost": ["closed"]}, "both as an open stage and as an end"),
    ],
)
def test_funnel_that_contradicts_itself_is_refused(tmp_path: Path, funnel: dict[str, Any], complaint: str) -> None:
    assert complaint in refusal(tmp_path, smallest() | {"funnel": funnel})


def test_grains_without_quarters_are_refused(tmp_path: Path) -> None:
    assert "wanted 'quarter' among them" in refusal(tmp_path, {**smallest(), "forecast": {"grains": ["month"]}})


def test_source_without_a_path_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, smallest() | {"tables": {"spend": {"columns": {"date": "day"}}}})
    assert "tables.spend.0" in message
    assert "needs 'path'" in message


def test_first_deal_stage_parts_leads_from_deals(tmp_path: Path) -> None:
    content = smallest()
    content["funnel"]["first_deal_stage"] = "sql"
    funnel = load_config(written(tmp_path, content)).funnel
    assert (funnel.lead_stages, funnel.deal_stages) == (("lead", "mql"), ("sql", "opportunity"))


def test_without_a_deal_stage_all_stages_are_of_leads(tmp_path: Path) -> None:
    funnel = load_config(written(tmp_path, smallest())).funnel
    assert (funnel.lead_stages, funnel.deal_stages) == (("lead", "mql", "sql", "opportunity"), ())


def test_config_cannot_be_changed_after_loading(tmp_path: Path) -> None:
    config: Config = load_config(written(tmp_path, smallest()))
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 2


def test_curves_are_chosen_for_all_channels_or_for_one(tmp_path: Path) -> None:
    response = {"saturation": "hill", "channels": {"events": {"carry_over": "weibull_pdf"}}}
    loaded = load_config(written(tmp_path, smallest() | {"response": response})).response
    assert loaded.chosen() == {"carry_over": "geometric", "saturation": "hill"}
    assert loaded.channels["events"].chosen() == {"carry_over": "weibull_pdf"}
    wrong = {"channels": {"events": {"saturation": "hil"}}}
    said = refusal(tmp_path, smallest() | {"response": wrong})
    assert "response.channels.events" in said
    assert "saturation 'hil' is not known" in said
    assert "did you mean 'hill'" in said

"""What the page says is what the tables hold, in words that fit every kind of company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_manifest, fake_tables

from revmodel.errors import EmptyTableError
from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.next_tests import test_sentence as next_test_sentence
from revmodel.report.tables import RunFolder
from revmodel.report.verdicts import (
    best_simple_method,
    budget_sentences,
    channel_verdict,
    channels_sentences,
    our_rows,
    record_sentences,
)
from revmodel.report.wording import bridge_sentences, headline, missing_sentence, outlook, target_gap


def a_run(drop: tuple[str, ...] = (), counts_only: bool = False, **manifest: Any) -> Run:
    tables = {name: table for name, table in fake_tables().items() if name not in drop}
    if counts_only:
        forecast = tables["forecast"]
        tables["forecast"] = forecast[forecast["metric"].isin(["leads", "wins"])]
    return Run(RunFolder(Path("run"), fake_manifest(**manifest), tables))


def with_row(run: Run, **values: Any) -> Any:
    row = run.quarters(run.leading).iloc[[0]].assign(**values)
    return next(rows_of(row))


def summary_of(run: Run, **values: Any) -> tuple[Any, pd.DataFrame]:
    row = next(rows_of(run.folder.tables["allocation_summary"].assign(**values)))
    return row, run.folder.tables["allocation"]


def a_channel(**values: float) -> Any:
    row = {"spend": 100.0, "p10": 150.0, "p50": 200.0, "p90": 260.0, "romi_p10": 0.5, "romi_p50": 1.0, "romi_p90": 1.6}
    return next(rows_of(pd.DataFrame([row | values])))


def test_headline_gives_the_80_percent_range_of_the_current_quarter() -> None:
    assert headline(a_run()) == "8 in 10 chance of bookings between €3.1m and €4.0m in Q4 2026"
    assert a_run().condition() == "if spend follows the plan"


def test_headline_of_a_company_without_amounts_counts_wins() -> None:
    run = a_run(counts_only=True, inputs=[])
    assert headline(run).startswith("8 in 10 chance of wins between 83 and 108 ")
    assert "42 wins are in already." in outlook(run, with_row(run, actual=42.0))
    assert run.condition() == "if leads keep coming as they have"


def test_fiscal_quarter_is_marked() -> None:
    assert headline(a_run(fiscal_year_start_month=2)).endswith("in Q4 FY2026")


def test_run_without_forecast_says_what_to_do() -> None:
    with pytest.raises(EmptyTableError, match="revmodel forecast"):
        a_run(drop=("forecast",))


def test_gap_names_its_side_and_its_odds() -> None:
    run = a_run()
    below = target_gap(run, with_row(run, p50=3.5e6, target=3.9e6, p_hit_target=0.24))
    above = target_gap(run, with_row(run, p50=4.2e6, target=3.9e6, p_hit_target=0.66))
    assert "€400k below it" in below
    assert "about 1 in 4 (24 %)" in below
    assert "€300k above it" in above


def test_quarter_without_target_or_actuals_does_not_speak_of_them() -> None:
    run = a_run()
    said = outlook(run, with_row(run, target=np.nan, actual=0.0))
    assert len(said) == 1
    assert "target" not in said[0]


def test_bridge_leaves_out_actuals_of_a_quarter_that_has_not_begun() -> None:
    means = {"actual": 0.0, "open_deal": 50.0, "open_lead": 20.0, "not_yet_created": 30.0, "forecast": 100.0}
    said = bridge_sentences(a_run(), means, "2027Q1")[0]
    assert "in already" not in said
    assert "70 % comes from deals and leads that are open today and 30 % from" in said


def test_channel_whose_range_starts_near_zero_cannot_be_told_from_nothing() -> None:
    assert "Cannot be told from nothing" in channel_verdict(a_channel(p10=5.0), "EUR", True)


@pytest.mark.parametrize(
    ("romi", "says"),
    [
        ((0.2, 0.8, 1.9), "Pays for itself, with more than 9 in 10 chance"),
        ((-0.3, 0.4, 1.2), "Probably pays"),
        ((-0.6, -0.2, 0.3), "Probably does not pay"),
        ((-0.8, -0.5, -0.1), "Does not earn back its spend"),
    ],
)
def test_verdict_follows_the_range_of_the_return(romi: tuple[float, float, float], says: str) -> None:
    low, middle, high = romi
    assert says in channel_verdict(a_channel(romi_p10=low, romi_p50=middle, romi_p90=high), "EUR", True)


def test_channel_without_amounts_is_told_by_its_cost_a_lead() -> None:
    assert channel_verdict(a_channel(spend=1000.0, p50=20.0, p10=15.0, p90=25.0), "EUR", False).startswith(
        "€50 of spend"
    )


def test_channels_that_pay_and_channels_that_cannot_be_told_are_named() -> None:
    run = a_run()
    table = run.contributions()
    assert table is not None
    said = " ".join(channels_sentences(run, table))
    assert "Paid search, Content / SEO, Webinars, Outbound and Partners pay for themselves" in said
    assert "What Paid social adds cannot be told" in said


def test_plan_says_what_moves_what_it_brings_and_how_sure() -> None:
    run = a_run()
    said = " ".join(budget_sentences(run, *summary_of(run)))
    assert "Move €54k of a budget of €638k over 13 weeks." in said
    assert "adds €190k" in said
    assert "between €45k and €350k" in said
    assert "about 19 in 20 (94 %)" in said
    assert "€610k in Q1 2027" in said


def test_plan_with_another_total_says_both_totals() -> None:
    run = a_run()
    said = budget_sentences(run, *summary_of(run, budget=800_000.0, spend_proposed=700_000.0))[0]
    assert "Spend €700k in place of €638k" in said
    assert "€100k of it is better left unspent" in said


def test_plan_that_moves_nothing_says_so() -> None:
    run = a_run()
    row, plan = summary_of(run)
    assert "nothing needs to move" in budget_sentences(run, row, plan.assign(proposed=plan["current"]))[0]


@pytest.mark.parametrize(
    ("held", "says"), [(4, "too narrow"), (16, "what ranges of 8 in 10 should do"), (20, "could be narrower")]
)
def test_record_is_judged_by_what_chance_would_give(held: int, says: str) -> None:
    backtest = fake_tables()["backtest"]
    one = our_rows(backtest, "bookings").iloc[[0]]
    ours = pd.concat([one] * 20).assign(covered_80=[i < held for i in range(20)])
    assert says in " ".join(record_sentences(a_run(), backtest, ours, None))


def test_record_is_compared_with_the_best_simple_method() -> None:
    backtest = fake_tables()["backtest"]
    ours = our_rows(backtest, "bookings")
    best = best_simple_method(backtest, ours)
    crps = backtest[backtest["metric"] == "bookings"].groupby("model")["crps"].mean()
    assert best == crps.drop("revmodel").idxmin()
    side = "smaller" if crps["revmodel"] < crps[str(best)] else "larger"
    assert side in record_sentences(a_run(), backtest, ours, best)[-1]


def test_what_is_missing_is_named_with_the_table_that_enables_it() -> None:
    no_spend = a_run(inputs=[{"table": "leads", "rows": 1, "digest": "0"}])
    assert "Add a table spend (date, channel, spend)" in missing_sentence(no_spend, "contribution", "The effect")
    assert "'revmodel allocate' adds it" in missing_sentence(a_run(), "allocation", "A better split")


def test_a_test_that_tells_next_to_nothing_is_not_recommended() -> None:
    row = {
        "channel": "events", "regions": 0.5, "weeks": 12, "change": -1.0, "spend_change": -100.0, "lift_mean": -50.0,
        "lift_sd": 9.0, "error": 37.0, "power": 0.4, "value": 85.0, "value_if_exact": 2000.0, "told": 0.0425,
    }  # fmt: skip
    run = a_run()
    run.folder.tables["next_tests"] = pd.DataFrame([row])
    assert next_test_sentence(run).startswith(
        "No test that was tried tells enough to change the plan: Events off in 50 %"
    )
    run.folder.tables["next_tests"] = pd.DataFrame([row | {"value": 1500.0, "told": 0.75}])
    assert next_test_sentence(run).startswith("Events is the channel to test: off in 50 % of regions for 12 weeks.")
    new = row | {"channel": "podcast", "change": 0.5, "weekly_now": 0.0, "spend_change": 6000.0, "told": 0.5}
    run.folder.tables["next_tests"] = pd.DataFrame([new])
    assert "Podcast is the channel to test: on at €500 a week in 50 % of regions for 12 weeks." in next_test_sentence(
        run
    )

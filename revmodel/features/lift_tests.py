"""Lift tests that can inform the response of arrivals to spend, and in a sentence each why others cannot."""

from __future__ import annotations

import pandas as pd

from revmodel.dims import ALL, CHANNEL, LEADS
from revmodel.features.tables import RESPONSE_WEEKS
from revmodel.journeys.reconstruct import Journeys

__all__ = ["MOST_TESTS", "lift_tests"]

COLUMNS = ["name", CHANNEL, "start", "end", "spend_change", "lift", "lift_se"]
MOST_TESTS = 8  # of one channel: the latest; more would say little more, and each costs a pass of the curves
ROUNDING = 1.01  # spend in a test's weeks may be so much short of what it added: weeks here need not be the test's


def lift_tests(journeys: Journeys, spend: pd.DataFrame) -> tuple[pd.DataFrame | None, list[str]]:
    """COLUMNS of the tests that ended by the as-of date and can be used; None where there is no experiments table.

    spend : (week × channel), currency per week, index the weeks' last days. A test without a metric is of leads.
    """
    if "experiments" not in journeys.tables:
        return None, []
    table = journeys.tables["experiments"]
    frame: pd.DataFrame = table.order_by(table.columns).to_pyarrow().to_pandas()
    tests = frame.reindex(columns=[*COLUMNS, "metric", "region"])
    tests = tests.assign(start=pd.to_datetime(tests["start"]), end=pd.to_datetime(tests["end"]))
    tests = tests.sort_values(["end", "name"], kind="stable", ignore_index=True)
    why = pd.Series([_unusable(test, spend) for _, test in tests.iterrows()], dtype=object)
    again = tests.duplicated(["name", CHANNEL, "start", "end", "metric", "region"])
    why[again & (why == "")] = "the table has it more than once, and its first row does"
    usable = tests[why == ""]
    latest = usable.groupby(CHANNEL).tail(MOST_TESTS)
    told = [f"The lift test {name!r} does not inform the response to spend: {reason}"
            for name, reason in zip(tests["name"], why, strict=True) if reason]  # fmt: skip
    told += [f"The lift test {test['name']!r} does not inform the response to spend: {MOST_TESTS} later ones of "
             f"{test[CHANNEL]} do" for _, test in usable.drop(latest.index).iterrows()]  # fmt: skip
    return latest[COLUMNS].reset_index(drop=True), told


def _unusable(test: pd.Series, spend: pd.DataFrame) -> str:
    """Why a test cannot be used and what to do; empty where it can."""
    if pd.notna(test["metric"]) and test["metric"] != LEADS:
        return f"its lift is in {test['metric']!r}, arrivals are counted in leads: give its lift in leads"
    if pd.notna(test["region"]) and test["region"] != ALL:
        return (
            f"it was in {test['region']!r}, and spend is modelled over all regions together: leave region out if its "
            "spend_change and lift are those of the whole company"
        )
    spent = [str(name) for name in spend.columns if spend[name].sum() > 0]
    if test[CHANNEL] not in spent:
        return (
            f"its channel {test[CHANNEL]!r} spends nothing in the history; channels with spend are "
            f"{', '.join(spent) or 'none'}: give it the name that the spend table has"
        )
    if test[["spend_change", "lift", "lift_se"]].isna().any() or test["spend_change"] == 0 or test["lift_se"] <= 0:
        return (
            f"it has spend_change {test['spend_change']:g}, lift {test['lift']:g}, lift_se {test['lift_se']:g}: a "
            "change other than 0 and an error above 0 are wanted"
        )
    weeks = pd.DatetimeIndex(spend.index[-RESPONSE_WEEKS:])
    first = weeks[0] - pd.Timedelta(days=6)
    if test["start"] < first or test["end"] < test["start"]:
        return f"it ran from {test['start']:%Y-%m-%d} to {test['end']:%Y-%m-%d}, the history begins on {first:%Y-%m-%d}"
    within = (weeks >= test["start"]) & (weeks - pd.Timedelta(days=6) <= test["end"])
    there = float(spend[test[CHANNEL]].tail(RESPONSE_WEEKS).to_numpy()[within].sum())
    if test["spend_change"] > ROUNDING * there:
        return (
            f"it says that {test['spend_change']:,.0f} was added, the spend table shows {there:,.0f} in its weeks: "
            "give the change in the currency of spend, against what was spent with it"
        )
    return ""

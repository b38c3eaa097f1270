"""Cohort methods on companies whose conversion is known: chain ladder and mixture cure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from revmodel.evaluate.baselines.chain_ladder import _developed
from revmodel.evaluate.baselines.cohorts import Cohorts, entries_ahead
from revmodel.evaluate.baselines.mixture_cure import _by_age, _laplace, _still_open, _wins_ahead

ENTRIES, SHARE, MEAN_LAG_WEEKS = 60, 0.2, 9.0


def steady(weeks: int = 100, observed_weeks: int = 100, share_lately: float = SHARE, seed: int = 1) -> Cohorts:
    """Sixty journeys a week, a fifth of which win after an exponential time; ``share_lately`` of the last 26 weeks'."""
    rng = np.random.default_rng(seed)
    rows = []
    for began_ago in range(weeks):
        wins = rng.random(ENTRIES) < (share_lately if began_ago < 26 else SHARE)
        ended_ago = began_ago - np.floor(rng.exponential(MEAN_LAG_WEEKS, ENTRIES)).astype(int)
        for won, ended in zip(wins, ended_ago, strict=True):
            closed = won and 0 <= ended < observed_weeks
            if won and ended >= observed_weeks:
                closed = False  # it won before wins were recorded
            rows.append(("all", "advance" if closed else "open", began_ago, float(ended) if closed else np.nan, 1))
    frame = pd.DataFrame(rows, columns=["channel", "outcome", "began_ago", "ended_ago", "n"])
    keys = ["channel", "outcome", "began_ago", "ended_ago"]
    return Cohorts(frame.groupby(keys, dropna=False, as_index=False)["n"].sum(), observed_weeks)


def test_chain_ladder_finds_the_level_of_a_steady_company():
    totals = _developed(steady(), 13, 500, np.random.default_rng(2)).sum(axis=1)
    wanted = ENTRIES * SHARE * 13
    assert totals.mean() == pytest.approx(wanted, rel=0.1)
    assert np.quantile(totals, 0.05) < wanted < np.quantile(totals, 0.95)


def test_chain_ladder_takes_what_was_not_recorded_for_unknown_not_for_nothing():
    totals = _developed(steady(observed_weeks=30), 13, 500, np.random.default_rng(2)).sum(axis=1)
    assert totals.mean() == pytest.approx(ENTRIES * SHARE * 13, rel=0.2)


def test_chain_ladder_follows_cohorts_whose_conversion_rose():
    totals = _developed(steady(share_lately=0.35), 13, 500, np.random.default_rng(2)).sum(axis=1)
    assert totals.mean() > 1.3 * ENTRIES * SHARE * 13


def test_the_cure_model_finds_share_and_time():
    counts = _by_age(steady(), "all", 100)
    drawn = _laplace(counts, _still_open(counts), 400, np.random.default_rng(3))
    share, shape, scale = expit(drawn[:, 0]), np.exp(drawn[:, 1]), np.exp(drawn[:, 2])
    for found, wanted in ((share, SHARE), (shape, 1.0), (scale, MEAN_LAG_WEEKS)):
        low, high = np.quantile(found, [0.005, 0.995])
        assert low < wanted < high
        assert high - low < wanted


def test_the_cure_model_expects_as_many_wins_as_the_company_makes():
    counts = _by_age(steady(), "all", 100)
    still_open = _still_open(counts)
    drawn = _laplace(counts, still_open, 200, np.random.default_rng(3))
    entries = np.full((200, 13), ENTRIES)
    expected = _wins_ahead(counts, still_open, drawn, entries).sum(axis=1)
    assert expected.mean() == pytest.approx(ENTRIES * SHARE * 13, rel=0.1)


def test_entries_ahead_keep_the_recent_level():
    ahead = entries_ahead(np.full(60, 40.0) + np.tile([2.0, -2.0], 30), 13, 300, np.random.default_rng(4))
    assert ahead.sum(axis=1).mean() == pytest.approx(13 * 40, rel=0.05)
    few = entries_ahead(np.array([0.0, 5.0, 7.0, 6.0]), 13, 2000, np.random.default_rng(4))
    assert few.sum(axis=1).mean() == pytest.approx(13 * 18.5 / 3, rel=0.05)

"""Dates to forecast from."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hand_made import AS_OF, features_of

from revmodel.errors import ModelError
from revmodel.evaluate.origins import default_origins


def test_every_origin_has_its_horizon_observed_and_half_of_the_history_before_it():
    features = features_of({"wins": np.ones(100)})
    origins = default_origins(features, horizon_weeks=13, n=5)
    assert len(set(origins)) == 5
    assert origins == sorted(origins)
    assert origins[-1] == AS_OF - dt.timedelta(weeks=13)
    assert origins[0] == AS_OF - dt.timedelta(weeks=49)  # of the 99 whole weeks after the first event


def test_origins_lie_whole_weeks_before_the_as_of_date():
    origins = default_origins(features_of({"wins": np.ones(77)}), horizon_weeks=4, n=4)
    assert all((AS_OF - origin).days % 7 == 0 for origin in origins)


def test_a_single_origin_is_the_latest():
    assert default_origins(features_of({"wins": np.ones(60)}), 13, n=1) == [AS_OF - dt.timedelta(weeks=13)]


def test_the_history_begins_when_the_last_metric_was_first_seen():
    features = features_of({"leads": np.ones(100), "wins": np.ones(41)})
    assert default_origins(features, 8, n=2) == [AS_OF - dt.timedelta(weeks=20), AS_OF - dt.timedelta(weeks=8)]


def test_a_history_too_short_says_how_many_origins_it_holds():
    with pytest.raises(ModelError, match="29 weeks with every metric recorded hold 2 origins"):
        default_origins(features_of({"wins": np.ones(30)}), horizon_weeks=13, n=4)

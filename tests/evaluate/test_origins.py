"""Dates to forecast from."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hand_made import AS_OF, features_of

from revmodel.errors import ModelError
from revmodel.evaluate.origins import rolling_origins


def test_origins_roll_back_from_the_latest_whose_horizon_is_over():
    origins = rolling_origins(features_of({"wins": np.ones(100)}), horizon_weeks=13, every_weeks=4, most=5)
    assert origins == [AS_OF - dt.timedelta(weeks=13 + 4 * step) for step in (4, 3, 2, 1, 0)]


def test_every_origin_has_half_of_the_history_before_it():
    origins = rolling_origins(features_of({"wins": np.ones(100)}), 13, 4, most=50)
    assert origins[0] == AS_OF - dt.timedelta(weeks=49)  # of the 99 whole weeks after the first event
    assert len(origins) == 10


def test_the_history_begins_when_the_last_metric_was_first_seen():
    features = features_of({"leads": np.ones(100), "wins": np.ones(41)})
    assert rolling_origins(features, 8, 12, most=2) == [AS_OF - dt.timedelta(weeks=20), AS_OF - dt.timedelta(weeks=8)]


def test_a_history_without_room_says_what_it_holds():
    with pytest.raises(ModelError, match="19 weeks with every metric recorded hold no origin"):
        rolling_origins(features_of({"wins": np.ones(20)}), 13, 4, most=4)

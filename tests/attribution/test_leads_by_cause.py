"""Leads count as their cause's, whatever name they carry."""

from __future__ import annotations

import numpy as np

from revmodel.attribution.from_model import share_by_cause

ROWS = [("lead", "ads"), ("lead", "direct"), ("deal", "ads"), ("deal", "direct"), ("lead", "fairs")]


def test_records_under_other_names_count_with_their_cause_at_the_stage_where_they_come_in() -> None:
    share = np.array([[[0.5, 0.2, 0.0, 0.1, 0.2]]])
    np.testing.assert_allclose(share_by_cause(share, ["ads"], ROWS), [[[0.9, 0.0, 0.1, 0.0, 0.0]]])
    assert share[0, 0, 1] == 0.2  # what came in is left as it was


def test_a_channel_without_records_of_its_name_at_a_stage_counts_there_as_recorded() -> None:
    share = np.array([[0.5, 0.2, 0.0, 0.1, 0.2], [0.3, 0.2, 0.2, 0.1, 0.2]])
    found = share_by_cause(share, ["tv", "fairs"], ROWS)
    np.testing.assert_allclose(found[0], share[0])
    np.testing.assert_allclose(found[1], [0.0, 0.0, 0.2, 0.1, 0.7])

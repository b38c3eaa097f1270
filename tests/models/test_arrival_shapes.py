"""Arrivals: one compiled model serves many as-of dates, and padding changes no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from simulated_panel import panel_of

from revmodel.features.tables import WeeklyPanel
from revmodel.media.curves import Curves
from revmodel.models.compiled import CompiledModel
from revmodel.models.padding import padded, trimmed
from revmodel.models.response import ChannelResponse, response_model
from revmodel.models.response_data import MAX_WEEKS, response_data
from revmodel.models.sampling import find_mode


def until(panel: WeeklyPanel, weeks: int) -> WeeklyPanel:
    """The panel as it was ``weeks`` weeks after its first."""
    return WeeklyPanel(
        *(frame.iloc[:weeks] for frame in (panel.spend, panel.arrivals, panel.indicators, panel.annotations))
    )


def test_padding_leaves_the_posterior_of_what_is_there_as_it_was() -> None:
    """The same mode and spread of every derived quantity, from the arrays as they are and from the padded ones."""
    data = response_data(panel_of(3, weeks=60), 8, None, {})
    answers = []
    for arrays in (data.arrays, padded(data.arrays, MAX_WEEKS)):
        curves = Curves.of(data.channels, "geometric", "michaelis_menten", {}).lengthened(len(arrays["lagged_spend"]))
        model = CompiledModel(response_model(arrays, curves))
        mode = find_mode(model, arrays)
        variance = np.einsum("ij,ij->i", mode.factor, mode.factor)
        answers.append((trimmed(model.derived(mode.theta[None], arrays), data.sizes), model.unpack(variance[None])))
    (plain, plain_variance), (wide, wide_variance) = answers
    for name, value in plain.items():
        np.testing.assert_allclose(wide[name], value, rtol=2e-3, atol=2e-4, err_msg=name)
    rows = len(data.rows)
    for name in ("z_level", "own_step", "log_size"):
        np.testing.assert_allclose(wide_variance[name][:, :rows], plain_variance[name], rtol=5e-3, err_msg=name)


def test_all_as_of_dates_of_a_company_share_one_compiled_model() -> None:
    panel = panel_of(4)
    fits = {}
    for weeks in (70, 88, 104):
        fits[weeks] = ChannelResponse(engine="laplace", draws=50, seed=1, max_lag_weeks=6).fit(until(panel, weeks))
    shapes = [key for key in ChannelResponse._compiled if (7,) in key]  # seven lags: no other array is so long
    assert len(shapes) == 1
    assert [len(fit.data_.weeks) for fit in fits.values()] == [70, 88, 104]
    assert [fit.derived_["caused"].shape[-1] for fit in fits.values()] == [70, 88, 104]
    assert pd.Timestamp(fits[70].data_.weeks[-1]) == panel.weeks[69]

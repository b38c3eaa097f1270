"""Past forecasts made beside the fit: the same as made afterwards, silent until asked for, errors where asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from revmodel.errors import ModelError
from revmodel.workflows import past_beside
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.past_beside import PastForecasts, past_dates


@pytest.fixture
def company(real_run, tmp_path) -> FittedCompany:
    config = real_run.fitted.config
    forecast = config.forecast.model_copy(update={"calibrate": True, "past_origins": 2})
    return replace(real_run.fitted, config=config.model_copy(update={"forecast": forecast, "reports": str(tmp_path)}))


def test_begun_beside_or_made_when_asked_for_they_are_the_same(company, tmp_path):
    beside = PastForecasts(2)
    beside.begin(company)
    said: list[str] = []
    ours = beside.of(company, said.append)
    other = replace(company, config=company.config.model_copy(update={"reports": str(tmp_path / "other")}))
    alone = PastForecasts(1)
    alone.begin(other)
    assert alone._made is None
    theirs = alone.of(other)
    assert [one.origin for one in ours] == [one.origin for one in theirs] == past_dates(company)
    for one, two in zip(ours, theirs, strict=True):
        for metric, methods in one.quantiles.items():
            for method, fan in methods.items():
                np.testing.assert_array_equal(fan, two.quantiles[metric][method])
    assert not said or "past forecasts" in said[-1]


def test_a_run_that_does_not_learn_from_its_past_begins_nothing(company):
    plain = company.config.forecast.model_copy(update={"calibrate": False})
    beside = PastForecasts(2)
    beside.begin(replace(company, config=company.config.model_copy(update={"forecast": plain})))
    assert beside._made is None


def test_what_goes_wrong_beside_is_raised_where_the_forecasts_are_asked_for(company, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ModelError("a kept forecast is damaged: delete it")

    monkeypatch.setattr(past_beside, "past_forecasts", broken)
    beside = PastForecasts(2)
    beside.begin(company)
    with pytest.raises(ModelError, match="damaged"):
        beside.of(company)

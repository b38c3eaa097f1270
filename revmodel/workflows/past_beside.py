"""What a run combines its fit with, made while it fits: simple methods today, and every method at past dates."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import numpy.typing as npt

from revmodel.evaluate.at_origin import weekly_answers
from revmodel.evaluate.baselines import BASELINES
from revmodel.evaluate.combine import PRIOR_WEIGHTS
from revmodel.evaluate.fans import OriginFans
from revmodel.evaluate.forecaster import BacktestInput
from revmodel.evaluate.origins import rolling_origins
from revmodel.journeys.as_of import as_of as cut_as_of
from revmodel.workflows.backtest import EVERY_WEEKS, HORIZONS, past_forecasts
from revmodel.workflows.fitted import PreparedCompany
from revmodel.workflows.parts import quarters_ahead

__all__ = ["PastForecasts", "past_dates", "simple_answers"]

Say = Callable[[str], None]
Answers = Mapping[str, Mapping[str, npt.NDArray[np.float64]]]
DRAWS = 400


def past_dates(company: PreparedCompany) -> list[dt.date]:
    """The dates to learn from, oldest first. Raises ModelError: the company is too young for any."""
    return rolling_origins(company.features, EVERY_WEEKS, EVERY_WEEKS, company.config.forecast.past_origins)


def simple_answers(company: PreparedCompany) -> Answers:
    """metric → method → (draw, week), as of today, of every simple method that may have a weight."""
    known = cut_as_of(company.data.tables, company.as_of)
    weeks = quarters_ahead(company)
    data = BacktestInput(known, company.config, company.features, weeks, DRAWS, company.config.seed)
    simple = {name: BASELINES[name] for name in PRIOR_WEIGHTS if name in BASELINES}
    return weekly_answers(data, simple)[0]


class PastForecasts:
    """Forecasts of the past, which teach, and of simple methods today, which are combined: neither waits for a fit.

    jobs : processes at most; with one, nothing runs beside the fit, and all is made when it is asked for.
    """

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs
        self._made: Future[list[OriginFans]] | None = None
        self._today: Future[Answers] | None = None
        self._free = threading.Event()  # set once this process has nothing else to do than to wait for forecasts
        self._say: Say = lambda _: None  # nothing is told while the fit has the word
        self._latest = ""

    def begin(self, company: PreparedCompany) -> None:
        """Start, unless the run does not learn from its past or there is only one process."""
        if not company.config.forecast.calibrate or self.jobs == 1:
            return
        self._today, self._made = Future(), Future()
        work = ((self._today, simple_answers), (self._made, self._forecasts))
        # A daemon: a run that fails or is stopped does not wait for forecasts that nobody will read.
        threading.Thread(target=_make, args=(company, work), daemon=True).start()

    def today(self, company: PreparedCompany) -> Answers:
        """metric → simple method → (draw, week) as of today, made now where it was not begun."""
        return simple_answers(company) if self._today is None else self._today.result()

    def of(self, company: PreparedCompany, progress: Say | None = None) -> list[OriginFans]:
        """The forecasts, oldest first, made now where they were not begun. Raises what went wrong while they were."""
        self._say = progress or self._say
        if self._made is None:
            return self._forecasts(company)
        self._free.set()
        if self._latest and not self._made.done():
            self._say(self._latest)
        return self._made.result()

    def _forecasts(self, company: PreparedCompany) -> list[OriginFans]:
        free = None if self._made is None else self._free
        return past_forecasts(company, past_dates(company), HORIZONS, jobs=self.jobs, free=free, progress=self._tell)

    def _tell(self, sentence: str) -> None:
        self._latest = sentence
        self._say(sentence)


def _make(company: PreparedCompany, work: Sequence[tuple[Future[Any], Callable[[PreparedCompany], Any]]]) -> None:
    """One after the other: they read through one connection."""
    for made, how in work:
        try:
            made.set_result(how(company))
        except BaseException as error:  # raised where the result is asked for
            made.set_exception(error)

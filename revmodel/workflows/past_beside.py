"""What a run learns from, made while it fits: what every method would have forecast at past dates."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import Future

from revmodel.evaluate.fans import OriginFans
from revmodel.evaluate.origins import rolling_origins
from revmodel.workflows.backtest import EVERY_WEEKS, HORIZONS, past_forecasts
from revmodel.workflows.fitted import PreparedCompany

__all__ = ["PastForecasts", "past_dates"]

Say = Callable[[str], None]


def past_dates(company: PreparedCompany) -> list[dt.date]:
    """The dates to learn from, oldest first. Raises ModelError: the company is too young for any."""
    return rolling_origins(company.features, EVERY_WEEKS, EVERY_WEEKS, company.config.forecast.past_origins)


class PastForecasts:
    """Forecasts of the past, which teach and do not wait for a fit.

    jobs : processes at most; with one, nothing runs beside the fit, and all is made when it is asked for.
    """

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs
        self._made: Future[list[OriginFans]] | None = None
        self._free = threading.Event()  # set once this process has nothing else to do than to wait for forecasts
        self._say: Say = lambda _: None  # nothing is told while the fit has the word
        self._latest = ""

    def begin(self, company: PreparedCompany) -> None:
        """Start, unless the run does not learn from its past or there is only one process."""
        if not company.config.forecast.calibrate or self.jobs == 1:
            return
        self._made = Future()
        # A daemon: a run that fails or is stopped does not wait for forecasts that nobody will read.
        threading.Thread(target=self._make, args=(company, self._made), daemon=True).start()

    def of(self, company: PreparedCompany, progress: Say | None = None) -> list[OriginFans]:
        """The forecasts, oldest first, made now where they were not begun. Raises what went wrong while they were."""
        self._say = progress or self._say
        if self._made is None:
            return self._forecasts(company)
        self._free.set()
        if self._latest and not self._made.done():
            self._say(self._latest)
        return self._made.result()

    def _make(self, company: PreparedCompany, made: Future[list[OriginFans]]) -> None:
        try:
            made.set_result(self._forecasts(company))
        except BaseException as error:  # raised where the forecasts are asked for
            made.set_exception(error)

    def _forecasts(self, company: PreparedCompany) -> list[OriginFans]:
        free = None if self._made is None else self._free
        return past_forecasts(company, past_dates(company), HORIZONS, jobs=self.jobs, free=free, progress=self._tell)

    def _tell(self, sentence: str) -> None:
        self._latest = sentence
        self._say(sentence)

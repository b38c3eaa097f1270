"""Public holidays of a country, for whatever the calendar moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container

import pandas as pd

from revmodel.errors import ModelError

__all__ = ["public_holidays"]


def public_holidays(country: str, days: pd.DatetimeIndex) -> Container[dt.date]:
    """The holidays of the years of ``days`` and of the year on either side. country: an ISO code.

    Raises ModelError: there is no calendar for the country.
    """
    import holidays

    try:
        return holidays.country_holidays(country, years=range(days.min().year - 1, days.max().year + 2))  # type: ignore[no-any-return]
    except NotImplementedError as error:
        raise ModelError(f"no holiday calendar for {country!r}: give an ISO code such as 'DE' or 'US'") from error

"""A weekly panel, checked: what came in, what was spent and shown, and what else happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import EmptyTableError, MissingColumnError, SourceError
from revmodel.mix.mix_config import MixConfig
from revmodel.models.calendar_columns import days_lost

__all__ = [
    "ALL", "COUNTING", "MIN_WEEKS", "MixPanel", "dates_of", "mix_panel", "numbers_of", "read_panel", "read_table",
    "require_columns",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
MIN_WEEKS = 52  # below a year neither a season nor a slow carry-over can be told from the baseline
ALL = "all"
COUNTING = ("poisson", "negative_binomial")  # kinds of noise of a KPI that counts
HOLIDAYS, YEAR_END, QUARTER_END = "holidays", "year end", "quarter end"
PUSH_DAYS = 14  # before the end of a quarter in which deals and campaigns are pushed


@dataclass(frozen=True)
class MixPanel:
    """weeks: the day each week's row is dated. regions: at least one ("all").

    kpi : (region, week), in its own unit. value : (region, week), money that a unit is worth.
    cost : (channel, region, week), money; NaN throughout for an organic channel. acts : (channel, region, week), what
    the response is to: exposure or reach where there is one, else cost. frequency : (channel by reach, region, week),
    contacts a person reached. mediators : (mediator, region, week). other : (column, region, week), controls and events
    by name in other_names, of which the first ``controls`` are controls.
    """

    weeks: pd.DatetimeIndex
    regions: tuple[str, ...]
    channels: tuple[str, ...]
    kpi: Floats
    value: Floats
    cost: Floats
    acts: Floats
    frequency: Floats
    mediators: Floats
    other: Floats
    other_names: tuple[str, ...]
    controls: int

    @property
    def paid(self) -> npt.NDArray[np.bool_]:
        """(channel,): whether it costs money."""
        return np.asarray(~np.isnan(self.cost).all(axis=(1, 2)))

    @property
    def unit_cost(self) -> Floats:
        """(channel,): money per unit of what acts, over the whole history; NaN for an organic channel."""
        acts = self.acts.sum((1, 2))
        out = np.full(len(acts), np.nan)
        return np.asarray(np.divide(self.cost.sum((1, 2)), acts, out=out, where=acts > 0))


def read_panel(config: MixConfig) -> pd.DataFrame:
    """The file that the config names. Raises SourceError: see ``read_table``."""
    return read_table(config.resolve(config.data))


def read_table(path: Path) -> pd.DataFrame:
    """A CSV or Parquet file. Raises SourceError: it is not there or is neither."""
    if not path.is_file():
        raise SourceError(f"no file at {path}: give the path of a CSV or Parquet file (from the config's folder)")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix in (".csv", ".gz"):
        return pd.read_csv(path)
    raise SourceError(f"{path.name} is neither .csv nor .parquet: export it as one of them")


def mix_panel(frame: pd.DataFrame, config: MixConfig, ahead: MixPanel | None = None) -> MixPanel:
    """Columns of ``frame``, one row a week and region, as arrays.

    ahead : the panel whose future this is: any number of weeks, the same regions and events, channels may rest.

    Raises MissingColumnError, EmptyTableError; SourceError: weeks are missing, doubled or not seven days apart, a
    number is missing or negative where it cannot be, a channel never acts, a KPI that is to count does not, a frequency
    is below one where people were reached.
    """
    _require(frame, config, () if ahead is not None else tuple(each.column for each in config.mediators.values()))
    dates = dates_of(frame[config.date], config.date)
    region = frame[config.region].astype(str) if config.region else pd.Series(ALL, index=frame.index)
    at = pd.MultiIndex.from_arrays([region, dates])
    weeks, regions = _grid(at, config, MIN_WEEKS if ahead is None else 1)
    if ahead is not None and set(regions) != set(ahead.regions):
        raise SourceError(f"the plan is for {', '.join(regions)}: wanted {', '.join(ahead.regions)}")
    regions = regions if ahead is None else ahead.regions

    def column(name: str, negative: bool = False) -> Floats:
        numbers = numbers_of(frame[name], name, dates, negative)
        return _wide(numbers, at, weeks, regions)

    shape = (len(regions), len(weeks))
    value = config.kpi_value
    worth = column(value) if isinstance(value, str) else np.full(shape, float(value))
    cost = [np.full(shape, np.nan) if each.cost is None else column(each.cost) for each in config.channels.values()]
    acts = [column(str(each.acting or each.cost)) for each in config.channels.values()]
    frequency = [
        _frequency(column(str(each.frequency)), acts[i], str(each.frequency), weeks)
        for i, each in enumerate(config.channels.values())
        if each.frequency is not None
    ]
    mediators = [] if ahead is not None else [column(each.column) for each in config.mediators.values()]
    idle = [name for name, what in zip(config.channels, acts, strict=True) if not what.any()]
    if idle and ahead is None:
        raise SourceError(f"{', '.join(idle)} never did anything in this history: leave it out of channels")
    controls = {name: column(name, negative=True) for name in config.controls}
    events = _events(frame, at, config, weeks, regions)
    if ahead is not None:
        still = np.zeros(shape)
        events = {name: events.get(name, still) for name in ahead.other_names[ahead.controls :]}
    other = {**controls, **events}
    kpi = column(config.kpi, negative=True)
    if config.noise in COUNTING and ahead is None:
        _must_count(kpi, config, weeks)

    def stacked(parts: list[Floats]) -> Floats:
        return np.stack(parts) if parts else np.zeros((0, *shape))

    return MixPanel(
        weeks, regions, tuple(config.channels), kpi, worth, np.stack(cost), np.stack(acts), stacked(frequency),
        stacked(mediators), stacked(list(other.values())), tuple(other), len(controls),
    )  # fmt: skip


def _must_count(kpi: Floats, config: MixConfig, weeks: pd.DatetimeIndex) -> None:
    wrong = (kpi < 0) | (kpi != np.round(kpi))
    if wrong.any():
        region, week = np.argwhere(wrong)[0]
        raise SourceError(
            f"column {config.kpi} is {kpi[region, week]:g} in the week of {weeks[week]:%Y-%m-%d} ({wrong.sum()} such "
            f"rows): {config.noise} noise wants whole numbers from 0 on; give the counts themselves, or noise normal"
        )


def _frequency(frequency: Floats, reach: Floats, name: str, weeks: pd.DatetimeIndex) -> Floats:
    wrong = (reach > 0) & (frequency < 1)
    if wrong.any():
        region, week = np.argwhere(wrong)[0]
        raise SourceError(
            f"column {name} is {frequency[region, week]:g} in the week of {weeks[week]:%Y-%m-%d}, in which people were "
            "reached: whoever is reached has at least one contact; give impressions ÷ people reached"
        )
    return frequency


def _require(frame: pd.DataFrame, config: MixConfig, mediators: tuple[str, ...]) -> None:
    channels = [name for each in config.channels.values() for name in (each.cost, each.acting, each.frequency)]
    value = config.kpi_value if isinstance(config.kpi_value, str) else None
    wanted = [config.date, config.kpi, config.region, value, config.events, *config.controls, *channels, *mediators]
    require_columns(frame, {name for name in wanted if name is not None})


def require_columns(frame: pd.DataFrame, wanted: set[str]) -> None:
    """Raises MissingColumnError, and EmptyTableError where there are no rows."""
    missing = sorted(wanted - set(frame.columns))
    if missing:
        raise MissingColumnError(
            f"the panel has no column {', '.join(missing)}; its columns are {', '.join(map(str, frame.columns))}: mend "
            "the names"
        )
    if frame.empty:
        raise EmptyTableError("the panel has no rows: give a file with at least one row a week")


def dates_of(column: pd.Series, name: str) -> pd.DatetimeIndex:
    try:
        dates = pd.DatetimeIndex(pd.to_datetime(column, format="ISO8601"))
    except (ValueError, TypeError) as error:
        read = pd.to_datetime(column, format="ISO8601", errors="coerce")
        bad = np.flatnonzero(read.isna() & column.notna())
        said = f"{column.iloc[bad[0]]!r} in row {bad[0] + 1}" if bad.size else "dates of several kinds"
        raise SourceError(
            f"column {name} holds {said}, which is not a date written as 2026-09-30: write all of them so"
        ) from error
    if dates.isna().any():
        raise SourceError(f"column {name} is empty in {int(np.sum(dates.isna()))} rows: every row needs its week")
    return dates


def _grid(at: pd.MultiIndex, config: MixConfig, fewest: int) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    """Weeks and regions of a panel that has each once."""
    if at.has_duplicates:
        region, week = at[at.duplicated()][0]
        hint = "" if config.region else "; name the column of regions as 'region' if there are several"
        raise SourceError(f"the week of {week:%Y-%m-%d} comes twice for {region}: wanted one row a week{hint}")
    weeks, regions = pd.DatetimeIndex(sorted(at.unique(1))), tuple(dict.fromkeys(at.get_level_values(0)))
    steps = np.diff(weeks.to_numpy()) / np.timedelta64(1, "D")
    if len(weeks) < fewest:
        raise SourceError(f"{len(weeks)} weeks came, at least {fewest} are wanted: load more history")
    if (steps != 7).any():
        first = int(np.argmax(steps != 7))
        raise SourceError(
            f"after {weeks[first]:%Y-%m-%d} comes {weeks[first + 1]:%Y-%m-%d}, {steps[first]:.0f} days later: wanted a "
            "row every 7 days; sum days to weeks, and fill weeks without activity with zeros"
        )
    if len(at) != len(weeks) * len(regions):
        counts = pd.Series(at.get_level_values(0)).value_counts()
        short = str(counts.idxmin())
        raise SourceError(
            f"{short} has {counts.min()} of {len(weeks)} weeks: wanted every week for every region, with zeros where "
            "nothing happened"
        )
    return weeks, regions


def _wide(numbers: Floats, at: pd.MultiIndex, weeks: pd.DatetimeIndex, regions: tuple[str, ...]) -> Floats:
    """(region, week) of numbers that stand one a row."""
    full = pd.MultiIndex.from_product([regions, weeks])
    return np.asarray(pd.Series(numbers, index=at).reindex(full).to_numpy(float).reshape(len(regions), len(weeks)))


def numbers_of(column: pd.Series, name: str, dates: pd.DatetimeIndex, negative: bool) -> Floats:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
    bad = ~np.isfinite(numbers)
    if bad.any():
        first = int(np.argmax(bad))
        raise SourceError(
            f"column {name} holds {column.iloc[first]!r} in the week of {dates[first]:%Y-%m-%d} ({bad.sum()} such "
            "rows): wanted a number; write 0 where nothing was spent or came in"
        )
    if not negative and (numbers < 0).any():
        first = int(np.argmax(numbers < 0))
        raise SourceError(
            f"column {name} is {numbers[first]:g} in the week of {dates[first]:%Y-%m-%d}: what is spent, shown or "
            "worth cannot be below zero; put credits into the week they correct"
        )
    return np.asarray(numbers)


def _events(
    frame: pd.DataFrame, at: pd.MultiIndex, config: MixConfig, weeks: pd.DatetimeIndex, regions: tuple[str, ...]
) -> dict[str, Floats]:
    """Columns of ones where an event was, by name, and what the calendar does to any business: shares of a week's days.

    Offices are empty from Christmas Eve to 2 January, and quarters end with a push; budgets rest or swell in the same
    weeks, and would get the credit.
    """
    found: dict[str, Floats] = {}
    if config.events is not None:
        words = frame[config.events].fillna("").astype(str).str.strip()
        nothing = {word.lower() for word in config.none_words}
        for name in sorted({word for word in words if word.lower() not in nothing}):
            found[f"event: {name}"] = _wide(np.asarray(words == name, float), at, weeks, regions)
    found[YEAR_END] = np.tile(_share_of_days(weeks, _is_year_end), (len(regions), 1))
    found[QUARTER_END] = np.tile(_share_of_days(weeks, _is_quarter_end), (len(regions), 1))
    if config.holidays_country is not None:
        lost = days_lost(weeks + pd.Timedelta(days=6), config.holidays_country)
        found[HOLIDAYS] = np.tile(lost, (len(regions), 1))
    return found


def _share_of_days(weeks: pd.DatetimeIndex, holds: Callable[[pd.DatetimeIndex], npt.NDArray[np.bool_]]) -> Floats:
    """(week,): of the seven days from each week's own, the share for which it holds."""
    return np.mean([holds(weeks + pd.Timedelta(days=day)) for day in range(7)], axis=0)


def _is_year_end(days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    month, day = days.month.to_numpy(), days.day.to_numpy()
    return np.asarray(((month == 12) & (day >= 24)) | ((month == 1) & (day <= 2)))


def _is_quarter_end(days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    left = (days + pd.offsets.QuarterEnd(0) - days).days.to_numpy()
    return np.asarray(left < PUSH_DAYS)

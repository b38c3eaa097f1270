"""A scenario as a small YAML file: a name, and moves of the current plan."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from pydantic import Field, model_validator

from revmodel.config import read_config
from revmodel.errors import ConfigError
from revmodel.source_config import Frozen

__all__ = ["CURRENT", "EVERY_CHANNEL", "Capacity", "Move", "Scenario", "read_scenarios"]

CURRENT = "current plan"
EVERY_CHANNEL = "all"
_KINDS = ("times", "per_week", "at_most_per_week", "to")


class Move(Frozen):
    """What changes for a channel or some ("all": every one), in a fiscal quarter, between two days, or throughout.

    times : the plan, so many times. per_week : this much a week in place of the plan. at_most_per_week : the plan, but
    never more than this a week. to with share : that share of the plan goes to another channel.
    """

    channel: str | list[str]
    times: float | None = Field(None, ge=0)
    per_week: float | None = Field(None, ge=0)
    at_most_per_week: float | None = Field(None, ge=0)
    to: str | None = None
    share: float | None = Field(None, gt=0, le=1)
    quarter: str | None = Field(None, pattern=r"^\d{4}Q[1-4]$")
    start: dt.date | None = None
    end: dt.date | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Move:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            came = " and ".join(given) if given else "none of them"
            raise ValueError(f"a move says one of {', '.join(_KINDS)}; came {came}")
        if (self.to is None) != (self.share is None):
            raise ValueError("'to' and 'share' go together: the channel that gets the money, and how much of the plan")
        if self.quarter is not None and (self.start is not None or self.end is not None):
            raise ValueError("a move has a quarter, or a start and an end, not both")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"the start {self.start} is later than the end {self.end}")
        if not self.channels:
            raise ValueError("a move names no channel: name one, a list, or 'all'")
        return self

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it is about, as named."""
        return (self.channel,) if isinstance(self.channel, str) else tuple(self.channel)


class Capacity(Frozen):
    """How many records sales takes on at a stage: entries into it a week; the others wait, first in, first out.

    It is assumed, not learned, and holds from the first week on in every week looked at.
    """

    stage: str
    per_week: float = Field(gt=0)


class Scenario(Frozen):
    """A named plan: moves of the current plan, none of which touches the same channel on the same day as another.

    capacity : at one stage, since a second line behind a first would need to know how long work in between takes.

    why : a sentence for the reader. leaves_out : what is meant but cannot be said in spend, one sentence each; it
    travels to the page, so that nobody takes the numbers for the whole.
    """

    name: str = Field(min_length=1, max_length=60)
    why: str = ""
    moves: list[Move] = Field(default_factory=list)
    capacity: Capacity | None = None
    leaves_out: list[str] = Field(default_factory=list)
    root: Path = Field(default=Path("."), exclude=True)  # the folder of the file
    text: str = Field(default="", exclude=True)  # the file as it was read

    @model_validator(mode="after")
    def _changes_something(self) -> Scenario:
        if not self.moves and self.capacity is None:
            raise ValueError("it changes nothing: give moves: of spend, a capacity: of sales, or both")
        return self

    @property
    def file_name(self) -> str:
        """A name for the file in a run's folder."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_") + ".yaml"


def read_scenarios(paths: list[Path]) -> list[Scenario]:
    """The scenarios of files, in that order.

    Raises ConfigError: a file that is missing or no scenario, two of one name, or one named like the current plan.
    """
    if not paths:
        raise ConfigError("no scenario came: name one or more YAML files, such as configs/scenarios/*.yaml")
    read = []
    for path in paths:
        found = read_config(path, Scenario, "name, moves or capacity")
        read.append(found.model_copy(update={"text": path.read_text(encoding="utf-8")}))
    seen = {CURRENT: "the plan that all are compared with"}
    for path, one in zip(paths, read, strict=True):
        for name in {one.name, one.file_name}:
            if name in seen:
                raise ConfigError(
                    f"{path} is named {one.name!r}, as is {seen[name]}: give each scenario a name of its own"
                )
            seen[name] = str(path)
    return read

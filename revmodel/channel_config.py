"""What configs say of a channel wherever one is named: families of its curves, and beliefs as ranges."""

from __future__ import annotations

import math

from pydantic import Field, model_validator

from revmodel.errors import ConfigError
from revmodel.source_config import Frozen

__all__ = ["NINETY", "CurvesConfig", "RangeConfig"]

NINETY = 2 * 1.6448536  # standard deviations between the ends of nine chances in ten


class RangeConfig(Frozen):
    """What is believed before the data speak: nine chances in ten that it lies between low and high."""

    low: float = Field(gt=0)
    high: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> RangeConfig:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} and high {self.high:g}: wanted low below high, both above 0")
        return self

    @property
    def log_mean(self) -> float:
        """Mean of the logarithm, taken to be normal."""
        return math.log(self.low * self.high) / 2

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm."""
        return math.log(self.high / self.low) / NINETY


class CurvesConfig(Frozen):
    """Families of one channel's curves (revmodel.media); what is left out is as for all channels."""

    carry_over: str | None = None
    saturation: str | None = None

    @model_validator(mode="after")
    def _known(self) -> CurvesConfig:
        from revmodel.media import CarryOver, Saturation

        for kind, name in ((CarryOver, self.carry_over), (Saturation, self.saturation)):
            if name is not None:
                try:
                    kind.named(name)
                except ConfigError as error:
                    raise ValueError(str(error)) from error
        return self

    def chosen(self) -> dict[str, str]:
        """What is given, by kind."""
        given: dict[str, str] = self.model_dump(exclude_none=True, include={"carry_over", "saturation"})
        return given

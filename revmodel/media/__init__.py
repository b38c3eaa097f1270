"""How spend works over time: carry-over into later weeks, and saturation, as families that can be chosen and added.

family       parameters with priors, and the register of families by name
carry_over   how the effect of a week's spend is spread over the weeks after it
saturation   how the effect of more spend falls off
lags         spend of this and of past weeks side by side

A family of one's own, ten lines:

    from revmodel.media import CarryOver, Parameter, register
    from revmodel.media.family import HALF_LIFE

    def two_weeks(lags, half_life_weeks):
        return 1.0 * (lags < 2) + 0.0 * half_life_weeks[..., None]

    register(CarryOver("two_weeks", (HALF_LIFE,), two_weeks))
"""

from revmodel.media.carry_over import CARRY_OVERS, CarryOver
from revmodel.media.family import Parameter, register
from revmodel.media.saturation import SATURATIONS, Saturation

__all__ = ["CARRY_OVERS", "SATURATIONS", "CarryOver", "Parameter", "Saturation", "register"]

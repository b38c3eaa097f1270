"""The response surface of a media mix: what each channel's spend of a window brings, in every posterior draw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from revmodel.decide.periods import LineResponse, PeriodSurface, pace_of, totals_of
from revmodel.decide.surface import Floats, ResponseSurface, last_weeks
from revmodel.errors import ModelError
from revmodel.media import Saturation
from revmodel.mix.media_mix import MediaMix

__all__ = ["YEAR_WEEKS", "mix_periods", "mix_surface", "spend_now"]

YEAR_WEEKS = 52


def spend_now(mix: MediaMix, weeks: int, of_last: int = YEAR_WEEKS) -> Floats:
    """(line, week): mean weekly spend of the last ``of_last`` weeks, held for ``weeks``; lines as in mix_periods."""
    paid = _paid(mix)
    recent = mix.panel_.cost[paid][..., -of_last:].mean(2).reshape(-1)
    return np.repeat(recent[:, None], weeks, axis=1)


def mix_periods(
    mix: MediaMix, spend: Floats, period_of: npt.NDArray[np.intp] | None = None, *, most: float = 2.0,
    value: float | Mapping[str, float] | None = None,
) -> PeriodSurface:  # fmt: skip
    """Gain by channel, region and period in the window after the panel, carry-over beyond it included.

    spend : (line, week), the plan that is in force, one line a paid channel and region, regions within channels
    period_of : (week,), into which periods the window is parted; by default one period
    most : up to how many times its present spend a line may be asked about
    value : money that a unit of the KPI brings, by region where it differs; by default the panel's last year
    Lines are named after channels, and "channel, region" where there are several regions.
    """
    panel, arrays, draws = mix.panel_, mix.arrays_, mix.draws_
    basis, paid, weeks = arrays.basis, _paid(mix), spend.shape[1]
    regions = panel.regions
    if spend.shape[0] != paid.size * len(regions):
        raise ModelError(f"spend came for {spend.shape[0]} lines, wanted {paid.size} channels × {len(regions)} regions")
    period_of = np.zeros(weeks, dtype=np.intp) if period_of is None else period_of
    curves = draws.response.curves
    weights = curves.weights(arrays.data["lags"], draws.values)
    worth, pace, lines, current = _value(mix, value), pace_of(spend, period_of), [], []
    effects = weeks + weights.shape[2] - 1
    for k, c in enumerate(paid):
        family = Saturation.named(curves.saturation[c])
        for r, region in enumerate(regions):
            weekly = spend[k * len(regions) + r]
            by_period = np.bincount(period_of, weekly)
            height = draws.height[:, c] * draws.regional[:, c, r] * basis.scale[r] * worth[r]
            name, cost = panel.channels[c], float(panel.unit_cost[c])
            lines.append(
                LineResponse(
                    name=name if len(regions) == 1 else f"{name}, {region}",
                    channel=name,
                    carry=weights[:, c],
                    before=panel.acts[c, r] * cost,
                    unit=float(basis.size[r] * basis.act_scale[c]) * cost,
                    saturation=family.name,
                    values={one: of[:, c] for one, of in family.taken(draws.values).items()},
                    worth=np.repeat(height[:, None], effects, axis=1),
                    pace=pace[k * len(regions) + r],
                    most=most * by_period,
                )
            )
            current.append(by_period)
    first = int((period_of == 0).sum())
    spent = last_weeks(panel.cost[paid].reshape(len(lines), -1), first)
    return PeriodSurface(tuple(lines), period_of, np.stack(current), spent)


def mix_surface(
    mix: MediaMix, spend: Floats, *, most: float = 2.0, points: int = 41,
    value: float | Mapping[str, float] | None = None,
) -> ResponseSurface:  # fmt: skip
    """The same by totals of the window, the pace of ``spend`` kept; for any curve, S-shaped ones included."""
    return totals_of(mix_periods(mix, spend, most=most, value=value), points)


def _paid(mix: MediaMix) -> npt.NDArray[np.intp]:
    response, names = mix.draws_.response, mix.panel_.channels
    for places, why in (
        (response.by_reach, "is given by reach and frequency, and money does not say how it falls on the two"),
        (response.drifting, "has an effect that drifts, and what it will be in the window is not known"),
    ):
        if places:
            raise ModelError(f"no budget can be planned: {', '.join(names[i] for i in places)} {why}")
    paid = np.flatnonzero(mix.panel_.paid)
    if not paid.size:
        raise ModelError("no channel of the mix has a cost: there is no budget to plan")
    return paid


def _value(mix: MediaMix, value: float | Mapping[str, float] | None) -> Floats:
    """(region,) money by unit of the KPI."""
    regions = mix.panel_.regions
    if value is None:
        return np.asarray(mix.panel_.value[:, -YEAR_WEEKS:].mean(1))
    if isinstance(value, Mapping):
        missing = [region for region in regions if region not in value]
        if missing:
            raise ModelError(f"no value of a unit is given for {', '.join(missing)}")
        return np.array([value[region] for region in regions])
    return np.full(len(regions), float(value))

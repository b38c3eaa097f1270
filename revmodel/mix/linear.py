"""The baseline's coefficients drawn given all else, where noise is normal: b ~ Normal(A⁻¹ c, A⁻¹), as in
mix/likelihood.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from revmodel.mix.arrays import GRAMS

__all__ = ["Said", "drawn_linear", "said_by_followers"]

Floats = npt.NDArray[np.float64]
Said = tuple[Floats, Floats]  # precision of the coefficients, and precision times what is said


def drawn_linear(
    data: dict[str, Floats], rest: Floats, sigma: Floats, echo: Floats, scale_of: Callable[[int], Floats],
    noise: Floats, others: Callable[[int], Iterable[Said]] = lambda _: (),
) -> Floats:  # fmt: skip
    """(draw, column). rest : (draw, region × week), what the linear part has to explain; sigma, echo : (draw,).

    scale_of : the columns' prior sds in a draw. noise : (draw, column), standard normal. others: what other series of
    the same linear part say in a draw.
    """
    seen = _kept(rest, data["pair"], data["first"], echo[:, None]) @ data["design"]
    linear = np.empty_like(noise)
    for i in range(len(linear)):
        scale = scale_of(i)
        gram, said = _gram_of(data, echo[i]) / sigma[i] ** 2, seen[i] / sigma[i] ** 2
        for more, also in others(i):
            gram, said = gram + more, said + also
        factor = np.linalg.cholesky(np.eye(len(scale)) + scale[:, None] * gram * scale)
        half = solve_triangular(factor, scale * said, lower=True)
        linear[i] = scale * solve_triangular(factor.T, half + noise[i], lower=False)
    return linear


def said_by_followers(data: dict[str, Floats], follow: Floats, noise: Floats, echo: Floats) -> list[Said]:
    """What each channel that follows demand says of the linear part. follow, noise, echo : (follower,), of one draw."""
    found = []
    for i, y in enumerate(data["follow_y"]):
        by = 1 + data["is_shared"] * (follow[i] - 1)
        variance = noise[i] ** 2
        kept = _kept(y, data["follow_pair"], data["follow_first"], echo[i])
        gram = _gram_of({name: data[f"follow_{name}"][i] for name in GRAMS}, echo[i])
        found.append((by[:, None] * gram * by / variance, by * (kept @ data["follow_design"][i]) / variance))
    return found


def _kept(series: Floats, pair: Floats, first: Floats, echo: Floats | float) -> Floats:
    """R⁻¹ times a series, (…, region × week), up to the variance of a week's news (mix/likelihood.py)."""
    news = pair * (series - echo * np.roll(series, 1, axis=-1))
    return np.asarray(news + (1 - echo**2) * first * series - echo * np.roll(news, -1, axis=-1))


def _gram_of(grams: dict[str, Floats], echo: float) -> Floats:
    """X'R⁻¹X up to the variance of a week's news (mix/likelihood.py)."""
    now, before, both, first = (grams[name] for name in GRAMS)
    return np.asarray(now - echo * both + echo**2 * before + (1 - echo**2) * first)

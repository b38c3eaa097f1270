"""Records in, deals out: the funnel's time to close as one sum over weeks.

A kernel says of one record created in week 0 what it brings on average in each later week: chances to enter a stage,
chances to be won, or money. What the records of many weeks bring is the sum of their kernels, each from its own week.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from revmodel.errors import ModelError

__all__ = ["Floats", "brought", "landed", "landing", "passed_on"]

Floats = npt.NDArray[np.float64]


def landed(created: Floats, kernel: Floats) -> Floats:
    """(draw, week): what records bring in each week.

    created : (draw, row, week), records that come in; kernel : (draw, row, lag), what one brings so many weeks later
    Raises ModelError where draws or rows differ.

    >>> landed(np.array([[[10.0, 0.0, 0.0]]]), np.array([[[0.0, 0.1]]])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    _check(created, kernel)
    weeks = created.shape[2]
    out = np.zeros((created.shape[0], weeks))
    for lag in range(min(weeks, kernel.shape[2])):
        out[:, lag:] += np.einsum("drw,dr->dw", created[:, :, : weeks - lag], kernel[:, :, lag])
    return out


def passed_on(created: Floats, kernel: Floats) -> Floats:
    """(draw, row, week): the same as ``landed``, row by row.

    >>> passed_on(np.array([[[10.0, 0.0, 0.0]]]), np.array([[[0.0, 0.1]]])).tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    _check(created, kernel)
    weeks = created.shape[2]
    out = np.zeros_like(created)
    for lag in range(min(weeks, kernel.shape[2])):
        out[:, :, lag:] += created[:, :, : weeks - lag] * kernel[:, :, lag, None]
    return out


def landing(kernel: Floats, shares: Floats) -> Floats:
    """(draw, row, week, period): what one record created in a week brings to each period.

    kernel : (draw, row, lag). shares : (period, week), how much of each week lies in each period.

    >>> landing(np.array([[[0.0, 0.1]]]), np.array([[1.0, 1.0, 0.0]])).ravel().tolist()
    [0.1, 0.0, 0.0]
    """
    periods, weeks = shares.shape
    out = np.zeros((*kernel.shape[:2], weeks, periods))
    for lag in range(min(weeks, kernel.shape[2])):
        out[:, :, : weeks - lag] += kernel[:, :, lag, None, None] * shares.T[lag:]
    return out


def brought(created: Floats, worth: Floats) -> Floats:
    """(draw, period): what ``created`` (draw, row, week) brings, by ``worth`` (draw, row, week, period) of a record."""
    _check(created, worth)
    out: Floats = np.einsum("drw,drwp->dp", created, worth, optimize=True)
    return out


def _check(created: Floats, of_one: Floats) -> None:
    if created.ndim != 3 or created.shape[:2] != of_one.shape[:2]:
        raise ModelError(
            f"records came with shape {created.shape} and what one brings with {of_one.shape}: wanted (draw, row, …) "
            "of the same draws and rows"
        )

"""The health gate can say no: to chains that disagree, to too few draws, to divergences, to a mode not found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.models.health import health_table
from revmodel.models.sampling import Mode, Posterior

DIM = 3


def posterior(
    engine: str = "nuts", shift: float = 0.0, divergences: int = 0, draws: int = 600, found: bool = True
) -> Posterior:
    """Four chains of independent normal draws; the last is ``shift`` standard deviations away."""
    chains = np.random.default_rng(1).standard_normal((4, draws, DIM))
    chains[3, :, 1] += shift
    mode = Mode(np.zeros(DIM), np.eye(DIM), found, 0.0 if found else 3.0)
    return Posterior(chains.reshape(-1, DIM), 4 if engine == "nuts" else 1, engine, divergences, mode)  # type: ignore[arg-type]


def passed(table: pd.DataFrame) -> dict[str, bool]:
    return dict(zip(table["check"], table["passed"].map(bool), strict=True))


def test_chains_that_agree_pass() -> None:
    table = health_table("arrivals", posterior())
    assert passed(table) == {"rhat": True, "ess_bulk": True, "divergences": True}
    assert set(table["part"]) == {"arrivals"}


def test_chain_that_disagrees_in_one_parameter_fails_and_is_said() -> None:
    table = health_table("arrivals", posterior(shift=1.0))
    assert not passed(table)["rhat"]
    sentence = table.set_index("check").loc["rhat", "sentence"]
    assert str(sentence).startswith("arrivals: the chains do not agree yet (largest R-hat 1.")


def test_too_few_draws_fail() -> None:
    verdict = passed(health_table("arrivals", posterior(draws=60)))
    assert not verdict["ess_bulk"]


def test_one_divergence_fails() -> None:
    assert passed(health_table("arrivals", posterior(divergences=1))) == {
        "rhat": True,
        "ess_bulk": True,
        "divergences": False,
    }


@pytest.mark.parametrize("found", [True, False])
def test_laplace_passes_only_where_the_mode_was_found(found: bool) -> None:
    table = health_table("deal size", posterior("laplace", found=found))
    assert passed(table) == {"mode": found}
    assert ("means nothing" in table["sentence"].iloc[0]) is not found

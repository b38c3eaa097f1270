"""Health of a fit: what must hold before its numbers may be published."""

from __future__ import annotations

import pandas as pd

from revmodel.models.convergence import MAX_RHAT, MIN_ESS, rhat_and_ess
from revmodel.models.sampling import Posterior

__all__ = ["health_table"]


def health_table(part: str, posterior: Posterior) -> pd.DataFrame:
    """One row a check: part, check, value, wanted, passed, sentence.

    NUTS: R-hat, bulk effective sample size, divergences, over every parameter. Laplace: whether the mode was found.
    """
    mode_ok = posterior.mode.converged
    if posterior.engine == "laplace":
        words = "the mode was found" if mode_ok else "no mode was found: the approximation means nothing"
        return _rows(part, [("mode", posterior.mode.gradient_norm, "< 0.1", mode_ok, f"{part}: {words}.")])
    rhat, ess = posterior.agreement or rhat_and_ess(posterior.by_chain())
    divergent = posterior.divergences
    agreement = f"{part}: the chains {_agree(rhat)} (largest R-hat {rhat:.3f})."
    return _rows(
        part,
        [
            ("rhat", rhat, f"< {MAX_RHAT}", rhat < MAX_RHAT, agreement),
            ("ess_bulk", ess, f"> {MIN_ESS:.0f}", ess > MIN_ESS, f"{part}: at least {ess:.0f} effective draws."),
            ("divergences", float(divergent), "0", divergent == 0, f"{part}: {divergent} divergent draws."),
        ],
    )


def _agree(rhat: float) -> str:
    return "agree" if rhat < MAX_RHAT else "do not agree yet"


def _rows(part: str, checks: list[tuple[str, float, str, bool, str]]) -> pd.DataFrame:
    columns = ["check", "value", "wanted", "passed", "sentence"]
    table = pd.DataFrame(checks, columns=columns)
    table.insert(0, "part", part)
    return table

"""Stage hazards of two public data sets: chains agree, and so do the two engines."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from revmodel.config import load_config
from revmodel.features.build import build_features
from revmodel.models.hazards import StageHazards
from revmodel.models.health import health_table
from revmodel.workflows.company import read_company

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]


@pytest.mark.parametrize(
    ("name", "folder", "as_of"),
    [("olist", "olist", dt.date(2018, 3, 31)), ("maven", "maven_crm", dt.date(2017, 9, 30))],
)
def test_chains_and_engines_agree(
    name: str, folder: str, as_of: dt.date, repository_root: Path, shared_data: Path
) -> None:
    """Means of log-odds within half an sd, spreads within a quarter."""
    if not (shared_data / folder).is_dir():
        pytest.skip(f"no {name} data in {shared_data}")
    config = load_config(repository_root / "configs" / f"{name}.yaml")
    cells = build_features(read_company(config).tables, config, as_of).cells
    nuts, laplace = (StageHazards(engine=engine, draws=800, seed=1).fit(cells) for engine in ("nuts", "laplace"))
    for stage, fitted in nuts.stages_.items():
        table = health_table(f"stage {stage}", fitted.posterior)
        assert table["passed"].all(), table[["check", "value"]].to_string()
        pick = np.arange(800)
        seen = [k for k, cause in enumerate(("advance", "lost", "recycled")) if cause not in fitted.never_seen]
        one = fitted.log_odds(np.arange(len(fitted.posterior.thetas)))[:, seen]
        other = laplace.stages_[stage].log_odds(pick)[:, seen]
        assert np.abs((one.mean(0) - other.mean(0)) / one.std(0)).max() < 0.5
        assert np.abs(other.std(0) / one.std(0) - 1).max() < 0.25

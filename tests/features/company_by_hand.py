"""A random small company, and features of it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from revmodel.config import Config, ForecastConfig, FunnelConfig
from revmodel.journeys.reconstruct import Journeys, reconstruct_journeys
from revmodel.sources.tables import tables_from_frames

# ibis 12 uses a DuckDB method and a pandas option that are on their way out; revmodel cannot change that.
QUIET_IBIS = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]

FUNNEL = FunnelConfig(stages=["lead", "mql", "opportunity"], first_deal_stage="opportunity")
AS_OF = dt.date(2026, 8, 14)
START = pd.Timestamp("2026-01-01")
_PATHS = (
    [("lead", "mql"), ("mql", "opportunity"), ("opportunity", "won")],
    [("lead", "mql"), ("mql", "lead"), ("lead", "lost")],
    [("lead", "opportunity"), ("opportunity", "lost")],
    [("lead", "lost")],
    [("lead", "mql")],
    [],
)


def config_of(**forecast: int) -> Config:
    """A config for the funnel above."""
    return Config(company="by hand", tables={}, funnel=FUNNEL, forecast=ForecastConfig(**forecast))


def moves_of(leads: int, seed: int, days: int = 226) -> pd.DataFrame:
    """Stage changes of ``leads`` records on random paths, some recorded late."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(leads):
        at = START + pd.Timedelta(minutes=int(rng.integers(days * 1440)))
        rows.append((f"R{number}", "lead", at))
        for _, stage in _PATHS[rng.integers(len(_PATHS))]:
            at += pd.Timedelta(minutes=int(rng.exponential(25 * 1440)))
            rows.append((f"R{number}", stage, at))
    frame = pd.DataFrame(rows, columns=["record_id", "to_stage", "changed_at"])
    late = np.where(rng.random(len(frame)) < 0.2, rng.integers(0, 20, len(frame)), 0)
    return frame.assign(recorded_at=frame["changed_at"] + pd.to_timedelta(late, unit="D"))


def leads_of(moves: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of leads of these moves, with channels and segments."""
    rng = np.random.default_rng(seed)
    created = moves.groupby("record_id", sort=True)["changed_at"].min()
    return pd.DataFrame(
        {
            "lead_id": created.index,
            "created_at": created.to_numpy(),
            "channel": rng.choice(["events", "search"], len(created)),
            "segment": rng.choice(["smb", "enterprise"], len(created)),
        }
    )


def journeys_of(frames: dict[str, pd.DataFrame], as_of: dt.date = AS_OF, funnel: FunnelConfig = FUNNEL) -> Journeys:
    """Journeys of tables given as frames."""
    return reconstruct_journeys(tables_from_frames(frames), funnel, as_of)

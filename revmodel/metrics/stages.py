"""Which stage of a company's funnel is the one that the practice calls MQI, MQL, SAL or SQL."""

from __future__ import annotations

from revmodel.config import FunnelConfig, MetricsConfig
from revmodel.errors import ConfigError

__all__ = ["ROLES", "named_stages"]

ROLES = {
    "mqi": "marketing qualified inquiry",
    "mql": "marketing qualified lead",
    "sal": "sales accepted lead",
    "sql": "sales qualified lead",
}


def named_stages(funnel: FunnelConfig, settings: MetricsConfig) -> dict[str, str]:
    """Role → stage, for the roles that this funnel has: as configured, else the stage of that name.

    Raises ConfigError: metrics.stages names a stage that the funnel lacks.

    >>> named_stages(FunnelConfig(stages=["lead", "MQL", "Sales Accepted Lead"]), MetricsConfig())
    {'mql': 'MQL', 'sal': 'Sales Accepted Lead'}
    """
    unknown = sorted(stage for stage in settings.stages.values() if stage not in funnel.stages)
    if unknown:
        raise ConfigError(
            f"metrics.stages names {', '.join(unknown)}, which the funnel does not; "
            f"its stages are {', '.join(funnel.stages)}"
        )
    by_name = {_plain(stage): stage for stage in funnel.stages}
    found = {}
    for role, words in ROLES.items():
        stage = settings.stages.get(role) or by_name.get(role) or by_name.get(words)  # type: ignore[call-overload]
        if stage is not None:
            found[role] = stage
    return found


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())

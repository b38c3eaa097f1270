"""Every KPI of a company, each defined once.

funnel   leads, stages, conversion, losses, time          revenue    pipeline, bookings, costs, returns
customers  renewals, churn, lifetime value                digital    traffic, clicks, engagement, indicators
"""

from __future__ import annotations

from revmodel.config import Config
from revmodel.errors import ConfigError
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.registry.customers import customer_kpis
from revmodel.metrics.registry.digital import digital_kpis
from revmodel.metrics.registry.funnel import funnel_kpis, service_kpis, time_kpis
from revmodel.metrics.registry.revenue import cost_kpis, revenue_kpis
from revmodel.metrics.stages import named_stages

__all__ = ["kpis_of"]


def kpis_of(config: Config, indicators: tuple[str, ...] = ()) -> tuple[Kpi, ...]:
    """The KPIs of a company, in the order in which they are read. indicators: names in the table of that name.

    Raises ConfigError: a goal names no KPI, or metrics.stages no stage.
    """
    roles = named_stages(config.funnel, config.metrics)
    with_costs = config.metrics.other_acquisition_cost_per_month > 0
    found = (
        *funnel_kpis(config.funnel, roles),
        *time_kpis(config.funnel),
        *revenue_kpis(config.funnel),
        *cost_kpis(config.funnel, roles, with_costs=with_costs),
        *customer_kpis(config.funnel, with_costs=with_costs),
        *service_kpis(roles, config.metrics),
        *digital_kpis(config.metrics, indicators),
    )
    unknown = sorted(set(config.metrics.goals) - {kpi.key for kpi in found})
    if unknown:
        raise ConfigError(
            f"metrics.goals names {', '.join(unknown)}; KPIs are {', '.join(sorted(kpi.key for kpi in found))}"
        )
    return found

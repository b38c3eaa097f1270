"""Digital and engagement KPIs, and the indicators that bring them. Their link to pipeline is in the table links."""

from __future__ import annotations

import re

from revmodel.config import IndicatorConfig, MetricsConfig
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.recipes import Average, Mean, Sum

__all__ = ["digital_kpis", "is_averaged"]

_KNOWN = {  # KPI → label, which way is better, words in an indicator's name that suggest it
    "traffic": ("Site traffic", "higher", r"traffic|sessions|visits|visitors|page_?views"),
    "bounce_rate": ("Bounce rate", "lower", r"bounce"),
    "engagement_score": ("Engagement score", "higher", r"engagement|engaged"),
    "nps": ("Net promoter score", "higher", r"(^|_)nps($|_)|promoter"),
}
_AVERAGED = re.compile(r"rate|ratio|score|share|index|intent|average|avg|mean|nps|promoter|bounce|position|pct|percent")


def digital_kpis(settings: MetricsConfig, indicators: tuple[str, ...]) -> list[Kpi]:
    """Touches, clicks and every indicator; known ones that nothing brings are named with what would bring them."""
    found = [
        Kpi("touches", "Touches", "Digital and engagement", "count", "touches of the period, each once",
            "touches (occurred_at, channel, campaign, content)", "higher", Sum("touches"), ("touches.occurred_at",),
            adds_up=True),
        Kpi("click_through_rate", "Click-through rate", "Digital and engagement", "share",
            "clicks ÷ impressions of the ad reports", "spend (clicks, impressions)", "higher",
            Average("clicks", "impressions"), ("spend.clicks", "spend.impressions"), nothing="no impressions"),
        Kpi("cost_per_click", "Cost per click", "Digital and engagement", "money",
            "spend ÷ clicks, over the channels whose reports count clicks", "spend (spend, clicks)", "lower",
            Average("spend_on_clicks", "clicks"), ("spend.clicks", "spend.spend"), nothing="no clicks"),
    ]  # fmt: skip
    taken = {name: _known_kpi(name, settings.indicators.get(name)) for name in indicators}
    for key, (label, better, _) in _KNOWN.items():
        if key not in taken.values():
            found.append(
                Kpi(key, label, "Digital and engagement", "number", "an indicator of that name", "indicators", better,  # type: ignore[arg-type]
                    None, cannot="no indicator brings it: add one to the table indicators (date, name, value), or say "
                    f"which one it is under metrics.indicators.<name>.kpi: {key}")
            )  # fmt: skip
    return found + [_indicator(name, taken[name], settings.indicators.get(name)) for name in indicators]


def is_averaged(name: str, settings: MetricsConfig) -> bool:
    """Whether an indicator is averaged over a period rather than added up.

    >>> is_averaged("bounce_rate", MetricsConfig()), is_averaged("site_sessions", MetricsConfig())
    (True, False)
    """
    told = settings.indicators.get(name)
    if told is not None and told.aggregate is not None:
        return told.aggregate == "mean"
    return _AVERAGED.search(name.lower()) is not None


def _known_kpi(name: str, told: IndicatorConfig | None) -> str:
    if told is not None and told.kpi is not None:
        return told.kpi
    return next((key for key, (_, _, words) in _KNOWN.items() if re.search(words, name.lower())), "")


def _indicator(name: str, kpi: str, told: IndicatorConfig | None) -> Kpi:
    label, better, _ = _KNOWN.get(kpi, (name.replace("_", " ").capitalize(), "higher", ""))
    averaged = _AVERAGED.search(name.lower()) is not None
    if told is not None:
        label, better = told.label or label, told.better
        averaged = averaged if told.aggregate is None else told.aggregate == "mean"
    measure = f"indicator:{name}"
    words = "mean of its values in the period" if averaged else "sum of its values in the period, by their dates"
    return Kpi(
        kpi or f"indicator_{name}", label, "Digital and engagement", "number", f"indicator {name}: {words}",
        f"indicators (date, value) of {name}", better,  # type: ignore[arg-type]
        Mean(measure) if averaged else Sum(measure), ("indicators.value",), nothing="no value in the period",
    )  # fmt: skip

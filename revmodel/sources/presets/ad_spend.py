"""Ad spend: reports of campaigns by day from Google Ads, LinkedIn, Meta, and any table of date, channel and spend.

Headers: the reports' columns as each platform names them in its downloads and in its reporting API (Google Ads:
segments.date, metrics.cost_micros; LinkedIn: Start Date (in UTC), Total Spent, costInLocalCurrency; Meta: Reporting
starts, Amount spent, date_start, spend).
"""

from __future__ import annotations

from collections.abc import Mapping

from revmodel.sources.presets.model import Feed, Headers, Preset

__all__ = ["AD_SPEND"]

_CURRENCIES = ("USD", "EUR", "GBP", "CHF", "SEK", "DKK", "NOK", "CAD", "AUD", "BRL", "INR", "JPY")
_MONEY = ("Amount spent", *(f"Amount spent ({currency})" for currency in _CURRENCIES))
_SEPARATORS = ",$€£"
_WHY = "channel: the name under which leads of this platform are counted; use the same on both sides."
_ALONG = {"impressions": ("Impressions", "Impr.", "metrics.impressions"), "clicks": ("Clicks", "metrics.clicks")}


def _report(
    object_name: str,
    channel: str,
    columns: Mapping[str, Headers],
    *,
    scale: Mapping[str, float] | None = None,
) -> Feed:
    return Feed(
        "spend",
        object_name,
        {**_ALONG, **columns},
        constants={"channel": channel},
        remove=dict.fromkeys(("spend", "impressions", "clicks"), _SEPARATORS),
        scale=scale or {},
        choice=object_name,
        choice_by_file=True,
        why=_WHY,
    )


_GOOGLE: Mapping[str, Headers] = {
    "date": ("Day", "segments.date", "segments_date", "Date"),
    "campaign": ("Campaign", "campaign.name", "campaign_name", "Campaign name"),
    "currency": ("Currency code", "Currency", "customer.currency_code", "customer_currency_code"),
}

AD_SPEND = Preset(
    name="ad-spend",
    title="ad-spend reports, a campaign a day: Google Ads, LinkedIn, Meta, or any",
    source="the platforms' own report columns",
    objects={
        "Google Ads": ("google", "googleads", "adwords"),
        "LinkedIn": ("linkedin",),
        "Meta": ("meta", "facebook", "instagram"),
        "Microsoft Ads": ("bing", "microsoftads"),
    },
    any_file="Spend",
    feeds=(
        _report(
            "Google Ads",
            "google ads",
            {**_GOOGLE, "spend": ("metrics.cost_micros", "metrics_cost_micros", "cost_micros")},
            scale={"spend": 1e-6},
        ),
        _report("Google Ads", "google ads", {**_GOOGLE, "spend": ("Cost", "Spend")}),
        _report(
            "LinkedIn",
            "linkedin",
            {
                "date": ("Start Date (in UTC)", "day", "date", "Date"),
                "campaign": ("Campaign Name", "campaign_name", "Campaign Group Name"),
                "spend": ("Total Spent", "cost_in_local_currency", "costInLocalCurrency", "Spend"),
                "currency": ("Currency",),
            },
        ),
        _report(
            "Meta",
            "meta",
            {
                "date": ("Day", "Reporting starts", "date_start", "date"),
                "campaign": ("Campaign name", "campaign_name"),
                "spend": (*_MONEY, "spend"),
                "clicks": ("Link clicks", "inline_link_clicks", "Clicks (all)", "clicks"),
                "currency": ("Currency", "account_currency"),
            },
        ),
        _report(
            "Microsoft Ads",
            "microsoft ads",
            {
                "date": ("Gregorian date", "TimePeriod", "Day", "Date"),
                "campaign": ("Campaign name", "CampaignName", "Campaign"),
                "spend": ("Spend", "Cost"),
                "currency": ("Currency code", "CurrencyCode"),
            },
        ),
        Feed(
            "spend",
            "Spend",
            {
                "date": ("date", "day", "week", "month", "period", "week start"),
                "channel": ("channel", "platform", "source", "network", "vendor"),
                "spend": ("spend", "cost", "amount", "total spend", "total cost", "investment", *_MONEY),
                "campaign": ("campaign", "campaign name"),
                "region": ("region", "country", "market"),
                "impressions": ("impressions",),
                "clicks": ("clicks",),
                "currency": ("currency", "currency code"),
                "segment": ("segment",),
            },
            remove=dict.fromkeys(("spend", "impressions", "clicks"), _SEPARATORS),
            why="A row a day where you have it; a row a week or month is spread over nothing: it counts on its date.",
        ),
    ),
)

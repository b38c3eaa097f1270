"""Dreamdata: the tables of its data warehouse, flat or with their nested columns.

Names of tables and columns: Dreamdata's published warehouse schema (companies, events, spend, stages). It repeats an
event for each company of its contact; dd_event_activity_id is the same on each, and empty for ad impressions.
"""

from __future__ import annotations

from revmodel.sources.presets.model import Feed, Headers, Preset

__all__ = ["DREAMDATA"]

_COMPANY: Headers = ("dd_company_id",)
_OBJECT: Headers = ("dd_object_id",)
_WHEN: Headers = ("timestamp",)
_STAGE: Headers = ("stage_name", "name")
_LEAD_STAGES = ("Lead", "MQL", "SAL", "SQL")
_DEAL_STAGES = {
    "Opportunity": "opportunity",
    "Deal": "opportunity",
    "Pipeline": "opportunity",
    "Negotiation": "negotiation",
    "NewBiz": "won",
    "New Business": "won",
    "Closed Won": "won",
    "Won": "won",
    "Customer": "won",
    "Closed Lost": "lost",
    "Lost": "lost",
}

DREAMDATA = Preset(
    name="dreamdata",
    title="Dreamdata's warehouse tables",
    source="Dreamdata's data warehouse schema",
    objects={
        "companies": ("companies", "company"),
        "events": ("events",),
        "stages": ("stages",),
        "spend": ("spend",),
        "(other tables)": ("contacts", "attribution", "sessions"),
    },
    feeds=(
        Feed(
            "accounts",
            "companies",
            {
                "account_id": _COMPANY,
                "industry": ("properties.industry", "industry"),
                "region": ("properties.country", "country"),
                "segment": ("properties.number_of_employees", "number_of_employees"),
                "domain": ("domain",),
                "created_at": ("properties.created_date", "created_date"),
            },
            why="segment: the bin of employees; map another column for segments of your own.",
        ),
        Feed(
            "deals",
            "stages",
            {"deal_id": _OBJECT, "created_at": _WHEN, "account_id": _COMPANY, "lead_id": _COMPANY},
            keep=((_STAGE, tuple(_DEAL_STAGES)),),
            distinct=(_OBJECT,),
            first=(_WHEN,),
            why="A deal is an object of a stage of pipeline or later, made when it reached the first. The lead that it "
            "came from is its company: Dreamdata's journeys are those of companies.",
        ),
        Feed(
            "stage_changes",
            "stages",
            {"record_id": _COMPANY, "to_stage": _STAGE, "changed_at": _WHEN},
            constants={"record_type": "lead"},
            keep=((_STAGE, _LEAD_STAGES),),
            stage="to_stage",
            why="Before it is a deal, a company moves through the funnel. Name your own stages here and under keep.",
        ),
        Feed(
            "stage_changes",
            "stages",
            {"record_id": _OBJECT, "to_stage": _STAGE, "changed_at": _WHEN},
            constants={"record_type": "deal"},
            keep=((_STAGE, tuple(_DEAL_STAGES)),),
            stage="to_stage",
            why="Name your own stages here and under keep; in the two tables of deals too.",
        ),
        Feed(
            "deal_history",
            "stages",
            {"deal_id": _OBJECT, "recorded_at": _WHEN, "amount": ("value",), "stage": _STAGE},
            keep=((_STAGE, tuple(_DEAL_STAGES)),),
            stage="stage",
            why="The value that a stage was reached with.",
        ),
        Feed(
            "touches",
            "events",
            {
                "touch_id": ("dd_event_activity_id",),
                "occurred_at": _WHEN,
                "channel": ("session.channel", "session_channel", "channel"),
                "lead_id": ("dd_contact_id",),
                "account_id": _COMPANY,
                "anonymous_id": ("dd_visitor_id",),
                "campaign": ("session.campaign", "session_campaign", "event.campaign", "campaign"),
                "content": ("event.url_clean", "event_url_clean", "url_clean", "event.url", "url"),
                "kind": ("event_name",),
            },
            drop=((("dd_tracking_type",), ("exposure",)),),
            distinct=(("dd_event_activity_id",),),
            first=(("-dd_is_primary_event",), _COMPANY),
            why="An event is repeated for each company of its contact: counted once, with the main company. Ad "
            "impressions (exposures) are sums, not touches, and are left out.",
        ),
        Feed(
            "spend",
            "spend",
            {
                "date": _WHEN,
                "channel": ("channel", "adNetwork", "source"),
                "spend": ("cost",),
                "campaign": ("ad_hierarchy.level_1.name", "context.campaign", "campaign"),
                "impressions": ("impressions",),
                "clicks": ("clicks",),
            },
            why="In the currency that is set in Dreamdata.",
        ),
    ),
    lead_stages={name: name.lower() for name in _LEAD_STAGES},
    deal_stages=_DEAL_STAGES,
    splits_stages=True,
)

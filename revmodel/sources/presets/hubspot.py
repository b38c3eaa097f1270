"""HubSpot: tables of a connector (id, property_…), or exports of the CRM (Record ID, Create Date, …).

Names of properties: HubSpot's CRM properties (default contact, deal and company properties; hs_lifecyclestage_*_date,
its successor hs_v2_date_entered_*, and hs_date_entered_* of deals) and their labels in exports.
"""

from __future__ import annotations

from revmodel.sources.presets.model import Feed, Headers, Join, Preset, StageFacts

__all__ = ["HUBSPOT"]

_YES = ("true", "1", "yes")
_DELETED: Headers = ("is_deleted", "_fivetran_deleted", "archived")
_SYNCED: Headers = ("archivedAt", "lastmodifieddate", "hs_lastmodifieddate", "_fivetran_synced")
_CONTACT: Headers = ("id", "Record ID", "vid", "hs_object_id", "Contact ID")
_DEAL: Headers = ("deal_id", "Record ID", "hs_object_id", "id", "Deal ID")
_COMPANY: Headers = ("id", "Record ID", "hs_object_id", "Company ID")
_CREATED: Headers = ("createdate", "Create Date", "createdAt", "created_at")


def _lifecycle(stage: str, label: str) -> Headers:
    return (
        f"hs_v2_date_entered_{stage}",
        f"hs_lifecyclestage_{stage}_date",
        f"hs_date_entered_{stage}",
        f"Became {'an' if label[0] in 'AEIOU' else 'a'} {label} Date",
        f"Date entered {label} (Lifecycle Stage Pipeline)",
    )


_LEAD_OF_DEAL = Join("DealContact", _DEAL, ("deal_id",), {"lead_of_deal": ("contact_id",)})
_COMPANY_OF_DEAL = Join("DealCompany", _DEAL, ("deal_id",), {"company_of_deal": ("company_id",)})
_LABEL = Join("DealPipelineStage", ("value",), ("stage_id",), {"stage_label": ("label",)})
_CONTACT_OF_ENGAGEMENT = Join(
    "EngagementContact", ("engagement_id", "id"), ("engagement_id",), {"contact_of_engagement": ("contact_id",)}
)

_TABLES = (
    Feed(
        "accounts",
        "Company",
        {
            "account_id": _COMPANY,
            "industry": ("industry",),
            "region": ("country", "Country/Region"),
            "employees": ("numberofemployees", "Number of Employees"),
            "domain": ("domain", "Company Domain Name", "website"),
            "created_at": _CREATED,
        },
        drop=((_DELETED, _YES),),
        why="segment: map the property that holds your segments.",
    ),
    Feed(
        "leads",
        "Contact",
        {
            "lead_id": _CONTACT,
            "created_at": _CREATED,
            "account_id": ("associatedcompanyid", "Primary Associated Company ID", "Associated Company IDs"),
            "channel": ("hs_analytics_source", "Original Source", "Original Traffic Source", "Original Source Type"),
            "campaign": ("hs_analytics_first_touch_converting_campaign", "First Touch Converting Campaign"),
            "region": ("country", "Country/Region"),
            "owner": ("hubspot_owner_id",),
            "email": ("email",),
        },
        why="channel: group the values of Original Source under values: {channel: {…}} as your spend is grouped.",
    ),
    Feed(
        "deals",
        "Deal",
        {
            "deal_id": _DEAL,
            "created_at": _CREATED,
            "account_id": ("@company_of_deal", "associatedcompanyid", "Primary Associated Company ID"),
            "lead_id": ("@lead_of_deal",),
            "type": ("dealtype", "Deal Type"),
            "owner": ("owner_id", "hubspot_owner_id"),
            "channel": ("hs_analytics_source", "Original Source Type", "Original Traffic Source"),
            "currency": ("deal_currency_code", "Currency"),
            "amount": ("amount",),
            "close_date": ("closedate", "Close Date"),
        },
        values={"type": {"newbusiness": "new", "existingbusiness": "expansion", "renewal": "renewal"}},
        joins=(_LEAD_OF_DEAL, _COMPANY_OF_DEAL),
        why="amount and close_date are today's: what was known when comes from deal_history.",
    ),
)

_STAGES = (
    Feed(
        "stage_changes",
        "ContactPropertyHistory",
        {"record_id": ("contact_id",), "to_stage": ("value",), "changed_at": ("timestamp",)},
        constants={"record_type": "lead"},
        keep=((("name", "property"), ("lifecyclestage",)),),
        stage="to_stage",
        choice="lead stages",
        why="The history of the lifecycle stage, moves back included.",
    ),
    Feed(
        "stage_changes",
        "Contact",
        {"record_id": _CONTACT, "to_stage": ("@stage_begun",), "changed_at": ("@begun_at",)},
        constants={"record_type": "lead"},
        unpivot={
            "lead": _lifecycle("lead", "Lead"),
            "mql": _lifecycle("marketingqualifiedlead", "Marketing Qualified Lead"),
            "sql": _lifecycle("salesqualifiedlead", "Sales Qualified Lead"),
        },
        choice="lead stages",
        why="Dates on which each stage was reached; a second visit overwrote the first. Whether a contact became an "
        "opportunity or a customer is told by its deals.",
    ),
    Feed(
        "stage_changes",
        "DealPropertyHistory",
        {"record_id": ("deal_id",), "to_stage": ("@stage_label", "value"), "changed_at": ("timestamp",)},
        constants={"record_type": "deal"},
        keep=((("name", "property"), ("dealstage",)),),
        joins=(_LABEL,),
        stage="to_stage",
        choice="deal stages",
    ),
    Feed(
        "stage_changes",
        "DealStage",
        {"record_id": ("deal_id",), "to_stage": ("@stage_label", "value"), "changed_at": ("date_entered", "timestamp")},
        constants={"record_type": "deal"},
        joins=(_LABEL,),
        stage="to_stage",
        choice="deal stages",
    ),
    Feed(
        "stage_changes",
        "Deal",
        {"record_id": _DEAL, "to_stage": ("@stage_begun",), "changed_at": ("@begun_at",)},
        constants={"record_type": "deal"},
        unpivot={
            "closedwon": ('Date entered "Closed Won (Sales Pipeline)"', "Date entered Closed Won"),
            "closedlost": ('Date entered "Closed Lost (Sales Pipeline)"', "Date entered Closed Lost"),
        },
        unpivot_like=r"(?:property_|properties_)?hs_(?:v2_)?date_entered_(\w+)",
        stage="to_stage",
        choice="deal stages",
        why="Dates on which each stage was reached; a second visit to a stage overwrote the first.",
    ),
)

_AMOUNTS = tuple(
    Feed(
        "deal_history",
        "DealPropertyHistory",
        {"deal_id": ("deal_id",), "recorded_at": ("timestamp",), name: ("value",)},
        keep=((("name", "property"), (property_name,)),),
        needs=(name,),
        unless_empty=name != "amount",
    )
    for name, property_name in (("amount", "amount"), ("close_date", "closedate"), ("owner", "hubspot_owner_id"))
)

_TOUCHES = (
    *(
        Feed(
            "touches",
            object_name,
            {
                "touch_id": ("engagement_id", "id"),
                "occurred_at": ("hs_timestamp", "start_time", "timestamp", "hs_createdate", "createdate"),
                "lead_id": ("@contact_of_engagement", "contact_id"),
            },
            constants={"channel": "sales", "kind": kind},
            joins=(_CONTACT_OF_ENGAGEMENT,),
            drop=((_DELETED, _YES),),
            drop_missing=("lead_id",),
            why="One activity once, with its first contact; what is tied to no contact is left out.",
        )
        for object_name, kind in (
            ("EngagementMeeting", "meeting"),
            ("EngagementCall", "call"),
            ("EngagementEmail", "email"),
            ("Engagement", "activity"),
        )
    ),
    Feed(
        "touches",
        "ContactFormSubmission",
        {
            "touch_id": ("conversion_id",),
            "occurred_at": ("timestamp",),
            "lead_id": ("contact_id",),
            "content": ("page_url",),
        },
        constants={"channel": "website", "kind": "form"},
    ),
    Feed(
        "touches",
        "EmailEvent",
        {"touch_id": ("id",), "occurred_at": ("created",), "campaign": ("email_campaign_id",), "email": ("recipient",)},
        constants={"channel": "email", "kind": "email"},
        keep=((("type",), ("CLICK", "OPEN")),),
        drop=((("filtered_event",), _YES),),
        needs=("email",),
        why="Opened or clicked; to be sent something is no touch. Tied to a lead by the hash of the address.",
    ),
)

_CORRECTIONS = (
    *(
        Feed(
            "deletions",
            object_name,
            {"record_id": key, "deleted_at": _SYNCED},
            constants={"record_type": record_type},
            keep=((_DELETED, _YES),),
            unless_empty=True,
            why="A deleted record was there until then: it stays in its table, and is taken out from this time on.",
        )
        for object_name, key, record_type in (("Contact", _CONTACT, "lead"), ("Deal", _DEAL, "deal"))
    ),
    Feed(
        "merges",
        "Contact",
        {"from_id": ("hs_merged_object_ids", "Merged object IDs"), "into_id": _CONTACT, "merged_at": _SYNCED},
        constants={"record_type": "lead"},
        split=(("hs_merged_object_ids", "Merged object IDs"), ";"),
        needs=("from_id",),
        unless_empty=True,
        why="When the export does not say when two were merged, the time of the export stands for it.",
    ),
    Feed(
        "merges",
        "MergedDeal",
        {"from_id": ("merged_deal_id",), "into_id": ("deal_id",), "merged_at": _SYNCED},
        constants={"record_type": "deal"},
        unless_empty=True,
    ),
)

HUBSPOT = Preset(
    name="hubspot",
    title="HubSpot, from a connector or from the CRM's own exports",
    source="HubSpot's default properties",
    objects={
        "Company": ("company", "companies"),
        "Contact": ("contact", "contacts"),
        "ContactPropertyHistory": ("contactpropertyhistory",),
        "ContactFormSubmission": ("contactformsubmission",),
        "Deal": ("deal", "deals"),
        "DealPropertyHistory": ("dealpropertyhistory",),
        "DealStage": ("dealstage", "dealstagehistory"),
        "DealPipelineStage": ("dealpipelinestage",),
        "DealCompany": ("dealcompany",),
        "DealContact": ("dealcontact",),
        "MergedDeal": ("mergeddeal",),
        "Engagement": ("engagement", "engagements"),
        "EngagementContact": ("engagementcontact",),
        "EngagementMeeting": ("engagementmeeting",),
        "EngagementCall": ("engagementcall",),
        "EngagementEmail": ("engagementemail",),
        "EmailEvent": ("emailevent",),
        "(pipelines)": ("dealpipeline",),
        "(deals of engagements)": ("engagementdeal", "engagementcompany"),
        "(parts of e-mail events)": ("emaileventclick", "emaileventopen", "emaileventsent", "emailcampaign"),
        "(owners, forms)": ("owner", "owners", "form", "forms"),
        "(history of companies)": ("companypropertyhistory",),
        "(lists of contacts)": ("contactlist", "contactlistmember"),
    },
    feeds=(*_TABLES, *_STAGES, *_AMOUNTS, *_TOUCHES, *_CORRECTIONS),
    lead_stages={
        "subscriber": "",  # before a lead
        "lead": "lead",
        "marketingqualifiedlead": "mql",
        "salesqualifiedlead": "sql",
        "opportunity": "",  # its deal says so
        "customer": "",
        "evangelist": "",
        "other": "",
    },
    deal_stages={
        "appointmentscheduled": "appointment",
        "qualifiedtobuy": "qualified",
        "presentationscheduled": "presentation",
        "decisionmakerboughtin": "decision_makers",
        "contractsent": "contract",
        "closedwon": "won",
        "closedlost": "lost",
    },
    stage_facts=(
        StageFacts("DealPipelineStage", ("stage_id",), ("closed_won",), ("is_closed",), ("display_order",)),
        StageFacts("DealPipelineStage", ("label",), ("closed_won",), ("is_closed",), ("display_order",)),
    ),
)

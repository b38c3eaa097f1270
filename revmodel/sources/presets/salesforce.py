"""Salesforce: exports of objects, by Data Loader (API names) or by a connector (snake_case, soft deletes).

Names of fields and standard picklist values: Salesforce Object Reference (Lead, Opportunity, OpportunityHistory,
OpportunityFieldHistory, LeadHistory, CampaignMember, Campaign, Account, Task, Event).
"""

from __future__ import annotations

from revmodel.sources.presets.model import Feed, Headers, Join, Preset, StageFacts

__all__ = ["SALESFORCE"]

_YES = ("true", "1", "yes")
_ID: Headers = ("Id",)
_DELETED: Headers = ("IsDeleted", "_fivetran_deleted")
_CHANGED: Headers = ("SystemModstamp", "LastModifiedDate", "_fivetran_synced")
_MASTER: Headers = ("MasterRecordId",)
_OPPORTUNITY: Headers = ("OpportunityId", "Opportunity ID")
_CREATED: Headers = ("CreatedDate", "Created Date")
_STAGE: Headers = ("StageName", "Stage")

_LEAD_OF_DEAL = Join("Lead", _ID, ("ConvertedOpportunityId",), {"lead_of_deal": _ID})
_CAMPAIGN = Join("Campaign", ("CampaignId",), _ID, {"campaign_type": ("Type",), "campaign_name": ("Name",)})

_HISTORY = {"deal_id": _OPPORTUNITY, "recorded_at": _CREATED}
_WHOLE_HISTORY = {
    "amount": ("Amount",),
    "close_date": ("CloseDate", "Close Date"),
    "stage": _STAGE,
    "forecast_category": ("ForecastCategoryName", "ForecastCategory"),
    "probability": ("Probability", "Probability (%)"),
    "owner": ("OwnerId",),
}
_VERSIONS = "Versions of each opportunity as a connector kept them: the first is from when it began to look, not from "
_VERSIONS += "when the stage began."


def _deleted(record_type: str, object_name: str) -> Feed:
    return Feed(
        "deletions",
        object_name,
        {"record_id": _ID, "deleted_at": _CHANGED},
        constants={"record_type": record_type},
        keep=((_DELETED, _YES), (_MASTER, ("",))) if record_type == "lead" else ((_DELETED, _YES),),
        unless_empty=True,
        why="A deleted record was there until then: it stays in its table, and is taken out from this time on.",
    )


_TABLES = (
    Feed(
        "accounts",
        "Account",
        {
            "account_id": _ID,
            "industry": ("Industry",),
            "region": ("BillingCountry", "BillingState", "Billing Country"),
            "employees": ("NumberOfEmployees", "Employees"),
            "domain": ("Website",),
            "created_at": _CREATED,
        },
        drop=((_DELETED, _YES),),
        why="segment: map the column that holds your segments (Type, Rating, a field of your own).",
    ),
    Feed(
        "leads",
        "Lead",
        {
            "lead_id": (*_ID, "Lead ID"),
            "created_at": _CREATED,
            "account_id": ("ConvertedAccountId",),
            "channel": ("LeadSource", "Lead Source"),
            "region": ("Country", "State"),
            "owner": ("OwnerId",),
            "domain": ("Website",),
            "email": ("Email",),
        },
        why="channel: group the values of LeadSource under values: {channel: {…}} as your spend is grouped.",
    ),
    Feed(
        "deals",
        "Opportunity",
        {
            "deal_id": (*_ID, "Opportunity ID"),
            "created_at": _CREATED,
            "account_id": ("AccountId",),
            "lead_id": ("@lead_of_deal",),
            "type": ("Type",),
            "owner": ("OwnerId",),
            "channel": ("LeadSource", "Lead Source"),
            "currency": ("CurrencyIsoCode",),
            "amount": ("Amount",),
            "close_date": ("CloseDate", "Close Date"),
            "campaign": ("CampaignId",),
            "forecast_category": ("ForecastCategoryName", "ForecastCategory"),
        },
        values={
            "type": {
                "New Customer": "new",
                "New Business": "new",
                "Existing Customer - Upgrade": "expansion",
                "Existing Business": "expansion",
                "Existing Customer - Replacement": "renewal",
                "Renewal": "renewal",
            }
        },
        joins=(_LEAD_OF_DEAL,),
        why="amount and close_date are today's: what was known when comes from deal_history.",
    ),
)

_STAGES = (
    Feed(
        "stage_changes",
        "LeadHistory",
        {"record_id": ("LeadId",), "to_stage": ("NewValue",), "from_stage": ("OldValue",), "changed_at": _CREATED},
        constants={"record_type": "lead"},
        keep=((("Field",), ("Status",)),),
        stage="to_stage",
        why="The history of Status. Lead stages are your own: name the rest of them under values.",
    ),
    Feed(
        "stage_changes",
        "OpportunityHistory",
        {"record_id": _OPPORTUNITY, "to_stage": _STAGE, "changed_at": _CREATED},
        constants={"record_type": "deal"},
        drop=((_DELETED, _YES),),
        stage="to_stage",
        choice="deal stages",
        why="A row for each change of stage, amount or close date; repeats of a stage count once.",
    ),
    Feed(
        "stage_changes",
        "OpportunityFieldHistory",
        {"record_id": _OPPORTUNITY, "to_stage": ("NewValue",), "from_stage": ("OldValue",), "changed_at": _CREATED},
        constants={"record_type": "deal"},
        keep=((("Field",), ("StageName",)),),
        stage="to_stage",
        choice="deal stages",
        why="Only fields whose history is tracked are here: it must be on for Stage.",
    ),
    Feed(
        "stage_changes",
        "OpportunityHistory",
        {"record_id": _ID, "to_stage": _STAGE, "changed_at": ("_fivetran_start",)},
        constants={"record_type": "deal"},
        stage="to_stage",
        choice="deal stages",
        why=_VERSIONS,
    ),
)

_AMOUNTS = (
    Feed(
        "deal_history",
        "OpportunityHistory",
        _HISTORY | _WHOLE_HISTORY,
        scale={"probability": 0.01},
        stage="stage",
        drop=((_DELETED, _YES),),
        choice="deal history",
    ),
    *(
        Feed(
            "deal_history",
            "OpportunityFieldHistory",
            {**_HISTORY, name: ("NewValue",)},
            keep=((("Field",), (field,)),),
            needs=(name,),
            choice=f"deal history {name}",
            unless_empty=True,
        )
        for name, field in (("amount", "Amount"), ("close_date", "CloseDate"))
    ),
    Feed(
        "deal_history",
        "OpportunityHistory",
        {"deal_id": _ID, "recorded_at": ("_fivetran_start",)} | _WHOLE_HISTORY,
        scale={"probability": 0.01},
        stage="stage",
        choice="deal history",
        why=_VERSIONS,
    ),
)

_RESPONSE: Headers = ("FirstRespondedDate", "CreatedDate")
_MEMBER = {
    "touch_id": _ID,
    "occurred_at": _RESPONSE,
    "channel": ("@campaign_type",),
    "campaign": ("@campaign_name", "CampaignId"),
}
_TOUCHES = (
    *(
        Feed(
            "touches",
            "CampaignMember",
            {**_MEMBER, "lead_id": (person,), "account_id": ("AccountId",)},
            constants={"channel": "campaign", "kind": "event"},
            joins=(_CAMPAIGN,),
            keep=((("HasResponded",), _YES), *extra),
            drop=((_DELETED, _YES),),
            needs=("lead_id",),
            drop_missing=("lead_id",),
            unless_empty=True,
            why="Members who responded; to be sent something is no touch.",
        )
        for person, extra in (("LeadId", ()), ("ContactId", ((("LeadId",), ("",)),)))
    ),
    Feed(
        "touches",
        "Task",
        {
            "touch_id": _ID,
            "occurred_at": ("CompletedDateTime", "ActivityDate", "CreatedDate"),
            "lead_id": ("WhoId",),
            "account_id": ("AccountId",),
            "kind": ("TaskSubtype",),
        },
        constants={"channel": "sales"},
        values={"kind": {"Email": "email", "ListEmail": "email", "Call": "call", "Task": "task"}},
        drop=((_DELETED, _YES),),
        drop_missing=("occurred_at",),
        why="WhoId is a lead or a contact; a contact is tied to its lead by merges. An open task is no touch.",
    ),
    Feed(
        "touches",
        "Event",
        {
            "touch_id": _ID,
            "occurred_at": ("StartDateTime", "ActivityDateTime", "ActivityDate", "CreatedDate"),
            "lead_id": ("WhoId",),
            "account_id": ("AccountId",),
        },
        constants={"channel": "sales", "kind": "meeting"},
        drop=((_DELETED, _YES),),
    ),
)

_CORRECTIONS = (
    _deleted("lead", "Lead"),
    _deleted("deal", "Opportunity"),
    Feed(
        "merges",
        "Lead",
        {"from_id": _ID, "into_id": _MASTER, "merged_at": _CHANGED},
        constants={"record_type": "lead"},
        needs=("into_id",),
        drop_missing=("into_id",),
        unless_empty=True,
        why="Leads that were merged: the one that is left keeps their history.",
    ),
    Feed(
        "merges",
        "Lead",
        {"from_id": ("ConvertedContactId",), "into_id": _ID, "merged_at": ("ConvertedDate",)},
        constants={"record_type": "lead"},
        needs=("from_id",),
        drop_missing=("from_id", "merged_at"),
        unless_empty=True,
        why="A converted lead goes on as a contact: what the contact does afterwards is the lead's.",
    ),
)

SALESFORCE = Preset(
    name="salesforce",
    title="Salesforce objects, from Data Loader or a connector",
    source="Salesforce Object Reference",
    objects={
        "Account": ("account", "accounts"),
        "Lead": ("lead", "leads"),
        "LeadHistory": ("leadhistory",),
        "Opportunity": ("opportunity", "opportunities"),
        "OpportunityHistory": ("opportunityhistory",),
        "OpportunityFieldHistory": ("opportunityfieldhistory",),
        "CampaignMember": ("campaignmember", "campaignmembers"),
        "Campaign": ("campaign", "campaigns"),
        "Task": ("task", "tasks"),
        "Event": ("event", "events"),
        "Contact": ("contact", "contacts"),
        "(history of accounts)": ("accounthistory",),
        "(history of contacts)": ("contacthistory",),
        "(lines of opportunities)": ("opportunitylineitem", "opportunityproduct"),
        "(roles of contacts)": ("opportunitycontactrole", "accountcontactrole"),
        "(users)": ("user", "users"),
    },
    feeds=(*_TABLES, *_STAGES, *_AMOUNTS, *_TOUCHES, *_CORRECTIONS),
    lead_stages={
        "Open - Not Contacted": "lead",
        "New": "lead",
        "Working - Contacted": "working",
        "Working": "working",
        "Nurturing": "working",
        "MQL": "mql",
        "SAL": "sal",
        "SQL": "sql",
        "Qualified": "sql",
        "Closed - Not Converted": "lost",
        "Unqualified": "lost",
        "Closed - Converted": "",  # its opportunity says so
        "Converted": "",
    },
    deal_stages={
        "Prospecting": "prospecting",
        "Qualification": "qualification",
        "Needs Analysis": "needs_analysis",
        "Value Proposition": "value_proposition",
        "Id. Decision Makers": "decision_makers",
        "Perception Analysis": "perception_analysis",
        "Proposal/Price Quote": "proposal",
        "Negotiation/Review": "negotiation",
        "Closed Won": "won",
        "Closed Lost": "lost",
    },
    stage_facts=(
        StageFacts("Opportunity", _STAGE, ("IsWon",), ("IsClosed",), ("Probability",)),
        StageFacts("OpportunityHistory", _STAGE, ("IsWon",), ("IsClosed",), ("Probability",)),
    ),
)

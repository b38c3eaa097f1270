"""Marketo Measure (Bizible): the BIZ_* views of its data warehouse, as files or through a connector.

Names of views and columns: Adobe's data warehouse schema of Marketo Measure (BIZ_LEADS, BIZ_OPPORTUNITIES,
BIZ_OPP_STAGE_TRANSITIONS, BIZ_LEAD_STAGE_TRANSITIONS, BIZ_TOUCHPOINTS, BIZ_COSTS, BIZ_ACCOUNTS).
"""

from __future__ import annotations

from revmodel.sources.presets.model import Feed, Headers, Preset
from revmodel.sources.presets.salesforce import SALESFORCE

__all__ = ["MARKETO_MEASURE"]

_YES = ("true", "1", "yes")
_ID: Headers = ("ID",)
_DELETED: Headers = ("IS_DELETED",)
_NOT_A_MOVE = (
    ((("IS_PENDING",), _YES)),
    ((("IS_NON_TRANSITIONAL",), _YES)),
    ((_DELETED, _YES)),
)


def _transitions(object_name: str, record: str, record_type: str) -> Feed:
    return Feed(
        "stage_changes",
        object_name,
        {"record_id": (record,), "to_stage": ("STAGE",), "changed_at": ("TRANSITION_DATE",)},
        constants={"record_type": record_type},
        drop=_NOT_A_MOVE,
        distinct=((record,), ("STAGE",), ("TRANSITION_DATE",)),
        stage="to_stage",
        drop_missing=("record_id",),
        why="A move is repeated for each of its touchpoints: counted once. Stages that were passed over, and "
        "those still to come, are no moves.",
    )


_TOUCHES = tuple(
    Feed(
        "touches",
        object_name,
        {
            "touch_id": ("USER_TOUCHPOINT_ID", "ID"),
            "occurred_at": ("TOUCHPOINT_DATE",),
            "channel": ("CHANNEL", "MARKETING_CHANNEL", "CHANNEL_NAME"),
            "lead_id": ("LEAD_ID", "CONTACT_ID"),
            "account_id": ("ACCOUNT_ID",),
            "anonymous_id": ("VISITOR_ID", "COOKIE_ID"),
            "campaign": ("CAMPAIGN_NAME", "AD_CAMPAIGN_NAME"),
            "content": ("LANDING_PAGE", "FORM_URL"),
            "kind": ("MARKETING_TOUCH_TYPE", "TOUCHPOINT_TYPE"),
            "email": ("EMAIL",),
        },
        values={
            "kind": {
                "Web Visit": "visit",
                "Web Form": "form",
                "Web Chat": "form",
                "CRM": "event",
                "Activity": "call",
                "Impression": "impression",
            }
        },
        drop=((_DELETED, _YES),),
        distinct=(("USER_TOUCHPOINT_ID",),),
        first=(("-LEAD_ID",), ("CONTACT_ID",)),
        choice="touches",
        why="A touch is repeated for a lead and for the contact it became: counted once. The attribution touchpoints "
        "repeat it for each opportunity and are not read.",
    )
    for object_name in ("BIZ_TOUCHPOINTS", "BIZ_USER_TOUCHPOINTS")
)

MARKETO_MEASURE = Preset(
    name="marketo-measure",
    title="Marketo Measure (Bizible), the BIZ_ views of its warehouse",
    source="Adobe's data warehouse schema of Marketo Measure",
    objects={
        "BIZ_ACCOUNTS": ("biz_accounts", "bizible_accounts"),
        "BIZ_LEADS": ("biz_leads", "bizible_leads"),
        "BIZ_OPPORTUNITIES": ("biz_opportunities", "bizible_opportunities"),
        "BIZ_OPP_STAGE_TRANSITIONS": ("opp_stage_transitions", "biz_opp_stage_transitions"),
        "BIZ_LEAD_STAGE_TRANSITIONS": ("lead_stage_transitions", "biz_lead_stage_transitions"),
        "BIZ_TOUCHPOINTS": ("biz_touchpoints", "bizible_touchpoints", "buyer_touchpoints"),
        "BIZ_USER_TOUCHPOINTS": ("user_touchpoints", "biz_user_touchpoints"),
        "(attribution touchpoints)": ("attribution_touchpoints", "biz_attribution_touchpoints"),
        "BIZ_COSTS": ("biz_costs", "bizible_costs"),
        "(other views)": ("biz_contacts", "biz_campaign_members", "biz_account_to_emails", "biz_page_views"),
    },
    feeds=(
        Feed(
            "accounts",
            "BIZ_ACCOUNTS",
            {
                "account_id": _ID,
                "industry": ("INDUSTRY",),
                "region": ("COUNTRY", "BILLING_COUNTRY"),
                "employees": ("COMPANY_SIZE", "NUMBER_OF_EMPLOYEES"),
                "domain": ("WEB_SITE", "WEBSITE"),
                "created_at": ("CREATED_DATE",),
            },
            drop=((_DELETED, _YES),),
        ),
        Feed(
            "leads",
            "BIZ_LEADS",
            {
                "lead_id": _ID,
                "created_at": ("CREATED_DATE",),
                "account_id": ("ACCOUNT_ID", "ACCOUNTID"),
                "channel": ("LEAD_SOURCE",),
                "anonymous_id": ("BIZIBLE_COOKIE_ID",),
                "domain": ("WEB_SITE",),
                "email": ("EMAIL",),
            },
            drop=((("IS_DUPLICATE",), _YES), (_DELETED, _YES)),
        ),
        Feed(
            "deals",
            "BIZ_OPPORTUNITIES",
            {
                "deal_id": _ID,
                "created_at": ("CREATED_DATE",),
                "account_id": ("ACCOUNT_ID",),
                "lead_id": ("CONVERTED_FROM_LEAD_ID",),
                "currency": ("CURRENCY_ISO_CODE",),
                "amount": ("AMOUNT",),
                "close_date": ("CLOSE_DATE",),
            },
            drop=((_DELETED, _YES),),
            why="amount and close_date are today's; no view keeps their history: take deal_history from the CRM.",
        ),
        _transitions("BIZ_OPP_STAGE_TRANSITIONS", "OPPORTUNITY_ID", "deal"),
        _transitions("BIZ_LEAD_STAGE_TRANSITIONS", "LEAD_ID", "lead"),
        *_TOUCHES,
        Feed(
            "spend",
            "BIZ_COSTS",
            {
                "date": ("COST_DATE",),
                "channel": ("CHANNEL_NAME", "AD_PROVIDER"),
                "spend": ("COST_IN_MICRO",),
                "campaign": ("CAMPAIGN_NAME",),
                "impressions": ("IMPRESSIONS",),
                "clicks": ("CLICKS",),
                "currency": ("ISO_CURRENCY_CODE", "CURRENCY_ISO_CODE"),
            },
            keep=((("CAMPAIGN_IS_AGGREGATABLE_COST",), _YES),),
            drop=((_DELETED, _YES),),
            scale={"spend": 1e-6},
            why="A cost is there once for each level (channel, campaign, ad group, …): that of campaigns is taken, in "
            "millionths of the currency.",
        ),
    ),
    lead_stages=SALESFORCE.lead_stages,
    deal_stages=SALESFORCE.deal_stages,
)

"""Names of dimensions and of the few fixed coordinates, each spelled once."""

from __future__ import annotations

DRAW = "draw"
WEEK = "week"
CHANNEL = "channel"
SEGMENT = "segment"
REGION = "region"
OWNER = "owner"
TYPE = "type"
BAND = "band"
GROUP = "group"
STAGE = "stage"
CAUSE = "cause"
AGE_BIN = "age_bin"
PROVENANCE = "provenance"
METRIC = "metric"
PERIOD = "period"

# What the models may tell records apart by: acquisition channel, segment, region, owner group, type of business (new,
# expansion, renewal) and lead-score band. Which are, the config's forecast.by says; the others are "all" everywhere.
GROUP_DIMS = (CHANNEL, SEGMENT, REGION, OWNER, TYPE, BAND)

# Ways out of a stage. "advance" includes skipping ahead; "recycled" is a move back.
ADVANCE, LOST, RECYCLED = "advance", "lost", "recycled"
CAUSES = (ADVANCE, LOST, RECYCLED)

# Where a forecast number comes from.
ACTUAL, OPEN_DEAL, OPEN_LEAD, NOT_YET_CREATED = "actual", "open_deal", "open_lead", "not_yet_created"
PROVENANCES = (ACTUAL, OPEN_DEAL, OPEN_LEAD, NOT_YET_CREATED)

# What is forecast. Leads and wins are counts; pipeline_created and bookings are money
# where amounts exist and counts of opportunities and wins where they do not.
LEADS, PIPELINE_CREATED, WINS, BOOKINGS = "leads", "pipeline_created", "wins", "bookings"
METRICS = (LEADS, PIPELINE_CREATED, WINS, BOOKINGS)

UNKNOWN = "unknown"
ALL = "all"

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)

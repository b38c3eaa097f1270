"""Every kind of fault, once: what it does to the numbers if left, how grave it is, and why so grave.

A fault stops a run where it is certain (arithmetic, not statistics), the numbers would answer another question than
the one asked, and one line of the config or a new export mends it. It warns where numbers change by an amount that the
finding tells. It is a note where the run has already dealt with it, or where only a detail is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["GROUPS", "KINDS", "SEVERITIES", "FaultKind"]

SEVERITIES: tuple[Literal["stop", "warn", "note"], ...] = ("stop", "warn", "note")
TABLES, RECORDS, HISTORY, MONEY = "Files and tables", "Leads and deals", "Stage history", "Amounts and currency"
SPEND, TRACKING, NAMES = "Spend", "Tracking", "Names"
GROUPS = (SPEND, TRACKING, MONEY, HISTORY, RECORDS, NAMES, TABLES)


@dataclass(frozen=True)
class FaultKind:
    """group: one of GROUPS. consequence: what happens to forecast and contribution if it is left as it is.

    stop, warn, note: why the fault has that severity; empty where it never has it.
    """

    group: str
    consequence: str
    stop: str = ""
    warn: str = ""
    note: str = ""

    @property
    def severities(self) -> tuple[Literal["stop", "warn", "note"], ...]:
        """Severities that a finding of this kind can have, the gravest first."""
        return tuple(severity for severity in SEVERITIES if getattr(self, severity))


_ORPHAN = FaultKind(
    RECORDS,
    "What only the missing row knows, such as channel or segment, is unknown for these rows: they are forecast with "
    "the average of unknown ones, and no channel gets credit for them.",
    warn="the forecast holds, but its parts do not: credit moves to 'unknown'",
)

KINDS: dict[str, FaultKind] = {
    # Files and tables
    "unreadable-values": FaultKind(
        TABLES,
        "Rows or values are missing from every count that would use them; where a whole month has another format, "
        "that month looks empty.",
        warn="what was set aside may have a pattern",
    ),
    "unusable-rows": FaultKind(
        TABLES, "These rows are in no count.", warn="rows that are set aside may be one kind of record"
    ),
    "empty-table": FaultKind(
        TABLES, "Everything that needs this table is left out of the run.", warn="an answer is missing, none is wrong"
    ),
    "one-row": FaultKind(
        TABLES,
        "A model fitted to one row would repeat its priors.",
        stop="numbers would be made up of priors alone",
        warn="spend is not needed for a forecast",
    ),
    "stale-table": FaultKind(
        TABLES,
        "The latest weeks look as if nothing had happened: the forecast starts too low, and spend of those weeks "
        "seems to cause nothing.",
        warn="the latest weeks weigh most in a forecast",
    ),
    "after-as-of": FaultKind(
        TABLES, "None for this run; if as_of is too early, its latest history is missing.", note="the cut hides them"
    ),
    "values-not-named": FaultKind(
        TABLES,
        "These rows are counted as what others made of them: where that is wrong, so are their stage and channel.",
        warn="a new stage or channel of the company may hide among them",
    ),
    "several-answers": FaultKind(
        TABLES, "A row belongs to one of several; the others are not counted with it.", note="each row is counted once"
    ),
    "addresses-as-ids": FaultKind(
        TABLES, "None: the hash of an address ties rows together as the address did.", note="it has been dealt with"
    ),
    "hashes-without-salt": FaultKind(
        TABLES,
        "None for the numbers; whoever can guess an address can find it among the hashes.",
        warn="it is about people, not about numbers",
    ),
    "default-dates": FaultKind(
        TABLES,
        "History seems to begin decades early: rates per week are far too low, and these records look like the "
        "slowest ever.",
        warn="a few such dates stretch the history of everything",
    ),
    "dates-without-times": FaultKind(
        TABLES,
        "The order of two events of one day is not known, and touches count up to a day early.",
        note="models count whole weeks: a day's error is small",
    ),
    "duplicate-ids": FaultKind(
        RECORDS,
        "Counted twice, records would raise lead numbers and lower conversion; where rows disagree, the kept one may "
        "be the wrong one.",
        warn="where rows of one id disagree, one of them is wrong",
        note="pure copies are dropped without loss",
    ),
    "duplicate-rows": FaultKind(
        HISTORY, "None: counted twice, moves between stages would look more certain.", note="copies are dropped"
    ),
    "corrected-rows": FaultKind(
        RECORDS, "None: each date sees what was known by then.", note="corrections are a part of the history"
    ),
    # Leads and deals
    "shared-anonymous-id": FaultKind(
        RECORDS,
        "Some visits are in the journey of a colleague: credit by touch is shared out among the wrong people of often "
        "the same account. The forecast does not use touches.",
        note="within an account it changes nothing, and few ids are shared beyond it",
    ),
    "shared-email": FaultKind(
        RECORDS,
        "One person counts as several leads: more leads than people, and a lower conversion.",
        warn="every such lead but one is no new demand",
    ),
    "shared-domain": FaultKind(
        RECORDS,
        "People of these domains have no account unless they name one: their touches are in no account's journey.",
        note="nothing is guessed",
    ),
    "lead-of-other-account": FaultKind(
        RECORDS,
        "The segment of these leads, and the journey that their touches are in, may be another company's.",
        note="what people entered is trusted more than a domain",
    ),
    "deal-of-other-account": FaultKind(
        RECORDS,
        "The deal's journey mixes the touches of two companies, or its segment is another company's.",
        warn="one of the two is wrong",
    ),
    **dict.fromkeys(("orphan-lead-id", "orphan-account-id", "orphan-record-id", "orphan-deal-id"), _ORPHAN),
    "missing-channel": FaultKind(
        RECORDS,
        "Contribution is told for known channels only: each of them looks weaker by the share that is unknown.",
        warn="shares of channels among the rest are a guess about the whole",
        note="a small share moves no decision",
    ),
    "test-records": FaultKind(
        RECORDS,
        "They count as leads that never convert, and as open pipeline.",
        warn="beyond one in a hundred they lower conversion visibly",
        note="below one in a hundred they drown in the noise",
    ),
    "bulk-import": FaultKind(
        RECORDS,
        "A week of their arrival looks like a burst of demand: spend of the weeks before gets credit for it, and their "
        "conversion, mostly lower, drags down that of all.",
        warn="a list beyond one in twenty leads changes both arrivals and conversion",
        note="a small list changes little",
    ),
    "deals-without-leads": FaultKind(
        RECORDS,
        "Their revenue cannot be followed back to a lead and its channel: what leads, and so spend, bring is told too "
        "low.",
        warn="contribution is too low by about this share",
    ),
    "deal-before-lead": FaultKind(
        RECORDS,
        "A lead that came after its deal seems to convert at once: lead conversion is too high and too fast, and its "
        "channel gets credit for a deal it did not start.",
        warn="cause and effect are in the wrong order",
    ),
    "owners-left": FaultKind(
        RECORDS,
        "Their open deals are forecast as if somebody worked on them.",
        warn="open deals that nobody works on close less often than others",
    ),
    "merge-cycles": FaultKind(
        RECORDS,
        "Which record survives cannot be said: a journey ends where it began, and may be counted twice or not at all.",
        warn="the records concerned are few, but each is wrong",
    ),
    "repeated-deals": FaultKind(
        RECORDS,
        "The same deal counts several times: pipeline and bookings are too high.",
        warn="money is counted more than once",
    ),
    "leaking-column": FaultKind(
        RECORDS,
        "A backtest that uses it looks better than any forecast can be: it is filled once the outcome is known.",
        warn="scores would be too good to be true",
    ),
    "leaking-value": FaultKind(
        RECORDS,
        "Records of this value are sure to be won once they have it, and never have it before: its conversion is "
        "told as certain, that of the others too low.",
        warn="scores would be too good to be true, and splits by this column wrong",
    ),
    # Stage history
    "unmapped-stages": FaultKind(
        HISTORY,
        "How far these records got cannot be said: conversion of every stage around them is wrong.",
        stop="conversion would be wrong by an unknown amount; one line of the config mends it",
    ),
    "other-stage-names": FaultKind(
        HISTORY,
        "Which of these deals are open or closed today cannot be told: checks that compare today's stage with its "
        "history pass them over, and deals without stage changes are in no stage.",
        note="the models take stages from stage_changes",
    ),
    "unreached-stages": FaultKind(
        HISTORY, "The chance to pass such a stage comes from the prior alone.", warn="a guess stands in for data"
    ),
    "change-before-creation": FaultKind(
        HISTORY, "These records look some days slower than they are.", note="the journey's order holds"
    ),
    "close-before-creation": FaultKind(
        HISTORY,
        "A negative time to close would make all deals look quicker; set aside, these deals look open.",
        warn="wins and losses are missing until mended",
    ),
    "ends-before-start": FaultKind(
        HISTORY, "Their length is negative: they cannot be used as they are.", warn="what they tell is lost or wrong"
    ),
    "exits-recorded-late": FaultKind(
        HISTORY,
        "Counted as patience, the silent time would make every stage look slower and conversion lower.",
        warn="early records tell less than they seem to",
    ),
    "zombies": FaultKind(
        HISTORY,
        "Counted as open pipeline they would be forecast to close; nobody knows when, or whether, they will.",
        warn="open pipeline is smaller than the CRM shows",
    ),
    "batch-changes": FaultKind(
        HISTORY,
        "A clean-up of the CRM looks like many losses (or moves) in one week: conversion falls and time in stage "
        "grows, though customers did nothing.",
        warn="the hazards of that week are no behaviour of customers",
    ),
    "backdated-closes": FaultKind(
        HISTORY,
        "As of any past date these deals looked open when the CRM now says they were closed: a backtest that trusts "
        "the close date knows too much, and this week's closes are still incomplete.",
        note="the as-of cut goes by when closes were recorded",
    ),
    "created-closed": FaultKind(
        HISTORY,
        "They were never open pipeline: they make deals look quick and sure, and the forecast from open deals misses "
        "how they come about.",
        warn="win rate is too high and time to close too short",
    ),
    "closed-without-history": FaultKind(
        HISTORY,
        "Their closing has no date: the models see them as open, and as slow.",
        warn="conversion is too low by about this share",
    ),
    "past-close-dates": FaultKind(
        HISTORY,
        "A sum of open deals by close date, as the CRM makes it, leaves them out or books them in the past.",
        note="the forecast does not use close dates on file",
    ),
    "history-gap": FaultKind(
        HISTORY,
        "Records seem to have waited through these weeks: stages look slower, and backtests from them know nothing.",
        warn="weeks of the history are missing",
    ),
    # Amounts and currency
    "currencies-converted": FaultKind(
        MONEY, "Past amounts move with today's rate.", note="one rate for all dates is a choice, told here"
    ),
    "other-currency": FaultKind(
        MONEY,
        "Every sum of money is labelled with the wrong currency.",
        warn="a label or a rate is wrong, the proportions hold",
    ),
    "missing-currency": FaultKind(
        MONEY, "If they are in another currency, their amounts are wrong by its rate.", note="most are in the usual one"
    ),
    "negative-amounts": FaultKind(
        MONEY,
        "They lower pipeline and bookings, and cannot be modelled as deal sizes.",
        warn="sums of money are too low",
    ),
    "placeholder-amounts": FaultKind(
        MONEY,
        "Deals seem to be worth nothing: the mean deal size and pipeline in money are too low.",
        warn="deal size is learned from these amounts",
    ),
    "unit-slip": FaultKind(
        MONEY,
        "Amounts are a hundred or a thousand times too large or too small: a few of them outweigh all others in "
        "every sum.",
        warn="mean deal size can be wrong by a multiple",
    ),
    "amount-jumps": FaultKind(
        MONEY,
        "The amounts on file before were in another unit: pipeline at past dates is wrong by that factor.",
        note="the latest amount is most likely right",
    ),
    "probability-in-percent": FaultKind(
        MONEY, "A weighted pipeline would be a hundred times too high.", note="no forecast of revmodel uses it"
    ),
    # Spend
    "negative-spend": FaultKind(
        SPEND, "A negative week would ask the models what withdrawing advertising does.", warn="totals of spend change"
    ),
    "gaps-in-spend": FaultKind(
        SPEND,
        "Leads of those weeks seem to come without spend: the channel's effect is told too low and the baseline too "
        "high.",
        warn="missing weeks are read as zero",
    ),
    "spend-unit-slip": FaultKind(
        SPEND,
        "Weeks in another unit hide what spend does: the response curve is bent by them, and cost per lead is wrong.",
        warn="contribution and budget can be wrong by a multiple; no stop, because steep changes of budget can be true",
    ),
    "spend-counted-twice": FaultKind(
        SPEND,
        "Spend is told twice as high as it was: return on it looks half as good, and a budget comes out double.",
        stop="budget and return would be wrong by a multiple; one line of the config leaves the totals out",
    ),
    "repeated-spend": FaultKind(
        SPEND,
        "Spend is told too high, and return on it too low.",
        warn="rows may be equal by right: two accounts with the same budget",
    ),
    "clicks-above-impressions": FaultKind(
        SPEND, "Click-through is above 100 %.", note="the two columns may be swapped; no forecast uses them"
    ),
    # Tracking
    "tracking-break": FaultKind(
        TRACKING,
        "The models see spend that brings nothing: the channel's effect is told too low and, if its records now come "
        "under another name, that one's too high.",
        warn="contribution and budget turn against a channel that may work",
    ),
    "spend-vanished": FaultKind(
        TRACKING,
        "Leads go on without spend on record: the channel looks as if it cost nothing, and the baseline takes the "
        "credit.",
        warn="contribution and budget are told without this spend",
    ),
    "channel-vanished": FaultKind(
        TRACKING,
        "If the channel goes on under another name, or is not recorded any more, its history and its future are told "
        "apart as if two things had happened.",
        note="channels do end; only the company knows",
    ),
    "repeated-activities": FaultKind(
        TRACKING,
        "One activity counts as several: channels whose activities are repeated most get too much credit by touch.",
        warn="credit by touch is wrong; forecast and budget do not use touches",
    ),
    "shifted-clock": FaultKind(
        TRACKING,
        "Touches of this source fall on the wrong side of midnight, and may seem to come after the lead they led to.",
        note="weeks hardly change; the order within a day does",
    ),
    # Names
    "name-variants": FaultKind(
        NAMES,
        "One channel, campaign or segment counts as several: each part has less data, and its effect and cost are "
        "told apart.",
        warn="channels and segments split the models' data",
        note="the models do not split by this column",
    ),
    "near-spellings": FaultKind(
        NAMES,
        "If they are one, the rarer spelling is a level of its own with next to no data.",
        note="two names that look alike may be two things",
    ),
}

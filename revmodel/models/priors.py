"""Every prior, with its unit and the reason for it. A prior is a claim that a reader may dispute.

All free variables are standardised (Normal(0, 1), or Student-t with four degrees of freedom for steps that may jump),
so the numbers here are the scales they are multiplied by.
"""

from __future__ import annotations

# --- Stage hazards: log-odds of leaving a stage in a week, against staying --------------------------------------

INTERCEPT_SD = 1.5  # around the crude weekly rate: a factor of 4 to 5 either way at one sd
AGE_STEP_SD = 0.5  # between neighbouring age bins: the weekly rate may change by half
AGE_SLOPE_SD = 0.15  # by channel and by segment, per unit of log(1 + weeks): they differ in speed, not in shape
AGAIN_SD = 0.5  # a repeated visit against the first: it may be half as likely to end, or twice
PHASE_SD = 0.5  # quarter-end against the rest: closings often double, more is rare
MONTH_END_SD = 0.3  # a week of month-end days against one of none, beside the phase of the quarter
YEAR_END_SD = 0.3  # the fiscal year's last two weeks against those of other quarters
WORKING_DAYS_MEAN, WORKING_DAYS_SD = 0.7, 0.4  # elasticity to days worked: most moves are made by people at work
COVARIATE_SD = 0.15  # log-odds per standard deviation of a weekly indicator: more is rare for any single one
STEP_DEGREES_OF_FREEDOM = 4.0  # drift mostly creeps and sometimes breaks

# Spreads learned from the data (type-II maximum a posteriori), LogNormal(log median, log sd):
GROUP_SDS = {
    "channel": (0.30, 0.5),  # channels of one company convert within a factor of about two of each other
    "segment": (0.40, 0.5),  # segments (or products) differ by about half in rate
    "region": (0.20, 0.5),  # regions sell the same thing
    "owner": (0.25, 0.5),  # one seller against another, given the same leads
    "type": (0.50, 0.5),  # renewals and expansions are another business than new customers
    "band": (0.40, 0.5),  # a score that is worth having separates rates by a factor of two or more
}
# Where there are several stages, in place of a channel's spread at each alone: what its effects at all stages have in
# common (a good lead is good throughout), and what is a stage's own. Half of the variance each, 0.3 together as above.
COMMON_SDS = {"channel": (0.20, 0.5)}
OWN_SDS = {"channel": (0.20, 0.5)}
OWN_LOG_SD = 0.3  # of a stage's own spread around that of all stages
STAGE_DRIFT_SD = (0.07, 0.7)  # per four weeks: 7 % creep is 12 % a quarter; companies differ, from 2 % to 28 %
STAGE_SHOCK_SD = (0.10, 0.7)  # of a week, shared by all records in the stage: fairs, absences, a backlog worked off

# --- Arrivals: records created per week ------------------------------------------------------------------------

LEVEL_SD = 1.0  # of the log of the weekly total now around its crude recent mean, which a break may have left behind
TREND_YEAR_SD = 0.2  # of log volume a year: B2B companies grow or shrink by tens of per cent
HOLIDAY_MEAN = -0.4  # a week without a working day brings a third fewer records: few fill in forms, some do
EVENT_SD = 0.3  # a week of holidays or of an annotation against a normal one, on log volume
# Spreads learned from the data, LogNormal(median, log sd): of t steps of log volume per four weeks, of Fourier waves:
COMMON_STEP = (0.04, 0.7)  # all series: 4 % creep is about 7 % a quarter
OWN_STEP = (0.05, 0.7)  # each series beside the common one
ARRIVAL_SHOCK = (0.06, 0.7)  # of a week, all series: outages, news, mailings
SEASON = (0.10, 0.7)  # B2B seasons are tens of per cent from top to bottom
SEASON_SHARE_MEAN, SEASON_SHARE_SD = 0.5, 0.25  # of the baseline's season, in what spend causes
ARRIVAL_STEP_DEGREES_OF_FREEDOM = 4.0  # levels mostly creep and sometimes break
INDICATOR = (0.02, 1.0)  # likewise, of log volume per sd of an indicator at one lag: most say nothing, a few a lot
INDICATOR_START = 0.1  # each lag's scale before anything is learned: wide, so that it can speak before it is shrunk
INDICATOR_DEGREES_OF_FREEDOM = 1.0  # Cauchy: what is noise shrinks to nothing, what stands out is left alone
DISPERSION_LOG_MEAN, DISPERSION_LOG_SD = 3.0, 1.0  # negative-binomial size about 20: weekly counts beyond Poisson

# Of the records that carry a paid channel's name, those that its spend causes. Who came by a fair, a call, a webinar or
# an article would seldom have come without it; who came by a search or an affiliate was often on the way already.
OWN_SHARE, CAPTURED_SHARE = 0.85, 0.5
CAPTURE_NAMES = ("search", "sem", "ppc", "brand", "retarget", "remarket", "affiliate", "review")  # parts of names
SHARE_LOGIT_SD = 1.2  # around those, or around spend ÷ stated cost per lead ÷ volume: 0.44 to 0.98, 0.12 to 0.88
SHARE_BOUNDS = (0.1, 0.9)  # a centre from a stated cost is kept where data can still move it either way
# Of the records that come by names that catch demand and not by their own spend (direct, organic, searches), those that
# spend on other channels caused: a quarter, a tenth to a half. A share, since a halo cannot be more than has come.
HALO_LOGIT_MEAN, HALO_LOGIT_SD = -1.1, 1.0
HALO_LOG_SD = 0.8  # of a channel's part in them, against its part in records under channels' own names
# Priors of carry-over and saturation stand with their curves, in media/.

# --- Lift tests, of arrivals as of a media mix --------------------------------------------------------------------

TEST_MISMATCH = 0.1  # of a lift: a test is never quite the business that it is taken to stand for
TEST_AGE_A_YEAR = 0.15  # of a lift, for each year between a test and the end of the panel: responses change

# --- Deal size: log of the amount won ---------------------------------------------------------------------------

SIZE_MEAN_SD = 1.0  # of the overall mean around its crude value
SIZE_LOG_SPREAD_SD = 0.5  # of the log of the residual spread around its crude value
# Spreads learned from the data, LogNormal(median, log sd), of the log amount between the levels of a dimension:
SIZE_SPREADS = {
    "channel": (0.15, 0.7),  # channels bring deals that differ by some 15 %
    "segment": (0.8, 0.7),  # segments (or products) can differ by an order of magnitude
    "region": (0.2, 0.7),  # price levels and currencies
    "owner": (0.15, 0.7),  # who gives discounts
    "type": (0.5, 0.7),  # renewals and expansions against new business
    "band": (0.2, 0.7),  # better leads are larger companies
}
SIZE_STEP = (0.03, 0.7)  # per 13 weeks: price rises and mix, a tenth a year
WIDE_LOGIT_MEAN, WIDE_LOGIT_SD = -3.0, 1.2  # share of deals out of the ordinary: 5 %, between 0.7 and 26 %
WIDE_LEAST_RATIO = 2.0  # of their spread to the others': below it a wide deal could not be told from an ordinary one
WIDE_LOG_RATIO_MEAN, WIDE_LOG_RATIO_SD = 0.0, 0.8  # what it is above that: 3 times as wide in all, 2.3 to 5.7

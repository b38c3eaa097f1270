"""Every prior of the media mix, as shares of the KPI. A prior is a claim that a reader may dispute."""

from __future__ import annotations

EFFECT_LOG_SD = 1.2  # of a channel's share around its part of media_share: a seventh to seven times it, 9 in 10
ORGANIC_PART = 0.5  # of an average paid channel's part: what an organic channel without a belief is taken to bring
# Of what its cost would have others bring: a channel that spends where demand is (branded search, retargeting) reaches
# people who were coming anyway, as trials found of most of its clicks (Blake, Nosko & Tadelis 2015).
FOLLOWING_PART = 1 / 3
REGION_SPREAD_MOST = 0.6  # log sd of a channel's effect over regions: at most so much, and as a share of that
REGION_SPREAD = (-1.0, 1.0)  # logit: 16 %, 4 to 40 %
LEVEL_SD = 1.0  # of the baseline's level in a region: as large as the KPI itself, so the data decide
CONTROL_SD = 0.3  # of the KPI for one standard deviation of a control
EVENT_SD = 0.3  # of the KPI, while an event lasts or a week has no working day
NOISE_LOG = (-2.3, 0.8)  # log of the noise of a week: 10 %, 3 to 37 %
TREND_LOG = (-3.4, 0.8)  # log of a turn of the trend: 3 % from one knot to the next, 1 to 12 %
SMOOTH_LOG = (-2.0, 0.8)  # log of how far a smooth trend (hsgp) goes from its level: 14 %, 4 to 50 %
LENGTH_LOG = (3.0, 0.5)  # log of the weeks over which a smooth trend turns: 20, 9 to 46
SEASON_LOG = (-2.3, 0.8)  # log of the first yearly wave; faster waves are smaller
ECHO_MEAN, ECHO_SD = -1.0, 1.0  # logit of how much of a week's noise is in the next: 0.27, 0.07 to 0.66
FOLLOW_LOG = (0.2, 0.7)  # log of how strongly spend that follows demand moves with it: 1.2 times, 0.4 to 3.9
FOLLOW_NOISE_LOG = (-1.6, 0.7)  # log of what else moves such spend from week to week: 20 %, 6 to 64 %
TAIL_LOG = (1.4, 0.8)  # log of the degrees of freedom of Student-t noise beyond two: 6, 3.1 to 17
DRIFT_WEEKS = 13  # an effect that may change (drift) turns so often; how much is for the config to say
THROUGH = (0.0, 1.5)  # logit of the part of an effect that goes through a mediator: half, 8 to 92 %
MEDIATOR_LOG = (-1.6, 1.0)  # log of the share of the KPI that a mediator brings: 20 %, 4 % to all of it
FLOOR = 0.02  # of the KPI's mean: where a count's mean is bent up from what would be below nothing

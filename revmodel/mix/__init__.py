"""The media mix of a weekly KPI alone: what each channel added, with nothing known of a funnel.

mix_config   the YAML of a mix: which columns of a weekly panel are what, and what is believed beforehand
panel        the columns, checked, as arrays (channel, region, week)
trend        how the baseline moves: slopes that turn, or a smooth curve
basis        columns of the baseline and what channels did, for any weeks
response     what channels do → how strongly it acts: carry-over, saturation, reach and contacts, drift
probes       lift tests as arrays
arrays       what the likelihood sees
mix_model    the PyMC model
likelihood   its density: the baseline integrated out where noise is normal, else sampled
noise        the law of a week given the week before: normal, Student-t, Poisson, negative binomial
mediators    what channels drive and what brings the KPI in turn
media_mix    MediaMix: fit, predict, save, load
added        draws of what each channel added, and what one more unit of money would add
linear       draws of the baseline's coefficients given all else
tables       contributions, returns, curves and the decomposition, tidy
path_tables  ways by mediators, contacts a person, effects that change: where a mix has them
refute       a placebo channel, a random common cause, quarters left out: what must not move the answer, tried
geo_lift     what a test in some regions brought, from its days and regions alone
doubt        how far each answer comes from the data, and how far from what was believed beforehand
cautions     choices of the config that a panel does not bear out
"""

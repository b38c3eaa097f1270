"""The media mix of a weekly KPI alone: what each channel added, with nothing known of a funnel.

mix_config   the YAML of a mix: which columns of a weekly panel are what, and what is believed beforehand
panel        the columns, checked, as arrays (channel, region, week)
arrays       what the likelihood sees
mix_model    the PyMC model, its linear part integrated out
media_mix    MediaMix: fit, predict, save, load
added        draws of what each channel added, and what one more unit of money would add
tables       contributions, returns, curves and the decomposition, tidy
refute       a placebo channel, a random common cause, quarters left out: what must not move the answer, tried
geo_lift     what a test in some regions brought, from its days and regions alone
doubt        how far each answer comes from the data, and how far from what was believed beforehand
"""

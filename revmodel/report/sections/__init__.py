"""What each part of the page shows, from the run alone.

parts       the building blocks: a section, a chart, a grid
outlook     the forecast against its target, and where it comes from
marketing   what channels add, and the budget
trust       the record of past forecasts, data findings, model health
facts       open deals, how to read the page, where the run comes from
"""

"""What each part of the page shows, from the run alone.

parts       the building blocks: a section, a chart, a grid
outlook     the forecast against its target, and where it comes from
marketing   what channels add, and the budget
findings    what is wrong with the data, and what the data allows
trust       the record of past forecasts, model health
deals       open deals with their drivers, the CRM's categories, close dates
facts       how to read the page, where the run comes from
"""

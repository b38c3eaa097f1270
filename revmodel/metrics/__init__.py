"""The KPI layer: everything the practice reports, each defined once, counted as of a date. No model is fitted.

kpi        one KPI: formula, unit, source, direction, recipe      registry   all of them, for one company
recipes    how a KPI is computed from sums of measures            stages     which stage is called MQL, SAL, SQL
facts      what happened, as dated measures, in the engine        influence  deals that marketing touched
spend      what was paid, day by day                              pipeline   what was open on past days
totals     facts summed by period and level                       periods    weeks, months, fiscal quarters and years
survival   Kaplan-Meier and Aalen-Johansen on counts              intervals  ranges of shares, rates and means
durations  time in stage, time to follow up                       cohorts    conversion that gives the young their time
service    what marketing and sales promised each other           links      indicators beside pipeline and revenue
values     KPIs by period and level                               compare    targets, the period before, a year ago
notes      what a reader must know of a value      drawn      all that is counted from, drawn once
scorecard  all tables of a metrics run             summary    the latest period at a glance
"""

"""Planning on the fitted models: from a target back to leads and spend, and plans side by side.

flow        records in, deals out: the funnel's time to close as one sum
ahead       the weeks ahead of one company as arithmetic: what spend causes, what becomes of it and when
from_model  the same from the fitted models
target      a target for a quarter, back to how many times today's arrivals it takes
last_dates  until when a lever still moves the quarter
levers      what the next unit of each channel's spend brings to the quarter, week by week
least_spend the least spend that reaches the target within limits, or the most that can be reached
moves       a scenario's moves, applied to a spend plan
scenario    a scenario as a small YAML file
compare     scenarios beside the current plan, draw by draw
frontier    the most that each budget can bring, and where the next unit no longer pays
lift_value  which test would change the best plan most
lift_designs  how to test a channel: the design that tells enough and disturbs least
lift_of_new  the same of channels that have never spent
"""

"""A run as a folder of tables and one page that anyone can read.

tables    write and read a run's folder          words     money, dates and chances as people say them
wording   the forecast in sentences              verdicts  channels, budget, record and health in sentences
path      the quarter so far and ahead, cumulated from draws
figures   charts as inline SVG                   sections  what each part of the page shows
page      index.html, from the folder alone
"""

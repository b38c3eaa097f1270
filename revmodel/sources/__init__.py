"""Exports and warehouses → canonical tables, and the findings about them.

schema      the canonical tables, declared once
files       files as they are            mapping   what the config says about them
canonical   typed columns, usable rows   currency  one currency
checks      what is wrong, mended or told
load        all of it, in order          allows    what the data allows
"""

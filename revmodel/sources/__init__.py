"""Exports and warehouses → canonical tables, and the findings about them.

schema      the canonical tables, declared once
tables      the tables of one company, in one engine
files       files as they are            mapping   what the config says about them
canonical   typed columns                usable    what could not be read
currency    one currency                 checks    what is wrong, mended or told
load        all of it, in order          allows    what the data allows
"""

"""Exports and warehouses → canonical tables, and the findings about them.

schema      the canonical tables, declared once
tables      the tables of one company, in one engine
files       files as they are            mapping   what the config says about them
needed      which columns are read       shape     look-ups, splits, wide columns made rows
personal    e-mail hashed at the door    masking   what a message may show of a value
canonical   typed columns                usable    what could not be read
currency    one currency                 checks    what is wrong, mended or told
load        all of it, in order          allows    what the data allows
"""

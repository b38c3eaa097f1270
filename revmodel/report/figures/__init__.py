"""Charts of a run as inline SVG: text stays text, colours are the page's own, so light, dark and print all work.

canvas     paper, ink and the way to SVG       rows      one line a quarter, step or channel
forecast   ranges against target, the path     bridge    where a number comes from
channels   what channels add and return        budget    now and proposed       record    past ranges and the truth
"""

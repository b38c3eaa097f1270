"""From canonical tables to journeys: the as-of cut, one ordered event log, spells in stages."""

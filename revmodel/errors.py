"""Every error revmodel raises on purpose, as one tree.

    RevmodelError                 exit status 2 unless said otherwise
    ├── ConfigError               the YAML is wrong: an unknown key, a missing file, a bad value
    ├── SourceError               a table cannot be read or does not fit its schema
    │   ├── MissingColumnError    a required column is not there
    │   ├── EmptyTableError       a required table has no usable row
    │   └── CurrencyError         several currencies and no rates to convert them
    ├── JourneyError              stages or dates that cannot be put in order
    ├── ModelError                a model was asked something it cannot answer
    │   └── NotFittedError        predict before fit
    ├── HealthError               a health gate failed (exit status 1; numbers are written and marked)
    └── InfeasibleError           limits of an allocation that contradict each other

Each message says what came, what was wanted and what to do next.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "CurrencyError",
    "EmptyTableError",
    "HealthError",
    "InfeasibleError",
    "JourneyError",
    "MissingColumnError",
    "ModelError",
    "NotFittedError",
    "RevmodelError",
    "SourceError",
]


class RevmodelError(Exception):
    """Base of every error raised on purpose; ``exit_status`` is what the command line returns."""

    exit_status = 2


class ConfigError(RevmodelError):
    """The configuration is wrong."""


class SourceError(RevmodelError):
    """A source table cannot be read or does not fit its schema."""


class MissingColumnError(SourceError):
    """A required column is missing from a source table."""


class EmptyTableError(SourceError):
    """A table that the job needs has no usable row."""


class CurrencyError(SourceError):
    """Amounts come in several currencies and there are no rates to make them one."""


class JourneyError(RevmodelError):
    """Stages or dates cannot be put in order."""


class ModelError(RevmodelError):
    """A model was asked something that it cannot answer."""


class NotFittedError(ModelError):
    """``predict`` was called before ``fit``."""


class HealthError(RevmodelError):
    """A health gate failed: the numbers are written, marked, and not published."""

    exit_status = 1


class InfeasibleError(RevmodelError):
    """The limits of an allocation contradict each other."""

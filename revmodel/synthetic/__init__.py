"""A simulated B2B company with known truth, for the demo, the tests and recovery experiments.

The numerical parts are imported when first used, so that importing this package stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revmodel.synthetic.company import Company, make_company
    from revmodel.synthetic.files import write_company
    from revmodel.synthetic.truth import Truth

__all__ = ["Company", "Truth", "make_company", "write_company"]

_HOMES = {"Company": "company", "make_company": "company", "write_company": "files", "Truth": "truth"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"revmodel.synthetic has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"revmodel.synthetic.{_HOMES[name]}"), name)

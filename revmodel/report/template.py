"""The one template of all pages, and the tiles of their first screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__ = ["Tile", "rendered"]


@dataclass(frozen=True)
class Tile:
    """One number of the first screen. tone: good, bad or plain."""

    title: str
    value: str
    words: str
    tone: str = "plain"


def rendered(context: Mapping[str, Any]) -> str:
    """The page as text; a name that the template wants and the context lacks is an error."""
    environment = Environment(
        loader=PackageLoader("revmodel.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(context)

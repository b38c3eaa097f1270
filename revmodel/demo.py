"""The embedded company: where its config is, in a checkout or beside the working directory."""

from __future__ import annotations

from pathlib import Path

from revmodel.config import Config, load_config
from revmodel.errors import ConfigError

__all__ = ["demo_config"]

CONFIG = Path("configs") / "demo.yaml"


def demo_config() -> Config:
    """The demo's config. Raises ConfigError: no checkout of the project is at hand."""
    for root in (Path.cwd(), Path(__file__).resolve().parents[1]):
        if (root / CONFIG).exists():
            return load_config(root / CONFIG)
    raise ConfigError(f"no {CONFIG} here: run 'revmodel demo' inside a checkout of the project")

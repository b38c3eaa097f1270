"""Fingerprints: of the input files, and of everything that a stored result depends on."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from revmodel.config import Config

__all__ = ["input_digests", "program_digest", "result_key"]

LIBRARIES = ("pymc", "pytensor", "jax", "blackjax", "numpy", "scipy", "numba")


def input_digests(config: Config, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Per table: name, rows read, and the first 16 hexadecimal digits of the SHA-256 of its files."""
    count = dict(zip(rows["table"], rows["rows"], strict=True))
    out = []
    for table, sources in config.tables.items():
        digest = hashlib.sha256()
        for source in sources:
            pattern = config.resolve(str(source.path))
            for file in sorted(pattern.parent.glob(pattern.name)):
                digest.update(file.read_bytes())
        out.append({"table": table, "rows": int(count.get(table, 0)), "digest": digest.hexdigest()[:16]})
    return out


def result_key(config: Config, inputs: list[dict[str, Any]], **settings: object) -> str:
    """A key that changes whenever data, config, settings or the program do."""
    parts = {"inputs": inputs, "config": config.model_dump(mode="json"), "program": program_digest(), **settings}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


@cache
def program_digest() -> str:
    """A fingerprint of this program's own sources and of the libraries that its numbers come from."""
    digest = hashlib.sha256(" ".join(version(name) for name in LIBRARIES).encode())
    for file in sorted(Path(__file__).resolve().parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()

"""Fingerprints: of the input files, and of everything that a stored result depends on."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from revmodel.config import Config, files_in
from revmodel.sources.files import input_files
from revmodel.sources.fingerprint import fingerprint
from revmodel.workflows.company import DataCheck

__all__ = ["input_digests", "program_digest", "result_key"]

LIBRARIES = ("pymc", "pytensor", "jax", "blackjax", "numpy", "scipy", "numba")
BLOCK_BYTES = 2**20


def input_digests(config: Config, data: DataCheck) -> list[dict[str, Any]]:
    """Per table: name, rows read, and 16 hexadecimal digits: of the SHA-256 of its files, those that it looks something
    up in included; of its rows as they were read, where a part of it comes from a database.
    """
    count = dict(zip(data.rows["table"], data.rows["rows"], strict=True))
    return [
        {"table": table, "rows": int(count.get(table, 0)), "digest": _digest(config, data, table)}
        for table in config.tables
    ]


def _digest(config: Config, data: DataCheck, table: str) -> str:
    if table in data.tables and any(file.database for file in files_in(config.tables[table])):
        return fingerprint(data.tables[table])
    digest = hashlib.sha256()
    for path in input_files(config, table):
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()[:16]


def result_key(config: dict[str, Any], inputs: list[dict[str, Any]], **settings: object) -> str:
    """A key that changes whenever data, what matters of the config, settings or the program do."""
    parts = {"inputs": inputs, "config": config, "program": program_digest(), **settings}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


@cache
def program_digest() -> str:
    """A fingerprint of this program's own sources and of the libraries that its numbers come from."""
    digest = hashlib.sha256(" ".join(version(name) for name in LIBRARIES).encode())
    for file in sorted(Path(__file__).resolve().parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()

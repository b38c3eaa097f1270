"""One company of each kind for all tests here; how long each took is kept."""

from __future__ import annotations

from time import process_time

import pytest

from revmodel.synthetic import Company, make_company


@pytest.fixture(scope="session")
def seconds() -> dict[str, float]:
    """CPU seconds that the companies below took, by name."""
    return {}


@pytest.fixture(scope="session")
def demo(seconds: dict[str, float]) -> Company:
    started = process_time()
    company = make_company(seed=7)
    seconds["demo"] = process_time() - started
    return company


@pytest.fixture(scope="session")
def small(demo: Company, seconds: dict[str, float]) -> Company:
    """Made after the demo, so that imports are not in its time."""
    assert demo.tables
    started = process_time()
    company = make_company(seed=11, size="small")
    seconds["small"] = process_time() - started
    return company

"""What every test shares: Hypothesis profiles, and names that every process gives alike."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings

# CI must not fail by luck of the draw: there every run draws the same examples
suppressed = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("qdiag", deadline=None, derandomize="CI" in os.environ, suppress_health_check=suppressed)
settings.load_profile("qdiag")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Refuse a test that is named by an address in memory: it is another one in each of the processes that run the tests."""
    named = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if named:
        raise pytest.UsageError(f"give {named[0]} an id that every process gives alike")

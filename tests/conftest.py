"""What every test shares: Hypothesis profiles."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# CI must not fail by luck of the draw: there every run draws the same examples
suppressed = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("qdiag", deadline=None, derandomize="CI" in os.environ, suppress_health_check=suppressed)
settings.load_profile("qdiag")

"""Healthy trainings of many shapes: no remark, no error, and what they print is not changed by a bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qdiag.evaluation.workers import Workers
from tests.e2e.training_runs import TRAININGS, run

pennylane = pytest.importorskip("pennylane")
todays = pytest.mark.skipif(not hasattr(pennylane, "set_shots"), reason="the scripts are written for today's PennyLane")
pytestmark = [pytest.mark.slow, pytest.mark.stack, todays]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as pool:
        yield pool


@pytest.mark.parametrize("script", TRAININGS, ids=lambda script: script.stem)
def test_a_healthy_training_is_left_in_peace(script: Path, workers: Workers, tmp_path: Path) -> None:
    assert run(script, workers, tmp_path).failures == []

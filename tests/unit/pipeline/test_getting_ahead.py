"""What is replayed while probes are waited for: once, where a core is free for it, and a failure waits its turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.pipeline import run as module
from qdiag.pipeline.run import Run
from qdiag.pipeline.run_options import Options, Silence
from qdiag.trace.run_folder import RunFolder


def examination(folder: Path, replaying: Callable[[], Any], calls: int = 1) -> Run:
    made = Run(RunFolder(folder), Options(), Silence())
    made.__dict__.update(_trace=SimpleNamespace(refresh=lambda: calls), _replay=SimpleNamespace(finish=replaying))
    return made


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda number: monkeypatch.setattr(module, "most_workers", lambda: number)


def test_all_is_replayed_once_while_something_else_is_waited_for(tmp_path: Path, cores: Callable[[int], None]) -> None:
    cores(2)
    replayed: list[int] = []
    judging = examination(tmp_path, lambda: replayed.append(1))
    assert [judging.get_ahead(), judging.get_ahead()] == [True, False]
    assert replayed == [1]


@pytest.mark.parametrize(("number", "calls"), [(1, 1), (2, 0)])
def test_nothing_is_replayed_without_a_core_or_a_call(tmp_path: Path, cores: Callable[[int], None], number: int, calls: int) -> None:
    cores(number)
    replayed: list[int] = []
    examination(tmp_path, lambda: replayed.append(1), calls).get_ahead()
    assert replayed == []


def test_a_failure_is_told_when_all_is_judged(tmp_path: Path, cores: Callable[[int], None]) -> None:
    cores(2)

    def fail() -> None:
        raise ValueError("odd")

    judging = examination(tmp_path, fail)
    judging.get_ahead()
    with pytest.raises(ValueError, match="odd"):
        judging.finish()

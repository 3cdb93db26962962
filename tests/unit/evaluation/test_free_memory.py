"""What is free for workers, where a container has a limit and where it has none."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from qdiag.evaluation import free_memory as module
from qdiag.evaluation.free_memory import free_memory, left_in_group

NAMES = [
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
]


@pytest.mark.parametrize("names", NAMES)
def test_a_containers_limit_counts_without_what_files_are_read_into(tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "memory").mkdir()
    for name, text in zip(names, ("1000000\n", "700000\n", "anon 5\ninactive_file 50000\n")):
        (tmp_path / name).write_text(text)
    assert left_in_group(tmp_path) == 350_000


def test_without_a_limit_or_without_groups_there_is_no_end(tmp_path: Path) -> None:
    assert left_in_group(tmp_path) == math.inf
    for name, text in zip(NAMES[0], ("max\n", "700000\n", "")):
        (tmp_path / name).write_text(text)
    assert left_in_group(tmp_path) == math.inf


def test_the_least_of_both_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in zip(NAMES[0], ("1000\n", "700\n", "")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "GROUPS", tmp_path)
    assert free_memory() == 300

"""A short session of mutants: the long one is `python -m tests.mutants`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from qdiag.errors import TraceError
from tests.mutants import mutate, originals, readers
from tests.mutants.__main__ import Session


def test_no_reader_of_a_damaged_file_misbehaves(tmp_path: Path) -> None:
    session = Session(tmp_path, seed=20)
    for number in range(500):
        session.mutant(number)
    assert session.tally.odd == {}
    # damage that every reader refuses, or none does, would show nothing
    assert min(sum(session.tally.refused.values()), sum(session.tally.taken.values())) > 100


def test_whole_files_are_taken(tmp_path: Path) -> None:
    traces, reports = originals.traces(tmp_path), originals.stored_reports()
    for trace, report in zip(traces, reports):
        (tmp_path / "trace.qdiag").write_bytes(trace)
        (tmp_path / "report.qdiag").write_bytes(report)
        assert readers.examine(readers.read_trace, tmp_path) == readers.examine(readers.read_report, tmp_path) == ""
        assert readers.examine(readers.command_line("show"), tmp_path) == ""


def test_a_reader_that_misbehaves_is_found(tmp_path: Path) -> None:
    def raises(folder: Path) -> readers.Said:
        raise KeyError
        yield ""

    def refuses(folder: Path) -> readers.Said:
        raise TraceError("no", "yes")
        yield ""

    with pytest.raises(KeyError):
        readers.examine(raises, tmp_path)
    with pytest.raises(readers.OddError, match="is printed"):
        readers.examine(lambda folder: iter(["a\x1b[0m"]), tmp_path)
    assert readers.examine(refuses, tmp_path) == "no"


@pytest.mark.parametrize("damage", mutate.BYTES)
def test_a_mutant_can_be_made_again(damage: mutate.Damage) -> None:
    data = bytes(range(256)) * 40
    made = [damage(data, random.Random(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1]
    assert data not in made

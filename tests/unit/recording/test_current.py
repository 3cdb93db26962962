"""Which recording is in force: none unless one is wanted, one at a time, and the one before it afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qdiag.recording import current, first_need, words_left


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = current.exchange(None, current.Wanted())
    yield
    current.exchange(*before)


def test_where_nothing_is_wanted_there_is_no_recorder() -> None:
    assert first_need.ensure_recorder() is None
    assert current.recorder is None


def test_a_recorder_that_is_there_is_the_one_needed(tmp_path: Path) -> None:
    recorder = object()
    current.exchange(recorder, current.Wanted(str(tmp_path / "trace")))
    assert first_need.ensure_recorder() is recorder


def test_what_was_warned_of_before_there_was_a_recorder_is_taken_in_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr("qdiag.recording.recorder.Recorder.warned_backward", lambda self, words: heard.append(words))
    current.exchange(None, current.Wanted(str(tmp_path / "trace")))
    current.early.extend(["UserWarning: one", "UserWarning: two"])
    first_need.ensure_recorder()
    assert (heard, current.early) == (["UserWarning: one", "UserWarning: two"], [])


def test_what_was_warned_of_before_another_recording_is_none_of_it() -> None:
    current.early.append("UserWarning: one")
    current.exchange(None, current.Wanted())
    assert current.early == []


def test_an_exchange_gives_what_was_in_force_so_that_it_can_be_put_back(tmp_path: Path) -> None:
    outer, inner = object(), object()
    wanted = current.Wanted(str(tmp_path / "outer"), "folder")
    current.exchange(outer, wanted)
    before = current.exchange(inner, current.Wanted(str(tmp_path / "inner")))
    assert before == (outer, wanted)
    assert current.recorder is inner
    current.exchange(*before)
    assert (current.recorder, current.wanted) == (outer, wanted)


def test_what_could_not_even_start_says_so_beside_the_trace(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    current.exchange(None, current.Wanted(str(trace)))
    current.stop(ValueError("no such attribute"))
    assert words_left.read_link(trace) == "ValueError: no such attribute"


def test_without_a_recording_there_is_nowhere_to_say_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    current.stop(ValueError("nobody asked"))
    assert list(tmp_path.iterdir()) == []


def test_knowing_what_is_in_force_loads_no_framework() -> None:
    code = "import sys, qdiag.recording.current; print(sorted({'numpy', 'pennylane', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_whoever_is_asked_first_has_the_recorder_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "recorder", None)
    monkeypatch.setattr(current, "make", lambda: "made")
    assert current.whoever_records() == "made"
    monkeypatch.setattr(current, "recorder", "there")
    assert current.whoever_records() == "there"
    monkeypatch.setattr(current, "recorder", None)
    monkeypatch.setattr(current, "make", None)
    assert current.whoever_records() is None

"""Recording inside a running program: the innermost session records, and afterwards everything is as it was."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.errors import OutputError
from qdiag.model.call import Script
from qdiag.model.coverage import Gap
from qdiag.recording import current, first_need, hook_points, hooks, session
from qdiag.recording.session import Session
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter

SCRIPT = Script("training_step", called=True)


class Recorder:
    """As far as a session asks it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.count = 3

    def script_failed(self, error: BaseException) -> None:
        self.heard.append(f"failed: {type(error).__name__}")

    def close(self) -> None:
        self.heard.append("closed")


@pytest.fixture(autouse=True)
def _no_framework(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("torch", "pennylane"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    assert not hook_points.is_hooked()
    assert (current.recorder, current.wanted) == (None, current.Wanted())


def ended(path: Path) -> Script:
    with Trace.open(path) as trace:
        assert trace.complete
        return trace.script


def test_it_makes_a_trace_and_completes_it(tmp_path: Path) -> None:
    with Session(tmp_path / "trace", SCRIPT), Trace.open(tmp_path / "trace") as trace:
        assert not trace.complete
    assert ended(tmp_path / "trace") == Script("training_step", exit_code=0, called=True)


def test_inside_it_is_what_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def met(qnode: Any) -> None:
        return

    with Session(Path("trace"), SCRIPT, met=met):
        assert current.wanted == current.Wanted(str(tmp_path / "trace"), str(tmp_path), met)
    assert current.wanted == current.Wanted()


def test_a_trace_keeps_its_place_where_the_program_goes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Session(Path("trace"), SCRIPT):
        os.chdir("elsewhere")
    assert ended(tmp_path / "trace").exit_code == 0


@pytest.mark.parametrize(("error", "exit_code"), [(ValueError("no"), 1), (KeyboardInterrupt(), 130), (SystemExit(5), 1)], ids=repr)
def test_an_exception_passes_and_is_the_trace_s_end(tmp_path: Path, error: BaseException, exit_code: int) -> None:
    with pytest.raises(type(error)), Session(tmp_path / "trace", SCRIPT):
        raise error
    assert ended(tmp_path / "trace").exit_code == exit_code


def test_the_recorder_hears_of_an_exception_before_it_is_closed(tmp_path: Path) -> None:
    recorder = Recorder()

    def fail() -> None:
        current.exchange(recorder, current.wanted)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), Session(tmp_path / "trace", SCRIPT):
        fail()
    assert recorder.heard == ["failed: ValueError", "closed"]


def test_it_tells_how_many_calls_there_were_so_far(tmp_path: Path) -> None:
    with Session(tmp_path / "trace", SCRIPT) as running:
        assert running.calls == 0
        current.exchange(Recorder(), current.wanted)
        assert running.calls == 3


@pytest.mark.parametrize("probe", [True, False])
def test_it_says_in_the_trace_whether_qnodes_are_to_be_probed(tmp_path: Path, probe: bool) -> None:
    with Session(tmp_path / "trace", SCRIPT, probe=probe), TraceWriter(tmp_path / "trace") as file:
        assert file.fact("probe") == ("yes" if probe else "")


def test_an_inner_one_records_and_the_outer_one_goes_on(tmp_path: Path) -> None:
    with Session(tmp_path / "outer", SCRIPT):
        outer = Recorder()
        current.exchange(outer, current.wanted)
        with Session(tmp_path / "inner", SCRIPT):
            assert current.recorder is None
            assert current.wanted.trace == str(tmp_path / "inner")
        assert current.recorder is outer
        assert outer.heard == []
    assert outer.heard == ["closed"]


def test_it_waits_for_frameworks_no_longer_than_it_lasts(tmp_path: Path) -> None:
    before = list(sys.meta_path)
    with Session(tmp_path / "trace", SCRIPT):
        assert len(sys.meta_path) == len(before) + 1
        with Session(tmp_path / "inner", SCRIPT):
            pass
    assert sys.meta_path == before


def test_a_ctrl_c_while_the_trace_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    class Interrupted(Recorder):
        def close(self) -> None:
            raise KeyboardInterrupt

    before = list(sys.meta_path)
    with pytest.raises(KeyboardInterrupt), Session(tmp_path / "trace", SCRIPT):
        current.exchange(Interrupted(), current.wanted)
    assert sys.meta_path == before


def test_one_while_hooks_are_put_in_does_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(watch: Any) -> None:
        hooks.put(os, "_exit", lambda code: None)
        raise KeyboardInterrupt

    before = os._exit
    monkeypatch.setattr(session._Watch, "begin", begin)
    with pytest.raises(KeyboardInterrupt), Session(tmp_path / "trace", SCRIPT):
        raise AssertionError
    assert os._exit is before


def test_a_trace_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("the user's own")
    with pytest.raises(OutputError), Session(tmp_path / "trace", SCRIPT):
        raise AssertionError
    assert (tmp_path / "trace").read_text() == "the user's own"


def test_in_a_forked_child_it_leaves_the_trace_to_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Session(tmp_path / "trace", SCRIPT)
    running.__enter__()
    monkeypatch.setattr(running, "_home", os.getpid() + 1)
    running.__exit__(None, None, None)
    with Trace.open(tmp_path / "trace") as trace:
        assert not trace.complete


class TestUnderJax:
    @pytest.fixture
    def heard(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        heard: list[str] = []
        monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(effects_barrier=lambda: heard.append("awaited")))
        monkeypatch.setitem(sys.modules, "jax._src.xla_bridge", SimpleNamespace(backends_are_initialized=lambda: True))
        return heard

    def test_runs_that_are_under_way_are_awaited(self, tmp_path: Path, heard: list[str]) -> None:
        with Session(tmp_path / "trace", SCRIPT):
            recorder = Recorder()
            recorder.heard = heard
            current.exchange(recorder, current.wanted)
        assert heard == ["awaited", "closed"]

    def test_that_nothing_came_by_is_said_where_jax_was_at_work(
        self, tmp_path: Path, heard: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[tuple[Gap, str]] = []
        maker = SimpleNamespace(unseen=lambda *words: said.append(words))
        monkeypatch.setattr(first_need, "ensure_recorder", lambda: maker)
        with Session(tmp_path / "trace", SCRIPT):
            pass
        assert said == [(Gap.UNRECORDED, session.COMPILED_BEFORE)]

    def test_nothing_is_said_where_jax_is_only_loaded(self, tmp_path: Path, heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "jax._src.xla_bridge", SimpleNamespace(backends_are_initialized=lambda: False))
        with Session(tmp_path / "trace", SCRIPT):
            pass
        assert heard == []


class TestPaused:
    def test_nothing_is_recorded(self, tmp_path: Path) -> None:
        with Session(tmp_path / "trace", SCRIPT):
            recorder = Recorder()
            current.exchange(recorder, current.wanted)
            with session.pause_recording():
                assert first_need.ensure_recorder() is None
            assert current.recorder is recorder

    def test_it_goes_on_after_an_exception(self, tmp_path: Path) -> None:
        with Session(tmp_path / "trace", SCRIPT):
            with pytest.raises(ValueError, match="ours"), session.pause_recording():
                raise ValueError("ours")
            assert current.wanted.trace == str(tmp_path / "trace")

    def test_warnings_of_ours_are_not_the_users(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with session.pause_recording():
                warnings.warn("ours", UserWarning, stacklevel=1)
            with pytest.raises(UserWarning):
                warnings.warn("the user's", UserWarning, stacklevel=1)

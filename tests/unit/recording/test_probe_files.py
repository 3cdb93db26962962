"""How what was seen beside a script comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qdiag.model.probe import Probe
from qdiag.recording import probe_files
from qdiag.trace import call_text

fcntl = pytest.importorskip("fcntl")


class TestANewFile:
    def test_is_locked_until_all_who_have_it_open_have_closed_it(self, tmp_path: Path) -> None:
        path = probe_files.probe_path(tmp_path / "trace.qdiag", 3)
        file = probe_files.make_file(path)
        copy = os.dup(file)
        os.close(file)
        assert probe_files.is_running(path)
        os.close(copy)
        assert not probe_files.is_running(path)

    def test_is_never_one_that_is_there(self, tmp_path: Path) -> None:
        path = tmp_path / "there"
        path.write_text("another's")
        with pytest.raises(FileExistsError):
            probe_files.make_file(path)


class TestWhetherACopyStillRuns:
    def test_its_lock_tells(self, tmp_path: Path) -> None:
        path = tmp_path / "probe"
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            assert probe_files.is_running(path)
        assert not probe_files.is_running(path)

    def test_a_file_that_is_gone_has_none(self, tmp_path: Path) -> None:
        assert not probe_files.is_running(tmp_path / "gone")


class TestWhatWasCollected:
    @pytest.fixture
    def trace(self, tmp_path: Path) -> Path:
        return tmp_path / "trace.qdiag"

    @staticmethod
    def seen(trace: Path, index: int, text: str) -> Path:
        path = probe_files.probe_path(trace, index)
        path.write_text(text)
        return path

    @staticmethod
    def line(index: int, note: str) -> str:
        return call_text.text_of(Probe(index, note=note)) + "\n"

    def test_is_in_the_order_of_the_calls_and_not_of_the_names(self, trace: Path) -> None:
        for index in (10, 9, 100):
            self.seen(trace, index, self.line(index, "seen"))
        assert [index for index, _ in probe_files.collect_probes(trace)] == [9, 10, 100]

    @pytest.mark.parametrize(
        "tail",
        ["", '{"call": 0, "no', "\n", "not json\n", '{"call": "zero"}\n'],
        ids=["whole", "half a line", "an empty line", "no json", "no probe"],
    )
    def test_is_the_last_complete_line(self, trace: Path, tail: str) -> None:
        self.seen(trace, 0, self.line(0, "first") + self.line(0, "last") + tail)
        assert [probe.note for _, probe in probe_files.collect_probes(trace)] == ["last"]

    @pytest.mark.parametrize("text", ["", "half a li", "\n\n"])
    def test_says_so_where_the_copy_knew_nothing_before_it_ended(self, trace: Path, text: str) -> None:
        self.seen(trace, 3, text)
        ((index, probe),) = probe_files.collect_probes(trace)
        assert (index, probe.call) == (3, 3)
        assert probe.note == "it ended before it knew anything"

    def test_says_what_kept_it_from_its_end(self, trace: Path) -> None:
        self.seen(trace, 0, self.line(0, "half") + "# it took too long\n")
        self.seen(trace, 1, "\n# it crashed\n")
        self.seen(trace, 2, call_text.text_of(Probe(2, complete=True)) + "\n# it crashed\n")
        probes = dict(probe_files.collect_probes(trace))
        assert [probe.note for probe in probes.values()] == ["it took too long", "it crashed", ""]
        assert [probe.complete for probe in probes.values()] == [False, False, True]

    def test_bytes_that_are_no_text_are_nothing_seen(self, trace: Path) -> None:
        probe_files.probe_path(trace, 0).write_bytes(b"\xff\xfe\n")
        ((_, probe),) = probe_files.collect_probes(trace)
        assert "ended before" in probe.note

    def test_leaves_no_file_behind(self, trace: Path) -> None:
        path = self.seen(trace, 0, self.line(0, "seen"))
        list(probe_files.collect_probes(trace))
        assert not path.exists()

    def test_is_waited_for(self, trace: Path) -> None:
        path = self.seen(trace, 0, self.line(0, "at first"))
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                file.write(self.line(0, "in the end"))
                file.close()

        ((_, probe),) = probe_files.collect_probes(trace, patience=60, pause=pause)
        assert probe.note == "in the end"
        assert len(pauses) == 3

    def test_is_not_waited_for_for_ever(self, trace: Path) -> None:
        path = self.seen(trace, 0, self.line(0, "so far"))
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            ((_, probe),) = probe_files.collect_probes(trace, patience=0.0)
        assert probe.note == "it was not done 0 s after the end of the script; run it again where the machine is less busy"
        assert not path.exists()

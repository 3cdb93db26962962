"""The launcher: a process for the script, out of its way, and a trace that is complete when it has ended."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import pytest

from qdiag.errors import OutputError, Terminated, TraceError, UsageError
from qdiag.model.call import Script
from qdiag.recording import launcher, settle, words_left
from qdiag.recording.launcher import Onlooker
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter


def run(folder: Path, text: str, argv: Sequence[str] = (), **options: Any) -> Script:
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(text)
    with open(os.devnull, "wb") as null:
        return launcher.run(Script("train.py", tuple(argv)), folder / "trace", output=null, folder=folder, **options)


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [("", 0), ("raise SystemExit(3)", 3), ("1/0", 1), ("import os; os._exit(9)", 9), ("import os; os.kill(os.getpid(), 9)", -9)],
)
def test_it_gives_the_scripts_exit_code_and_keeps_it(tmp_path: Path, text: str, exit_code: int) -> None:
    script = run(tmp_path, text, ["--lr", "0.1"])
    assert (script.path, script.argv, script.exit_code) == ("train.py", ("--lr", "0.1"), exit_code)
    with Trace.open(tmp_path / "trace") as trace:
        assert trace.complete
        assert trace.script.exit_code == exit_code
        assert len(trace) == 0


def test_a_script_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no script train\.py") as caught:
        launcher.run(Script("train.py"), tmp_path / "trace", folder=tmp_path)
    assert "-m" in caught.value.cure
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_cannot_be_made_is_known_before_the_script_runs(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("there")
    with pytest.raises(OutputError):
        run(tmp_path, "open('ran', 'w')")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("change", ["shutil.rmtree('runs')", "os.rename('runs', 'elsewhere')"])
def test_how_the_script_ended_is_known_also_where_it_took_the_trace_away(tmp_path: Path, change: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "train.py").write_text(f"import os, shutil; {change}; raise SystemExit(3)")
    told: list[TraceError] = []
    with open(os.devnull, "wb") as null:
        script = launcher.run(
            Script("train.py"), tmp_path / "runs" / "trace", Onlooker(unsettled=told.append), output=null, folder=tmp_path
        )
    assert script.exit_code == 3
    (error,) = told
    assert "not there any more" in error.cause
    assert not (tmp_path / "runs").exists()


def test_also_where_the_trace_cannot_be_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(TraceWriter, "meta", full)
    told: list[TraceError] = []
    assert run(tmp_path, "raise SystemExit(3)", onlooker=Onlooker(unsettled=told.append)).exit_code == 3
    assert "disk is full" in told[0].cause
    assert words_left.read_link(tmp_path / "trace") == "database or disk is full"
    with pytest.raises(TraceError):
        run(tmp_path / "again", "")


def test_the_script_finds_the_trace_from_its_beginning(tmp_path: Path) -> None:
    run(tmp_path, "import os; open('seen', 'w').write(str(os.path.exists('trace')))")
    assert (tmp_path / "seen").read_text() == "True"


def test_what_the_script_prints_goes_where_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import sys; print('out'); print('err', file=sys.stderr)")
    with (tmp_path / "output").open("wb") as output:
        launcher.run(Script("train.py"), tmp_path / "trace", output=output, folder=tmp_path)
    assert sorted((tmp_path / "output").read_text().split()) == ["err", "out"]


def test_a_module_is_run_as_python_would(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import sys; open('seen', 'w').write(repr((__name__, sys.argv[1:])))")
    script = launcher.run(Script("train", ("1",), module=True), tmp_path / "trace", folder=tmp_path)
    assert (script.module, script.exit_code) == (True, 0)
    assert (tmp_path / "seen").read_text() == "('__main__', ['1'])"


class TestMeanwhile:
    def test_something_else_is_done_until_the_script_ends(self, tmp_path: Path) -> None:
        rounds: list[int] = []

        def meanwhile() -> bool:
            rounds.append(1)
            (tmp_path / "go").touch()
            return False

        wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.005)\n"
        assert run(tmp_path, wait, onlooker=Onlooker(meanwhile)).exit_code == 0
        assert rounds

    def test_more_to_do_is_done_at_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        waited: list[float] = []

        class Over(threading.Event):
            def wait(self, timeout: Optional[float] = None) -> bool:
                if timeout is None:  # a thread's own
                    return super().wait()
                waited.append(timeout)
                return super().wait(0.001 if len(waited) < 4 else 20)

        more = iter([True, True, False])
        monkeypatch.setattr(threading, "Event", Over)
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.2); raise SystemExit(5)"])
        assert launcher._wait(process, Onlooker(lambda: next(more))) == 5
        assert waited == [launcher.INTERVAL, 0, 0, launcher.INTERVAL]

    def test_that_the_script_has_ended_is_told_at_once_whatever_is_done_meanwhile(self, tmp_path: Path) -> None:
        told, heard = threading.Event(), list[int]()

        def ended(exit_code: int) -> None:
            heard.append(exit_code)
            told.set()

        def meanwhile() -> bool:
            assert told.wait(20), "an evaluation that takes long is no reason to be silent"
            return False

        script = run(tmp_path, "import time; time.sleep(0.3); raise SystemExit(3)", onlooker=Onlooker(meanwhile, ended))
        assert script.exit_code == 3
        assert heard == [3]


class TestTheCommand:
    def test_is_this_interpreter_with_its_flags(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(subprocess, "_args_from_interpreter_flags", lambda: ["-O", "-X", "utf8"])
        command = launcher._command("script", Script("train.py"), Path("trace"))
        assert command[:4] == [sys.executable, "-O", "-X", "utf8"]

    def test_names_the_kind_the_trace_and_what_to_run(self) -> None:
        command = launcher._command("script", Script("train.py", ("--lr", "0.1")), Path("/traces/trace"))
        assert command[-6:] == [str(launcher._BOOTSTRAP), "script", "/traces/trace", "train.py", "--lr", "0.1"]


PROGRAM = "open('ran', 'w').write(__file__)"


class TestAScriptThatIsMoreThanAFile:
    def test_may_be_a_folder_below_the_working_folder(self, tmp_path: Path) -> None:
        (tmp_path / "program").mkdir()
        (tmp_path / "program" / "__main__.py").write_text(PROGRAM)
        script = launcher.run(Script("program"), tmp_path / "trace", folder=tmp_path)
        assert script.exit_code == 0
        assert (tmp_path / "ran").read_text() == str(tmp_path / "program" / "__main__.py")

    def test_may_be_an_archive(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "program.pyz", "w") as archive:
            archive.writestr("__main__.py", PROGRAM)
        script = launcher.run(Script(str(tmp_path / "program.pyz")), tmp_path / "trace", folder=tmp_path)
        assert script.exit_code == 0
        assert (tmp_path / "ran").exists()

    @pytest.mark.parametrize(("name", "holds"), [("archive.pyz", True), ("train.py", False), ("no_archive", False), ("gone", False)])
    def test_is_known_by_what_it_holds(self, tmp_path: Path, name: str, holds: bool) -> None:
        (tmp_path / "no_archive").write_text("print('a script without a suffix')")
        for archive in ("archive.pyz", "train.py"):
            with zipfile.ZipFile(tmp_path / archive, "w") as file:
                file.writestr("__main__.py", "")
        assert launcher._holds_main(str(tmp_path / name)) is holds


class TestSignals:
    def test_handlers_are_put_back(self) -> None:
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        before = [signal.getsignal(number) for number in numbers]
        with launcher._signals([]):
            assert [signal.getsignal(number) for number in numbers] != before
        assert [signal.getsignal(number) for number in numbers] == before

    def test_what_is_ignored_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with launcher._signals([]):
                assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_an_interrupt_is_left_to_the_script_and_remembered(self) -> None:
        # a shell's background job ignores it from the beginning
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        heard: list[int] = []
        try:
            with launcher._signals(heard):
                os.kill(os.getpid(), signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)
        assert heard == [signal.SIGINT]

    def test_probes_hear_at_once_that_the_script_has_ended_however_long_what_is_done_meanwhile_takes(self, tmp_path: Path) -> None:
        heard: list[bool] = []

        def meanwhile() -> bool:
            until = time.monotonic() + 20
            while not (tmp_path / "trace.script-ended").exists() and time.monotonic() < until:
                time.sleep(0.01)
            heard.append((tmp_path / "trace.script-ended").exists())
            return False

        wait = f"import time; time.sleep({3 * launcher.INTERVAL})"
        run(tmp_path, wait, onlooker=Onlooker(meanwhile), probing=launcher.Probing())
        assert heard[0]
        # and when all is settled there is nothing left of it
        assert not (tmp_path / "trace.script-ended").exists()

    def test_nothing_is_done_meanwhile_once_something_was_heard(self, tmp_path: Path) -> None:
        heard, rounds = list[int](), list[int]()

        def meanwhile() -> bool:
            rounds.append(len(heard))
            heard.append(signal.SIGINT)
            return True

        # it waits until the launcher has looked twice more, at least
        wait = f"import time; time.sleep({3 * launcher.INTERVAL})"
        run(tmp_path, wait, onlooker=Onlooker(meanwhile, heard=heard))
        assert rounds == [0]

    def test_an_interrupt_while_the_trace_is_completed_costs_no_more_than_what_is_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "train.py").write_text("")
        settles, heard = settle.settle, list[int]()

        def interrupted(path: Path, script: Script, *given: Any, **named: Any) -> None:
            if not heard and "patience" not in named:
                raise Terminated(signal.SIGTERM)
            settles(path, script, *given, **named)

        monkeypatch.setattr(settle, "settle", interrupted)
        launcher.run(Script(str(tmp_path / "train.py")), tmp_path / "trace", Onlooker(heard=heard))
        assert heard == [signal.SIGTERM]
        with Trace.open(tmp_path / "trace") as trace:
            assert trace.complete

    def test_a_request_to_end_is_passed_on(self) -> None:
        sent: list[int] = []

        class Process:
            def send_signal(self, number: int) -> None:
                sent.append(number)

        heard: list[int] = []
        with launcher._signals(heard) as forward_to:
            forward_to(Process())  # type: ignore[arg-type]
            os.kill(os.getpid(), signal.SIGTERM)
        assert sent == heard == [signal.SIGTERM]


def test_what_we_have_printed_comes_before_what_the_script_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []

    class Stream(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    out = Stream()
    out.write("ours")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", None)
    launcher._flush()
    assert flushed == ["ours"]

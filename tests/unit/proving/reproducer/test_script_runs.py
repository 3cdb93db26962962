"""Scripts run in processes of their own: as a new interpreter would run them, whether they have one to themselves or a fork of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qdiag.evaluation.framework_fork import ADDRESS, FRAMEWORKS, FrameworkFork
from qdiag.proving.reproducer import script_runs
from qdiag.proving.reproducer.script_runs import NewInterpreter, ScriptRunner, Start, frameworks_of
from qdiag.proving.reproducer.script_text import SKIP

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each time that a framework is imported, by processes that import ours in its place."""
    folder, loads = tmp_path / "frameworks", tmp_path / "loads"
    folder.mkdir()
    for name in FRAMEWORKS:
        (folder / f"{name}.py").write_text(f"print({name!r}, file=open({str(loads)!r}, 'a'))\nseed = int\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return loads


SERVER = """
import os, time
from qdiag.evaluation import framework_fork
before = dict(os.environ)
os.environ["OMP_NUM_THREADS"] = "of the server"
framework_fork.load()
framework_fork.offer(before)
time.sleep(600)
"""


@pytest.fixture
def server(loads: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server like the one that workers are forked from, and a fork of it that was not taken yet."""
    fork = FrameworkFork()
    taken = [fork]
    monkeypatch.setattr(script_runs, "take_fork", lambda: taken.pop() if taken else None)
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(Path(script_runs.__file__).parents[3])])
    process = subprocess.Popen([sys.executable, "-c", SERVER], env={**os.environ, ADDRESS: fork.address, "PYTHONPATH": path})
    yield
    process.kill()
    process.wait()
    fork.close()


@pytest.fixture(params=["new", pytest.param("forked", marks=linux), pytest.param("of the server", marks=linux)])
def start(request: pytest.FixtureRequest, loads: Path) -> Iterator[Start]:
    if request.param == "of the server":
        request.getfixturevalue("server")
    with ScriptRunner(forking=request.param != "new") as runner:
        yield runner


def script(folder: Path, *lines: str) -> Path:
    path = folder / "repro.py"
    path.write_text("\n".join(["import pennylane", "import torch", "import sys", *lines, ""]))
    return path


@pytest.mark.parametrize(
    ("lines", "code", "output"),
    [
        (["print(1)"], 0, "1\n"),
        (["sys.exit(1)"], 1, ""),
        (["sys.exit(True)"], 1, ""),
        (["sys.exit('words')"], 1, "words\n"),
        (["sys.exit()"], 0, ""),
        ([SKIP, "sys.exit(1)"], 1, ""),
        (["import os", "os._exit(7)"], 7, ""),
        (["import atexit", "atexit.register(print, 'the end')", "sys.exit(3)"], 3, "the end\n"),
        (["sys.stdout.close()"], 0, ""),
        (["print(__name__, __file__ == __import__('os').path.abspath('repro.py'), sys.path[0] == __import__('os').getcwd())"], 0, None),
    ],
)
def test_a_script_ends_as_in_an_interpreter_of_its_own(
    lines: list[str], code: int, output: str | None, start: Start, tmp_path: Path
) -> None:
    expected = "__main__ True True\n" if output is None else output
    assert start(script(tmp_path, *lines), 60).ended() == (code, expected)


@pytest.mark.parametrize("skipping", [True, False])
def test_what_it_does_not_expect_is_shown_as_python_shows_it(skipping: bool, start: Start, tmp_path: Path) -> None:
    code, output = start(script(tmp_path, *([SKIP] if skipping else []), "1 / 0"), 60).ended()
    assert code == (125 if skipping else 1)
    assert output.startswith("Traceback (most recent call last):\n  File")
    assert output.count("File") == 1
    assert output.endswith("ZeroDivisionError: division by zero\n")


def test_what_is_no_python_is_an_error_of_its_own(start: Start, tmp_path: Path) -> None:
    code, output = start(script(tmp_path, "def"), 60).ended()
    assert code == 1
    assert "SyntaxError" in output


def test_a_script_that_hangs_is_stopped(start: Start, tmp_path: Path) -> None:
    started = start(script(tmp_path, "import time", "time.sleep(60)"), 0.5)
    assert started.ended() == (None, "stopped after 0.5 s")
    started.end()


def test_a_script_that_nobody_waits_for_is_ended(start: Start, tmp_path: Path) -> None:
    path = script(tmp_path, "import os, time", "open('began', 'w').write(str(os.getpid()))", "time.sleep(60)")
    started = start(path, 60)
    while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
        time.sleep(0.01)
    started.end()
    assert started.ended()[0] == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "began").read_text()), 0)


@linux
def test_frameworks_are_loaded_once_for_all_scripts_that_import_them(loads: Path, tmp_path: Path) -> None:
    with ScriptRunner() as start:
        start.get_ready(("pennylane",))
        path = tmp_path / "repro.py"
        path.write_text("import pennylane\n")
        assert [one.ended() for one in [start(path, 60) for _ in range(3)]] == [(0, "")] * 3
        assert loads.read_text().split() == ["pennylane"]
        path.write_text("from pennylane import seed\nimport torch\n")
        assert [one.ended() for one in [start(path, 60) for _ in range(2)]] == [(0, "")] * 2
    assert loads.read_text().split() == ["pennylane", "pennylane", "torch"]


@linux
def test_each_script_finds_an_interpreter_that_no_other_has_touched(loads: Path, tmp_path: Path) -> None:
    path = script(tmp_path, "print(getattr(pennylane, 'touched', False))", "pennylane.touched = True")
    with ScriptRunner() as start:
        assert [start(path, 60).ended() for _ in range(2)] == [(0, "False\n")] * 2


@linux
def test_forks_draw_numbers_of_their_own(loads: Path, tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    framework = Path(os.environ["PYTHONPATH"]) / "pennylane.py"
    framework.write_text("import numpy\nnumpy.random.rand()\n")
    path = script(tmp_path, "import random", "print(pennylane.numpy.random.rand(), random.random())")
    with ScriptRunner() as start:
        drawn = [number for one in [start(path, 60) for _ in range(3)] for number in one.ended()[1].split()]
    assert len({*drawn}) == 6


@linux
def test_what_was_lost_is_run_in_an_interpreter_of_its_own(loads: Path, tmp_path: Path) -> None:
    with ScriptRunner() as start:
        for _ in range(2):
            assert start(script(tmp_path, "print(1)"), 60).ended() == (0, "1\n")
            (server,) = start._servers.values()
            os.kill(server._channel.process, signal.SIGKILL)
    assert loads.read_text().split() == [*FRAMEWORKS] * 2
    path = script(tmp_path, "import os", "if os.path.exists('seen'): sys.exit(3)", "open('seen', 'x')", "os.kill(os.getppid(), 9)")
    with ScriptRunner() as start:
        assert start(path, 60).ended() == (3, "")


@linux
def test_a_fork_of_the_workers_server_has_what_an_interpreter_has(server: None, loads: Path, tmp_path: Path) -> None:
    facts = (
        "import os",
        "print([name for name in sys.modules if name.partition('.')[0] == 'qdiag'])",
        "print(os.environ.get('OMP_NUM_THREADS'), [name for name in os.environ if name.startswith('QDIAG')])",
        "print(len(os.listdir('/proc/self/fd')))",
    )
    path = script(tmp_path, *facts)
    alone = NewInterpreter(path, 60).ended()
    with ScriptRunner() as start:
        start.get_ready()
        assert [start(path, 60).ended() for _ in range(2)] == [alone] * 2
    # the server loads them while the other interpreter does
    assert sorted(loads.read_text().split()) == sorted([*FRAMEWORKS] * 2)


@linux
def test_where_no_fork_comes_scripts_have_interpreters_of_their_own(
    loads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_runs, "LOADING", 0.05)
    monkeypatch.setattr(script_runs, "take_fork", FrameworkFork)
    with ScriptRunner() as start:
        assert start(script(tmp_path, "print(1)"), 60).ended() == (0, "1\n")


@linux
def test_scripts_end_with_whoever_asked(loads: Path, tmp_path: Path) -> None:
    path = script(tmp_path, "import os, time", "open('began', 'w').write(str(os.getpid()))", "time.sleep(60)")
    with ScriptRunner() as start:
        start(path, 60)
        while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
            time.sleep(0.01)
    process = Path("/proc") / (tmp_path / "began").read_text() / "stat"
    for _ in range(500):
        # until whoever is left takes it away, it may still be listed
        if not process.exists() or process.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.01)
    raise AssertionError("it goes on")


def test_a_script_that_imports_no_framework_has_an_interpreter_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "repro.py"
    path.write_text("raise SystemExit(4)\n")
    with ScriptRunner() as start:
        assert isinstance(start(path, 60), NewInterpreter)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import numpy as np\nimport pennylane as qml\n", ("pennylane",)),
        ("from torch.autograd.functional import jacobian\nimport pennylane", ("pennylane", "torch")),
        ("from pennylane import numpy as pnp\n", ("pennylane",)),
        ("def f():\n    import torch\n", ()),
        ("import torchvision\nfrom . import torch\n", ()),
        ("def", ()),
    ],
)
def test_what_a_script_imports_is_read_from_its_top(source: str, found: tuple[str, ...]) -> None:
    assert frameworks_of(source) == found

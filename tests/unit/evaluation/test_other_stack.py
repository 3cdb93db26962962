"""Another stack's process: its answers are evaluations, its end is one that failed, and the next question starts it anew."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from qdiag.errors import UsageError
from qdiag.evaluation import evaluate, frames, other_process
from qdiag.evaluation.other_stack import OtherStack
from qdiag.model.call import LOST
from qdiag.model.evaluation import Evaluation
from qdiag.trace.evaluation_text import read_evaluation, write_evaluation
from qdiag.trace.request_text import write_request
from tests.worlds.locks import asked
from tests.worlds.sameness import same
from tests.worlds.scripted import answer, call, circuit

REQUEST = asked(call(0, circuit(0.3)))
GREETING = """
import json, sys, time

def send(*parts):
    sys.stdout.buffer.write(json.dumps([len(part) for part in parts]).encode() + b"\\n" + b"".join(parts))
    sys.stdout.buffer.flush()

def receive():
    return [sys.stdin.buffer.read(length) for length in json.loads(sys.stdin.buffer.readline())]

send(b'{"python": "3.11.7", "packages": [["pennylane", "0.33.1"]]}')
receive()
"""
"""A program that says what stack it is, and waits for one question."""


def stack(folder: Path, program: str, limit: float = 60.0) -> OtherStack:
    text, blob = write_evaluation(answer(REQUEST))
    (folder / "blob").write_bytes(blob)
    path = folder / "program.py"
    path.write_text(program.replace("TEXT", repr(text.encode())).replace("BLOB", repr(str(folder / "blob"))), encoding="utf-8")
    return OtherStack(sys.executable, {}, limit, command=[sys.executable, str(path)])


def test_it_says_what_stack_it_is_and_what_a_circuit_gives(tmp_path: Path) -> None:
    with stack(tmp_path, f"{GREETING}\nsend(TEXT, open(BLOB, 'rb').read())\nreceive()") as other:
        assert other.environment.version("pennylane") == "0.33.1"
        found = other.evaluate(REQUEST)
    assert same(found.outputs, tuple(map(np.asarray, answer(REQUEST).outputs or ())))
    assert found.method == REQUEST.method


def test_a_process_that_is_lost_is_an_evaluation_that_failed_and_comes_back(tmp_path: Path) -> None:
    with stack(tmp_path, f"{GREETING}\nsys.exit(7)") as other:
        for _ in range(2):
            failure = other.evaluate(REQUEST).failure
            assert failure is not None
            assert (failure.type, failure.stage) == (LOST, "worker")
            assert failure.passing


@pytest.mark.parametrize("said", ["send(b'{}', b'')", "send(b'only one')", "print('words', flush=True)", "send(b'\\xff', b'')"])
def test_an_answer_that_is_none_is_a_process_lost(said: str, tmp_path: Path) -> None:
    with stack(tmp_path, f"{GREETING}\n{said}\nreceive()") as other:
        assert other.evaluate(REQUEST).failure is not None


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    with stack(tmp_path, f"{GREETING}\ntime.sleep(60)", limit=0.05) as other:
        failure = other.evaluate(REQUEST).failure
    assert failure is not None
    assert failure.stage == "timeout"


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    one = stack(tmp_path, "import no_such_thing")
    with pytest.raises(UsageError, match="ModuleNotFoundError: No module named 'no_such_thing'"):
        one.__enter__()


# --- the other side ----------------------------------------------------------------------------------------------------------


def test_the_program_answers_with_the_evaluation_of_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "evaluate", answer)
    written = write_request(REQUEST)
    asking, answering = io.BytesIO(), io.BytesIO()
    frames.send(asking, written.head.encode(), written.structure.encode(), written.arrays)
    asking.seek(0)
    other_process.serve(asking, answering, 60.0)
    answering.seek(0)
    assert b'"python"' in frames.receive(answering)[0]
    text, blob = frames.receive(answering)
    assert same(read_evaluation(text.decode(), blob).vjps, tuple(tuple(map(np.asarray, row)) for row in answer(REQUEST).vjps))


def test_what_cannot_be_handed_on_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "evaluate", lambda request: Evaluation(request.method, (np.asarray(["a"]),)))
    written = write_request(REQUEST)
    text, blob = other_process.answer((written.head.encode(), written.structure.encode(), written.arrays), 60.0)
    failure = read_evaluation(text.decode(), blob).failure
    assert failure is not None
    assert "cannot be handed on" in failure.message


def test_a_package_is_lent_without_what_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lent_package", "beside_it"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("WORD = 'here'\n", encoding="utf-8")
    (tmp_path / "lent_package" / "part.py").write_text("from lent_package import WORD\n", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "lent_package", None)  # type: ignore[arg-type]
    other_process.lend_package(str(tmp_path / "lent_package"))
    import lent_package.part  # type: ignore[import-not-found]

    assert lent_package.part.WORD == "here"
    with pytest.raises(ModuleNotFoundError):
        import beside_it  # type: ignore[import-not-found]  # noqa: F401

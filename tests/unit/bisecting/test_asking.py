"""A script asked on a layer: what counts as its verdict."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from qdiag.bisecting.asking import (
    Ended,
    answer_of,
    difference_in,
    held_against,
    rows_of,
    run_on,
    shows_other_numbers,
)
from qdiag.model.bisection import Answer, Asked

HOOK = "import sys\nsys.excepthook = lambda *error: (sys.__excepthook__(*error), sys.exit(125))\n"


def asked(folder: Path, text: str, limit: float = 60.0) -> Asked:
    """The answer of this interpreter to a script."""
    script = folder / "repro.py"
    script.write_text(text, encoding="utf-8")
    return answer_of("0.40.0", run_on(sys.executable, script, limit), limit)


@pytest.mark.parametrize(
    ("text", "answer", "words"),
    [
        ("import sys\nsys.exit(1)", Answer.BAD, ""),
        ("import sys\nsys.exit(not float('nan') <= 1)", Answer.BAD, ""),
        ("import sys\nsys.exit(0)", Answer.GOOD, ""),
        ("1 + 1", Answer.GOOD, ""),
        ("import sys\nsys.exit('adjoint raises ValueError: no')", Answer.BAD, "adjoint raises ValueError: no"),
        (HOOK + "import no_such_module", Answer.CANNOT, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise AttributeError('no X')", Answer.CANNOT, "AttributeError: no X"),
        ("def (", Answer.CANNOT, "SyntaxError"),
        ("import os\nos._exit(1)", Answer.CANNOT, "ended with exit code 1 before its end"),
        ("import sys\nsys.exit(3)", Answer.CANNOT, "ended with exit code 3"),
        ("import sys\nsys.exit(125)", Answer.CANNOT, "says that it cannot run"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", Answer.CANNOT, "ended by SIGTERM"),
    ],
)
def test_only_the_scripts_own_exit_is_a_verdict(text: str, answer: Answer, words: str, tmp_path: Path) -> None:
    found = asked(tmp_path, text)
    assert found.answer is answer
    assert found.words.startswith(words)


def test_processor_time_is_limited_and_counts_as_no_answer(tmp_path: Path) -> None:
    found = asked(tmp_path, "while True: pass", limit=1.0)
    assert (found.answer, found.words) == (Answer.CANNOT, "took longer than 1 s")


def test_a_script_finds_itself_as_python_would_start_it(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("value = 1", encoding="utf-8")
    text = "import os, sys, beside\nsys.exit(not (sys.argv == [__file__] and os.getcwd() == sys.path[0] == os.path.dirname(__file__)))"
    assert asked(tmp_path, text).answer is Answer.GOOD


def test_what_a_script_prints_of_its_sides_is_read(tmp_path: Path) -> None:
    printed = "adjoint    [[0.5, -1.0], [0.0, 2]]\nreference  0.25\nno numbers here\ndifference 1.5 tolerated 1e-08\n"
    assert rows_of(printed) == (("adjoint", (0.5, -1.0, 0.0, 2.0)), ("reference", (0.25,)))
    assert difference_in(printed) == 1.5
    assert difference_in("difference") is None
    assert difference_in("difference nothing tolerated 1") is None


def bad(*rows: tuple[str, tuple[float, ...]], words: str = "") -> Asked:
    return Asked("0.45.1", Answer.BAD, words, rows=rows)


def test_what_is_bad_by_other_words_cannot_tell() -> None:
    known = bad(words="adjoint raises DeviceError: Gate X not supported on device default.qubit")
    same = bad(words="adjoint raises DeviceError: Gate X is not supported on the device default.qubit")
    other = bad(words="adjoint raises AttributeError: 'Tape' object has no attribute 'shots'")
    assert held_against(same, known).answer is Answer.BAD
    assert held_against(other, known).answer is Answer.CANNOT
    assert held_against(bad(), bad()).answer is Answer.BAD
    stack = bad(words="raises ValueError: need at least one array to stack")
    shape = bad(words="raises ValueError: all input arrays must have the same shape")
    assert held_against(shape, stack).answer is Answer.CANNOT


def test_numbers_of_which_no_side_is_the_known_one_are_told() -> None:
    known = bad(("adjoint", (0.0,)), ("backprop", (1.5,)))
    assert not shows_other_numbers(bad(("adjoint", (0.3,)), ("backprop", (1.5 + 1e-9,))), known)
    assert shows_other_numbers(bad(("adjoint", (1.5,)), ("backprop", (0.2,))), known)
    # one row alone tells nothing
    assert not shows_other_numbers(bad(("adjoint", (1.5,))), known)


def test_a_process_that_was_ended_for_time_has_no_answer() -> None:
    assert answer_of("1", Ended(-signal.SIGXCPU, {}, ""), 5.0).words == "took longer than 5 s"
    assert answer_of("1", Ended(None, {}, ""), 5.0).words == "took longer than 5 s"

"""A script asked on a layer: run in a process of its own, within processor time, and its verdict read from how it ended.

"Bad" is only what the script itself decides: that it exits with 1. An exception, a signal, a time-out, any other exit code say that the
release cannot run it, whatever the exit code is then.
"""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Optional

from qdiag.bisecting.installers import clean_environment, end_group
from qdiag.bridges.releases import run_script
from qdiag.bridges.releases.table import other_names
from qdiag.model.bisection import Answer, Asked

SECONDS = 120.0
"""Processor time that a script may take on a release: most of it is the import of PennyLane and torch."""

WAITED = 15
"""As many times that is waited: a busy machine, or a script that sleeps."""

SKIP = 125
"""The exit code of a script that a release cannot run."""

ALIKE = 0.6
"""Which part of their words two sentences of a verdict must have in common to be the same."""

TIMED_OUT = "took longer than"

Rows = tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit code, what the runner says of it, what it wrote, its processor time."""

    code: Optional[int]
    word: Mapping[str, Any]
    output: str
    seconds: float = 0.0


def run_on(python: str, script: Path, limit: float = SECONDS) -> Ended:
    """Run a script by a layer's interpreter."""
    with tempfile.TemporaryDirectory(prefix="qdiag-") as folder:
        word = Path(folder, "word.json")
        command = [python, run_script.__file__, str(script.resolve()), str(word), str(limit), json.dumps(other_names())]
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        before = _children()
        process = subprocess.Popen(
            command,
            cwd=script.resolve().parent,
            env=clean_environment(os.environ),
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
            **streams,
        )
        try:
            output, _ = process.communicate(timeout=limit * WAITED)
        except subprocess.TimeoutExpired:
            return Ended(None, {}, "", limit * WAITED)
        finally:
            if process.poll() is None:
                end_group(process)
        return Ended(process.returncode, _word(word), output, _children() - before)


def _children() -> float:
    """Processor time of all processes of ours that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _word(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def answer_of(release: str, ended: Ended, limit: float = SECONDS) -> Asked:
    """What a release answers, by how the script ended on it."""
    answer, words = _verdict(ended, limit)
    rows = rows_of(ended.output) if answer.decides else ()
    return Asked(release, answer, words, difference_in(ended.output) if answer.decides else None, rows, ended.seconds)


def _verdict(ended: Ended, limit: float) -> tuple[Answer, str]:
    word = ended.word
    if ended.code is None or ended.code == -getattr(signal, "SIGXCPU", 0):
        return Answer.CANNOT, f"{TIMED_OUT} {limit:g} s"
    if ended.code < 0:
        return Answer.CANNOT, f"ended by {_signal(-ended.code)}"
    if word.get("raised"):
        return Answer.CANNOT, str(word["raised"])
    if word.get("code") != ended.code:
        return Answer.CANNOT, f"ended with exit code {ended.code} before its end"
    if ended.code == 0:
        return Answer.GOOD, ""
    if ended.code == 1:
        return Answer.BAD, str(word.get("says", ""))
    return Answer.CANNOT, "says that it cannot run" if ended.code == SKIP else f"ended with exit code {ended.code}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# --- what a script prints ---------------------------------------------------------------------------------------------------------


def difference_in(output: str) -> Optional[float]:
    """How far a script of ours says that its two sides are apart."""
    found = re.findall(r"^difference +(\S+) tolerated ", output, re.MULTILINE)
    try:
        return float(found[-1]) if found else None
    except ValueError:
        return None


def rows_of(output: str) -> Rows:
    """The lines of a label and numbers that a script prints of its sides, the numbers in a row."""
    found = []
    for line in output.splitlines():
        match = re.fullmatch(r"(\S+(?: \S+)*?) +([\[\-\d(].*)", line)
        numbers = _numbers(match[2]) if match else None
        if match and numbers is not None and not line.startswith("difference "):
            found.append((match[1], numbers))
    return tuple(found)


def _numbers(text: str) -> Optional[tuple[float, ...]]:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    numbers: list[float] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, (int, float)):
            numbers.append(float(one))
        else:
            return None
    return tuple(reversed(numbers))


# --- the same fault? --------------------------------------------------------------------------------------------------------------


def held_against(found: Asked, known: Asked) -> Asked:
    """An answer beside that of the release on which the fault is known: what is bad for another reason cannot tell of this one.

    A script whose verdict is an exception's words is bad for the same reason where the words are alike.
    """
    if found.answer is Answer.BAD and not _alike(found.words, known.words):
        return replace(found, answer=Answer.CANNOT, words=f"says something else: {found.words}")
    return found


def shows_other_numbers(found: Asked, known: Asked) -> bool:
    """Whether neither side of the script gives the numbers that it gives where the fault is known: it may be another fault."""
    theirs = dict(known.rows)
    shared = [(numbers, theirs[label]) for label, numbers in found.rows if label in theirs]
    return len(shared) > 1 and not any(_close(one, other) for one, other in shared)


def _alike(one: str, other: str) -> bool:
    if not one or not other:
        return one == other
    # by words: by letters any two exceptions of one class are alike
    return SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio() >= ALIKE


def _close(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    scale = max((abs(number) for number in other), default=0.0)
    return len(one) == len(other) and all(abs(a - b) <= 1e-5 * max(1.0, scale) for a, b in zip(one, other))


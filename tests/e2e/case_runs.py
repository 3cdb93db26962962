"""Runs the cases: each is recorded as a user would, judged by warm workers, and held against what its case.toml expects."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Optional

from qdiag.cli.progress import Voice
from qdiag.evaluation.workers import Workers
from qdiag.judging.replay.plan import Plan
from qdiag.model.findings import Finding
from qdiag.model.method import Method
from qdiag.pipeline.record import record
from qdiag.pipeline.reports import report
from qdiag.pipeline.run import examine
from qdiag.pipeline.run_options import JudgedRun, Options
from qdiag.trace import run_folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path(__file__).parents[2] / "cases"


@dataclass(frozen=True)
class Case:
    """A folder below cases/ and what it expects."""

    folder: Path
    title: str
    origin: str
    stack: str
    arguments: tuple[str, ...]
    expected: dict[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name


def cases(pennylane: str) -> list[Case]:
    """The cases for a version of PennyLane, in the order of their names: those that begin its number, else those for the newest.

    The newest with JAX beside it only where that is installed.
    """
    found = []
    for path in sorted(CASES.glob("*/case.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(Case(path.parent, table["title"], table["origin"], table["stack"], tuple(table["arguments"]), table["expected"]))
    named = [case for case in found if pennylane.startswith(f"{case.stack}.")]
    stacks = ("newest", *(("jax",) if find_spec("jax") is not None else ()))
    return named or [case for case in found if case.stack in stacks]


@dataclass(frozen=True, eq=False)
class Row:
    """A case that was run."""

    case: Case
    outcome: JudgedRun
    seconds: float
    failures: tuple[str, ...]

    @property
    def found(self) -> str:
        """Code and confidence of the first remark, or of the first finding."""
        result = self.outcome.result
        diagnoses = [*(remark.diagnosis for remark in result.remarks), *(finding.diagnosis for finding in result.findings)]
        return f"{diagnoses[0].code} {diagnoses[0].confidence.value}" if diagnoses else "–"


def run(case: Case, workers: Workers, folder: Path) -> Row:
    """Record and judge a case."""
    directory = run_folder.create(str(case.folder / "train.py"), folder / case.name, force=True)
    record(str(case.folder / "train.py"), case.arguments, module=False, run=directory, options=Options())
    start = time.perf_counter()
    outcome = examine(directory, Options(Plan(trusted=True), trusted=True), Voice(2), workers)
    report(outcome)
    return Row(case, outcome, time.perf_counter() - start, tuple(failures(case, outcome)))


def failures(case: Case, outcome: JudgedRun) -> list[str]:
    """What did not come out as expected, in words."""
    expected, result = case.expected, outcome.result
    wrong = []
    if result.verdict.value not in _either(expected["verdict"]):
        wrong.append(f"verdict {result.verdict.value}, not {expected['verdict']}")
    if "remarks" in expected and {remark.diagnosis.code for remark in result.remarks} != {*expected["remarks"]}:
        codes = ", ".join(remark.diagnosis.code for remark in result.remarks)
        wrong.append(f"remarks {codes or 'none'}, not {', '.join(expected['remarks']) or 'none'}")
    if "findings" in expected and len(result.findings) != expected["findings"]:
        wrong.append(f"{len(result.findings)} findings, not {expected['findings']}")
    wrong += [f"no note with {words!r}" for words in expected.get("notes", ()) if not any(words in note for note in result.notes)]
    if not result.findings or not expected.get("codes"):
        return wrong + (["no finding"] if expected.get("codes") else [])
    finding = result.findings[0]
    divergence = finding.divergence
    if "call" in expected and divergence.call.index != expected["call"]:
        wrong.append(f"call {divergence.call.index}, not {expected['call']}")
    if finding.diagnosis.code not in expected["codes"]:
        wrong.append(f"{finding.diagnosis.code}, not {' or '.join(expected['codes'])}")
    if "where" in expected and not _same_place(divergence.signature, expected["where"]):
        wrong.append(f"where {divergence.signature}, not {expected['where']}")
    # one that breaks down at every call has nothing that could be wrong, be it PennyLane's refusal or not
    gave_numbers = {*map(str, result.replay.answering)}
    missed = [name for name in expected.get("wrong", ()) if name in gave_numbers]
    blamed = {_of_the_corpus(method) for method in divergence.wrong}
    if (divergence.signature != "raise" and {*missed} - blamed) or blamed - {*expected.get("wrong", ())}:
        wrong.append(f"wrong {', '.join(map(str, divergence.wrong))}, not {expected['wrong']}")
    return [*wrong, *_not_small(finding, expected.get("operations"))]


def _not_small(finding: Finding, most: Optional[int]) -> list[str]:
    """What is missing at a minimal circuit and its reproducer; ``most`` is what was found by hand."""
    minimal, script = finding.minimal, finding.reproducer
    wrong = []
    if minimal is not None and most is not None and minimal.operations > most:
        wrong.append(f"{minimal.operations} operations, not {most}")
    if minimal is not None and not minimal.one_minimal:
        wrong.append("not shown to be minimal")
    if script is not None and not script.verified:
        wrong.append(f"the reproducer exits {script.exit_code}")
    return wrong


def _either(expected: Any) -> list[str]:
    return expected if isinstance(expected, list) else [expected]


def _of_the_corpus(method: Method) -> str:
    """A method's name without its precisions: the corpus names devices and methods only."""
    return str(replace(method, device_precision="", precision=""))


def _same_place(found: str, expected: str) -> bool:
    gradients = ("jacobian", "vjp")
    return found == expected or (found in gradients and expected in gradients)

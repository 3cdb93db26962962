"""The outline of a report: everything worded and redacted once, before any format sees it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from qdiag.model.call import Environment, Failure, Script
from qdiag.model.method import Method
from qdiag.model.result import Cost, ReplaySummary, Unfaithful
from qdiag.model.unanswered import Reason, Unanswered
from qdiag.report.content.document import document
from qdiag.report.formats import markdown
from qdiag.report.outline import Document, Fact, NextStep
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, SHIFT, methods
from tests.worlds.results import CASES, ENVIRONMENT, NO_SECRETS


def test_a_script_without_qnode_calls_is_said_to_have_none() -> None:
    case = CASES["healthy"]()
    empty = replace(case, result=replace(case.result, calls=0, replay=ReplaySummary(), qnodes=()))
    assert "no QNode call" in empty.document().sentence


def test_one_is_singular() -> None:
    assert "1 QNode call ·" in CASES["healthy"]().document().recorded


def test_help_and_the_summary_do_not_load_matplotlib() -> None:
    code = "import sys, qdiag.report.formats.terminal, qdiag.report.content.document; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_method_that_a_finding_blames_is_not_said_to_refuse_as_a_matter_of_course() -> None:
    case = CASES["shifted"]()
    refusing = tuple(refusal(method) for method in methods("default.qubit/adjoint", "default.qubit/hadamard"))
    document = replace(case, result=replace(case.result, replay=replace(case.result.replay, unanswered=refusing))).document()
    assert document.refused is not None
    assert [row[0] for row in document.refused.rows] == ["default.qubit/hadamard"]
    assert "hadamard refuses this circuit" in document.notes


def test_the_next_command_keeps_the_arguments_secrets() -> None:
    case = CASES["moons"]()
    script = replace(case.script, argv=("--name", "two words", "--pass", "hunter2"))
    step = NextStep(("qdiag", "twin", "moons.py"), script.argv, "why the losses part")
    document = replace(case, script=script, next_step=step).document()
    shown = document.next_step
    assert shown is not None
    assert (shown.shell_line, shown.reason) == ("qdiag twin moons.py -- --name 'two words' --pass <secret>", "why the losses part")
    assert "hunter2" not in markdown.render(document)


# --- part by part ------------------------------------------------------------------------------------------------------


SCRIPT = Script("train.py", exit_code=0)


def made(script: Script = SCRIPT, environment: Environment = ENVIRONMENT, **changes: object) -> Document:
    """The report of a healthy run, with some of its result changed."""
    result = replace(CASES["healthy"]().result, **changes)  # type: ignore[arg-type]
    return document(result, script, environment, secrets=NO_SECRETS)


def refusal(method: Method) -> Unanswered:
    return Unanswered(method, Reason.REFUSES, Failure("DeviceError", "no", refusal=True), (0,), 1)


def notes(**changes: object) -> tuple[str, ...]:
    return made(calls=10, replay=replace(ReplaySummary((BACKPROP, SHIFT), 10), **changes)).notes  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ()),
        ({"sampled": ((SHIFT, 3),)}, ("* sampled at 3 of 10 calls",)),
        ({"sampled": ((SHIFT, 3), (DIFFERENCES, 3))}, ("* sampled at 3 of 10 calls",)),
        (
            {"sampled": ((SHIFT, 3), (DIFFERENCES, 2))},
            ("* sampled at 2 of 10 calls (finite-diff)", "* sampled at 3 of 10 calls (parameter-shift)"),
        ),
        ({"replayed": 4}, ("4 of 10 calls replayed under at least two methods",)),
        ({"replayed": 0}, ()),
        ({"unanswered": (refusal(ADJOINT),)}, ("adjoint refuses this circuit",)),
        ({"unanswered": (refusal(ADJOINT), refusal(DIFFERENCES))}, ("adjoint and finite-diff refuse this circuit",)),
        (
            {"unfaithful": (Unfaithful(0, "", True), Unfaithful(3, "", True))},
            ("replaying 2 of 10 calls did not give the script's own numbers bit for bit",),
        ),
    ],
)
def test_what_else_a_reader_must_know(changes: dict[str, object], said: tuple[str, ...]) -> None:
    assert notes(**changes) == said


@pytest.mark.parametrize(
    ("script", "facts"),
    [
        (Script("train.py", ("1", "2"), exit_code=0), [("command", "python train.py 1 2"), ("ended", "exit code 0")]),
        (Script("pkg.train", module=True, exit_code=3), [("command", "python -m pkg.train"), ("ended", "exit code 3")]),
        (Script("train.py", exit_code=-9), [("command", "python train.py"), ("ended", "killed by signal 9 (SIGKILL)")]),
        (Script("train.py"), [("command", "python train.py"), ("ended", "how it ended is not known")]),
        (Script("Model", called=True), [("called", "Model")]),
    ],
)
def test_how_the_script_was_run_and_how_it_ended(script: Script, facts: list[tuple[str, str]]) -> None:
    assert [(fact.label, fact.text) for fact in made(script).script] == facts


def test_an_exception_that_ended_the_script_is_told_short_and_shown_whole() -> None:
    failed = made(Script("train.py", exit_code=1, failure=Failure("ValueError", "x" * 500, ("train:step:3",))))
    ended = next(fact.text for fact in failed.script if fact.label == "ended")
    assert len(ended) < 230
    assert failed.script_failure is not None
    assert "x" * 500 in failed.script_failure.text


def test_a_signal_that_ended_the_script_is_shown_like_an_exception() -> None:
    shown = made(Script("train.py", exit_code=-15)).script_failure
    assert shown is not None
    assert shown.text == "killed by signal 15 (SIGTERM): what it had recorded by then was judged"


def test_so_is_an_exit_code_that_says_so_and_no_other() -> None:
    shown = made(Script("train.py", exit_code=7)).script_failure
    assert shown is not None
    assert shown.text == "exit code 7: what it had recorded by then was judged"
    assert [made(Script("train.py", exit_code=code)).script_failure for code in (0, None)] == [None, None]


def test_qnodes_of_one_factory_are_counted_each_and_named_once() -> None:
    document = made(qnodes=(("site.phase", "train.py:12"),) * 8, steps=3)
    assert " · 8 QNodes (site.phase, train.py:12) · " in document.recorded
    assert document.record["qnodes"] == [{"name": "site.phase", "source": "train.py:12", "objects": 8}]


def test_what_was_recorded_names_two_qnodes_and_counts_the_rest() -> None:
    qnodes = tuple((f"circuit{n}", f"train.py:{n}") for n in range(4))
    assert made(qnodes=qnodes, steps=3).recorded == (
        "1 QNode call · 4 QNodes (circuit0, train.py:0, circuit1, train.py:1, …) · 3 optimiser steps · replayed under backprop, adjoint"
    )


def test_the_cost_of_a_call_is_told_where_there_was_one() -> None:
    costs = made(replay=ReplaySummary((BACKPROP,), 1, costs=(Cost(BACKPROP, 4, 2.0), Cost(ADJOINT, 0, 0.0)))).costs
    assert costs is not None
    assert costs.rows == (("default.qubit/backprop", "4", "2.0 s", "500 ms"), ("default.qubit/adjoint", "0", "0 ms", "–"))


def test_of_an_environment_only_what_is_known_is_told() -> None:
    bare = made(environment=Environment("3.11.7", packages=(("pennylane", "0.45.1"), ("torch", "")))).environment
    assert bare == (Fact("Python", "3.11.7"), Fact("pennylane", "0.45.1"))


@pytest.mark.parametrize(
    ("folder", "files", "wrote"),
    [
        ("qdiag-runs/train-1", ["trace.qdiag", "repro.py"], "qdiag-runs/train-1/: trace.qdiag repro.py (verified: exits 1)"),
        ("qdiag-runs/train-1/", ["trace.qdiag"], "qdiag-runs/train-1/: trace.qdiag (verified: exits 1)"),
        ("", ["trace.qdiag"], "trace.qdiag (verified: exits 1)"),
        ("qdiag-runs/train-1", [], ""),
    ],
)
def test_the_files_are_told_with_what_running_the_script_gave(folder: str, files: list[str], wrote: str) -> None:
    case = CASES["moons"]()
    assert document(case.result, case.script, ENVIRONMENT, folder=folder, files=files, secrets=NO_SECRETS).wrote == wrote


def test_of_several_scripts_that_gave_not_the_same_each_is_told_with_what_it_gave() -> None:
    case = CASES["moons"]()
    (shown,) = (finding for finding in case.result.findings if finding.reproducer is not None)
    silent = replace(shown.reproducer, path="run/repro-2.py", verified=False, exit_code=0)  # type: ignore[type-var]
    result = replace(case.result, findings=(shown, replace(shown, reproducer=silent)))
    files = ["trace.qdiag", "repro.py", "repro-2.py"]
    wrote = document(result, case.script, ENVIRONMENT, folder="", files=files, secrets=NO_SECRETS).wrote
    assert wrote == "trace.qdiag repro.py (verified: exits 1) repro-2.py (not verified: exits 0)"


@pytest.mark.parametrize("name", CASES)
def test_the_record_says_what_the_words_say(name: str) -> None:
    made_of = CASES[name]().document()
    assert len(made_of.record["findings"]) == len(made_of.chapters)
    for chapter, record in zip(made_of.chapters, made_of.record["findings"]):
        assert chapter.code == record["cause"]["code"]
        assert chapter.verdict.lower() == record["verdict"]
        assert f"call {record['call']}" in f"{chapter.title} {chapter.fact('first')}"


def test_a_method_that_gave_nothing_is_not_said_to_have_been_replayed() -> None:
    replay = ReplaySummary((BACKPROP, ADJOINT, SHIFT), 10, unanswered=(refusal(ADJOINT),))
    assert made(replay=replay).recorded.endswith("under backprop, parameter-shift")
    assert made(replay=replay).sentence.startswith("backprop and parameter-shift agree")


def test_methods_that_saw_a_part_of_the_rows_or_of_the_parameters_are_named_with_it() -> None:
    case = CASES["healthy"]()
    part = replace(case.result.replay, rows=((SHIFT, 3, 32),), parameters=((SHIFT, 16, 56), (DIFFERENCES, 16, 56), (SHIFT, 15, 15)))
    notes = replace(case, result=replace(case.result, replay=part)).document().notes
    assert "parameter-shift: 3 of 32 rows of the batch, other ones at each call" in notes
    assert "parameter-shift, finite-diff: 16 of 56 parameters, some of each kind of operation" in notes
    assert not any("15 of 15" in note for note in notes)

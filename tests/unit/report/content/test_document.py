"""The outline of a report: everything worded and redacted once, before any format sees it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from qdiag.model.call import Failure
from qdiag.model.findings import ReplaySummary
from qdiag.report.content.outline import NextStep
from qdiag.report.formats import markdown
from tests.worlds.methods import methods
from tests.worlds.results import CASES


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
    refusing = tuple((method, Failure("DeviceError", "no")) for method in methods("default.qubit/adjoint", "default.qubit/hadamard"))
    document = replace(case, result=replace(case.result, replay=replace(case.result.replay, refused=refusing))).document()
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
    assert (shown.typed, shown.reason) == ("qdiag twin moons.py -- --name 'two words' --pass <secret>", "why the losses part")
    assert "hunter2" not in markdown.render(document)

"""What was asked for, as values: which findings, which verdicts fail, and the exit code that follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qdiag.errors import ExitCode
from qdiag.model.comparison import Verdict
from qdiag.pipeline.run_options import Choice, Options, Silence, exit_code
from tests.worlds.judged_runs import judged_run
from tests.worlds.results import CASES

SHIFTED = CASES["shifted"]().result.findings[0]


def test_where_none_is_named_all_are_proven_and_else_those_that_are_named_whatever_their_numbers() -> None:
    divergence = SHIFTED.divergence
    methods = tuple(map(str, divergence.comparison.methods))
    identity = divergence.call.index, divergence.signature.value, str(divergence.comparison.element), methods
    assert not Choice()
    named = Choice(((identity, "repro-2.py"),))
    assert named.name_for(SHIFTED) == "repro-2.py"
    elsewhere = replace(SHIFTED, divergence=replace(divergence, call=replace(divergence.call, index=99)))
    assert named.name_for(elsewhere) is None


def test_by_default_every_finding_is_proven_but_what_is_inconclusive() -> None:
    assert Options().proven == (Verdict.ERROR, Verdict.REMARK, Verdict.ROUNDING)


def test_silence_says_nothing_and_takes_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Silence()
    voice.say("anything")
    with voice.progress("replaying") as report:
        report(1, 2)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("fail_on", ["error", "rounding", "any", "never"])
def test_every_verdict_has_an_exit_code_and_fail_on_changes_only_what_is_1(tmp_path: Path, verdict: Verdict, fail_on: str) -> None:
    run = judged_run(tmp_path, verdict=verdict)
    code = exit_code(run, fail_on)
    assert code in set(ExitCode)
    if code is not ExitCode.ERROR_FOUND:
        assert code is exit_code(run, "never")


def test_a_remark_fails_where_any_wrong_method_is_asked_for_and_hides_no_rounding(tmp_path: Path) -> None:
    remarked = judged_run(tmp_path, "moons", verdict=Verdict.REMARK)
    assert [int(exit_code(remarked, fail_on)) for fail_on in ("error", "rounding", "any", "never")] == [0, 1, 1, 0]
    alone = judged_run(tmp_path, "healthy", verdict=Verdict.REMARK)
    assert [int(exit_code(alone, fail_on)) for fail_on in ("error", "rounding", "any", "never")] == [0, 0, 1, 0]
    rounding = judged_run(tmp_path, "moons", verdict=Verdict.ROUNDING)
    assert int(exit_code(rounding, "any")) == 0


def test_what_is_unknown_to_fail_on_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        exit_code(judged_run(tmp_path), "everything")


def test_a_remark_behind_which_nothing_is_decided_about_the_methods_is_inconclusive_to_a_script(tmp_path: Path) -> None:
    remarked = judged_run(tmp_path, "remarked", verdict=Verdict.REMARK)
    undecided = replace(remarked, result=replace(remarked.result, undecided=True))
    assert [int(exit_code(undecided, fail_on)) for fail_on in ("error", "any", "never")] == [4, 1, 4]

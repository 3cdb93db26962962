"""Scripts run back: what counts as shown, and which file is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.errors import OpaqueCircuitError, OutputError
from qdiag.model.circuit import Circuit
from qdiag.model.findings import Finding, Reproducer
from qdiag.proving.reproducer.candidates import Candidates
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.script_text import SKIP
from qdiag.proving.reproducer.verify import verify, write_and_verify
from tests.worlds.scripts import (
    DIAGNOSIS,
    EXPVAL,
    FUNCTION,
    SCALE,
    FakeLanguage,
    divergence,
    rotation,
    seen_by_a_probe,
)


@pytest.mark.parametrize(("line", "code"), [("sys.exit(1)", 1), ("sys.exit(0)", 0), ("1 / 0", 125), ("sys.exit(True)", 1)])
def test_only_its_own_verdict_verifies_a_script(line, code, tmp_path):
    done = verify(Reproducer(f"import sys\n{SKIP}\n{line}\n"), tmp_path / "repro.py")
    assert (done.exit_code, done.verified) == (code, code == 1)


def test_a_script_that_hangs_is_stopped_and_not_verified(tmp_path):
    done = verify(Reproducer("import time\ntime.sleep(60)\n"), tmp_path / "repro.py", seconds=0.5)
    assert (done.verified, done.exit_code, done.output) == (False, None, "stopped after 0.5 s")


def test_every_run_must_show_it(tmp_path):
    flaky = "import sys\ntry:\n    open('seen', 'x').close()\nexcept FileExistsError:\n    sys.exit(0)\nsys.exit(1)\n"
    assert not verify(Reproducer(flaky), tmp_path / "repro.py", times=2).verified


def test_a_folder_that_cannot_be_written_is_an_error_with_a_cure(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        verify(Reproducer(""), tmp_path / "missing" / "repro.py")


def test_what_the_plain_style_does_not_show_is_written_with_every_number_as_recorded(tmp_path):
    language = FakeLanguage(imports=("import a_package_that_nobody_has",))
    material = Material(language=language, split=lambda circuit, trusted: ())
    found = write_and_verify(Finding(divergence(), DIAGNOSIS), tmp_path / "repro.py", material)
    assert [exact for exact, _ in language.asked] == [False, True]
    assert (found.verified, found.exit_code) == (False, 125)
    assert (tmp_path / "repro.py").read_text() == found.source


def test_what_lies_outside_and_does_not_show_by_itself_leaves_no_file(tmp_path):
    language = FakeLanguage(imports=("import a_package_that_nobody_has",))
    function = replace(FUNCTION, imports=frozenset(["import a_package_that_nobody_has"]))
    finding, material = Finding(seen_by_a_probe(SCALE), DIAGNOSIS), Material(function=function, language=language)
    with pytest.raises(OpaqueCircuitError, match="does not show it"):
        write_and_verify(finding, tmp_path / "repro.py", material)
    assert not list(tmp_path.iterdir())


def test_a_class_from_the_trace_is_written_but_not_run_without_trust(tmp_path):
    circuit = Circuit((replace(rotation(0.25), definition="class RX: ..."),), (EXPVAL,))
    found = write_and_verify(Finding(divergence(circuit), DIAGNOSIS), tmp_path / "repro.py", Material(language=FakeLanguage()))
    assert (found.verified, found.exit_code, found.output) == (False, None, "")
    assert (tmp_path / "repro.py").exists()


def test_the_reason_for_no_more_scripts_is_given_once_those_there_are_have_shown_nothing(tmp_path):
    finding = Finding(seen_by_a_probe(SCALE), DIAGNOSIS)
    refused = Candidates((Reproducer("raise SystemExit(0)\n"),), OpaqueCircuitError("its argument has no value", ""))
    with pytest.raises(OpaqueCircuitError, match="has no value"):
        write_and_verify(finding, tmp_path / "repro.py", candidates=refused, times=1)
    assert not list(tmp_path.iterdir())
    showing = replace(refused, scripts=(Reproducer("raise SystemExit(1)\n"),))
    assert write_and_verify(finding, tmp_path / "repro.py", candidates=showing, times=1).verified

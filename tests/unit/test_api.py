"""The library's face: a check's result in a notebook and in a script, and what importing it costs."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import qdiag
from qdiag import api
from qdiag.api import Check
from qdiag.errors import DivergenceError, MethodError, TraceError, UsageError
from qdiag.model.comparison import Tolerance, Verdict
from tests.worlds.results import CASES


def checked(name: str) -> Check:
    case = CASES[name]()
    return Check(case.result.verdict, case.result.findings, case.document())


class TestCheck:
    @pytest.mark.parametrize(("name", "true"), [("healthy", True), ("moons", True), ("shifted", False), ("noisy", False)])
    def test_it_is_true_where_nothing_goes_beyond_rounding(self, name: str, true: bool) -> None:
        assert bool(checked(name)) is true

    def test_only_an_error_is_raised_with_the_remedy_beside_it(self) -> None:
        with pytest.raises(DivergenceError, match="adjoint is wrong") as raised:
            checked("shifted").raise_for_error()
        assert raised.value.cure == checked("shifted").findings[0].diagnosis.remedy
        for name in ("healthy", "moons", "noisy"):
            checked(name).raise_for_error()

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions take no notes yet")
    def test_a_traceback_shows_the_remedy(self) -> None:
        with pytest.raises(DivergenceError) as raised:
            checked("shifted").raise_for_error()
        assert traceback.format_exception_only(raised.value)[-1] == raised.value.cure + "\n"

    def test_it_is_short_where_it_is_shown_by_the_way_and_a_whole_report_where_it_is_printed(self) -> None:
        result = checked("shifted")
        assert repr(result).startswith("<qdiag.Check ERROR: adjoint is wrong")
        assert "\n" not in repr(result)
        assert "remedy" in str(result)
        assert max(map(len, str(result).splitlines())) <= 80
        assert "\x1b" not in str(result)

    def test_its_text_is_the_same_in_a_notebook(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # rich would show it there, and write nothing
        monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
        assert "remedy" in str(checked("shifted"))

    def test_a_notebook_gets_a_page_in_a_frame_of_its_own(self) -> None:
        shown = checked("moons")._repr_html_()
        assert shown.startswith('<iframe srcdoc="&lt;!')
        assert shown.count("<") == 2

    def test_where_frames_are_taken_out_its_sentence_remains(self) -> None:
        result = checked("shifted")
        assert re.sub("<[^>]*>", "", result._repr_html_()) == html.escape(f"ERROR: {result.report.sentence}")

    def test_a_notebook_gets_it_as_markdown_too(self) -> None:
        assert checked("moons")._repr_markdown_().startswith("# qdiag: moons.py")

    def test_its_reproducer_is_that_of_the_first_finding_that_has_one(self) -> None:
        first = checked("shifted").findings[0].reproducer
        assert first is not None
        assert checked("shifted").reproducer == first.source
        assert checked("healthy").reproducer == ""


class TestWhatIsAskedFor:
    @pytest.mark.parametrize("methods", ["backprop,adjoint@float64", ["backprop", "adjoint@float64"], ("backprop", "adjoint@float64")])
    def test_methods_are_written_as_on_the_command_line_or_listed(self, methods: api.Methods) -> None:
        assert [str(m) for m in api._options(methods, None).plan.methods] == ["backprop", "adjoint@float64"]

    def test_auto_leaves_the_choice_to_the_circuit(self) -> None:
        assert api._options("auto", None).plan.methods == ()

    def test_an_unknown_method_is_said_at_once(self) -> None:
        with pytest.raises(MethodError, match="sideways"):
            api._options(["sideways"], None)

    @pytest.mark.parametrize(("given", "meant"), [(None, Tolerance()), (1e-6, Tolerance(1e-6)), (Tolerance(relative=0.1),) * 2])
    def test_a_number_is_an_absolute_tolerance(self, given: api.Tolerated, meant: Tolerance) -> None:
        assert api._options("auto", given).plan.tolerance == meant

    def test_the_precision_of_devices_may_be_assumed(self) -> None:
        assert api._options("auto", None, "complex64").plan.assumed == "complex64"
        with pytest.raises(UsageError, match="no precision of a device"):
            api._options("auto", None, "float64")  # type: ignore[arg-type]

    def test_rounding_gets_no_reproducer_and_strangers_code_does_not_run(self) -> None:
        assert api._options("auto", None).proven == (Verdict.ERROR,)
        assert not api._options("auto", None, trusted=False).plan.trusted


class TestPackage:
    def test_importing_it_loads_nothing_and_every_public_name_can_be_had(self) -> None:
        asked = "import sys, qdiag; print(sorted({'numpy', 'torch', 'pennylane', 'typing', 'click'} & set(sys.modules)), dir(qdiag))"
        done = subprocess.run([sys.executable, "-S", "-c", asked], capture_output=True, text=True, check=False, cwd=_source())
        assert done.stdout.startswith("[] ")
        for name in ("check", "record", "open", "Check", "Recording", "Tolerance", "Verdict", "testing", "errors"):
            assert f"'{name}'" in done.stdout
            assert getattr(qdiag, name) is not None

    def test_any_other_name_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="no attribute 'chekc'"):
            qdiag.chekc  # noqa: B018

    def test_opening_what_is_no_trace_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(TraceError, match="does not exist"):
            qdiag.open(tmp_path / "nothing")
        (tmp_path / "junk.qdiag").write_text("junk")
        with pytest.raises(TraceError, match="is not a trace"):
            qdiag.open(tmp_path / "junk.qdiag")


def _source() -> Path:
    return Path(qdiag.__file__).parents[1]

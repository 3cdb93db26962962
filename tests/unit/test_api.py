"""The library's face: a check's result in a notebook and in a script, and a test run's findings in a few lines."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Optional

import pytest

import qdiag
from qdiag import api
from qdiag.api import Check
from qdiag.errors import DivergenceError, MethodError, TraceError, UsageError
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.findings import Reproducer
from qdiag.pipeline import pytest_run
from qdiag.pipeline.pytest_run import Span
from qdiag.report.content.outline import Document
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
        assert checked("shifted").reproducer == checked("shifted").findings[0].reproducer.source
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


class TestSuite:
    """The lines below a test run's results."""

    def lines(self, document: Document, *spans: Span, own: Optional[dict[int, str]] = None) -> list[str]:
        return list(pytest_run.summary(document, spans, "qdiag-runs/pytest-1", own or {}))

    def test_a_finding_names_the_tests_whose_calls_show_it(self) -> None:
        document = CASES["shifted"]().document()
        shown = {document.record["findings"][0]["call"], *document.record["findings"][0]["calls"]}
        spans = (
            Span("test_before", -5, 0, True),
            Span("test_it", 0, max(shown) + 1, True),
            Span("test_after", max(shown) + 1, 99, True),
        )
        first, sentence, cause, *_ = self.lines(document, *spans)
        assert first == "qdiag: error in test_it"
        assert sentence == "    " + document.chapters[0].sentence
        assert cause.startswith("    QD303 ")
        assert cause.endswith("qdiag-runs/pytest-1/repro.py")

    def test_several_tests_are_counted_and_collection_is_named(self) -> None:
        document = CASES["shifted"]().document()
        assert self.lines(document, Span("a", 0, 1, True), Span("b", 0, 1, True))[0] == "qdiag: error in a and 1 more"
        assert self.lines(document)[0] == "qdiag: error while the tests were collected"

    def test_a_test_that_uses_the_wrong_method_itself_is_named_first(self) -> None:
        document = CASES["shifted"]().document()
        finding = document.record["findings"][0]
        (wrong,) = finding["wrong"]
        first, last = finding["calls"][0], finding["calls"][-1]
        assert first < last
        spans = (Span("other", first, first + 1, True), Span("itself", last, last + 1, True))
        own = {first: "default.qubit/backprop", last: wrong}
        assert self.lines(document, *spans, own=own)[0] == "qdiag: error in itself and 1 more"

    def test_rounding_is_no_finding_of_a_test_run(self) -> None:
        first, report = self.lines(CASES["moons"]().document(), Span("a", 0, 241, True))
        assert first == "no method differs from another further than rounding explains"
        assert report == "report: qdiag-runs/pytest-1/report.html"

    def test_a_qnode_that_raises_is_left_out_where_the_test_wants_it_to(self) -> None:
        document = CASES["raising"]().document()
        assert self.lines(document, Span("a", 0, 9, True))[1] == "left out: 1 that raise where the test passes all the same"
        assert self.lines(document, Span("a", 0, 9, False))[0].startswith("qdiag: error in a")


class TestAssertion:
    def test_its_message_holds_the_report_and_the_reproducer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from qdiag import testing

        sick = checked("shifted")
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: sick)
        with pytest.raises(AssertionError) as raised:
            testing.assert_methods_agree(print)
        assert str(raised.value).startswith(str(sick))
        assert isinstance(sick.findings[0].reproducer, Reproducer)
        assert sick.reproducer in str(raised.value)

    def test_what_could_not_be_compared_does_not_pass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from qdiag import testing

        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: checked("noisy"))
        with pytest.raises(AssertionError, match="INCONCLUSIVE"):
            testing.assert_methods_agree(print)
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: checked("moons"))
        testing.assert_methods_agree(print)


    def test_without_anything_tracked_it_does_not_pass_as_if_gradients_agreed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from qdiag import testing

        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: replace(checked("moons"), tracked=False))
        with pytest.raises(UsageError, match="no gradient was compared"):
            testing.assert_methods_agree(print)
        testing.assert_methods_agree(print, gradients=False)


class TestValues:
    """What ``qdiag check --args`` takes."""

    def read(self, tmp_path: Path, text: str) -> object:
        from qdiag.cli import json_arguments

        (tmp_path / "values.json").write_text(text)
        return json_arguments.read(tmp_path / "values.json")

    def test_a_list_is_passed_in_order_and_an_object_by_name(self, tmp_path: Path) -> None:
        listed = self.read(tmp_path, "[0.5, 2, [[1, 2.5], [3, 4]]]")
        assert listed.positional[:2] == (0.5, 2)
        assert listed.positional[2].tolist() == [[1.0, 2.5], [3.0, 4.0]]
        named = self.read(tmp_path, '{"x": 0.5, "wires": [0, 1]}')
        assert [name for name, _ in named.named] == ["x", "wires"]
        assert named.named[1][1].dtype.kind == "i"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{", "is no JSON"),
            ("3", "neither a list nor an object"),
            ('["os.system"]', 'holds "os.system"'),
            ("[true]", "holds true"),
            ("[null]", "holds null"),
            ('[{"a": 1}]', "holds {"),
            ("[[1, [2]]]", "differ in length"),
            ("[[[1, 2], [3]]]", "differ in length"),
            ("[NaN]", "not finite"),
            ("[[1e999]]", "not finite"),
            ("[99999999999999999999]", "too large"),
            ("[" * 12 + "1" + "]" * 12, "levels of brackets"),
            ("[" * 100_000, "is no JSON"),
        ],
    )
    def test_anything_else_is_refused_with_a_cure(self, tmp_path: Path, text: str, words: str) -> None:
        with pytest.raises(UsageError) as raised:
            self.read(tmp_path, text)
        assert words in raised.value.cause
        assert raised.value.cure

    def test_a_file_that_is_too_large_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from qdiag.cli import json_arguments

        monkeypatch.setattr(json_arguments, "MOST_BYTES", 4)
        with pytest.raises(UsageError, match="more than"):
            self.read(tmp_path, "[1, 2]")

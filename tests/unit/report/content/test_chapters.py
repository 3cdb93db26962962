"""One finding as a chapter: what first, what worst, why, how it was shown, what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.model.call import Argument, Failure
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence
from qdiag.model.probe import Probe
from qdiag.model.promise import Promise
from qdiag.report.content import chapters
from qdiag.report.content.promises import promise_in_words
from qdiag.report.outline import Chapter
from tests.worlds.results import CASES, shifted
from tests.worlds.small_circuits import circuit, expval, gate


def test_what_a_probe_saw_and_what_the_script_asks_for_are_no_bugs() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert case.document().chapters[0].no_bug == ""
    probed = replace(finding, divergence=replace(finding.divergence, probe=Probe(0)))
    caused = replace(finding, diagnosis=replace(finding.diagnosis, fileable=False))
    for changed in (probed, caused):
        other = replace(case, result=replace(case.result, findings=(changed,)))
        assert "the script" in other.document().chapters[0].no_bug


def test_what_no_script_shows_is_nothing_to_file() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert finding.reproducer is not None
    silent = replace(finding, reproducer=replace(finding.reproducer, verified=False, exit_code=0))
    unrun = replace(finding, reproducer=replace(finding.reproducer, verified=False, exit_code=None))
    for changed, words in ((silent, "no script shows it in a fresh process"), (unrun, "")):
        assert replace(case, result=replace(case.result, findings=(changed,))).document().chapters[0].no_bug == words


def test_numbers_are_counted_not_arrays() -> None:
    flow = CASES["moons"]().document().chapters[0].flow
    assert [station.detail for station in flow if station.place == "circuit parameters"] == ["4 numbers"]
    case = CASES["moons"]()
    finding = case.result.findings[0]
    batch = circuit(gate("RX", [0.1, 0.2, 0.3], trainable=True), measured=(expval(gate("PauliZ")),))
    divergence = replace(finding.divergence, call=replace(finding.divergence.call, circuit=batch))
    result = replace(case.result, findings=(replace(finding, divergence=divergence),))
    flow = replace(case, result=result).document().chapters[0].flow
    assert [station.detail for station in flow if station.place == "circuit parameters"] == ["3 numbers"]


# --- part by part ------------------------------------------------------------------------------------------------------


def chapter_of(case: str = "shifted", number: int = 0, **changes: Any) -> Chapter:
    """The chapter of a finding of a case, with another comparison, call, divergence or diagnosis, or with other parts."""
    made = CASES[case]()
    finding = made.result.findings[number]
    comparison = replace(finding.divergence.comparison, **changes.pop("comparison", {}))
    call = replace(finding.divergence.call, **changes.pop("call", {}))
    divergence = replace(finding.divergence, comparison=comparison, call=call, **changes.pop("divergence", {}))
    diagnosis = replace(finding.diagnosis, **changes.pop("diagnosis", {}))
    finding = replace(finding, divergence=divergence, diagnosis=diagnosis, **changes)
    return replace(made, result=replace(made.result, findings=(finding,))).document().chapters[0]


@pytest.mark.parametrize("name", [name for name in CASES if name != "healthy"])
def test_no_fact_is_empty_and_none_is_told_twice(name: str) -> None:
    for chapter in CASES[name]().document().chapters:
        assert all(fact.text for fact in chapter.facts)
        assert len({fact.label for fact in chapter.facts}) == len(chapter.facts)


def test_the_first_call_is_told_with_its_place_its_values_and_what_rounding_explains() -> None:
    first = chapter_of().fact("first")
    assert first.splitlines() == [
        "call 0, step 0 · train.py:45 · Model.qnode · d output / d RX#0",
        "adjoint 0 · backprop -0.46730201 · gap 6.1 · rounding explains 9.1e-15",
    ]


def test_a_call_that_raised_has_neither_values_nor_a_gap() -> None:
    chapter = CASES["raising"]().document().chapters[0]
    assert "gap" not in chapter.fact("first")
    assert chapter.title == "parameter-shift raises at call 4"
    assert chapter.fact("says").startswith("ValueError: Computing the gradient")
    assert chapter.traceback is not None
    assert chapter.traceback.text.splitlines()[0] == "innermost frames:"


@pytest.mark.parametrize(
    ("divergence", "worst"),
    [
        ({}, ""),
        ({"worst_call": 0}, ""),
        ({"worst_call": 7}, "call 7 · gap 6.1 (rounding explains 9.1e-15)"),
        ({"worst": None, "worst_call": 7}, ""),
    ],
)
def test_the_worst_call_is_told_where_it_is_another_one(divergence: dict[str, Any], worst: str) -> None:
    assert chapter_of(divergence=divergence).fact("worst") == worst


def test_units_are_counted_while_they_say_something() -> None:
    assert "0.5 eps(float32), scaled" in chapter_of("moons").fact("first")
    assert "eps(" not in chapter_of("moons", comparison={"ulps": 1e6}).fact("first")


def test_not_a_number_is_written_as_people_write_it() -> None:
    chapter = chapter_of(comparison={"where": Signature.NAN, "values": (float("nan"), 0.25), "detail": "nan against 0.25"})
    assert chapter.results is not None
    assert chapter.results.rows == (("adjoint", "NaN"), ("backprop", "0.25"))
    assert chapter.results.note == "nan against 0.25"


@pytest.mark.parametrize(
    ("confidence", "cause"),
    [
        (Confidence.CONFIRMED, "QD303 gradient given to the wrong parameter, confirmed"),
        (Confidence.LIKELY, "QD303 gradient given to the wrong parameter, likely"),
        (Confidence.UNKNOWN, "QD303 gradient given to the wrong parameter"),
    ],
)
def test_a_cause_is_told_with_how_sure_it_is(confidence: Confidence, cause: str) -> None:
    chapter = chapter_of(diagnosis={"confidence": confidence, "evidence": ()})
    assert chapter.fact("cause") == cause
    assert chapter.tiles[-1].label == ("cause" if confidence is Confidence.UNKNOWN else confidence.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"comparison": {"verdict": Verdict.ROUNDING}}, "no more than rounding explains"),
        ({"comparison": {"verdict": Verdict.INCONCLUSIVE}}, "does not decide"),
        ({"divergence": {"probe": Probe(0)}}, "outside of the circuit"),
        ({"diagnosis": {"fileable": False}}, "lies in the script"),
    ],
)
def test_why_it_is_nothing_to_file(changes: dict[str, Any], words: str) -> None:
    no_bug = chapter_of(**changes).no_bug
    assert (words in no_bug) if words else no_bug == ""


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure("ValueError", "the gradient of a state is not supported", refusal=True), "PennyLane says itself"),
        (Failure("ValueError", "the gradient of a state is not supported"), ""),
        (Failure("WireError", "wires not found on the device: {3}", refusal=True), ""),
    ],
    ids=["refused", "broke down", "a refusal that names something else"],
)
def test_what_pennylane_refuses_in_words_is_nothing_to_file(failure: Failure, words: str) -> None:
    case = shifted()
    finding = case.result.findings[0]
    divergence = finding.divergence
    raised = replace(
        divergence,
        call=replace(divergence.call, failure=failure),
        comparison=replace(divergence.comparison, where=Signature.RAISE),
    )
    said = replace(case, result=replace(case.result, findings=(replace(finding, divergence=raised),)))
    no_bug = said.document().chapters[0].no_bug
    assert no_bug.startswith(words)
    assert bool(no_bug) is bool(words)


def test_where_nothing_was_decided_the_arbiter_is_not_quoted() -> None:
    assert chapter_of().fact("arbiter")
    assert chapter_of(comparison={"verdict": Verdict.INCONCLUSIVE}).fact("arbiter") == ""


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "14 lines, verified: exits 1"),
        ({"verified": False, "exit_code": 0}, "14 lines, not verified: exits 0"),
        ({"exit_code": None}, "14 lines, not run"),
        ({"cleaned": True}, "14 lines, verified: exits 1; this copy has stand-ins for what must not leave"),
    ],
)
def test_a_reproducer_says_whether_it_was_seen_to_show_it(changes: dict[str, Any], state: str) -> None:
    reproducer = CASES["moons"]().result.findings[0].reproducer
    assert reproducer is not None
    chapter = chapter_of("moons", reproducer=replace(reproducer, **changes))
    assert chapter.reproducer is not None
    assert chapter.reproducer.title == "repro.py"
    assert chapter.reproducer.note.partition(" ")[2] == state.partition(" ")[2]


def test_a_minimal_circuit_says_what_it_cost_and_whether_more_could_go() -> None:
    assert chapter_of().minimal.endswith("(not shown to be minimal; 58 candidates tried)")
    assert "nothing more can be left out" in chapter_of("moons").minimal
    assert chapter_of(minimal=None).minimal == ""


class TestPrecisionOnTheWay:
    def test_names_each_station_and_where_it_is_narrow(self) -> None:
        flow = CASES["moons"]().document().chapters[0].flow
        assert [(station.place, station.dtype, station.narrow) for station in flow] == [
            ("QNode arguments", "float32", True), ("circuit parameters", "float32", True), ("device state", "complex128", False),
            ("QNode output", "float64", False), ("handed on", "float32", True),
        ]  # fmt: skip

    def test_lists_dtypes_that_are_mixed_once_each(self) -> None:
        arguments = tuple(
            Argument(name, "torch", dtype, (), True) for name, dtype in (("x", "float32"), ("y", "float64"), ("z", "float32"))
        )
        flow = chapter_of("moons", call={"arguments": arguments}).flow
        assert (flow[0].dtype, flow[0].narrow) == ("float32, float64", True)

    def test_leaves_out_what_a_call_did_not_reach(self) -> None:
        flow = chapter_of("moons", call={"outputs": None, "layer_dtype": "", "arguments": ()}).flow
        assert [station.place for station in flow] == ["circuit parameters", "device state"]


def test_an_exception_without_frames_is_its_last_line() -> None:
    assert chapters.traceback_text(Failure("ValueError", "no")) == "ValueError: no"


def test_what_pennylane_says_it_does_not_support_is_nothing_to_file() -> None:
    case = shifted()
    finding = case.result.findings[0]
    for promise, words in ((Promise.DOCUMENTED, "PennyLane says"), (Promise.BROKEN, ""), (Promise.SILENT, ""), (None, "")):
        said = replace(case, result=replace(case.result, findings=(replace(finding, promise=promise),)))
        chapter = said.document().chapters[0]
        assert chapter.no_bug.startswith(words)
        assert bool(chapter.no_bug) is bool(words)
        assert chapter.fact("promise") == promise_in_words(promise)

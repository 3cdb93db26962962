"""Devices that say nothing of their precision, or sample unasked: found out by their own numbers, and never excused beyond that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml, "set_shots"):
    pytest.skip("the devices of these tests are made of today's", allow_module_level=True)

from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.live import device_numbers  # noqa: E402
from qdiag.bridges.live.device_numbers import measured_live  # noqa: E402
from qdiag.bridges.running.applicable import applicable  # noqa: E402
from qdiag.bridges.running.device_measurement import measured  # noqa: E402
from qdiag.diagnosis.causes import CAUSES  # noqa: E402
from qdiag.diagnosis.diagnose import diagnose  # noqa: E402
from qdiag.diagnosis.survey import survey  # noqa: E402
from qdiag.evaluation.workers import Inline  # noqa: E402
from qdiag.judging.question import Question, observe  # noqa: E402
from qdiag.model.call import Call, Configuration, SourceLine  # noqa: E402
from qdiag.model.circuit import Circuit  # noqa: E402
from qdiag.model.comparison import Comparison, Verdict  # noqa: E402
from qdiag.model.evaluation import Request  # noqa: E402
from qdiag.model.findings import Confidence, Diagnosis, Divergence  # noqa: E402
from qdiag.model.measured import Measured  # noqa: E402
from qdiag.model.method import Method, parse  # noqa: E402
from tests.worlds import devices  # noqa: E402

pytestmark = pytest.mark.stack

RIGHT = parse("default.qubit/backprop")


def on(name: str, diff_method: str = "parameter-shift", **rest: Any) -> Method:
    return Method(name if "." in name else f"tests.worlds.devices:{name}", diff_method, **rest)


def recorded() -> Circuit:
    with qml.queuing.AnnotatedQueue() as queue:
        qml.RX(torch.tensor(0.4, dtype=torch.float64, requires_grad=True), wires=0)
        qml.RY(torch.tensor(0.9, dtype=torch.float64, requires_grad=True), wires=1)
        qml.CNOT([0, 1])
        qml.expval(qml.Z(1))
    return circuit_of(qml.tape.QuantumScript.from_queue(queue), "single")


def asked(method: Method, **rest: Any) -> Question:
    return Question(recorded(), (method, RIGHT), device_wires=(0, 1), trusted=True, **rest)


def seen(question: Question) -> Comparison:
    return observe(question, Inline()).comparison


def diagnosed(question: Question) -> Diagnosis:
    evaluator, configuration = Inline(), Configuration("circuit", SourceLine("x.py", 1), question.methods[0].device, (0, 1))
    call = Call(0, 0, SourceLine("x.py", 2), configuration, (), question.circuit, (np.array(0.5),))
    comparison = seen(question)
    wrong = (question.methods[0],) if comparison.verdict is Verdict.ERROR else ()
    return diagnose(survey(Divergence(call, comparison, wrong), question, evaluator), CAUSES, evaluator)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (on("default.qubit"), Measured("complex128")),
        (on("default.mixed"), Measured("complex128")),
        (on("lightning.qubit"), Measured("complex128")),
        (on("lightning.qubit", device_precision="complex64"), Measured("complex64")),
        (on("SinglePrecision"), Measured("complex64")),
        (on("SmoothlyOff"), Measured("complex128")),
        (on("SamplesUnasked", device_options=(("seed", 5),)), Measured("", 400, False, "These results are estimates from samples.")),
        (on("SamplesUnasked"), Measured("", 400, False, "These results are estimates from samples.")),
    ],
    ids=str,
)
def test_a_device_is_measured(method: Method, expected: Measured) -> None:
    request = Request(recorded(), method, "torch", (0, 1), trusted=True)
    assert replace(measured(request), changing=False) == expected
    assert measured(replace(request, circuit=replace(recorded(), shots=(10,)))) == Measured()
    assert measured(replace(request, assumed="complex64")) == Measured("complex64", assumed=True)


def test_a_live_device_is_measured_as_it_is() -> None:
    assert measured_live(devices.SinglePrecision(wires=2)).narrow
    assert measured_live(qml.device("default.qubit")) == Measured("complex128")
    assert measured_live(qml.device("default.qubit", wires=30)) == Measured()


def test_single_precision_without_a_word_is_rounding_and_the_devices() -> None:
    question = asked(on("SinglePrecision"))
    found = diagnosed(question)
    assert seen(question).verdict is Verdict.ROUNDING
    assert (found.code, found.confidence) == ("QD102", Confidence.CONFIRMED)


def test_what_double_precision_cannot_explain_stays_an_error_where_it_is_assumed() -> None:
    assert seen(asked(on("SinglePrecision"), assumed="complex128")).verdict is Verdict.ERROR


def test_a_device_that_is_smoothly_off_is_wrong_unless_single_precision_is_assumed() -> None:
    off = seen(asked(on("SmoothlyOff")))
    assert off.verdict is Verdict.ERROR
    assert off.max_abs < 1e-7
    assert seen(asked(on("SmoothlyOff"), assumed="complex64")).verdict is Verdict.ROUNDING


def test_finite_differences_on_single_precision_are_their_steps_fault() -> None:
    question = asked(on("SinglePrecision", "finite-diff"))
    found = diagnosed(question)
    assert seen(question).verdict is Verdict.ERROR
    assert (found.code, found.confidence) == ("QD105", Confidence.CONFIRMED)


@pytest.mark.parametrize("options", [(), (("seed", 5),)], ids=["unseeded", "seeded"])
def test_samples_that_nobody_asked_for_decide_nothing_and_are_told(options: Any) -> None:
    question = asked(on("SamplesUnasked", device_options=options))
    found = diagnosed(question)
    assert seen(question).verdict is Verdict.INCONCLUSIVE
    assert (found.code, found.confidence) == ("QD601", Confidence.CONFIRMED)
    assert "estimate from 400 samples" in found.because
    assert "These results are estimates from samples." in found.because


@pytest.mark.parametrize(("name", "offered"), [("SinglePrecision", False), ("SamplesUnasked", False), ("SmoothlyOff", True)])
def test_no_difference_quotient_is_offered_where_it_would_be_noise(name: str, offered: bool) -> None:
    method = on(name)
    place, own = SourceLine("x.py", 1), method.diff_method
    configuration = Configuration("circuit", place, method.device, (0, 1), interface="torch", requested=own, resolved=own)
    found = [method.diff_method for method in applicable(recorded(), configuration)]
    assert ("finite-diff" in found) is offered


def test_nothing_is_measured_where_there_are_no_wires_as_where_a_quantum_function_raised() -> None:
    assert measured(Request(Circuit((), ()), RIGHT, "torch", ())) == Measured()


# --- seeds -----------------------------------------------------------------------------------------------------------------------


class Seeded(devices.SamplesUnasked):
    """Draws samples, from a seed or from another one than it was given."""

    def __init__(self, wires: Any = None, seed: Any = None, heed: Any = True) -> None:
        super().__init__(wires=wires, seed=seed if heed is True else heed)
        self._seed = seed
        self._heed = heed


@pytest.mark.parametrize(("heed", "idle"), [(True, False), (11, True), (None, True)], ids=["heeded", "another", "none"])
def test_a_seed_that_has_no_effect_is_seen(heed: Any, idle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"seed": 3} if heed is True else {"seed": 3, "heed": heed}
    monkeypatch.setattr(device_numbers, "options_given_to", lambda device: tuple(given.items()))
    assert measured_live(Seeded(wires=1, **given)).idle_seed is idle


def test_a_device_without_a_seed_has_none_that_is_idle() -> None:
    assert not measured_live(devices.SamplesUnasked(wires=1)).idle_seed

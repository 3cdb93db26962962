"""Which methods a call is replayed under beside its own."""

from __future__ import annotations

from dataclasses import replace

from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import parse_list
from tests.worlds.methods import methods
from tests.worlds.scripted import (
    ScriptedEvaluator,
    ScriptedTrace,
    answer,
    call,
    circuit,
    locate,
    moved,
    training,
)


def test_methods_may_be_named():
    located = locate(training(2), ScriptedEvaluator(), Plan(methods=parse_list("adjoint,lightning.qubit/adjoint")))
    assert located.methods == methods("default.qubit/backprop", "default.qubit/adjoint", "lightning.qubit/adjoint")


def test_finite_differences_are_judged_in_float64():
    plan = Plan(methods=parse_list("finite-diff"))
    assert locate(training(2, "float32"), ScriptedEvaluator(), plan).methods[1:2] == methods("default.qubit/finite-diff@float64")
    assert locate(training(2, "float64"), ScriptedEvaluator(), plan).methods[1:2] == methods("default.qubit/finite-diff")


def test_finite_differences_are_judged_on_a_device_in_complex128():
    trace = training(2, "float64")
    trace.calls = [replace(c, configuration=replace(c.configuration, device_precision="complex64")) for c in trace.calls]
    narrow = Plan(methods=parse_list("default.qubit[complex64]/finite-diff"))
    assert locate(trace, ScriptedEvaluator(), narrow).methods[1:2] == methods("default.qubit/finite-diff@float64")


# --- calls that were compiled --------------------------------------------------------------------------------------------


def compiled_training(length: int) -> ScriptedTrace:
    trace = training(length)
    trace.calls = [replace(one, configuration=replace(one.configuration, compiled="jit")) for one in trace.calls]
    return trace


def test_compiling_is_asked_of_the_own_method_at_the_first_compiled_call_of_a_structure_alone() -> None:
    evaluator, trace = ScriptedEvaluator(), compiled_training(4)
    trace.calls[0] = call(0, circuit(0.3))
    located = locate(trace, evaluator)
    compiled = [request for request in evaluator.requests if request.method.compiled]
    assert {str(request.method) for request in compiled} == {"default.qubit/backprop+jit"}
    assert {float(request.circuit.parameters[0].value) for request in compiled} == {0.31}
    assert located.verdict is Verdict.AGREE


def test_methods_that_were_asked_for_are_all_that_is_asked() -> None:
    evaluator = ScriptedEvaluator()
    locate(compiled_training(3), evaluator, Plan(methods=parse_list("adjoint")))
    assert not any(request.method.compiled for request in evaluator.requests)


def test_a_compiled_method_that_was_asked_for_is_asked_at_every_call() -> None:
    evaluator = ScriptedEvaluator()
    locate(compiled_training(3), evaluator, Plan(methods=parse_list("backprop+jit")))
    assert len({float(r.circuit.parameters[0].value) for r in evaluator.requests if r.method.compiled}) == 3


def test_compiled_numbers_that_differ_from_the_same_method_uncompiled_are_one_divergence() -> None:
    def off(request: Request) -> Evaluation:
        return moved(answer(request), gradient=0.1) if request.method.compiled else answer(request)

    (found,) = locate(compiled_training(3), ScriptedEvaluator(backprop=off)).divergences
    assert [str(method) for method in found.comparison.methods] == ["default.qubit/backprop", "default.qubit/backprop+jit"]

"""QD304: an exception that goes with a part of the circuit, and one that does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qdiag.diagnosis.causes.refusals import REFUSES
from qdiag.diagnosis.symptoms import Blamed, Symptoms, with_blame
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.symptoms import FIRST, PAIR, TWO, World, adjoint, found, of, rotation, symptoms, tracked


def raising(request: Request) -> Evaluation:
    return Evaluation(request.method, failure=Failure("IndexError", "list index out of range"))


def raised(circuit: Circuit) -> Symptoms:
    seen = symptoms(World(lambda request: 0.0), circuit, verdict=Verdict.ERROR, blamed=FIRST)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.RAISE, detail="IndexError")
    divergence = replace(seen.divergence, comparison=comparison, raised=((PAIR[0], Failure("IndexError", "")),))
    return replace(seen, divergence=divergence)


def test_an_exception_that_goes_with_one_operation_is_a_refusal_of_it() -> None:
    world = World(lambda request: raising(request) if adjoint(request) and tracked(request) else 0.0)
    diagnosis = found(world, raised(TWO))
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")


def test_an_exception_that_goes_with_the_dtype_is_a_refusal_of_it() -> None:
    number = Parameter(np.array(0.4), "torch", True, foreign="bfloat16")
    world = World(lambda request: raising(request) if adjoint(request) and request.circuit.parameters[0].foreign else 0.0)
    seen = replace(raised(of(replace(rotation(), data=(number,)))), blamed=Blamed("dtype", 0, "bfloat16"))
    diagnosis = found(world, seen)
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")
    assert "raises on bfloat16 parameters" in diagnosis.because


def test_under_jax_in_double_precision_an_exception_that_goes_with_the_dtype_is_a_cause_of_its_own() -> None:
    """Of narrow numbers under JAX with arrays of 64 bits it is QD109; without these, or where an operation is to blame, it is not."""
    narrow = lambda request: any(p.dtype == "float32" for p in request.circuit.parameters)  # noqa: E731 - said where it is asked
    world = World(lambda request: raising(request) if adjoint(request) and narrow(request) else 0.0)
    seen = replace(raised(of(rotation(dtype="float32"))), blamed=Blamed("dtype", 0, "float32"))
    double = replace(seen, question=replace(seen.question, interface="jax", default_dtype="float64"))
    diagnosis = found(world, double)
    assert (diagnosis.code, diagnosis.confidence) == ("QD109", "confirmed")
    assert "tangents in float32" in diagnosis.because
    assert "dtype=float" in diagnosis.remedy
    single = replace(seen, question=replace(seen.question, interface="jax", default_dtype="float32"))
    assert found(world, single).code == "QD304"
    assert found(world, replace(double, blamed=FIRST)).code != "QD109"


def test_a_device_without_a_wire_to_spare_is_the_scripts_own_and_no_bug() -> None:
    short = lambda request: adjoint(request) and len(request.device_wires) < 3  # noqa: E731 - said where it is asked
    world = World(lambda request: raising(request) if short(request) else 0.0)
    seen = replace(raised(TWO), blamed=Blamed("wires", 0, "a device of 2 wires"))
    diagnosis = found(world, replace(seen, question=replace(seen.question, device_wires=(0, 1))))
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")
    assert "raises on a device of 2 wires" in diagnosis.because
    assert diagnosis.remedy.startswith("one wire more on the device, which adjoint takes for itself")
    assert not with_blame(diagnosis, seen.blamed).fileable
    assert with_blame(diagnosis, FIRST).fileable


def test_a_wire_that_the_device_has_not_is_named_and_no_operation_is_blamed() -> None:
    short = lambda request: adjoint(request) and not {*request.circuit.wires} <= {*request.device_wires}  # noqa: E731 - said where it is asked
    world = World(lambda request: raising(request) if short(request) else 0.0)
    seen = replace(raised(TWO), blamed=Blamed("wires", 0, "a device of 2 wires"))
    diagnosis = found(world, replace(seen, question=replace(seen.question, device_wires=("a", *TWO.wires[1:]))))
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")
    assert diagnosis.remedy == f"wire {TWO.wires[0]!r} on the device, too, where it is made; or other wires in the circuit"


def test_measurements_in_the_middle_want_wires_of_their_own_and_no_way_of_measuring_is_blamed() -> None:
    short = lambda request: adjoint(request) and len(request.device_wires) < 3  # noqa: E731 - said where it is asked
    world = World(lambda request: raising(request) if short(request) and not request.execution_options else 0.0)
    midway = of(rotation(), Node("MidMeasureMP", (), (Wires((0,)), ()), (0,)), rotation(name="RY", wire=1))
    seen = replace(raised(midway), blamed=Blamed("wires", 0, "a device of 2 wires"))
    diagnosis = found(world, replace(seen, question=replace(seen.question, device_wires=(0, 1))))
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")
    assert diagnosis.remedy.endswith('takes one of its own where it is deferred; or mcm_method="tree-traversal"')


def test_one_that_stays_without_it_is_not() -> None:
    world = World(lambda request: raising(request) if adjoint(request) else 0.0)
    assert "QD304" in found(world, raised(TWO)).ruled_out


def test_where_every_method_raises_no_other_is_recommended() -> None:
    world = World(lambda request: raising(request) if tracked(request) else 0.0)
    alone = raised(TWO)
    refused = Failure("IndexError", "")
    one = replace(alone.question, methods=(PAIR[0], PAIR[0]))
    divergence = replace(alone.divergence, raised=((PAIR[0], refused), (PAIR[1], refused)))
    every = replace(alone, question=one, divergence=divergence)
    assert found(world, every).remedy == "other numbers for RX, or its gates written out: no diff_method runs it as it is"
    measured = replace(every, blamed=Blamed("measurement", 0, "expval"))
    assert REFUSES.remedy_for is not None
    assert REFUSES.remedy_for(measured) == "something else to measure: no diff_method runs it as it is"
    assert REFUSES.remedy_for(replace(every, blamed=None)) == REFUSES.remedy
    assert REFUSES.remedy_for(replace(every, divergence=alone.divergence)) == REFUSES.remedy, "no other method was asked"


def test_where_two_operations_only_raise_together_the_other_is_no_neutral_change() -> None:
    both = of(rotation(name="Displacement", trainable=False), rotation())
    with_both = lambda request: len(request.circuit.operations) == 2 and request.circuit.operations[1].name == "RX"  # noqa: E731
    world = World(lambda request: raising(request) if adjoint(request) and with_both(request) else 0.0)
    seen = replace(raised(both), blamed=Blamed("operation", 1, "RX", (0,), (1,), (0,)))
    assert (found(world, seen).code, found(world, seen).confidence) == ("QD304", "confirmed")


def test_for_what_torchs_transforms_do_not_see_into_another_function_is_recommended() -> None:
    seen = raised(TWO)
    words = Failure("RuntimeError", "In order to use an autograd.Function with functorch transforms (vmap, …), it must override …")
    inside = replace(seen, divergence=replace(seen.divergence, raised=((PAIR[0], words),)))
    assert REFUSES.remedy_for is not None
    assert REFUSES.remedy_for(inside).startswith("torch.autograd.functional")

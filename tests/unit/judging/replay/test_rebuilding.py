"""Devices that cannot be made again where calls are replayed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.judging.replay.one_call import replay_call
from qdiag.judging.replay.parts import Parts
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.rebuilding import DEVICE, failed_to_rebuild, obstacle
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.option import Held, Kind
from qdiag.model.result import NotRebuilt
from tests.worlds.methods import ADJOINT
from tests.worlds.scripted import call, circuit

OPAQUE = replace(ADJOINT, device_options=(("backend", Held(Kind.OBJECT, ("an object (AerSimulator)",))),))
NAMED = replace(ADJOINT, device_options=(("dtype", Held(Kind.NAME, ("mine:kind",))),))


CLASS = Method("mine.devices:Noisy", "backprop")


@pytest.mark.parametrize(
    ("method", "trusted", "why"),
    [
        (ADJOINT, False, ""),
        (OPAQUE, True, "option backend is an object (AerSimulator)"),
        (NAMED, True, ""),
        (NAMED, False, "mine:kind is imported only for a trace of your own, or with --trust"),
        (CLASS, True, ""),
        (CLASS, False, "mine.devices:Noisy is imported only for a trace of your own, or with --trust"),
        (Method("__main__:Noisy", "backprop"), True, "its class Noisy is the script's own"),
    ],
    ids=str,
)
def test_what_forbids_it_is_known_beforehand(method: Method, trusted: bool, why: str) -> None:
    assert obstacle(method, trusted=trusted) == why


def test_a_call_on_such_a_device_is_evaluated_on_no_other_in_its_place() -> None:
    made = call(0, circuit(0.3), OPAQUE)
    made = replace(made, configuration=replace(made.configuration, device_options=OPAQUE.device_options))
    asked = replay_call(made, "0" * 64, (ADJOINT,), Plan(), Parts(), thorough=True)
    with pytest.raises(StopIteration) as ended:
        next(asked)
    assert ended.value.value.not_rebuilt == NotRebuilt(0, "option backend is an object (AerSimulator)")
    assert not ended.value.value.sides


def test_an_interface_that_is_not_installed_is_said_with_what_to_install() -> None:
    made = call(0, circuit(0.3))
    missing = Failure("MissingInterfaceError", "JAX is not installed here", ("qdiag.bridges.interfaces.choice:require:3",), "build")
    why = "JAX is not installed here: pip install 'qdiag[jax]'"
    assert failed_to_rebuild(made, Evaluation(made.method, failure=missing)) == NotRebuilt(0, why, interface=True)
    theirs = replace(missing, frames=("jax._src.api:vjp:3",))
    assert failed_to_rebuild(made, Evaluation(made.method, failure=theirs)) is None


def test_a_failure_while_the_device_is_made_is_none_of_the_circuits() -> None:
    made, failure = call(0, circuit(0.3)), Failure("TypeError", "fock_level is missing", stage=DEVICE)
    own = Evaluation(made.method, failure=failure)
    assert failed_to_rebuild(made, own) == NotRebuilt(0, "TypeError: fock_level is missing")
    assert failed_to_rebuild(replace(made, failure=failure), own) is None
    assert failed_to_rebuild(made, replace(own, failure=replace(failure, stage="forward"))) is None
    ours = replace(failure, message="there is no device here", frames=("qdiag.bridges.running.devices:require:3",))
    assert failed_to_rebuild(made, replace(own, failure=ours)) == NotRebuilt(0, "there is no device here")


def test_a_circuit_that_cannot_be_made_again_is_told_from_a_device() -> None:
    made = call(0, circuit(0.3))
    failure = Failure("OpaqueCircuitError", "Own was recorded by name only.", frames=("qdiag.bridges.codec:decode:1",), refusal=True)
    missing = failed_to_rebuild(made, Evaluation(made.method, failure=failure))
    assert missing == NotRebuilt(0, "Own was recorded by name only", circuit=True)
    theirs = replace(failure, frames=("train:f:1",), refusal=False)
    assert failed_to_rebuild(made, Evaluation(made.method, failure=theirs)) is None


def test_a_gradient_transform_of_the_scripts_own_is_none_that_raises() -> None:
    made = call(0, circuit(0.3))
    named = replace(made, configuration=replace(made.configuration, resolved="halfshift"))
    own = Evaluation(named.method, failure=Failure("QuantumFunctionError", "Differentiation method halfshift not recognized"))
    assert failed_to_rebuild(named, own) == NotRebuilt(0, "of halfshift the name alone is known", method=True)
    assert failed_to_rebuild(made, own) is None
    assert failed_to_rebuild(replace(named, failure=own.failure), own) is None

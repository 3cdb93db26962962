"""Which scripts may show a finding: how many, in which order, and what is left where no more can be written."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding, ScriptKind
from qdiag.model.node import Node
from qdiag.model.variants import with_parameters
from qdiag.proving.reproducer.candidates import candidates_for
from qdiag.proving.reproducer.material import NOTHING_ELSE, Material
from tests.worlds.scripts import DIAGNOSIS, EXPVAL, FUNCTION, SCALE, TWO, FakeLanguage, divergence, rotation
from tests.worlds.scripts import seen_by_a_probe as probed

HERE = Finding(divergence(), DIAGNOSIS)
BATCH = Circuit((rotation([0.1, 0.2, 0.3]),), (EXPVAL,))


def no_rows(circuit: Circuit, trusted: bool) -> Sequence[Circuit]:
    return ()


def in_rows(circuit: Circuit, trusted: bool) -> Sequence[Circuit]:
    (whole,) = circuit.parameters
    return [with_parameters(circuit, [replace(whole, value=np.asarray(row))]) for row in whole.value]


def material(**changes: object) -> Material:
    return Material(language=FakeLanguage(), split=no_rows, **changes)  # type: ignore[arg-type]


def sources(finding: Finding, given: Material) -> list[str]:
    return [script.source for script in candidates_for(finding, given).scripts]


def test_first_as_a_person_writes_it_then_with_every_number_as_recorded() -> None:
    language = FakeLanguage()
    found = candidates_for(HERE, Material(language=language, split=no_rows))
    assert [exact for exact, _ in language.asked] == [False, True]
    assert (len(found.scripts), found.refusal) == (2, None)


def test_where_the_scripts_device_has_more_wires_a_device_of_all_of_them_is_tried_last() -> None:
    def on_device(*wires: int) -> Finding:
        call = HERE.divergence.call
        configuration = replace(call.configuration, device_wires=wires)
        return replace(HERE, divergence=replace(HERE.divergence, call=replace(call, configuration=configuration)))

    touched = len(TWO.wires)
    assert len(sources(on_device(*range(touched)), material())) == len(sources(HERE, material()))
    assert len(sources(on_device(*range(touched + 2)), material())) == len(sources(HERE, material())) + 1
    assert len(sources(on_device(7), material())) == len(sources(HERE, material())) + 1, "or lacks some of the circuit's"


def test_what_raises_is_tried_last_without_the_method_beside_it_that_may_take_rows_alone() -> None:
    divergence = HERE.divergence
    raising = replace(divergence, comparison=replace(divergence.comparison, where=Signature.RAISE))
    *others, alone = sources(replace(HERE, divergence=raising), material())
    first, second = (method.diff_method for method in divergence.comparison.methods)
    assert all(first in source and second in source for source in others)
    assert (first in alone) != (second in alone)


def test_rows_of_a_batch_are_tried_by_themselves_after_the_whole() -> None:
    found = sources(Finding(divergence(BATCH), DIAGNOSIS), replace(material(), split=in_rows))
    assert ["torch.tensor([0.1, 0.2, 0.3])" in text for text in found] == [True, True, False, False, False]
    assert ["torch.tensor(0.1)" in text for text in found] == [False, False, True, False, False]


def test_without_a_batch_a_gradient_of_autograd_is_filled_up_to_its_shape_last() -> None:
    tracked = Circuit((rotation(0.25, container="autograd"),), (EXPVAL,))
    assert ["qml.grad(" in text for text in sources(Finding(divergence(tracked), DIAGNOSIS), material())] == [False, False, True]
    two = replace(tracked, measurements=(EXPVAL, EXPVAL), returns="tuple")
    assert not any("qml.grad(" in text for text in sources(Finding(divergence(two), DIAGNOSIS), material()))


def test_a_smaller_circuit_takes_the_place_of_the_calls_own() -> None:
    smaller = replace(TWO, operations=TWO.operations[:1])
    assert all("qml.RX(x)" in text for text in sources(HERE, material(circuit=smaller)))
    assert material(circuit=smaller).circuit_of(HERE.divergence) is smaller
    assert NOTHING_ELSE.circuit_of(HERE.divergence) is TWO


@pytest.mark.parametrize("kind", [ScriptKind.RESULT_DTYPE, ScriptKind.LAYER_CAST, ScriptKind.BATCH_AXIS])
def test_a_cause_around_the_circuit_has_a_script_of_its_own_before_all_others(kind: ScriptKind) -> None:
    found = sources(Finding(divergence(), replace(DIAGNOSIS, script=kind)), material())
    assert len(found) == 3
    assert "RX[0]" not in found[0]


class Refusing(FakeLanguage):
    """Cannot write a circuit with every number as recorded."""

    def circuit(self, circuit, live, exact, default_dtype, trusted):  # type: ignore[no-untyped-def]
        if exact:
            raise OpaqueCircuitError("a number has no source", "")
        return super().circuit(circuit, live, exact, default_dtype, trusted)


def test_a_form_that_cannot_be_written_leaves_the_others() -> None:
    found = candidates_for(HERE, replace(material(), language=Refusing()))
    assert (len(found.scripts), found.refusal) == (1, None)


class Normalizing(FakeLanguage):
    """Writes circuits only whose numbers are those of a state."""

    def circuit(self, circuit, live, exact, default_dtype, trusted):  # type: ignore[no-untyped-def]
        if circuit.parameters[0].value != 1.0:
            raise OpaqueCircuitError("the constructor makes others of them", "")
        return super().circuit(circuit, live, exact, default_dtype, trusted)


def test_where_pennylane_makes_other_numbers_of_those_that_it_is_given_these_are_written() -> None:
    def ones(circuit: Circuit, trusted: bool) -> Circuit:
        return with_parameters(circuit, [replace(p, value=np.ones_like(p.value)) for p in circuit.parameters])

    assert len(sources(HERE, replace(material(held=ones), language=Normalizing()))) == 2
    assert sources(HERE, replace(material(held=lambda circuit, trusted: circuit), language=Normalizing())) == []


def test_a_refusal_comes_after_the_scripts_that_could_be_written() -> None:
    outside = probed(replace(SCALE, name="layers[0]"), SCALE)
    special = Finding(outside, replace(DIAGNOSIS, script=ScriptKind.RESULT_DTYPE))
    found = candidates_for(special, material(function=FUNCTION))
    assert len(found.scripts) == 1
    assert found.refusal is not None
    assert "layers" in found.refusal.cause


def test_what_lies_outside_needs_the_users_function() -> None:
    assert candidates_for(Finding(probed(SCALE), DIAGNOSIS), material()).scripts == ()
    assert len(candidates_for(Finding(probed(SCALE), DIAGNOSIS), material(function=FUNCTION)).scripts) == 2


def test_all_of_it_comes_back_from_a_worker() -> None:
    outside = Finding(probed(replace(SCALE, name="layers[0]"), SCALE), replace(DIAGNOSIS, script=ScriptKind.RESULT_DTYPE))
    found = candidates_for(outside, material(function=FUNCTION))
    back = pickle.loads(pickle.dumps(found))
    assert [script.source for script in back.scripts] == [script.source for script in found.scripts]
    assert (back.refusal.cause, back.refusal.cure) == (found.refusal.cause, found.refusal.cure)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("trusted", "definition", "may"), [(False, "", True), (False, "class RX: ...", False), (True, "class RX: ...", True)]
)
def test_a_script_with_the_users_own_class_runs_where_it_is_trusted(trusted: bool, definition: str, may: bool) -> None:
    inner: Node = replace(rotation(0.25), definition=definition)
    holding = Circuit((Node("Adjoint", (inner,), None, (0,)),), (EXPVAL,))
    assert material(trusted=trusted).may_run(divergence(holding)) is may

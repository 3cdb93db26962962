"""The script of a circuit that transforms changed: the same QNode with and without them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.findings import Divergence
from qdiag.model.option import Held, Kind
from qdiag.model.probe import Proof
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.writing import write_transform
from tests.worlds.scripts import FakeLanguage, divergence


def rewritten(*transforms: str, **changes: Any) -> Divergence:
    found = divergence(max_abs=0.5, bound=2e-8)
    configuration = replace(found.call.configuration, transforms=transforms, **changes)
    call = replace(found.call, configuration=configuration, written=found.call.circuit)
    return replace(found, call=call, proof=Proof.REWRITTEN)


def source_of(found: Divergence) -> str:
    return write_transform(found, Material(language=FakeLanguage())).source


def test_the_circuit_as_written_stands_beside_the_same_with_its_transforms() -> None:
    text = source_of(rewritten("cancel_inverses", "merge_rotations", transform_options=(("merge_rotations.atol", 1e-9),)))
    assert "transformed = qml.transforms.merge_rotations(qml.transforms.cancel_inverses(written), atol=1e-09)" in text
    assert "sys.exit(int(not gap <= 1e-04))" in text
    compile(text, "repro.py", "exec")


def test_names_in_a_list_are_given_to_the_transform_and_what_has_no_source_is_not() -> None:
    gates = Held(Kind.LIST, ("CNOT", "it's"))
    text = source_of(rewritten("decompose", transform_options=(("decompose.gate_set", gates),)))
    assert """qml.transforms.decompose(written, gate_set=['CNOT', "it's"])""" in text
    for other in (Held(Kind.OBJECT, ("an object",)), Held(Kind.LIST, (gates,))):
        with pytest.raises(OpaqueCircuitError, match="cannot be written"):
            source_of(rewritten("decompose", transform_options=(("decompose.gate_set", other),)))


def test_simplify_is_called_as_pennylane_exports_it() -> None:
    assert "transformed = qml.simplify(written)" in source_of(rewritten("simplify"))


def test_a_transform_of_the_users_own_cannot_be_called_from_elsewhere() -> None:
    with pytest.raises(OpaqueCircuitError, match="script's own"):
        source_of(rewritten("mine", transform_kinds=("unknown",)))


@pytest.mark.parametrize(
    ("transform", "option"),
    [("simplify(exec('1'))#", "x"), ("a.b", "x"), ("merge_rotations", "atol=exec('1')"), ("merge_rotations", ""), ("", "x")],
)
def test_what_a_strangers_trace_calls_a_transform_becomes_no_code(transform: str, option: str) -> None:
    with pytest.raises(OpaqueCircuitError, match="no name"):
        source_of(rewritten(transform, transform_kinds=("changing",), transform_options=((f"{transform}.{option}", 1),)))

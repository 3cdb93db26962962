"""Keys: the same for the same question and for no other, as they were in the runs of earlier versions, and worked out once."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.trace import keys
from qdiag.trace.circuit_parser import restore
from qdiag.trace.circuit_text import skeleton
from qdiag.trace.keys import circuit_key, request_key
from tests.worlds.scripted import METHODS, circuit

REQUEST = Request(circuit(0.3), METHODS[1])
EVERYTHING = Request(
    circuit(0.25, "float32", shots=(10, 20)),
    Method("lightning.qubit", "parameter-shift", "float64", "complex64", (("batch_obs", True),), (("h", 1e-3), ("order", 2))),
    "autograd",
    (0, "a"),
    ((np.array(1.0), None), (np.array([1 + 2j]),)),
    jacobian=True,
    second=True,
    execution_options=(("mcm_method", "deferred"),),
    seed=7,
    trusted=True,
    default_dtype="float32",
    repetition=2,
)


class TestOfEarlierRuns:
    """Evaluations are stored under these keys, and random cotangents drawn from them: no run of before is found under others."""

    def test_circuits(self):
        assert circuit_key(circuit(0.3)) == "a5436bc1df1c47b8a22b1fc03adf94c9941019e5a6ba2e9fbe8dcff25872e461"
        noted = replace(circuit(0.3), notes=("a note",))
        assert circuit_key(noted) == "3478355f1d4b8d31c5c0593b62d6d8d7c7b9595bcb744fc7285593e417bc89d0"

    def test_requests(self):
        assert request_key(REQUEST) == "c0675eccf3e9eda0d95f93c6044801c705c126068b678036c6d8927857263fba"
        real = replace(EVERYTHING, cotangents=())
        assert request_key(real) == "98cd56b27bb3a1fafbbe04782b16bcf99a953720bb166be6f34f2c7ecd42cfcd"

    def test_what_was_answered_in_autograds_convention_is_not_found_again(self):
        """Its complex cotangents and gradients were the conjugate of what they are now."""
        assert request_key(EVERYTHING) != "151a51419e051b6da6d7838b5b44ac552f54fb138a5be00d097651dcf1e1bbea"


OTHERWISE: dict[str, Any] = {
    "circuit": circuit(0.31),
    "method": METHODS[0],
    "interface": "autograd",
    "device_wires": (0,),
    "cotangents": ((np.array(1.0),),),
    "jacobian": True,
    "second": True,
    "execution_options": (("mcm_method", "deferred"),),
    "seed": 1,
    "trusted": True,
    "default_dtype": "float32",
    "repetition": 1,
    "cheaply": True,
    "assumed": "complex64",
    "as_it_stands": True,
    "as_wired": True,
    "graph": True,
}


@pytest.mark.parametrize("field", [field.name for field in fields(Request)])
def test_whatever_is_asked_otherwise_is_another_question(field: str):
    assert request_key(replace(REQUEST, **{field: OTHERWISE[field]})) != request_key(REQUEST)


OTHER_METHOD = Method("lightning.qubit", "backprop", "float32", "complex64", (("batch_obs", True),), (("h", 1e-3),), "cuda", "jit")


@pytest.mark.parametrize("field", [field.name for field in fields(Method)])
def test_and_so_is_another_method(field: str):
    method = replace(REQUEST.method, **{field: getattr(OTHER_METHOD, field)})
    assert request_key(replace(REQUEST, method=method)) != request_key(REQUEST)


def test_cotangents_are_told_apart_by_their_numbers_and_by_how_they_are_grouped():
    one = np.array(1.0)
    groups = [((one,),), ((one, None),), ((one,), (None,)), ((np.array(2.0),),), ((np.array(1.0, "float32"),),)]
    assert len({request_key(replace(REQUEST, cotangents=cotangents)) for cotangents in groups}) == len(groups)


def test_the_same_question_has_the_same_key_whoever_asks():
    assert request_key(Request(circuit(0.3), METHODS[1])) == request_key(REQUEST)
    assert circuit_key(circuit(0.3)) == circuit_key(circuit(0.3)) != circuit_key(circuit(-0.3))


def test_what_no_file_can_hold_has_no_key():
    odd = Circuit((Node("RX", (object(),), (), (0,)),), ())  # type: ignore[arg-type]
    assert request_key(Request(odd, REQUEST.method)) is None
    with pytest.raises(CircuitFormatError):
        circuit_key(odd)


def test_a_key_is_worked_out_once_for_each_value(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(keys, "skeleton", lambda given, really=skeleton: asked.append(given) or really(given))
    given = circuit(0.7)
    requests = [Request(given, method) for method in METHODS]
    assert [request_key(request) for request in requests] == [request_key(request) for request in requests]
    circuit_key(given)
    assert asked == [given]


def test_nothing_is_remembered_of_what_is_gone():
    before = len(keys._of_requests), len(keys._of_circuits), len(keys._written)
    request = Request(circuit(0.9), REQUEST.method)
    request_key(request), circuit_key(request.circuit)
    del request
    assert (len(keys._of_requests), len(keys._of_circuits), len(keys._written)) == before


def test_a_circuit_that_was_read_has_the_key_that_it_was_written_under():
    text, numbers = skeleton(circuit(0.3))
    first, second = restore(text, numbers), restore(text, numbers)
    assert second.form is first.form is not second
    assert circuit_key(second) == circuit_key(circuit(0.3))
    (number,) = numbers
    assert circuit_key(restore(text, [np.asarray(number + 1)])) == circuit_key(circuit(float(number + 1)))

"""Scripts around the user's own function, for what a probe saw of an argument."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace

import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Argument
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Divergence
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.writing import write_around
from tests.worlds.scripts import (
    FUNCTION,
    PROBS,
    SCALE,
    TWO,
    FakeLanguage,
    configured,
    seen_by_a_probe,
)


def test_what_a_probe_saw_is_shown_around_the_users_own_function():
    batch = Argument("x", "torch", "float32", (2, 3), False)
    found = seen_by_a_probe(batch, SCALE)
    generic, at_zero = (script.source for script in write_around(found, FUNCTION, Material(language=FakeLanguage())))
    ast.parse(generic)
    assert "x = torch.linspace(0.1, 1.0, 6).reshape(2, 3)\nscale = torch.tensor(0.7)\n" in generic
    assert "def loss(scale):\n    return qnode(x=x, scale=scale).sum()\n" in generic
    assert "gradient = torch.autograd.functional.jacobian(loss, scale).sum()" in generic
    assert "scale = torch.zeros(())" in at_zero
    assert "x = torch.linspace(0.1, 1.0, 6).reshape(2, 3)" in at_zero


def test_transforms_are_put_around_the_qnode_again():
    found = configured(seen_by_a_probe(SCALE), transforms=("cancel_inverses",))
    (text, _) = (script.source for script in write_around(found, FUNCTION, Material(language=FakeLanguage())))
    assert "qnode = qml.transforms.cancel_inverses(qml.QNode(circuit, qml.device" in text


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        (Argument("depth", "python", "int64", (), False), "depth"),
        (Argument("x", "torch", "int64", (2,), False), "does not hold the value of its argument x"),
        (Argument("layers[0]", "torch", "float64", (2,), True), "layers"),
    ],
)
def test_an_argument_without_a_value_is_the_reason_why_there_is_no_script(argument, why):
    with pytest.raises(OpaqueCircuitError, match=why):
        list(write_around(seen_by_a_probe(argument, SCALE), FUNCTION, Material(language=FakeLanguage())))


def test_a_transforms_name_cannot_smuggle_code():
    found = configured(seen_by_a_probe(SCALE), transforms=("x(); import os",))
    with pytest.raises(OpaqueCircuitError, match="no name"):
        list(write_around(found, FUNCTION, Material(language=FakeLanguage())))


def generic(found: Divergence, function: FunctionCut = FUNCTION) -> str:
    first, _ = write_around(found, function, Material(language=FakeLanguage()))
    ast.parse(first.source)
    return first.source


def test_what_is_no_argument_by_itself_has_no_script() -> None:
    with pytest.raises(OpaqueCircuitError, match="no argument of the quantum function"):
        generic(seen_by_a_probe(SCALE, element=Element(Kind.OUTPUT)))


def test_autograds_argument_is_differentiated_by_autograd() -> None:
    text = generic(seen_by_a_probe(replace(SCALE, container="autograd")))
    assert "gradient = qml.jacobian(loss)(scale).sum()" in text
    assert "scale = pnp.array(0.7)" in text
    assert "import torch" not in text


def test_with_torch_all_is_in_double_precision() -> None:
    assert "\ntorch.set_default_dtype(torch.float64)\n" in generic(seen_by_a_probe(SCALE))


def test_results_that_sum_to_a_constant_are_cubed() -> None:
    probabilities = replace(TWO, measurements=(PROBS,))
    assert "return (abs(qnode(scale=scale)) ** 3).sum()" in generic(seen_by_a_probe(SCALE, circuit=probabilities))


def test_a_vector_keeps_its_length_when_it_is_zero() -> None:
    vector = replace(SCALE, shape=(3,))
    _, at_zero = write_around(seen_by_a_probe(vector), FUNCTION, Material(language=FakeLanguage()))
    assert "scale = torch.zeros((3,))" in at_zero.source
    assert "scale = torch.linspace(0.1, 1.0, 3)\n" in generic(seen_by_a_probe(vector))


def test_what_the_function_needs_stands_above_it() -> None:
    function = replace(FUNCTION, imports=frozenset(["import numpy as onp"]), lines=("DEPTH = 3", *FUNCTION.lines))
    text = generic(seen_by_a_probe(SCALE), function)
    assert text.index("import numpy as onp") < text.index("DEPTH = 3") < text.index("def circuit(") < text.index("def loss(")


@pytest.mark.parametrize(("gradient", "code"), [(2.0, 0), (2.0 + 1e-5, 1), (0.0, 1), (float("nan"), 1)])
def test_it_exits_by_the_gap_between_the_gradient_and_the_difference_quotient(gradient: float, code: int) -> None:
    lines = generic(seen_by_a_probe(replace(SCALE, container="autograd"))).splitlines()
    verdict = [line for line in lines if line.startswith(("slope", "sys.exit"))]
    known = {"sys": sys, "loss": lambda scale: 2.0 * scale, "scale": 0.7, "gradient": gradient}
    with pytest.raises(SystemExit) as ended:
        exec("\n".join(verdict), known)
    assert int(ended.value.code or 0) == code

"""Scripts around the user's own function, for what a probe saw of an argument."""

from __future__ import annotations

import ast

import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Argument
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.writing import write_around
from tests.worlds.scripts import (
    FUNCTION,
    SCALE,
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

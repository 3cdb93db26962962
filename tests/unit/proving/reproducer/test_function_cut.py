"""A quantum function is cut out of a script with what it needs, or the reason is said why it cannot be."""

import textwrap

import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.proving.reproducer.function_cut import FunctionCut, cut_function

SCRIPT = """\
import sys
import numpy as np, torch
import pennylane as qml
from pennylane import numpy as pnp
from mine import shift

n = 3
half = n / 2
count = int(sys.argv[1])
for unused in range(2):
    changing = unused

def layer(angle):
    for wire in range(n):
        qml.RX(angle * half, wires=wire)


@qml.qnode(qml.device("default.qubit", wires=n),
           diff_method="adjoint")
def energy(x, *, y):
    layer(x)  # once
    return qml.expval(qml.PauliZ(0))


class Model:
    def circuit(self, x):
        return qml.expval(qml.PauliZ(0))


def build(depth, m):
    @qml.qnode(dev)
    def plain(x):
        qml.RX(np.pi * x, wires=0)
        return qml.expval(qml.PauliZ(0))

    @qml.qnode(dev)
    def deep(x):
        for _ in range(depth):
            qml.RX(x, wires=0)
        return qml.state()

    return plain, deep
"""


def line_of(text: str) -> int:
    return SCRIPT.splitlines().index(text) + 1


def with_body(line: str) -> FunctionCut:
    return cut_function(f"{SCRIPT}\n\ndef f(x):\n    {line}\n", len(SCRIPT.splitlines()) + 3)


def test_a_function_comes_with_what_it_needs_and_nothing_else() -> None:
    found = cut_function(SCRIPT, line_of('@qml.qnode(qml.device("default.qubit", wires=n),'))
    assert found.imports == {"import pennylane as qml"}
    assert found.arguments == ("x", "y")
    assert "\n".join(found.lines) == textwrap.dedent("""\
        n = 3
        half = n / 2
        def layer(angle):
            for wire in range(n):
                qml.RX(angle * half, wires=wire)


        def circuit(x, *, y):
            layer(x)  # once
            return qml.expval(qml.PauliZ(0))""")


def test_a_function_inside_another_one_is_taken_where_it_uses_nothing_of_that() -> None:
    found = cut_function(SCRIPT, line_of("    def plain(x):") - 1)
    assert found.lines[0] == "def circuit(x):"
    assert found.imports == {"import pennylane as qml", "import numpy as np"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (line_of("    def circuit(self, x):"), "a method of Model"),
        (line_of("    def deep(x):"), "uses depth of the function around it"),
        (line_of("half = n / 2"), "no function of its own"),
    ],
)
def test_what_cannot_be_taken_along_is_said(line: int, why: str) -> None:
    with pytest.raises(OpaqueCircuitError, match=why) as raised:
        cut_function(SCRIPT, line)
    assert raised.value.cure


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("return changing", "changing, which changes|changing, which is more"),
        ("return count", "uses sys, which is not PennyLane's"),
        ("return shift(x)", "uses shift, which is not PennyLane's"),
        ("return missing", "missing, which is not defined"),
        ("return energy(x)", "energy, which is more than a constant or a function"),
    ],
)
def test_what_it_uses_and_cannot_be_taken_along_is_said(line: str, why: str) -> None:
    with pytest.raises(OpaqueCircuitError, match=why):
        with_body(line)


def test_names_of_its_own_and_builtins_need_nothing() -> None:
    found = with_body("return [abs(item) for item in x if (y := item)]")
    assert (found.imports, len(found.lines)) == (frozenset(), 2)


def test_a_file_that_is_no_python_any_more_is_refused() -> None:
    with pytest.raises(OpaqueCircuitError, match="cannot be read"):
        cut_function("def f(:", 1)

"""A QNode's circuit traced anew, with and without functions around it, after what it reads has changed. Runs where JAX is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'qdiag[jax]'")

import jax.numpy as jnp  # noqa: E402

from qdiag.bridges.live import jax_retrace  # noqa: E402

pytestmark = pytest.mark.stack

level = {"scale": 0.5, "unused": 1.0, "gate": "RX"}


@qml.qnode(qml.device("default.qubit", wires=2))  # type: ignore[untyped-decorator]
def circuit(weights: Any, x: Any) -> Any:
    qml.AngleEmbedding(level["scale"] * x, wires=[0, 1])
    qml.RY(jnp.sin(weights[0]) + jnp.linalg.norm(weights), wires=0)
    getattr(qml, str(level["gate"]))(0.3, wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


def batched(weights: Any, x: Any) -> Any:
    def loss(weights: Any) -> Any:
        return jnp.mean(jax.vmap(circuit, in_axes=(None, 0))(weights, level["scale"] * x))

    return jax.grad(loss)(weights)


def shapes(function: Callable[..., Any], *arguments: Any) -> jax_retrace.Shapes:
    found: list[jax_retrace.Shapes] = []

    def traced(*values: Any) -> Any:
        found.append(jax_retrace.shapes_of(values, {}))
        return values[0]

    jax.make_jaxpr(traced)(*arguments)
    return found[0]


WEIGHTS, ROW, ROWS = jnp.array([0.4, 0.9]), jnp.array([0.3, 0.8]), jnp.array([[0.3, 0.8], [0.1, 0.2]])


@pytest.fixture(params=["quantum function", "function around"])
def anew(request: pytest.FixtureRequest) -> Callable[[], jax_retrace.Anew]:
    inside = request.param == "quantum function"
    function, given = (circuit.func, (WEIGHTS, ROW)) if inside else (batched, (WEIGHTS, ROWS))
    told = shapes(function, *given)
    return lambda: jax_retrace.circuit_anew(circuit, function, told)


def test_a_value_that_changes_makes_another_circuit(anew: Callable[[], jax_retrace.Anew], monkeypatch: pytest.MonkeyPatch) -> None:
    before = anew()
    assert jax_retrace.is_as_compiled(anew(), before.fixed)
    monkeypatch.setitem(level, "unused", 2.0)
    assert jax_retrace.numbers_apart(before, anew()) == ()
    monkeypatch.setitem(level, "scale", 0.7)
    after = anew()
    assert [told.split(" on ")[0] for told in jax_retrace.numbers_apart(before, after)] == ["AngleEmbedding"]
    gap, again = jax_retrace.gap_between(before, after), jax_retrace.gap_between(after, anew())
    assert gap is not None
    assert gap > 1e-3
    assert again == 0.0


def test_another_gate_is_another_circuit(anew: Callable[[], jax_retrace.Anew], monkeypatch: pytest.MonkeyPatch) -> None:
    before = anew()
    monkeypatch.setitem(level, "gate", "RY")
    assert jax_retrace.numbers_apart(before, anew()) == ("RY on [1] (operation 2)",)


def test_numbers_are_what_the_qnode_itself_computes() -> None:
    """The circuit traced anew gives what the QNode gives at the same arguments."""
    told = shapes(circuit.func, WEIGHTS, ROW)
    found = jax_retrace.circuit_anew(circuit, circuit.func, told)
    assert found.outputs is not None
    for point, (output,) in enumerate(found.outputs):
        weights, x = (jax_retrace._drawn(leaf, point) for leaf in told.leaves)
        np.testing.assert_allclose(output.real, circuit(weights, x), atol=1e-6)

"""Which interface a circuit is replayed under: the user's, else what its tracked numbers are in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

choice = pytest.importorskip("qdiag.bridges.interfaces.choice")

from qdiag.bridges.interfaces.forward_pass import PlainGraph  # noqa: E402
from qdiag.errors import MethodError  # noqa: E402
from qdiag.model.parameter import Parameter  # noqa: E402

TORCH, FROZEN = Parameter(np.asarray(0.1), "torch", True), Parameter(np.asarray(0.1), "torch", False)
IN_JAX = Parameter(np.asarray(0.1), "jax", True)
BOXED, PLAIN = Parameter(np.asarray(0.1), "autograd", True), Parameter(np.asarray(0.1), "python", False)


@pytest.mark.parametrize(
    ("name", "parameters", "interface"),
    [
        ("torch", (), "torch"),
        ("pytorch", (BOXED,), "torch"),
        ("autograd", (), "autograd"),
        ("autograd", (TORCH,), "autograd"),
        ("auto", (TORCH,), "torch"),
        ("auto", (FROZEN,), "torch"),
        ("auto", (BOXED,), "autograd"),
        ("auto", (FROZEN, BOXED), "autograd"),
        ("auto", (PLAIN,), ""),
        ("numpy", (PLAIN,), ""),
        ("numpy", (), ""),
        ("", (TORCH, PLAIN), "torch"),
        ("jax", (PLAIN,), "jax"),
        ("jax-jit", (TORCH,), "jax"),
        ("auto", (IN_JAX, PLAIN), "jax"),
        ("auto", (IN_JAX, TORCH), "torch"),
        ("autograd", (IN_JAX,), "autograd"),
    ],
)
def test_the_interface(name: str, parameters: tuple[Parameter, ...], interface: str) -> None:
    assert choice.interface_for(name, parameters) == interface


@pytest.mark.parametrize("name", ["tf", "tf-autograph", "tensorflow"])
def test_what_can_only_be_recorded_says_so(name: str) -> None:
    with pytest.raises(MethodError, match="recorded but not replayed") as caught:
        choice.interface_for(name, ())
    assert "torch, autograd and JAX" in caught.value.cure


def test_calls_of_jax_need_jax_and_its_absence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda name: None)
    choice.require("torch")
    for ask in (lambda: choice.require("jax"), lambda: choice.graph_for("jax"), lambda: choice.precision_for("jax", (), "float64")):
        with pytest.raises(MethodError, match="JAX is not installed") as caught:
            ask()
        assert caught.value.cure == "pip install 'qdiag[jax]'"


def test_other_interfaces_are_evaluated_as_they_are() -> None:
    with choice.precision_for("torch", (TORCH,), "float64") as nothing:
        assert nothing is None


@pytest.mark.parametrize(("interface", "name"), [("torch", "TorchGraph"), ("autograd", "AutogradGraph"), ("", "PlainGraph")])
def test_each_has_a_class_for_its_forward_passes(interface: str, name: str) -> None:
    assert choice.graph_for(interface).__name__ == name


def test_numbers_are_put_where_they_are_to_lie() -> None:
    seen: list[Any] = []
    parameters = [Parameter(np.array(0.1), "torch", True), Parameter(np.array(0.2), "torch"), Parameter(np.array(0.3), "python")]
    with pytest.raises(RuntimeError, match="meta"):
        # the memory that holds no numbers: they are there when the circuit runs, and nothing can be read of it afterwards
        choice.graph_for("torch", "meta")(lambda numbers: seen.extend(numbers) or [numbers[0] * numbers[1]], parameters)
    assert [number.device.type for number in seen[:2]] == ["meta", "meta"]
    assert (seen[0].requires_grad, seen[1].requires_grad) == (True, False)
    assert float(seen[2]) == 0.3


def test_no_other_interface_has_numbers_on_a_gpu() -> None:
    with pytest.raises(MethodError, match="autograd"):
        choice.graph_for("autograd", "cuda")


def test_on_plain_numbers_there_is_nothing_to_differentiate() -> None:
    graph = PlainGraph(lambda numbers: [numbers[0] * 2], (PLAIN,))
    assert [float(output) for output in graph.outputs] == [0.2]
    assert (graph.vjp((np.asarray(1.0),)), graph.hvp((np.asarray(1.0),), ()), graph.leads_back([])) == ((), (), ())


@pytest.mark.parametrize("interface", ["torch", "autograd", ""])
def test_only_jax_compiles(interface: str) -> None:
    with pytest.raises(MethodError, match="only JAX compiles"):
        choice.graph_for(interface, compiled="jit")

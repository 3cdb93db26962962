"""Circuits under JAX: the same derivatives as under torch, in the precision that the call was made in. Runs where JAX is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'qdiag[jax]'")

import qdiag  # noqa: E402
from qdiag.bridges.codec.jax_numbers import double_precision_is_on  # noqa: E402
from qdiag.bridges.codec.live_numbers import plain_number, reader_for  # noqa: E402
from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.live import jax_taps  # noqa: E402
from qdiag.bridges.running.mapped_rows import mapped_rows  # noqa: E402
from qdiag.evaluation.evaluate import evaluate  # noqa: E402
from qdiag.model.circuit import Circuit  # noqa: E402
from qdiag.model.coverage import gap_of  # noqa: E402
from qdiag.model.evaluation import Request  # noqa: E402
from qdiag.model.method import Method  # noqa: E402
from qdiag.model.variants import with_parameters  # noqa: E402
from qdiag.trace.reader import Trace  # noqa: E402

pytestmark = pytest.mark.stack

METHODS = ("backprop", "adjoint", "parameter-shift", "hadamard")


def circuit(container: str = "jax", dtype: str = "float64") -> Circuit:
    with qml.tape.QuantumTape() as tape:
        qml.RX(0.4, wires=0)
        qml.Rot(0.3, -0.7, 1.1, wires=1)
        qml.CRZ(0.8, wires=[0, 1])
        qml.RY(0.25, wires=1)
        qml.expval(qml.PauliZ(0) @ qml.PauliX(1))
        qml.expval(qml.PauliY(1))
    plain = circuit_of(tape, "tuple")
    numbers = [replace(p, value=p.value.astype(dtype), container=container, trainable=True) for p in plain.parameters]
    return with_parameters(plain, numbers)


def asked(of: Circuit, method: str, interface: str = "jax", **further: object) -> Request:
    cotangents = ((np.asarray(0.7), np.asarray(-0.3)),)
    return Request(of, Method("default.qubit", method), interface, (0, 1, 2), cotangents, **further)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_derivatives_are_those_under_torch(method: str) -> None:
    here, there = evaluate(asked(circuit(), method, jacobian=True)), evaluate(asked(circuit("torch"), method, "torch", jacobian=True))
    assert here.failure is None, here.failure
    for one, other in zip((*(here.outputs or ()), *here.vjps[0]), (*(there.outputs or ()), *there.vjps[0])):
        assert one.dtype == np.float64
        np.testing.assert_allclose(one, other, atol=1e-14)
    for row, others in zip(here.jacobian, there.jacobian):
        np.testing.assert_allclose(row, others, atol=1e-14)


def test_second_derivatives_are_those_under_torch() -> None:
    here = evaluate(asked(circuit(), "backprop", second=True))
    there = evaluate(asked(circuit("torch"), "backprop", "torch", second=True))
    np.testing.assert_allclose(here.hvp, there.hvp, atol=1e-13)


@pytest.mark.parametrize(
    ("dtype", "default", "given"), [("float32", "float32", "float32"), ("float64", "float64", "float64"), ("float64", "", "float64")]
)
def test_arrays_have_64_bits_only_as_the_call_had_them(dtype: str, default: str, given: str) -> None:
    before = double_precision_is_on()
    evaluation = evaluate(asked(circuit(dtype=dtype), "adjoint", default_dtype=default))
    assert {output.dtype.name for output in evaluation.outputs} == {given}
    assert {gradient.dtype.name for gradient in evaluation.vjps[0]} == {dtype}
    assert double_precision_is_on() is before


def test_a_method_in_double_precision_has_it_whatever_the_call_had() -> None:
    request = asked(circuit(dtype="float32"), "backprop", default_dtype="float32")
    evaluation = evaluate(replace(request, method=replace(request.method, precision="float64")))
    assert {gradient.dtype.name for gradient in evaluation.vjps[0]} == {"float64"}


def test_a_complex_state_follows_the_one_convention() -> None:
    with qml.tape.QuantumTape() as tape:
        qml.RX(0.4, wires=0)
        qml.RZ(0.9, wires=0)
        qml.state()
    plain = circuit_of(tape, "single")
    cotangents = ((np.array([0.3 + 0.2j, -0.5j]),),)
    products = [
        evaluate(
            Request(
                with_parameters(plain, [replace(p, container=container, trainable=True) for p in plain.parameters]),
                Method("default.qubit", "backprop"),
                container,
                (0,),
                cotangents,
                jacobian=True,
            )
        )
        for container in ("jax", "torch")
    ]
    np.testing.assert_allclose(products[0].vjps[0], products[1].vjps[0], atol=1e-14)
    np.testing.assert_allclose(products[0].jacobian[0], products[1].jacobian[0], atol=1e-14)


@pytest.mark.parametrize("method", ["parameter-shift", "adjoint", "hadamard"])
def test_where_pennylane_found_no_interface_jax_differentiates_the_simulation_in_replay_as_it_did(method: str) -> None:
    """The tape hides the coefficients: to PennyLane nothing is tracked, unless it is told of JAX."""
    with qml.tape.QuantumTape() as tape:
        qml.RY(0.4, wires=0)
        qml.evolve(qml.dot([0.3, 0.5], [qml.PauliX(0) @ qml.PauliX(1), qml.PauliZ(0)]), 0.7)
        qml.expval(qml.PauliZ(0))
    plain = circuit_of(tape, "single")
    tracked = with_parameters(
        plain, [replace(p, container="jax", trainable=True) if float(p.value) in (0.3, 0.5) else p for p in plain.parameters]
    )
    assert len(tracked.trainable) == 2
    one = Request(tracked, Method("default.qubit", method), "numpy", (0, 1), ((np.asarray(1.0),),), default_dtype="float64")
    seen, wanted = evaluate(one), evaluate(replace(one, method=Method("default.qubit", "backprop"), interface="jax"))
    assert seen.failure is None, seen.failure
    np.testing.assert_allclose(seen.vjps[0], wanted.vjps[0], atol=1e-13)
    assert evaluate(replace(one, interface="jax")).failure is not None, "else nothing was told apart"


def test_a_batch_that_a_method_does_not_take_stays_refused_where_it_is_asked_as_it_stands() -> None:
    with qml.tape.QuantumTape() as tape:
        qml.RX(np.array([0.3, 0.7]), wires=0)
        qml.expval(qml.PauliZ(0))
    plain = circuit_of(tape, "single")
    batch = with_parameters(plain, [replace(plain.parameters[0], container="jax", trainable=True)])
    one = Request(batch, Method("default.qubit", "parameter-shift"), "jax", (0,), jacobian=True, default_dtype="float64")
    assert evaluate(one).failure is None
    failure = evaluate(replace(one, as_it_stands=True)).failure
    assert failure is not None
    assert "broadcasted" in failure.message


@pytest.mark.parametrize("value", [0.3, [0.1, 0.2]])
def test_numbers_go_there_and_back_bit_for_bit(value: object) -> None:
    array = jax.numpy.asarray(value)
    reader = reader_for(type(array))
    assert reader is not None
    read = reader(array, [].append)
    assert (read.container, read.trainable, read.dtype) == ("jax", False, array.dtype.name)
    back = plain_number(read)
    assert isinstance(back, jax.Array)
    assert np.asarray(back).tobytes() == np.asarray(array).tobytes()


# --- taps ------------------------------------------------------------------------------------------------------------------


class Heard:
    """Writes down what taps tell."""

    def __init__(self) -> None:
        self.runs: list[list[float]] = []
        self.ways_back: list[tuple[tuple[int, ...], list[float]]] = []

    def run(self, *values: object) -> None:
        self.runs.append([float(np.asarray(value)) for value in values])  # type: ignore[arg-type]

    def way_back(self, places: tuple[int, ...], *values: object) -> None:
        self.ways_back.append((places, [float(np.asarray(value)) for value in values]))  # type: ignore[arg-type]


def tapped(heard: Heard):
    def function(x, y):
        jax_taps.tell_when_run([x, y], heard.run)
        return tuple(jax_taps.watch_way_back([x * y, x + y], [x], heard.way_back))

    return function


def loss_of(function):
    return lambda x, y: 2.0 * function(x, y)[0] + function(x, y)[1] ** 2


@pytest.mark.parametrize("around", [lambda f: f, jax.jit, jax.checkpoint], ids=["eager", "jit", "checkpoint"])
def test_numbers_and_what_comes_back_are_told_at_each_run(around) -> None:
    heard = Heard()
    gradient = around(jax.grad(lambda x, y: 2.0 * tapped(heard)(x, y)[0]))
    for x in (0.5, 0.75):
        assert float(gradient(x, 3.0)) == 6.0
    jax_taps.await_all()
    assert sorted(heard.runs) == [[0.5, 3.0], [0.75, 3.0]]
    assert sorted(heard.ways_back, key=str) == [((0,), [2.0, 0.5]), ((0,), [2.0, 0.75])]


@pytest.mark.parametrize("order", ["grad of vmap", "vmap of grad", "jit of vmap of grad"])
def test_each_row_of_a_vmap_is_told(order: str) -> None:
    heard = Heard()
    function = tapped(heard)
    rows = jax.numpy.array([0.5, 0.75])
    if order == "grad of vmap":
        jax.grad(lambda xs: jax.numpy.sum(2.0 * jax.vmap(lambda x: function(x, 3.0)[0])(xs)))(rows)
    else:
        found = jax.vmap(jax.grad(lambda x: 2.0 * function(x, 3.0)[0]))
        (jax.jit(found) if order.startswith("jit") else found)(rows)
    jax_taps.await_all()
    assert sorted(heard.runs) == [[0.5, 3.0], [0.75, 3.0]]
    assert sorted(heard.ways_back, key=str) == [((0,), [2.0, 0.5]), ((0,), [2.0, 0.75])]


class Together(list[int]):
    """Notes how many of what it was told were rows of one vmap."""

    def __call__(self, *values: Any) -> None:
        pass

    def together(self, rows: int) -> None:
        self.append(rows)


def test_that_they_were_rows_is_told_after_them() -> None:
    heard = Together()

    def told(x):
        jax_taps.tell_when_run([x], heard)
        return 2.0 * x

    jax.jit(told)(1.0)
    jax.jit(jax.vmap(told))(jax.numpy.arange(3.0))
    jax_taps.await_all()
    assert heard == [3]


@pytest.mark.parametrize(("method", "right"), [("adjoint", False), ("parameter-shift", True)])
def test_rows_of_a_vmap_come_out_together_as_pennylane_gives_them(method: str, right: bool) -> None:
    """PennyLane 0.45 takes the coefficients of two rows for those of more terms under adjoint."""

    def written(angle: float, first: float, second: float) -> Request:
        with qml.tape.QuantumTape() as tape:
            qml.RX(angle, wires=0)
            qml.expval(qml.dot([first, second], [qml.PauliZ(0), qml.PauliX(1)]))
        plain = circuit_of(tape, "single")
        numbers = [replace(p, value=p.value.astype("float64"), container="jax", trainable=False) for p in plain.parameters]
        return Request(with_parameters(plain, numbers), Method("default.qubit", method, compiled="jit"), "jax", (0, 1))

    rows = (written(0.4, 0.3, 0.8), written(1.1, 0.6, -0.5))
    alone = [float(evaluate(row).outputs[0]) for row in rows]  # type: ignore[index]
    together = [float(outputs[0]) for outputs in mapped_rows(rows)]
    assert np.allclose(alone, together, atol=1e-12) is right
    assert mapped_rows((rows[0], rows[0])) == ()


def test_rows_of_nested_vmaps_are_told_by_one_callback() -> None:
    heard = Heard()

    def told(x, y):
        jax_taps.tell_when_run([x, y], heard.run)
        return x * y

    columns, ys = jax.numpy.array([[1.0, 2.0], [3.0, 4.0]]), jax.numpy.array([0.5, 0.25])
    rows = jax.vmap(jax.vmap(told, in_axes=(0, None)), in_axes=(1, 0))
    slopes = jax.jit(jax.grad(lambda xs, ys: rows(xs, ys).sum()))
    assert str(jax.make_jaxpr(slopes)(columns, ys)).count("debug_callback[") == 1
    slopes(columns, ys)
    jax_taps.await_all()
    assert heard.runs == [[1.0, 0.5], [3.0, 0.5], [2.0, 0.25], [4.0, 0.25]]


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: jax.grad(f, argnums=(0, 1)),
        lambda f: jax.jit(jax.grad(f, argnums=(0, 1))),
        lambda f: jax.grad(jax.jit(f), argnums=(0, 1)),
        lambda f: jax.jacfwd(f, argnums=(0, 1)),
        lambda f: jax.jacrev(f, argnums=(0, 1)),
        lambda f: jax.hessian(f, argnums=(0, 1)),
        lambda f: jax.jacrev(jax.jacrev(f, argnums=(0, 1))),
        lambda f: jax.value_and_grad(jax.checkpoint(f)),
        lambda f: jax.vmap(jax.grad(f), in_axes=(0, None)),
        lambda f: lambda x, y: jax.lax.scan(lambda carry, x: (carry + f(x, y), jax.grad(f)(x, y)), 0.0, jax.numpy.stack([x, x])),
        lambda f: lambda x, y: jax.linearize(f, x, y)[1](1.0, 0.5),
    ],
    ids=["grad", "jit-grad", "grad-jit", "jacfwd", "jacrev", "hessian", "jacrev-jacrev", "checkpoint", "vmap", "scan", "linearize"],
)
def test_nothing_is_changed_by_taps_under_any_transform(transform, request) -> None:
    x, y = jax.numpy.asarray(0.5), jax.numpy.asarray(3.0)
    if request.node.callspec.id == "vmap":
        x = jax.numpy.array([0.5, 0.75])
    plain = transform(loss_of(lambda x, y: (x * y, x + y)))(x, y)
    watched = transform(loss_of(tapped(Heard())))(x, y)
    assert jax.tree_util.tree_structure(plain) == jax.tree_util.tree_structure(watched)
    for one, other in zip(jax.tree_util.tree_leaves(plain), jax.tree_util.tree_leaves(watched)):
        assert (np.asarray(one).tobytes(), one.dtype, one.weak_type) == (np.asarray(other).tobytes(), other.dtype, other.weak_type)


# --- a QNode in hand -------------------------------------------------------------------------------------------------------


def weighed(x, c):
    qml.RX(x, wires=0)
    return qml.expval(qml.dot(c, [qml.PauliZ(0), qml.PauliX(0)]))


@pytest.mark.parametrize(("method", "verdict", "codes"), [("backprop", "agree", []), ("adjoint", "error", ["QD303"])])
def test_a_check_takes_arrays_of_jax_and_leaves_its_precision_alone(method: str, verdict: str, codes: list[str]) -> None:
    before = double_precision_is_on()
    node = qml.QNode(weighed, qml.device("default.qubit", wires=1), diff_method=method)
    try:
        jax.config.update("jax_enable_x64", True)
        others = "backprop,parameter-shift" if method == "backprop" else "backprop,adjoint"
        found = qdiag.check(node, jax.numpy.array(0.3), c=jax.numpy.array([0.5, 0.2]), methods=others)
        assert double_precision_is_on()
    finally:
        jax.config.update("jax_enable_x64", before)
    assert (found.verdict.value, [finding.diagnosis.code for finding in found.findings]) == (verdict, codes)
    assert found.tracked


# --- compiled ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_compiled_a_method_gives_what_it_gives_uncompiled(method: str) -> None:
    request = asked(circuit(), method, jacobian=True, second=method == "backprop")
    plain = evaluate(request)
    compiled = evaluate(replace(request, method=replace(request.method, compiled="jit")))
    assert compiled.failure is None, compiled.failure
    assert str(compiled.method) == f"default.qubit/{method}+jit"
    one_by_one, at_once = ([*(found.outputs or ()), *found.vjps[0], *(found.hvp or ())] for found in (plain, compiled))
    for one, other in zip(one_by_one, at_once):
        np.testing.assert_allclose(one, other, atol=1e-14)
    for row, others in zip(plain.jacobian, compiled.jacobian):
        np.testing.assert_allclose(row, others, atol=1e-14)


def with_fixed_quench() -> Circuit:
    ising = qml.Hamiltonian([0.3, 1.0], [qml.PauliX(0), qml.PauliZ(0) @ qml.PauliX(1)])
    with qml.tape.QuantumTape() as tape:
        qml.RX(0.4, wires=1)
        qml.TrotterProduct(ising, 0.7, n=1)
        qml.expval(qml.PauliZ(0))
    plain = circuit_of(tape, "single")
    first, *rest = plain.parameters
    return with_parameters(plain, [replace(first, container="jax", trainable=True), *rest])


@pytest.mark.parametrize("method", ["adjoint", "parameter-shift"])
def test_constants_that_cannot_be_bound_anew_raise_where_they_are_compiled_alone(method: str, capfd) -> None:
    request = replace(asked(with_fixed_quench(), method), cotangents=((np.asarray(0.7),),))
    assert evaluate(request).failure is None
    failure = evaluate(replace(request, method=replace(request.method, compiled="jit"))).failure
    assert failure is not None
    assert (failure.type, failure.refusal) == ("IndexError", False)
    assert failure.place.startswith("pennylane.")
    assert "Traceback" not in capfd.readouterr().err


def rotation(x: Any) -> Any:
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0))


def runs_in(folder: Path, function: Callable[[], Any]) -> tuple[int, str]:
    """How many calls are recorded while a function runs, and all that is said of what was not."""
    with qdiag.record(folder, probe=False) as recording:
        function()
    with Trace.open(recording.path / "trace.qdiag") as trace:
        return len(trace), " ".join(event.text for event in trace.events if gap_of(event.kind))


def test_what_was_compiled_in_one_recording_tells_of_its_runs_in_the_next(tmp_path: Path) -> None:
    slope = jax.jit(jax.grad(qml.QNode(rotation, qml.device("default.qubit", wires=1), diff_method="adjoint")))
    for number in range(2):
        calls, said = runs_in(tmp_path / f"run{number}", lambda: [slope(0.1 * k) for k in range(3)])
        assert (calls, said) == (3, "")


def test_what_was_compiled_before_any_recording_is_said_not_to_be_seen(tmp_path: Path) -> None:
    slope = jax.jit(jax.grad(qml.QNode(rotation, qml.device("default.qubit", wires=1))))
    slope(0.3)
    calls, said = runs_in(tmp_path / "blind", lambda: slope(0.4))
    assert calls == 0
    assert "compiled before the recording began" in said
    jax.clear_caches()
    assert runs_in(tmp_path / "seeing", lambda: slope(0.4)) == (1, "")

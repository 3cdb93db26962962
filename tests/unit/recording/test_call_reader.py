"""From a live call to an entry of the trace: what surrounds the circuit, read without touching it."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

import numpy as np
import pytest

pytestmark = pytest.mark.stack

qml = pytest.importorskip("pennylane")
torch = pytest.importorskip("torch")
autograd = pytest.importorskip("autograd")
call_reader = pytest.importorskip("qdiag.recording.call_reader")

from pennylane import numpy as pnp  # noqa: E402

from qdiag.bridges.live.qnode_attributes import Untouched  # noqa: E402
from qdiag.bridges.stack import graph_switched  # noqa: E402
from qdiag.model.call import Argument, Configuration, Failure, SourceLine  # noqa: E402
from qdiag.model.circuit import Circuit  # noqa: E402
from qdiag.recording.call_reader import Reader  # noqa: E402
from qdiag.recording.ongoing_call import Ongoing  # noqa: E402
from qdiag.recording.source_places import Places  # noqa: E402
from qdiag.trace import call_parser  # noqa: E402
from qdiag.trace.array_bundle import unpack  # noqa: E402
from qdiag.trace.circuit_parser import restore  # noqa: E402
from qdiag.trace.writer import Entry  # noqa: E402
from tests.worlds.older_stacks import AUTO, needs_pipelines, needs_scripts  # noqa: E402

LINE = SourceLine("train.py", 31, "step")


def rotation(x: Any, y: Any = 0.5, *, z: Any = 0.0) -> Any:
    qml.RX(x, wires=0)
    qml.RY(y, wires=0)
    return qml.expval(qml.PauliZ(0))


def qnode_of(function: Callable[..., Any] = rotation, interface: str = AUTO, **options: Any) -> Any:
    return qml.QNode(function, qml.device("default.qubit", wires=2), interface=interface, **options)


def ongoing(qnode: Any, args: tuple[Any, ...] = (), kwargs: Optional[dict[str, Any]] = None, layer: str = "") -> Ongoing:
    return Ongoing(qnode, args, kwargs or {}, LINE, layer)


def made(qnode: Any, *args: Any, **kwargs: Any) -> tuple[Ongoing, Any]:
    """A call that is over, and its result."""
    call = ongoing(qnode, args, kwargs)
    return call, qnode(*args, **kwargs)


@pytest.fixture
def reader() -> Reader:
    return Reader(Places("/home/user/project"))


def arguments_of(entry: Entry) -> tuple[Argument, ...]:
    return call_parser.values_from(Argument, entry.arguments)


class TestTheTapeOfACall:
    def test_is_none_while_the_quantum_function_has_not_run(self) -> None:
        assert ongoing(qnode_of()).tape is None

    def test_is_the_one_made_since_the_call_began(self) -> None:
        qnode = qnode_of()
        first, _ = made(qnode, 0.1)
        again = ongoing(qnode)
        assert first.tape is not None
        # what is still there is of the call before
        assert again.tape is None
        qnode(0.2)
        assert again.tape is not None


    def test_stays_its_own_where_another_thread_calls_the_qnode_meanwhile(self, reader: Reader) -> None:
        qnode = qnode_of()
        call = ongoing(qnode, (0.1,))
        assert not call.hold_tape()
        qnode.construct((0.1,), {})
        assert call.hold_tape()
        qnode(0.2)
        circuit = circuit_in(reader.read(call, 0, 0, None).entry)
        assert [float(parameter.value) for parameter in circuit.parameters] == [0.1, 0.5]


def entry_of(reader: Reader, call: Ongoing, outputs: Optional[tuple[Any, ...]] = None, failure: Optional[Failure] = None) -> Entry:
    return reader.read(call, 7, 1, outputs, failure).entry


def circuit_in(entry: Entry) -> Circuit:
    return restore(entry.structure, [array for array in unpack(entry.numbers) if array is not None])


@pytest.mark.skipif(not hasattr(getattr(qml, "decomposition", None), "enable_graph"), reason="this PennyLane has no graph of rules")
def test_a_configuration_tells_whether_the_graph_of_decomposition_rules_is_on_at_this_call(reader: Reader) -> None:
    qnode, told = qnode_of(), []
    for on in (False, True, False):
        with graph_switched(on):
            call, _ = made(qnode, 0.1)
            told.append(call_parser.value_from(Configuration, entry_of(reader, call).configuration).graph)
    assert told == [False, True, False]


class TestTheCircuitOfACall:
    def test_comes_with_its_numbers(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), torch.tensor(0.25, dtype=torch.float64, requires_grad=True))
        entry = entry_of(reader, call)
        circuit = circuit_in(entry)
        assert [node.name for node in circuit.operations] == ["RX", "RY"]
        assert [float(p.value) for p in circuit.parameters] == [0.25, 0.5]
        assert [p.trainable for p in circuit.parameters] == [True, False]
        assert entry.written is None

    def test_comes_with_its_live_numbers_in_the_order_of_its_parameters(self, reader: Reader) -> None:
        x, y = torch.tensor(0.25, requires_grad=True), torch.tensor(0.5, requires_grad=True)
        call, _ = made(qnode_of(), x, y)
        sources = reader.read(call, 0, 0, None).circuit.sources
        assert [source is given for source, given in zip(sources, (x, y))] == [True, True]

    def test_that_never_was_says_so(self, reader: Reader) -> None:
        circuit = circuit_in(entry_of(reader, ongoing(qnode_of())))
        assert circuit.operations == ()
        assert circuit.notes == ("the quantum function raised before its circuit was complete",)

    @needs_scripts
    def test_is_kept_as_written_only_where_transforms_changed_it(self, reader: Reader) -> None:
        qnode = qnode_of()
        call, _ = made(qnode, 0.1)
        call.transformed = (call.tape,)
        assert entry_of(reader, call).written is None
        call.transformed = (qml.tape.QuantumScript([qml.RX(0.1, 0)], [qml.expval(qml.PauliZ(0))]),)
        entry = entry_of(reader, call)
        assert entry.written is not None
        assert [node.name for node in circuit_in(entry).operations] == ["RX"]

    @needs_scripts
    def test_is_kept_as_written_where_transforms_changed_nothing_but_its_numbers(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), 0.1)
        operations = [qml.RX(0.2, 0), *call.tape.operations[1:]]
        call.transformed = (qml.tape.QuantumScript(operations, call.tape.measurements),)
        assert entry_of(reader, call).written is not None

    @needs_scripts
    def test_is_as_written_whatever_a_transform_takes_out_of_its_list(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), 0.1)
        call.untouched = Untouched(call.tape)
        call.tape.operations.clear()
        call.transformed = (qml.tape.QuantumScript([], call.tape.measurements),)
        entry = entry_of(reader, call)
        assert entry.written is not None
        numbers = [array for array in unpack(entry.written_numbers) if array is not None]
        assert [node.name for node in restore(entry.written, numbers).operations] == ["RX", "RY"]

    def test_that_became_several_is_the_one_that_was_written(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), 0.1)
        call.transformed = (call.tape, call.tape)
        circuit = circuit_in(entry_of(reader, call))
        assert [node.name for node in circuit.operations] == ["RX", "RY"]
        assert "the QNode's transforms made 2 circuits of it: recorded as written" in circuit.notes

    @needs_scripts
    def test_of_which_more_is_measured_is_the_one_that_was_written(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), 0.1)
        call.transformed = (qml.tape.QuantumScript(call.tape.operations, [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(1))]),)
        entry = entry_of(reader, call)
        assert entry.written is None
        assert "the QNode's transforms made a circuit with other measurements of it: recorded as written" in circuit_in(entry).notes

    @needs_scripts
    def test_that_became_several_keeps_what_these_measure(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), 0.1)
        call.library = "qng.py"
        call.transformed = (call.tape, qml.tape.QuantumScript([], [qml.probs(wires=0)]))
        configuration = call_parser.value_from(Configuration, entry_of(reader, call).configuration)
        assert (configuration.made, configuration.library) == (("ExpectationMP", "ProbabilityMP"), "qng.py")

    @needs_scripts
    def test_is_read_without_touching_a_queue(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), 0.1)
        with qml.queuing.AnnotatedQueue() as queue:
            entry_of(reader, call)
        assert not queue


class TestAMetricTensor:
    def metric_of(self, reader: Reader, function: Callable[..., Any], *args: Any) -> tuple[tuple[int, ...], ...]:
        plain = qnode_of(function)
        call = ongoing(qml.metric_tensor(plain), args)
        call.qnode.construct(args, {})
        return call_parser.value_from(Configuration, entry_of(reader, call).configuration).metric_of

    def turned(self, weights: Any) -> Any:
        qml.RX(weights[1], wires=0)
        qml.RY(0.3, wires=0)
        qml.RY(weights[0], wires=1)
        return qml.expval(qml.PauliZ(0))

    @needs_pipelines
    def test_is_by_entries_of_the_argument_that_stand_in_the_circuit(self, reader: Reader) -> None:
        assert self.metric_of(reader, self.turned, pnp.array([0.1, 0.2], requires_grad=True)) == ((1, 0),)

    def test_is_by_none_where_two_entries_are_the_same_number(self, reader: Reader) -> None:
        assert self.metric_of(reader, self.turned, pnp.array([0.1, 0.1], requires_grad=True)) == ()

    def test_is_by_none_where_the_circuit_has_something_else_made_of_them(self, reader: Reader) -> None:
        def halved(weights: Any) -> Any:
            return self.turned(weights / 2)

        assert self.metric_of(reader, halved, pnp.array([0.1, 0.2], requires_grad=True)) == ()


class TestAnEntry:
    def test_holds_where_and_when_it_was_called(self, reader: Reader) -> None:
        call, out = made(qnode_of(), 0.1)
        call.warnings.append("UserWarning: careful")
        entry = entry_of(reader, call, (out,))
        assert (entry.step, entry.thread, entry.warnings) == (7, 1, ("UserWarning: careful",))
        assert call_parser.value_from(SourceLine, entry.source) == LINE

    @pytest.mark.parametrize(
        ("interface", "value", "container"),
        [
            ("torch", torch.tensor(0.1, requires_grad=True), "torch"),
            ("autograd", pnp.array(0.1, requires_grad=True), "autograd"),
        ],
    )
    def test_copies_the_outputs_and_says_what_they_were_in(self, reader: Reader, interface: str, value: Any, container: str) -> None:
        call, out = made(qnode_of(interface=interface), value)
        entry = entry_of(reader, call, (out,))
        assert isinstance(entry.outputs, bytes)
        (output,) = unpack(entry.outputs)
        assert entry.container == container
        assert float(output) == pytest.approx(np.cos(0.1) * np.cos(0.5))  # type: ignore[arg-type]

    def test_of_a_call_that_raised_has_a_failure_and_no_outputs(self, reader: Reader) -> None:
        failure = Failure("ValueError", "no")
        entry = entry_of(reader, ongoing(qnode_of()), None, failure)
        assert (entry.outputs, entry.failure) == (None, failure)

    def test_names_the_arguments_as_the_function_does(self, reader: Reader) -> None:
        call, _ = made(qnode_of(), torch.tensor(0.1, requires_grad=True), 0.2, z=np.zeros(3))
        assert arguments_of(entry_of(reader, call)) == (
            Argument("x", "torch", "float32", (), True),
            Argument("y", "python", "float64", (), False),
            Argument("z", "numpy", "float64", (3,), False),
        )

    def test_numbers_the_arguments_that_have_no_name(self, reader: Reader) -> None:
        def variadic(*angles: Any) -> Any:
            qml.RX(angles[0], wires=0)
            return qml.expval(qml.PauliZ(0))

        call, _ = made(qnode_of(variadic), 0.1, 2)
        assert [(a.name, a.dtype) for a in arguments_of(entry_of(reader, call))] == [("*0", "float64"), ("*1", "int64")]

    def test_describes_a_nested_argument_leaf_by_leaf_up_to_a_limit(self, reader: Reader) -> None:
        def nested(parts: Any) -> Any:
            qml.RX(parts[0][0], wires=0)
            return qml.expval(qml.PauliZ(0))

        call, _ = made(qnode_of(nested), [[0.1, 0.2], (np.float32(0.3),)])
        assert [(a.name, a.container) for a in arguments_of(entry_of(reader, call))] == [
            ("parts[0][0]", "python"), ("parts[0][1]", "python"), ("parts[1][0]", "numpy-scalar"),
        ]  # fmt: skip
        call, _ = made(qnode_of(nested), [[0.1] for _ in range(500)])
        assert len(arguments_of(entry_of(reader, call))) == call_reader.MAX_LEAVES

    def test_describes_arguments_that_are_no_numbers_by_their_kind(self, reader: Reader) -> None:
        def rotated(angle: Any, gates: Any) -> Any:
            gates[0](angle, wires=0)
            return qml.expval(qml.PauliZ(0))

        call, _ = made(qnode_of(rotated), 0.1, [qml.RX, qml.PauliZ(0)])
        assert [(a.name, a.container, a.trainable) for a in arguments_of(entry_of(reader, call))] == [
            ("angle", "python", False), ("gates[0]", "python", False), ("gates[1]", "python", False),
        ]  # fmt: skip

    def test_describes_what_autograd_holds_in_one_box_part_by_part(self, reader: Reader) -> None:
        def first(parts: Any) -> Any:
            qml.RX(parts[0], wires=0)
            return qml.expval(qml.PauliZ(0))

        described: list[Any] = []

        def loss(parts: Any) -> Any:
            call, output = made(qnode_of(first, "autograd"), parts)
            described.append(arguments_of(entry_of(reader, call)))
            return output[0] if isinstance(output, (list, tuple)) else output

        autograd.grad(loss)((pnp.array(0.1), pnp.array(0.2)))
        assert [(a.name, a.trainable) for a in described[0]] == [("parts[0]", True), ("parts[1]", True)]

    def test_names_an_interface_though_the_call_ended_before_pennylane_said_one(self, reader: Reader) -> None:
        for value, interface in ((torch.tensor(0.1), "torch"), (pnp.array(0.1), "autograd"), (0.1, "numpy")):
            call = ongoing(qnode_of(), (value,))
            call.resolution = (None, "auto")
            assert json.loads(entry_of(reader, call).configuration)["interface"] == interface

    @pytest.mark.parametrize(
        ("layer", "kwargs", "dtype"),
        [
            ("TorchLayer", {"inputs": torch.zeros(2, dtype=torch.float64)}, "float64"),
            ("TorchLayer", {}, ""),
            ("", {"inputs": torch.zeros(2)}, ""),
            ("TorchLayer", {"inputs": 1}, ""),
        ],
    )
    def test_has_the_dtype_that_a_layer_hands_on(self, reader: Reader, layer: str, kwargs: dict[str, Any], dtype: str) -> None:
        assert entry_of(reader, ongoing(qnode_of(), (), kwargs, layer)).layer_dtype == dtype


class TestAConfiguration:
    def configuration(self, reader: Reader, call: Ongoing) -> str:
        return entry_of(reader, call).configuration

    def test_is_worked_out_once_for_the_calls_of_a_qnode(self, reader: Reader) -> None:
        qnode = qnode_of(interface="torch")
        texts = {id(self.configuration(reader, made(qnode, float(n))[0])) for n in range(3)}
        assert len(texts) == 1

    def test_is_another_where_pennylane_resolved_another_method(self, reader: Reader) -> None:
        qnode = qnode_of(interface="torch")
        call, _ = made(qnode, 0.1)
        seen = []
        for method in ("backprop", "adjoint"):
            call.resolution = (method, "torch")
            seen.append(json.loads(self.configuration(reader, call))["resolved"])
        assert seen == ["backprop", "adjoint"]

    def test_of_a_qnode_that_took_another_ones_place_in_memory_is_its_own(self, reader: Reader) -> None:
        one, other = qnode_of(diff_method="adjoint"), qnode_of(diff_method="parameter-shift")
        self.configuration(reader, ongoing(one))
        reader._known[id(other)] = reader._known[id(one)]
        assert json.loads(self.configuration(reader, ongoing(other)))["requested"] == "parameter-shift"

    def number(self, reader: Reader, qnode: Any) -> int:
        return int(json.loads(self.configuration(reader, ongoing(qnode))).get("number", 0))

    def test_tells_the_qnodes_of_one_quantum_function_apart(self, reader: Reader) -> None:
        made = [qnode_of() for _ in range(3)]
        assert [self.number(reader, qnode) for qnode in (*made, *made)] == [0, 1, 2, 0, 1, 2]
        assert self.number(reader, qnode_of(lambda x: qml.expval(qml.PauliZ(0)))) == 0

    def test_shares_with_those_of_its_siblings_all_but_the_number(self, reader: Reader) -> None:
        def shared(qnode: Any) -> Optional[str]:
            read = reader.read(ongoing(qnode), 0, 0, None)
            return read.qnode.shared[read.entry.configuration]

        one, sibling, other = qnode_of(), qnode_of(), qnode_of(diff_method="adjoint")
        assert shared(one) == shared(sibling)
        assert shared(one) != shared(other)

    def test_shares_nothing_where_nobody_can_make_its_device_again(self, reader: Reader) -> None:
        kind = type("Mine", (type(qml.device("default.qubit", wires=1)),), {"__module__": "__main__", "name": "mine"})
        read = reader.read(ongoing(qml.QNode(rotation, kind(wires=1))), 0, 0, None)
        assert read.qnode.shared[read.entry.configuration] is None

    def test_gives_the_number_of_a_qnode_that_is_gone_to_the_next_one(self, reader: Reader) -> None:
        kept = qnode_of()
        assert self.number(reader, kept) == 0
        for _ in range(3):
            # a script that makes its QNode anew at each step has two QNodes at most, and no thousand
            assert self.number(reader, qnode_of()) == 1


def test_an_array_of_a_live_value_is_a_copy() -> None:
    tensor = torch.tensor([1.0, 2.0], requires_grad=True)
    array = call_reader.array_of(tensor)
    with torch.no_grad():
        tensor.zero_()
    assert array.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("value", [torch.tensor(1 + 2j).conj(), torch.tensor(2.0), np.float32(2.0), pnp.array(2.0), 2])
def test_any_live_value_becomes_an_array_of_its_number(value: Any) -> None:
    array = call_reader.array_of(value)
    assert type(array) is np.ndarray
    assert complex(array) == complex(value)

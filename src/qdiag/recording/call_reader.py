"""From a live QNode call to an entry of the trace: circuits, arguments, outputs, as texts and arrays."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.bridges import results
from qdiag.bridges.codec import flattening, jax_numbers
from qdiag.bridges.codec.containers import container_of, is_trainable, opened
from qdiag.bridges.codec.packer import PYTHON, Packer
from qdiag.bridges.codec.recognition import Recognition, Taken
from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.transform_kinds import measured_by, name_of_transform
from qdiag.model.call import Argument, Configuration, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.method import DIFF_METHODS, JIT, QJIT
from qdiag.model.transform_families import METRIC_TENSORS
from qdiag.recording.ongoing_call import KnownQNode, Ongoing, Read
from qdiag.recording.source_places import Places
from qdiag.trace import call_text
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton
from qdiag.trace.writer import Entry

MAX_LEAVES = 64
"""Entries of a nested argument that are described one by one."""

MAX_ENTRIES = 64
"""Metric tensors by more numbers are not held against our own."""


_NOTHING = skeleton(Circuit((), (), notes=("the quantum function raised before its circuit was complete",)))[0]


class Reader:
    """Reads calls; what does not change between the calls of a QNode is worked out once.

    Parameters
    ----------
    places
        Finds lines of the user's code.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self._recognition = Recognition()
        self._known: dict[int, KnownQNode] = {}
        self._living: dict[Any, list[weakref.ref[Any]]] = {}
        self._sources: dict[SourceLine, str] = {}
        self._arguments: dict[Any, str] = {}

    def read(
        self, call: Ongoing, step: int, thread: int, outputs: Optional[tuple[Any, ...]], failure: Optional[Failure] = None
    ) -> Read:
        """A call that is over; the live numbers of its circuit are in the order of the circuit's parameters."""
        known = self._known_of(call.qnode)
        ended = qnode_attributes.last_call_of(call.qnode)
        is_built = failure is None or failure.stage != "build"
        circuit, written = self._circuits(call, ended, known, is_built)
        packed, finite = (None, True) if outputs is None else _packed(outputs, known.packers)
        entry = Entry(
            step,
            self._source(call.source),
            self._configuration(call, known, ended, (written or circuit).sources),
            self._arguments_of(call, known.names),
            circuit.structure,
            circuit.numbers,
            packed,
            None if written is None else written.structure,
            b"" if written is None else written.numbers,
            container_of(outputs[0]) if outputs else "numpy",
            _layer_dtype(call),
            tuple(call.warnings),
            thread=thread,
            failure=failure,
        )
        return Read(entry, circuit, finite, known, written)

    def numbers_before(self, call: Ongoing) -> Sequence[Any]:
        """The live numbers of a call's circuit before it runs; none where transforms are still to make another one of it."""
        tape = call.tape
        if tape is None or call.has_transforms:
            return ()
        with flattening.stop_recording():
            return self._recognition.read_tape(tape, "single", ()).sources

    def _circuits(
        self, call: Ongoing, ended: qnode_attributes.LastCall, known: KnownQNode, is_built: bool
    ) -> tuple[Taken, Optional[Taken]]:
        """The circuit of a call as its transforms left it, and as written where they changed it."""
        traced = call.under_catalyst
        if traced is not None:
            with flattening.stop_recording():
                return self._recognition.read_tape(traced.tape, traced.returns, evaluated=not traced.differentiated), None
        tape = call.own(ended.tape)
        if tape is None or not is_built:
            return Taken(_NOTHING, pack(()), ()), None
        returns, shots = ended.returns, _shots(call, tape, ended)
        tape = call.untouched or tape
        taken = self._recognition.read_tape
        with flattening.stop_recording():
            if call.transformed is None:
                circuit = taken(tape, returns, shots, last=known.form)
                known.form = circuit.form
                return circuit, None
            if _measures_otherwise(call.transformed, tape):
                count = len(call.transformed)
                circuits = f"{count} circuits" if count != 1 else "a circuit with other measurements"
                return taken(tape, returns, shots, (f"the QNode's transforms made {circuits} of it: recorded as written",)), None
            written = taken(tape, returns, shots)
            circuit = taken(call.transformed[0], returns, shots)
        same = (circuit.structure, circuit.numbers) == (written.structure, written.numbers)
        return circuit, None if same else written

    def _known_of(self, qnode: Any) -> KnownQNode:
        known = self._known.get(id(qnode))
        if known is None or known.qnode() is not qnode:
            reference = weakref.ref(qnode)
            code, names = qnode_attributes.code_of(qnode), qnode_attributes.parameter_names(qnode)
            known = self._known[id(qnode)] = KnownQNode(reference, code, names, self._number(code, reference))
        return known

    def _number(self, code: Any, reference: weakref.ref[Any]) -> int:
        """Which of the living QNodes of a quantum function a new one is; what is made anew at each step has the last one's number."""
        living = self._living.setdefault(code, [])
        free = next((number for number, other in enumerate(living) if other() is None), len(living))
        living[free : free + 1] = [reference]
        return free

    def _configuration(self, call: Ongoing, known: KnownQNode, ended: qnode_attributes.LastCall, sources: Sequence[Any]) -> str:
        qnode = call.qnode
        gradient, interface = call.resolution
        otherwise = call.transformed is not None and _measures_otherwise(call.transformed, ended.tape)
        made = measured_by(call.transformed) if otherwise else ()
        metric_of = _entries_in_circuit(call.args, sources) if call.has_transforms and makes_metric_tensor(qnode) else ()
        compiled = _compiler_of(call, sources)
        around = (call.layer, made, call.library, metric_of, compiled)
        key = (ended.settings, gradient if isinstance(gradient, str) else id(gradient), interface, around)
        text = known.configurations.get(key)
        if text is None:
            source = self.places.definition(known.code)
            configuration = qnode_attributes.configuration_of(qnode, call.resolution, source, call.layer)
            if configuration.interface == "auto":
                interface = _interface_of((*call.args, *call.kwargs.values()))
                dtype = qnode_attributes.default_dtype_under(interface)
                configuration = replace(configuration, interface=interface, default_dtype=dtype)
            configuration = replace(
                configuration, made=made, library=call.library, metric_of=metric_of, number=known.number, compiled=compiled
            )
            text = known.configurations[key] = call_text.text_of(configuration)
            known.shared[text] = _shared_by_siblings(configuration)
        return text

    def _source(self, source: SourceLine) -> str:
        text = self._sources.get(source)
        if text is None:
            text = self._sources[source] = call_text.text_of(source)
        return text

    def _arguments_of(self, call: Ongoing, names: tuple[str, ...]) -> str:
        spec: list[tuple[Any, ...]] = []
        for position, value in enumerate(call.args):
            _describe(names[position] if position < len(names) else f"*{position}", value, spec)
        for name, value in call.kwargs.items():
            _describe(name, value, spec)
        key = tuple(spec)
        text = self._arguments.get(key)
        if text is None:
            text = self._arguments[key] = call_text.text_of(tuple(Argument(*entry) for entry in spec))
        return text


def _compiler_of(call: Ongoing, sources: Sequence[Any]) -> str:
    """What a call is compiled by, as methods are written."""
    if call.under_catalyst is not None:
        return QJIT
    return JIT if "jax" in sys.modules and any(map(jax_numbers.is_compiled, sources)) else ""


def _measures_otherwise(made: tuple[Any, ...], tape: Any) -> bool:
    """Whether the results of what transforms made have to be put together to those of the tape that they were given."""
    return len(made) != 1 or len(getattr(made[0], "measurements", ())) != len(getattr(tape, "measurements", ()))


def makes_metric_tensor(qnode: Any) -> bool:
    """Whether what a QNode gives is the metric tensor of its state."""
    return any(name_of_transform(transform) in METRIC_TENSORS for transform in qnode_attributes.pipeline_of(qnode))


def _shared_by_siblings(configuration: Configuration) -> Optional[str]:
    """What is the same for all QNodes made alike; None where their calls cannot be replayed, so that each must be looked at itself."""
    method = configuration.method
    if method.why_not_rebuilt or method.diff_method not in (*DIFF_METHODS, ""):
        return None
    return call_text.text_of(configuration.of_any_number)


def _entries_in_circuit(args: tuple[Any, ...], sources: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """For each trainable argument, which of a circuit's trainable numbers its entries are; () unless each is one of them, once."""
    numbers = [array_of(source).reshape(-1) for source in sources if is_trainable(source)]
    given = [array_of(value).reshape(-1) for value in args if is_trainable(value)]
    inside = [number for array in numbers for number in array.tolist()]
    wanted = [number for array in given for number in array.tolist()]
    if len(inside) > MAX_ENTRIES or len(set(inside)) != len(inside) or sorted(map(repr, inside)) != sorted(map(repr, wanted)):
        return ()
    place = {number: position for position, number in enumerate(inside)}
    return tuple(tuple(place[number] for number in array.tolist()) for array in given)


def _packed(outputs: tuple[Any, ...], packers: dict[Any, Packer]) -> tuple[bytes, bool]:
    """What a call returned, as bytes, and whether it is numbers throughout."""
    kinds = tuple([_kind_of(output) for output in outputs])
    packer = packers.get(kinds)
    if packer is not None:
        with suppress(Exception):
            return packer.pack_and_judge(outputs)
    arrays = [array_of(output) for output in outputs]
    packed, packer = pack(arrays), Packer(outputs, arrays)
    if len(packers) < MAX_LEAVES:
        with suppress(Exception):
            if packer.pack(outputs) == packed:
                packers[kinds] = packer
    return packed, are_finite(arrays)


def _kind_of(output: Any) -> Any:
    """What the bytes of an output depend on besides its numbers."""
    kind = type(output)
    return kind if kind in PYTHON else (kind, output.dtype, output.shape) if hasattr(output, "dtype") else (kind, np.shape(output))


def are_finite(arrays: Sequence[np.ndarray]) -> bool:
    """Whether results, as arrays, are numbers throughout."""
    return all(array.dtype.kind not in "fc" or bool(np.isfinite(array).all()) for array in arrays)


def _shots(call: Ongoing, tape: Any, ended: qnode_attributes.LastCall) -> tuple[int, ...]:
    given = call.kwargs.get("shots")
    if isinstance(given, int) and given and not hasattr(tape, "shots"):
        return (given,)
    return ended.shots


def array_of(value: Any) -> np.ndarray:
    """A live value as an array of its own, zeros where JAX has none yet; the short way for what nearly every value is."""
    try:
        array: np.ndarray = value.detach().numpy().copy()
    except Exception:
        return jax_numbers.placeholder(value) if jax_numbers.is_traced(value) else results.array_of(value)
    return array


def _interface_of(arguments: tuple[Any, ...]) -> str:
    """The interface that ``auto`` comes to, where the call ended before PennyLane said."""
    containers = {container_of(leaf) for value in arguments for leaf in results.outputs_of(value)}
    return next((name for name in ("torch", "jax", "autograd") if name in containers), "numpy")


_NUMBERS = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


def _describe(name: str, value: Any, spec: list[tuple[Any, ...]], boxed: bool = False) -> None:
    """Add what an argument is, or each of its parts."""
    value, held = opened(value)
    boxed = boxed or held
    if isinstance(value, (list, tuple)):
        for position, part in enumerate(value[:MAX_LEAVES]):
            if len(spec) < MAX_LEAVES:
                _describe(f"{name}[{position}]", part, spec, boxed)
        return
    kind = type(value)
    container = container_of(value)
    if container == "python":
        spec.append((name, container, _NUMBERS.get(kind, kind.__name__), (), False))
        return
    dtype = _DTYPE_NAMES.get(value.dtype)
    if dtype is None:
        dtype = _DTYPE_NAMES[value.dtype] = str(value.dtype).replace("torch.", "")
    spec.append((name, container, dtype, tuple(value.shape), boxed or is_trainable(value)))


_DTYPE_NAMES: dict[Any, str] = {}


def _layer_dtype(call: Ongoing) -> str:
    """A layer hands its result on in the dtype of its input, which is the first keyword that it passes to the QNode."""
    if not call.layer or not call.kwargs:
        return ""
    inputs = next(iter(call.kwargs.values()))
    return str(getattr(inputs, "dtype", "")).replace("torch.", "")

"""From a live QNode call to an entry of the trace: circuits, arguments, outputs, as texts and arrays."""

from __future__ import annotations

import sys
import weakref
from dataclasses import replace
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges import results
from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.live_numbers import reader_for
from qdiag.bridges.codec.recognition import Recognition, Taken
from qdiag.bridges.live import qnode_attributes
from qdiag.model.call import Argument, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.recording.source_places import Places
from qdiag.trace import call_text
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton
from qdiag.trace.writer import Entry

MAX_LEAVES = 64
"""Entries of a nested argument that are described one by one."""


class Ongoing:
    """A QNode call under way in one thread."""

    __slots__ = (
        "args",
        "before",
        "children",
        "has_transforms",
        "kwargs",
        "layer",
        "parent",
        "qnode",
        "resolution",
        "source",
        "transformed",
        "warnings",
    )

    def __init__(self, qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], source: SourceLine, layer: str) -> None:
        tape = qnode_attributes.tape_of(qnode)
        self.qnode = qnode
        self.args = args
        self.kwargs = kwargs
        self.source = source
        self.layer = layer
        self.before = None if tape is None else weakref.ref(tape)
        self.has_transforms = len(qnode_attributes.pipeline_of(qnode)) > 0
        self.resolution: tuple[Any, Any] = (None, None)
        self.transformed: Optional[tuple[Any, ...]] = None
        self.warnings: list[str] = []
        self.parent: Optional[Ongoing] = None
        self.children: list[Done] = []

    @property
    def tape(self) -> Any:
        """The tape of this very call, or None while it has none."""
        tape = qnode_attributes.tape_of(self.qnode)
        return None if tape is None or (self.before is not None and self.before() is tape) else tape


class Done(NamedTuple):
    """A call that is over: its entry, the handle of its hooks, and the calls made inside it."""

    entry: Entry
    returned: Any
    children: tuple[Any, ...]


class Read(NamedTuple):
    """What was read from a call: the circuit as its transforms left it, and as written where they changed it."""

    circuit: Taken
    written: Optional[Taken] = None


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
        self._configurations: dict[int, tuple[weakref.ref[Any], dict[Any, str]]] = {}
        self._names: dict[int, tuple[weakref.ref[Any], tuple[str, ...]]] = {}
        self._sources: dict[SourceLine, str] = {}
        self._arguments: dict[Any, str] = {}

    def entry(
        self, call: Ongoing, step: int, thread: int, read: Read, outputs: Optional[tuple[Any, ...]], failure: Optional[Failure]
    ) -> Entry:
        """The entry of a call that is over."""
        return Entry(
            step=step,
            source=self._source(call.source),
            configuration=self._configuration(call),
            arguments=self._described(call),
            structure=read.circuit.structure,
            numbers=read.circuit.numbers,
            outputs=None if outputs is None else [array_of(output) for output in outputs],
            written=None if read.written is None else read.written.structure,
            written_numbers=b"" if read.written is None else read.written.numbers,
            container=container_of(outputs[0]) if outputs else "numpy",
            layer_dtype=_layer_dtype(call),
            warnings=tuple(call.warnings),
            thread=thread,
            failure=failure,
        )

    def read(self, call: Ongoing) -> Read:
        """The circuit of a call, as its transforms left it, and as written where they changed it."""
        tape = call.tape
        if tape is None:
            return Read(Taken(_NOTHING, pack(()), ()))
        returns = qnode_attributes.returns_of(call.qnode)
        shots = _shots(call, tape)
        taken = self._recognition.taken
        with flattening.stop_recording():
            if call.transformed is None:
                return Read(taken(tape, returns, shots))
            if len(call.transformed) != 1:
                note = f"the QNode's transforms made {len(call.transformed)} circuits of it: recorded as written"
                return Read(taken(tape, returns, shots, (note,)))
            written = taken(tape, returns, shots)
            circuit = taken(call.transformed[0], returns, shots)
        return Read(circuit, None if circuit.structure == written.structure else written)

    def _configuration(self, call: Ongoing) -> str:
        qnode = call.qnode
        known = self._configurations.get(id(qnode))
        if known is None or known[0]() is not qnode:
            known = self._configurations[id(qnode)] = (weakref.ref(qnode), {})
        gradient, interface = call.resolution
        key = (qnode_attributes.fingerprint(qnode), gradient if isinstance(gradient, str) else id(gradient), interface, call.layer)
        text = known[1].get(key)
        if text is None:
            source = self.places.definition(qnode_attributes.code_of(qnode))
            configuration = qnode_attributes.configuration_of(qnode, call.resolution, source, call.layer)
            if configuration.interface == "auto":
                configuration = replace(configuration, interface=_interface_of((*call.args, *call.kwargs.values())))
            text = known[1][key] = call_text.text_of(configuration)
        return text

    def _source(self, source: SourceLine) -> str:
        text = self._sources.get(source)
        if text is None:
            text = self._sources[source] = call_text.text_of(source)
        return text

    def _described(self, call: Ongoing) -> str:
        names = self._parameter_names(call.qnode)
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

    def _parameter_names(self, qnode: Any) -> tuple[str, ...]:
        known = self._names.get(id(qnode))
        if known is None or known[0]() is not qnode:
            known = self._names[id(qnode)] = (weakref.ref(qnode), qnode_attributes.parameter_names(qnode))
        return known[1]


def _shots(call: Ongoing, tape: Any) -> tuple[int, ...]:
    given = call.kwargs.get("shots")
    if isinstance(given, int) and given and not hasattr(tape, "shots"):
        return (given,)
    return qnode_attributes.shots_of(call.qnode, tape)


def array_of(value: Any) -> np.ndarray:
    """A live value as an array of its own; the short way for what nearly every value is."""
    try:
        array: np.ndarray = value.detach().numpy().copy()
    except Exception:
        return results.array_of(value)
    return array


def is_trainable(number: Any) -> bool:
    """Whether the user's interface tracks a live number."""
    return bool(getattr(number, "requires_grad", hasattr(number, "_node")))


def container_of(value: Any) -> str:
    """Which of `circuit.CONTAINERS` a live value is in."""
    return _container(type(value))


def _interface_of(arguments: tuple[Any, ...]) -> str:
    """The interface that ``auto`` comes to, where the call ended before PennyLane said."""
    containers = {container_of(leaf) for value in arguments for leaf in results.flattened(value)}
    return next((name for name in ("torch", "autograd") if name in containers), "numpy")


_CONTAINERS: dict[type, str] = {}


def _container(kind: type) -> str:
    known = _CONTAINERS.get(kind)
    if known is None:
        torch = sys.modules.get("torch")
        if torch is not None and issubclass(kind, torch.Tensor):
            known = "torch"
        elif kind.__module__.startswith(("pennylane", "autograd")):
            known = "autograd"
        elif issubclass(kind, np.generic):
            known = "numpy-scalar"
        else:
            known = "python" if kind in _NUMBERS or reader_for(kind) is None else "numpy"
        _CONTAINERS[kind] = known
    return known


_NUMBERS = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


def _describe(name: str, value: Any, spec: list[tuple[Any, ...]]) -> None:
    if isinstance(value, (list, tuple)):
        for position, part in enumerate(value[:MAX_LEAVES]):
            if len(spec) < MAX_LEAVES:
                _describe(f"{name}[{position}]", part, spec)
        return
    kind = type(value)
    container = _container(kind)
    if container == "python":
        spec.append((name, container, _NUMBERS.get(kind, kind.__name__), (), False))
        return
    dtype = _DTYPE_NAMES.get(value.dtype)
    if dtype is None:
        dtype = _DTYPE_NAMES[value.dtype] = str(value.dtype).replace("torch.", "")
    spec.append((name, container, dtype, tuple(value.shape), is_trainable(value)))


_DTYPE_NAMES: dict[Any, str] = {}


def _layer_dtype(call: Ongoing) -> str:
    """A layer hands its result on in the dtype of its input, which is the first keyword that it passes to the QNode."""
    if not call.layer or not call.kwargs:
        return ""
    inputs = next(iter(call.kwargs.values()))
    return str(getattr(inputs, "dtype", "")).replace("torch.", "")

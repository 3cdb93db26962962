"""One QNode call of the traced script, and what surrounds it: the values that tracing writes and everything later reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.option import Option
from qdiag.model.transform_families import TransformKind, kind_by_name

IDLE_DEVICE = "null.qubit"
"""PennyLane's device for whoever wants to know what surrounds a simulation, and costs without it."""


@dataclass(frozen=True)
class SourceLine:
    """A place in the user's code: path relative to the script's folder where it lies inside, line, and function."""

    path: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


LOST = "ProcessExpired"
"""The type of a failure that is the loss of the process that evaluated."""

_OURS, _SERVANTS = "qdiag", ("numpy", "scipy")
"""Whose frames are ours, and whose frames are of what everybody calls."""

_FRAMEWORK = ("pennylane", "pennylane_lightning")
_COMMON = ("pennylane.math", "pennylane.numpy", "pennylane.capture", "pennylane.workflow")
"""The packages of the framework, and what all of its parts call."""


@dataclass(frozen=True)
class Failure:
    """An exception as data.

    Parameters
    ----------
    type
        The exception's class name.
    message
        Its text.
    frames
        The innermost frames, outermost first, as ``module:function:line`` (no absolute paths).
    stage
        ``build`` · ``forward`` · ``backward`` · ``worker`` (the process that evaluated it was lost) · ``timeout``.
    refusal
        Whether this is the framework's own "not supported" rather than a breakdown inside it.
    """

    type: str
    message: str
    frames: tuple[str, ...] = ()
    stage: str = "forward"
    refusal: bool = False

    @property
    def place(self) -> str:
        """The innermost function of the framework's that was at work, as ``module:function``, or "": where it broke down."""
        places = [frame.rpartition(":")[0] for frame in self.frames if frame.partition(":")[0].partition(".")[0] in _FRAMEWORK]
        # what everybody calls says nothing of who called it
        return next((place for place in reversed(places) if not place.startswith(_COMMON)), "")

    @property
    def passing(self) -> bool:
        """Whether a second attempt may not meet it: nobody remembers such a failure."""
        return self.stage in ("worker", "timeout")

    @property
    def lost(self) -> bool:
        """Whether the process that evaluated it is gone."""
        return self.stage == "worker" and self.type == LOST

    @property
    def ours(self) -> bool:
        """Whether qdiag's own code raised it: its frame is the innermost, but for those of what both sides call.

        What a worker hands back of an exception has no frames: it was raised around the evaluation, whose own exceptions are data.
        """
        if self.stage == "worker":
            return not self.lost
        packages = (frame.partition(":")[0].partition(".")[0] for frame in reversed(self.frames))
        return next((package for package in packages if package not in _SERVANTS), "") == _OURS


@dataclass(frozen=True)
class Configuration:
    """How the user's QNode evaluates: device, interface, differentiation method, transforms.

    Parameters
    ----------
    qnode
        Qualified name of the quantum function, such as ``Model.qnode``.
    source
        Where the quantum function is defined.
    device, device_wires, device_precision, device_options
        PennyLane's device name, its wires (empty when unset), ``complex64`` or ``complex128``, further options.
    interface
        ``torch``, ``autograd``, ``numpy``, ``jax``, …: the one in force for this call.
    requested, resolved
        The ``diff_method`` as the user wrote it, and what PennyLane made of it.
    gradient_options
        The user's ``gradient_kwargs``.
    execution_options
        Such as ``mcm_method`` and ``postselect_mode``.
    transforms
        Names of the transforms on the QNode, in order.
    transform_kinds
        What each of them means to do (see `TransformKind`); empty in traces that do not say, where the name must do.
    transform_options
        What they were told by name, as ``metric_tensor.approx``.
    made
        What the circuits measure that the transforms made, where these are several: classes of measurements.
    metric_of
        Of a metric tensor: for each trainable argument, which of the circuit's trainable numbers its entries are; empty where these
        are not simply its entries, each once.
    library
        The file of PennyLane's that made the call (``qng.py``) where the QNode has transforms, or "".
    layer
        Class name of the module that made the call (``TorchLayer``), or "".
    default_dtype
        Torch's default dtype at the call (``float32``), or "" without torch: it decides what Python numbers become. Under JAX that is
        ``float64`` where arrays of 64 bits are switched on, else ``float32``.
    number
        Which of the QNodes that were made of this quantum function, from 0, in the order of their first calls.
    assumed
        The precision that the device is taken to work in, where whoever judges the trace says it; "" to measure it.
    compiled
        ``jit`` where the call was traced by JAX to be compiled: by ``jax.jit``, or as the body of a loop of JAX's. Else "".
    graph
        Whether PennyLane's graph of decomposition rules was switched on.
    """

    qnode: str
    source: SourceLine
    device: str
    device_wires: tuple[object, ...] = ()
    device_precision: str = "complex128"
    device_options: tuple[tuple[str, Option], ...] = ()
    interface: str = ""
    requested: str = ""
    resolved: str = ""
    gradient_options: tuple[tuple[str, Option], ...] = ()
    execution_options: tuple[tuple[str, Option], ...] = ()
    transforms: tuple[str, ...] = ()
    layer: str = ""
    default_dtype: str = ""
    transform_kinds: tuple[str, ...] = ()
    transform_options: tuple[tuple[str, Option], ...] = ()
    made: tuple[str, ...] = ()
    library: str = ""
    metric_of: tuple[tuple[int, ...], ...] = ()
    number: int = 0
    assumed: str = ""
    compiled: str = ""
    graph: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """The QNode: its name, and where it is defined."""
        return self.qnode, str(self.source)

    @property
    def label(self) -> str:
        """The QNode's name, with its number where it is not the first that was made there."""
        return f"{self.qnode} #{self.number + 1}" if self.number else self.qnode

    @property
    def qnode_object(self) -> tuple[str, str, int]:
        """The same, and which of the QNodes that were made there."""
        return (*self.place, self.number)

    @property
    def of_any_number(self) -> Configuration:
        """The same, but for which of the QNodes that were made there: equal for QNodes that are alike."""
        return replace(self, number=0)

    @property
    def method(self) -> Method:
        """The user's own method, not compiled, which costs far less: what a compiled call gave is nearly always what this gives."""
        width = self.device_precision if self.device_precision == "complex64" else ""
        return Method(self.device, self.resolved, "", width, self.device_options, self.gradient_options)

    def transforms_of(self, *kinds: TransformKind) -> tuple[str, ...]:
        """The names of the transforms of some kinds, in order."""
        known = self.transform_kinds or tuple(kind_by_name(name).value for name in self.transforms)
        return tuple(name for name, kind in zip(self.transforms, known) if kind in {wanted.value for wanted in kinds})

    @property
    def idle(self) -> bool:
        """Whether the device works nothing out, and gives zeros on purpose."""
        return self.device == IDLE_DEVICE

    @property
    def remade_by(self) -> str:
        """The transform whose results the call gives, worked out from circuits of its own, or ""."""
        found = self.transforms_of(TransformKind.REMAKING)
        return found[-1] if found else ""


@dataclass(frozen=True)
class Argument:
    """An argument of the QNode as the user passed it: name, container (see `circuit.CONTAINERS`), dtype, shape, tracked or not."""

    name: str
    container: str
    dtype: str
    shape: tuple[int, ...]
    trainable: bool


@dataclass(frozen=True, eq=False)
class Backward:
    """What one backward pass brought to a call; complex numbers are in torch's convention, whatever the interface.

    Parameters
    ----------
    cotangents
        One array for each output, or None where the loss does not depend on that output.
    gradients
        One array for each trainable parameter of the circuit (in the order of `Circuit.trainable`), or None where it was not seen.
    exact
        For each of these, whether this call was the tensor's only known consumer, so that the array is this call's own
        vector-Jacobian product.
    create_graph
        Whether the pass was itself recorded for a second derivative.
    """

    cotangents: tuple[Optional[np.ndarray], ...]
    gradients: tuple[Optional[np.ndarray], ...] = ()
    exact: tuple[bool, ...] = ()
    create_graph: bool = False


@dataclass(frozen=True, eq=False)
class Call:
    """One QNode call.

    Parameters
    ----------
    index
        Position in the trace, from 0.
    step
        Number of optimiser steps taken before the call.
    source
        The line of the user's code that called.
    configuration
        How it was evaluated.
    arguments
        The QNode's arguments.
    circuit
        What ran, as the QNode's transforms leave it.
    written
        The circuit as the user wrote it, where transforms changed it.
    outputs
        The real outputs, flattened in order of return; None where the call raised.
    output_container
        One of `circuit.CONTAINERS`.
    layer_dtype
        The dtype that the enclosing layer handed on, or "".
    backwards
        Each backward pass that came back, in order.
    warnings
        Texts of the warnings raised during the call.
    failure
        The exception that the call, or its backward pass, raised.
    parent
        Index of the call inside whose quantum function this one ran, or None.
    process, thread
        0 for the script's own; others are numbered in order, threads by their appearance, processes by their names (`Process`).
        Where the script's own process made no call, 0 is the first that did.
    named
        What the user calls the circuit's parameters, one by one, as ``weights[0]``; "" for what is no entry of an argument. Only
        calls that a finding is about have it.
    """

    index: int
    step: int
    source: SourceLine
    configuration: Configuration
    arguments: tuple[Argument, ...]
    circuit: Circuit
    outputs: Optional[tuple[np.ndarray, ...]]
    written: Optional[Circuit] = None
    output_container: str = "numpy"
    layer_dtype: str = ""
    backwards: tuple[Backward, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: Optional[Failure] = None
    parent: Optional[int] = None
    process: int = 0
    thread: int = 0
    named: tuple[str, ...] = ()

    @property
    def differentiated_twice(self) -> bool:
        """Whether the script went backward with ``create_graph``."""
        return any(backward.create_graph for backward in self.backwards)

    @property
    def method(self) -> Method:
        """The user's own method; where the script differentiates twice, with the order up to which the user's QNode supports it.

        That is PennyLane's default of 1 unless the user says otherwise. Other methods are asked for the best they can.
        """
        own, given = self.configuration.method, dict(self.configuration.execution_options)
        if not self.differentiated_twice or given.get("max_diff", 1) != 1:
            return own
        return replace(own, gradient_options=(*own.gradient_options, ("max_diff", 1)))

    @property
    def method_as_it_ran(self) -> Method:
        """The user's own method, compiled where the call was."""
        return replace(self.method, compiled=self.configuration.compiled)


@dataclass(frozen=True)
class Environment:
    """Versions and settings of the stack that ran the script."""

    python: str = ""
    platform: str = ""
    packages: tuple[tuple[str, str], ...] = ()
    devices: tuple[str, ...] = ()
    settings: tuple[tuple[str, Option], ...] = ()

    def version(self, package: str) -> str:
        """The version of a package, or "" where it was not loaded."""
        return dict(self.packages).get(package, "")


@dataclass(frozen=True)
class Process:
    """A process whose calls are in a trace, one after the other.

    Parameters
    ----------
    name
        What it is called, as ``rank 1``; "" for the script's own.
    first, calls
        The index of its first call, and how many it made.
    """

    name: str
    first: int
    calls: int


@dataclass(frozen=True)
class Event:
    """Something between calls: an optimiser step, a scalar loss, a note by the recorder, a warning shown in a backward pass.

    ``kind`` is ``step`` · ``loss`` · ``note`` · ``warning`` · ``backward warning`` · ``shown`` (a warning outside of both) ·
    ``loss axes`` (the text holds a `LossAxes`); ``after`` is the number of calls recorded before it. The ``number`` of a warning from a
    backward pass is the index of the call that the pass had reached by then, if any. Further kinds hold values of `model.training` as
    text; of these, and of a ``step``, the ``number`` is the optimiser's or the call's.
    """

    kind: str
    after: int
    text: str = ""
    number: Optional[float] = None


@dataclass(frozen=True)
class Script:
    """How the script was run and how it ended.

    Parameters
    ----------
    path
        The script, or the module's name.
    argv
        Its arguments.
    module
        Whether it was run with ``-m``.
    exit_code
        As Python's ``subprocess`` gives it (negative for a signal), or None while it runs or when the recorder was killed.
    failure
        The exception that ended it.
    called
        Whether it is no script but something that a running program called; ``path`` is its name.
    """

    path: str
    argv: tuple[str, ...] = ()
    module: bool = False
    exit_code: Optional[int] = None
    failure: Optional[Failure] = field(default=None)
    called: bool = False

"""A QNode call while it is made, once it is over, and as it was read; and what is known of its QNode from earlier calls."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

from qdiag.bridges.codec.packer import Packer
from qdiag.bridges.codec.recognition import Form, Taken
from qdiag.bridges.live import qnode_attributes
from qdiag.model.call import SourceLine
from qdiag.trace.writer import Entry


@dataclass
class UnderCatalyst:
    """What is known of a call that Catalyst traces, where PennyLane keeps nothing on the QNode.

    Parameters
    ----------
    given
        What the QNode was given: what stands for numbers, as leaves.
    differentiated
        Whether it is traced in order to be differentiated.
    tape
        The circuit as the user wrote it, once it is there.
    part
        What leads to its numbers (see `qjit_taps.ClassicalPart`), or None where nothing does.
    returns
        The shape of what the quantum function returned (see `Circuit.returns`).
    levels
        What Catalyst was tracing when it came to the call, outermost first (see `qjit_calls.Tracing`).
    inside
        The trace of the innermost of these.
    """

    given: list[Any]
    differentiated: bool
    tape: Any = None
    part: Any = None
    returns: str = "single"
    levels: tuple[Any, ...] = ()
    inside: Any = None


class Ongoing:
    """A QNode call under way in one thread."""

    __slots__ = (
        "args",
        "before",
        "began",
        "children",
        "given",
        "has_transforms",
        "held",
        "kwargs",
        "layer",
        "library",
        "parent",
        "qnode",
        "resolution",
        "source",
        "transformed",
        "under_catalyst",
        "untouched",
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
        self.held: Any = None
        self.has_transforms = len(qnode_attributes.pipeline_of(qnode)) > 0
        self.library = ""
        self.resolution: tuple[Any, Any] = (None, None)
        self.transformed: Optional[tuple[Any, ...]] = None
        self.untouched: Any = None
        self.warnings: list[str] = []
        self.parent: Optional[Ongoing] = None
        self.children: list[Done] = []
        self.given: Any = None
        self.under_catalyst: Optional[UnderCatalyst] = None
        self.began: Optional[int] = None

    @property
    def tape(self) -> Any:
        """The tape of this very call, or None while it has none."""
        return self.own(qnode_attributes.tape_of(self.qnode))

    @property
    def is_followed_by_autograd(self) -> bool:
        """Whether an argument is one that autograd follows."""
        return any(hasattr(value, "_node") for value in (*self.args, *self.kwargs.values()))

    def hold_tape(self) -> bool:
        """Keep hold of the tape, once it is there: while the call runs, another thread may give the QNode another one."""
        if self.held is None:
            self.held = self.tape
        return self.held is not None

    def own(self, tape: Any) -> Any:
        """The QNode's last tape where it is this very call's; None where it is still that of the call before."""
        if self.held is not None:
            return self.held
        return None if tape is None or (self.before is not None and self.before() is tape) else tape


class Done(NamedTuple):
    """A call that is over: its entry, the handle of its hooks, and the calls made inside it."""

    entry: Entry
    returned: Any
    children: tuple[Any, ...]


class Read(NamedTuple):
    """A call as it was read: its entry, its circuit with the live numbers, whether it returned numbers throughout, and its QNode.

    ``written`` is the circuit as the user wrote it, where transforms changed it.
    """

    entry: Entry
    circuit: Taken
    finite: bool
    qnode: KnownQNode
    written: Optional[Taken] = None

    @property
    def sources(self) -> list[Any]:
        """The live numbers of both circuits."""
        return [*self.circuit.sources, *(() if self.written is None else self.written.sources)]


class KnownQNode:
    """What was worked out for a QNode at earlier calls.

    Its code, its parameters' names, a text for each configuration, for each of these texts the one that its siblings share, its
    circuit's form, and the structures whose numbers were named.
    """

    __slots__ = ("code", "configurations", "form", "named", "names", "number", "packers", "qnode", "shared")

    def __init__(self, qnode: weakref.ref[Any], code: Any, names: tuple[str, ...], number: int) -> None:
        self.qnode = qnode
        self.code = code
        self.names = names
        self.number = number
        self.named: set[str] = set()
        self.configurations: dict[Any, str] = {}
        self.shared: dict[str, Optional[str]] = {}
        self.packers: dict[Any, Packer] = {}
        self.form: Optional[Form] = None

"""What is known of a divergence before any experiment: what was seen, what the gradients show, and what PennyLane says if asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Generic, Optional, TypeVar

from qdiag.bridges.failures import refuses_complex_gradient
from qdiag.diagnosis.approximation import Approximation
from qdiag.diagnosis.disturbance import Disturbance
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import AskArbiter, Question
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import DERIVATIVES, MEASURED, Comparison, Signature
from qdiag.model.findings import Diagnosis, Divergence, FoundWrong
from qdiag.model.measured import Measured
from qdiag.model.method import ARBITER, Method

Answer = TypeVar("Answer")


DTYPE = "dtype"
"""The kind of what is blamed where it is the dtype of all parameters."""

SHOTS = "shots"
"""The kind of what is blamed where it is that results are sampled at all."""

WIRES = "wires"
"""The kind of what is blamed where the device has no wire for what the method adds to the circuit."""


@dataclass(frozen=True)
class Blamed:
    """Where a difference sits: an operation or measurement, its position, its name, and its trainable parameters' positions.

    Or it sits in no part of the circuit, but in the dtype of its parameters: then the kind is `DTYPE`, and the name that of the dtype.
    Or in its shots: then the kind is `SHOTS`, and the name says how many. Or in the wires of the device: then the kind is `WIRES`, and
    the name says how many there are.

    Where several operations of one name are to blame, the position is the first one's; ``removable`` has those of all without which
    nothing raises, where frozen parameters are not enough, and ``too`` other operations without which nothing raises, either.
    """

    kind: str
    position: int
    name: str
    parameters: tuple[int, ...] = ()
    removable: tuple[int, ...] = ()
    too: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.kind in (SHOTS, WIRES):
            return self.name
        return f"{self.name} parameters" if self.kind == DTYPE else f"{self.name} ({self.kind} {self.position})"


def is_jax_in_double(question: Question) -> bool:
    """Whether a call was made under JAX with arrays of 64 bits."""
    return question.interface == "jax" and question.default_dtype == "float64"


def with_blame(diagnosis: Diagnosis, blamed: Optional[Blamed]) -> Diagnosis:
    """The diagnosis with the part of the circuit in which its cause sits, or with none."""
    if blamed is not None and blamed.kind == WIRES:
        diagnosis = replace(diagnosis, fileable=False)  # which wires a device has is the script's word
    return replace(diagnosis, blamed=str(blamed or ""), part=blamed.name if blamed is not None else "")


@dataclass(frozen=True, eq=False)
class Fact(Generic[Answer]):
    """Something about a circuit that only PennyLane can say: asked once, and only where a cause wants to know.

    Parameters
    ----------
    name
        What is asked, in words: it completes "qdiag itself failed on …".
    function
        Answers it, where PennyLane is loaded (see `qdiag.evaluation.remote`).
    default
        What counts where PennyLane cannot say, or need not be asked.
    arguments
        What the function is called with; the circuit, and whether its classes may be executed, unless something else is said.
    read
        What the function's answer says; the answer itself where it is None.
    needs_asking
        Whether the circuit leaves any doubt.
    """

    name: str
    function: Callable[..., Any]
    default: Answer
    arguments: Callable[[Question], tuple[object, ...]] = lambda question: (question.circuit, question.trusted)
    read: Optional[Callable[[Any], Answer]] = None
    needs_asking: Callable[[Circuit], bool] = lambda circuit: True

    def ask(self, question: Question, evaluator: Evaluator) -> Answer:
        """Ask about a question's circuit."""
        if question.circuit.opaque or not self.needs_asking(question.circuit):
            return self.default
        answer = answer_of(evaluator.call(self.function, *self.arguments(question)), None, self.name)
        if answer is None:
            return self.default
        return answer if self.read is None else self.read(answer)


@dataclass(frozen=True, eq=False)
class Symptoms:
    """All that a cause may look at before any experiment.

    Parameters
    ----------
    divergence
        What was found.
    question
        The pair's question at the diverging call.
    evaluator
        Where facts are asked for; without one each is what it is by default.
    reference
        The arbiter, for experiments that must ask a question with it on one side to choose what they change.
    known
        Facts that need not be asked for.
    apart
        Positions of the trainable parameters whose gradients differ beyond the bound; empty where outputs differ.
    lost
        Positions among `apart` where the wrong side says exactly zero, as the outcome of no rule, and the other does not.
    displaced
        Whether the wrong side's gradients are the right ones at other positions.
    blamed
        The operation or measurement in which the difference sits, as far as deleting and freezing others tells.
    composite
        Whether the difference sits in operations that PennyLane can decompose.
    decomposes_alike
        Whether on PennyLane's reference device the operations give what their decompositions give: then no decomposition is at fault
        (QD502), but another device's kernel (QD503), or what a method makes of the circuit (QD402). Asked where outputs differ, and
        not all are wrong.
    disturbance
        The measurement that the difference shows in, where it comes out otherwise beside the others than alone.
    approximation
        The option by which the device works out an approximation, where the gap closes when that is relaxed.
    """

    divergence: Divergence
    question: Question
    evaluator: Optional[Evaluator] = None
    reference: Optional[AskArbiter] = None
    known: Mapping[Fact[Any], Any] = field(default_factory=dict)
    apart: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    displaced: bool = False
    blamed: Optional[Blamed] = None
    composite: bool = False
    decomposes_alike: bool = False
    disturbance: Optional[Disturbance] = None
    approximation: Optional[Approximation] = None
    _asked: dict[Fact[Any], Any] = field(default_factory=dict, init=False, repr=False)

    def fact(self, fact: Fact[Answer]) -> Answer:
        """What a fact comes to, asked for when it is first wanted."""
        if fact in self.known:
            return self.known[fact]  # type: ignore[no-any-return]
        if fact not in self._asked:
            self._asked[fact] = fact.default if self.evaluator is None else fact.ask(self.question, self.evaluator)
        return self._asked[fact]  # type: ignore[no-any-return]

    @property
    def call(self) -> Call:
        """The diverging call."""
        return self.divergence.call

    @property
    def comparison(self) -> Comparison:
        """How far the pair is apart at that call."""
        return self.divergence.comparison

    @property
    def signature(self) -> Signature:
        """What kind of difference it is."""
        return self.divergence.signature

    @property
    def narrow_beside_double(self) -> bool:
        """Whether JAX, with arrays of 64 bits, meets narrow numbers to which alone it is due that the wrong side raises."""
        return self.blamed is not None and self.blamed.kind == DTYPE and is_jax_in_double(self.question)

    @property
    def complex_gradient(self) -> bool:
        """Whether Torch refused a complex gradient for a real number."""
        return any(refuses_complex_gradient(failure) for _, failure in self.divergence.raised)

    @property
    def derivative(self) -> bool:
        """Whether outputs agree and derivatives do not; not where the arbiter finds already the outputs of all wrong, which agree."""
        judged = self.divergence.judged
        outputs_wrong = isinstance(judged, FoundWrong) and judged.unanimous and judged.where is Signature.OUTPUT
        return self.signature in (*DERIVATIVES, Signature.NAN) and not outputs_wrong

    @property
    def numeric(self) -> bool:
        """Whether both sides gave numbers, and there is a distance between them: where there is none, any experiment would close it."""
        return self.signature in MEASURED and self.comparison.max_abs > 0

    def involves(self, *diff_methods: str) -> bool:
        """Whether one of the suspects differentiates in one of these ways."""
        return any(method.diff_method in diff_methods for method in self.suspects)

    @property
    def cut_inside(self) -> bool:
        """Whether a graph is cut in the circuit: backprop has no rule of its own that could give a gradient of exactly zero."""
        return bool(self.lost) and self.involves("backprop")

    @property
    def uses_another_order(self) -> bool:
        """Whether the circuit uses its wires in another order than that of the device, or the device has none of its own."""
        used = self.question.circuit.wires
        return len(used) > 1 and tuple(wire for wire in self.question.device_wires if wire in used) != used

    @property
    def narrow_devices(self) -> tuple[str, ...]:
        """The devices of the pair whose own numbers say that they work in single precision, though nobody asked for it."""
        pairs = zip(self.comparison.methods, self.comparison.devices)
        return tuple(dict.fromkeys(method.device for method, seen in pairs if seen.narrow and not method.device_precision))

    @property
    def sampling_devices(self) -> tuple[tuple[Method, Measured], ...]:
        """The sides of the pair whose device samples, although no shots were asked for, and what was seen of it."""
        if self.question.circuit.shots:
            return ()
        pairs = zip(self.comparison.methods, self.comparison.devices)
        return tuple((method, seen) for method, seen in pairs if seen.samples)

    @property
    def elsewhere(self) -> bool:
        """Whether one of the suspects runs on another device than PennyLane's reference."""
        return any(method.device not in ("default.qubit", "") for method in self.suspects)

    @property
    def blamed_name(self) -> str:
        """What the difference sits in, by its name."""
        return self.blamed.name if self.blamed is not None else "the parameters that differ"

    @property
    def suspects(self) -> tuple[Method, ...]:
        """The methods of the pair that are wrong, or both where that is not known."""
        wrong = tuple(m for m in self.question.methods if m in self.divergence.wrong)
        return wrong or self.question.methods

    @property
    def way_by_another_method(self) -> str:
        """How a remedy names the method of the pair that is right, with its device; "" where none is, or it is the arbiter."""
        right = next((m for m in self.question.methods if m != ARBITER and m not in self.suspects), None)
        return "" if right is None else f'diff_method="{right.diff_method}" on {right.device or self.call.configuration.device}'

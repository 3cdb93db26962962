"""What qdiag found, as values: divergences, experiments, diagnoses, reproducers, and the findings that reports show.

These are the nouns that pass between rooms; the arithmetic behind them lives in `compare` and `diagnosis`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional, Union

from qdiag.model.call import Call, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.probe import Probe, Proof
from qdiag.model.promise import Promise


@dataclass(frozen=True)
class FoundWrong:
    """What the arbiter says of methods that are wrong: a report makes a sentence of it, in its own names of methods.

    Parameters
    ----------
    wrong
        The methods.
    worst
        The one that is furthest from the reference.
    has
        What it gives, and what the reference gives there.
    where
        The kind of difference.
    bound
        What rounding and error bar explain there, absolute.
    source
        What the reference was worked out by.
    unanimous
        Whether no method that gave numbers is right, of several.
    """

    wrong: tuple[Method, ...]
    worst: Method
    has: str
    where: Signature
    bound: float
    source: str
    unanimous: bool = False


@dataclass(frozen=True, eq=False)
class Divergence:
    """The first call at which one kind of difference shows.

    Parameters
    ----------
    call
        The call.
    comparison
        The pair of methods and how far they are apart.
    wrong
        The methods that are wrong, by the arbiter; empty where none is or none is known.
    judged
        What the arbiter said, or in words why it cannot tell.
    raised
        Method → its exception, for the methods that refused or broke down.
    worst
        The comparison of the call, among all calls, where this pair is furthest apart.
    worst_call
        The index of that call.
    calls
        Indices of all replayed calls that show the same signature and pair.
    probe
        The live probe that found it, where the replayed circuit does not show it.
    proof
        What that probe, or the circuit as written, shows beside the gap.
    upheld
        Whether the arbiter finds the script's own method right at the call, in all that the script takes from it.
    untaken
        Whether it is about directions that the script does not take: along its own arguments the QNode's slopes are right.
    unrepeated
        Whether it is that the script's call raised, and its replay did not.
    """

    call: Call
    comparison: Comparison
    wrong: tuple[Method, ...] = ()
    judged: Union[FoundWrong, str] = ""
    raised: tuple[tuple[Method, Failure], ...] = ()
    worst: Optional[Comparison] = None
    worst_call: int = 0
    calls: tuple[int, ...] = ()
    probe: Optional[Probe] = None
    proof: Proof = Proof.NONE
    upheld: bool = False
    untaken: bool = False
    unrepeated: bool = False

    @property
    def verdict(self) -> Verdict:
        """The verdict of the comparison."""
        return self.comparison.verdict

    @property
    def signature(self) -> Signature:
        """What kind of difference it is: that of the comparison, on whatever circuit the pair was compared last."""
        return self.comparison.where

    @property
    def place(self) -> tuple[str, str]:
        """The QNode: its name, and where it is defined."""
        return self.call.configuration.place

    @property
    def outside(self) -> bool:
        """Whether it lies outside of the circuit: seen by a live probe, in what a layer made of the results, or in transforms."""
        return self.probe is not None or self.in_layer or self.rewritten or self.of_metric

    @property
    def rewritten(self) -> bool:
        """Whether transforms have made another circuit of the one that was written: all methods agree on it."""
        return self.proof is Proof.REWRITTEN

    @property
    def mixed(self) -> bool:
        """Whether a row of a batch moves another row's result: under any method that was asked."""
        return self.proof is Proof.MIXED_ROWS

    @property
    def of_metric(self) -> bool:
        """Whether it is a metric tensor that is not that of the circuit's state."""
        return self.proof is Proof.METRIC

    @property
    def may_be_meant(self) -> bool:
        """Whether it is results of a device of its own class, beside those of other devices: only its author knows what it is for."""
        own, beside = self.call.method, self.comparison.methods[1]
        on_its_own = own in self.comparison.methods and own.is_of_a_class and beside.device != own.device
        return on_its_own and self.signature is Signature.OUTPUT and not self.outside

    @property
    def in_layer(self) -> bool:
        """Whether it is a layer that lost what its QNode gave."""
        return self.comparison.element is not None and self.comparison.element.kind is Kind.LAYER


class Outcome(str, Enum):
    """How an experiment can come out: the difference is gone, it is still there, or it is there but elsewhere or of another size."""

    HEALS = "heals"
    PERSISTS = "persists"
    MOVES = "moves"


class Confidence(str, Enum):
    """How sure a cause is: experiments leave no other, nothing contradicts it, or none that is known explains them."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """One experiment and what came of it.

    ``holds`` says whether it came out as a cause ``predicts``. ``before`` and ``after`` are gaps (maximal absolute difference), None
    where the evaluation gave no number.
    """

    experiment: str
    before: Optional[float]
    after: Optional[float]
    predicts: Outcome
    holds: bool
    detail: str = ""


class ScriptKind(Enum):
    """Scripts that keep what surrounds the circuit, for causes that lie there."""

    RESULT_DTYPE = "a QNode whose result has another dtype than its argument"
    LAYER_CAST = "a layer that hands on results in the dtype of its input"
    LAYER_PARTS = "a layer that hands on, or sends back, other numbers than its QNode"
    BATCH_AXIS = "a layer whose quantum function loops over the batch"
    TRAINING_LOOP = "a short training"


@dataclass(frozen=True)
class Diagnosis:
    """The cause of a divergence, as far as experiments show it, with all that other rooms must know of the cause.

    Parameters
    ----------
    code, slug, title, remedy
        As in the cause.
    confidence
        How sure it is.
    because
        The particulars, in a sentence.
    evidence
        The experiments that were made for it.
    ruled_out, rivals
        Codes of causes that experiments contradict, and their titles.
    blamed, part
        The operation, observable or measurement in which the cause sits: with its place in the circuit, and by its name alone.
    fileable
        Whether it may be a bug of PennyLane; otherwise it lies in what the script does, or asks for.
    script
        The script that shows it, where that keeps what surrounds the circuit.
    of_training
        Whether trainings as a whole show it, and no call by itself.
    """

    code: str
    slug: str
    title: str
    confidence: Confidence
    because: str
    remedy: str
    evidence: tuple[Evidence, ...] = ()
    ruled_out: tuple[str, ...] = ()
    blamed: str = ""
    part: str = ""
    fileable: bool = True
    script: Optional[ScriptKind] = None
    of_training: bool = False
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """A piece of the user's script, a whole statement: its text without indentation, where it begins, and the lines that matter."""

    place: str
    text: str
    first: int
    marked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Minimal:
    """How small the circuit became, and at which cost; ``circuit`` is what is left, ``notes`` what of it may vary and what agrees."""

    operations: int
    wires: int
    parameters: int
    measurements: int
    oracle_calls: int = 0
    one_minimal: bool = False
    circuit: Optional[Circuit] = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Reproducer:
    """The stand-alone script: its text, where it was written, and whether a fresh process confirmed it.

    ``borrowed`` is how many of its lines are the user's own classes; ``cleaned`` says that what must not leave was replaced in it
    afterwards.
    """

    source: str
    path: str = ""
    verified: bool = False
    exit_code: Optional[int] = None
    output: str = ""
    borrowed: int = 0
    cleaned: bool = False

    @property
    def lines(self) -> int:
        """Lines that are neither empty nor comment, without the user's own classes."""
        return lines_of_code(self.source) - self.borrowed


def lines_of_code(source: str) -> int:
    """Lines that are neither empty nor comment."""
    stripped = (line.strip() for line in source.splitlines())
    return sum(1 for line in stripped if line and not line.startswith("#"))


@dataclass(frozen=True, eq=False)
class Finding:
    """A divergence with its diagnosis, its minimal circuit and its reproducer.

    ``evaluations`` are those of the diverging call under the pair, and the arbiter's where there is one, with their Jacobians;
    ``excerpts`` are the user's own lines that it is about; ``unreproduced`` says why there is no reproducer; ``elsewhere`` are
    divergences at other QNodes that the same cause explains; ``promise`` is what was said of the wrong result, where a method is wrong.
    """

    divergence: Divergence
    diagnosis: Diagnosis
    minimal: Optional[Minimal] = None
    reproducer: Optional[Reproducer] = None
    evaluations: tuple[Evaluation, ...] = ()
    unreproduced: str = ""
    elsewhere: tuple[Divergence, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    promise: Optional[Promise] = None

    @property
    def qnodes(self) -> tuple[str, ...]:
        """The names of the QNodes at which it shows, the first one first."""
        return tuple(divergence.place[0] for divergence in (self.divergence, *self.elsewhere))

    @property
    def calls(self) -> tuple[int, ...]:
        """The indices of all calls that show it, at whichever QNode."""
        return tuple(sorted({call for divergence in (self.divergence, *self.elsewhere) for call in divergence.calls}))

    @property
    def verdict(self) -> Verdict:
        """The verdict of its divergence."""
        return self.divergence.verdict

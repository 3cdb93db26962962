"""One divergence made a finding: the arbiter's word, the cause, the smallest circuit, the reproducer.

The rooms of one floor do not know each other; here is where one's answer becomes the next one's question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional, Protocol

from qdiag import arbiter, framework, handed_on, probed, reproducer
from qdiag.arrays import pack
from qdiag.call import Call, Environment
from qdiag.circuit import Circuit
from qdiag.circuit_file import skeleton
from qdiag.compare import Comparison, Tolerance, Verdict
from qdiag.diagnosis.cause import Scene
from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.causes.execution import BATCH_AS_FEATURE, TRANSFORM
from qdiag.diagnosis.causes.graph import DETACHED, TRAINABLE_SETS
from qdiag.diagnosis.causes.precision import LAYER_CAST
from qdiag.diagnosis.causes.randomness import VALUE_DEPENDENT
from qdiag.diagnosis.causes.rules import NOT_A_NUMBER
from qdiag.diagnosis.diagnose import diagnose, recurs
from qdiag.diagnosis.survey import survey
from qdiag.errors import NotReproducedError, OpaqueCircuitError
from qdiag.evaluate import Evaluation
from qdiag.findings import Diagnosis, Divergence, Finding, Minimal, Reproducer
from qdiag.method import Method
from qdiag.method import parse as parse_method
from qdiag.minimizing import Explanation, Oracle, SameDifference, explain, minimize, workshop_of
from qdiag.question import ARBITER, Question, ask, question_of, with_circuit
from qdiag.reproducer import Cut, Material, cut
from qdiag.rounding import EPS64
from qdiag.trace_file import Trace
from qdiag.workers import Evaluator

Report = Callable[[int, int], None]

MINIMIZING_SECONDS = 60.0
"""What shrinking one finding may take while a trace is judged; `qdiag minimize` goes on from there."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What every stage after locating works with.

    ``folder`` is the script's, where it is known; ``stopped`` takes note of searches that ended early.
    """

    workers: Evaluator
    environment: Environment
    tolerance: Tolerance = field(default_factory=Tolerance)
    trusted: bool = False
    minimize: bool = True
    seconds: float = MINIMIZING_SECONDS
    folder: Optional[Path] = None
    stopped: list[str] = field(default_factory=list)

    def reference(self, question: Question) -> Evaluation:
        """The arbiter's evaluation of a question's circuit."""
        return self.workers.call(  # type: ignore[no-any-return]
            arbiter.evaluation, question.circuit, (), question.device_wires, question.jacobian, question.trusted, question.interface
        ).result()

    def layer_loss(self, dtype: str, is_complex: bool) -> Optional[float]:
        """How much a layer with an input of this dtype makes of one result get lost; None where no such layer can be made."""
        try:
            found: float = self.workers.call(framework.layer_loss, dtype, is_complex).result()
        except Exception:
            # each version of torch has kinds of numbers in which it cannot compute
            return None
        return found

    def question(self, divergence: Divergence) -> Question:
        """The question that a divergence raises."""
        own, other = (_method(divergence.call, name) for name in divergence.comparison.methods)
        return question_of(
            divergence.call,
            (own, other),
            where=divergence.signature,
            trusted=self.trusted,
            tolerance=self.tolerance,
        )

    def function(self, call: Call) -> Cut:
        """The quantum function of a call, cut out of the user's script.

        Raises
        ------
        OpaqueCircuitError
            If the script is not at hand, is not to be trusted, or the function cannot be taken out of it.
        """
        source = call.configuration.source
        path = None if self.folder is None else self.folder / source.path
        if path is None or not path.is_file():
            raise OpaqueCircuitError("the QNode itself shows it, and its script is not at hand", "trace the script again")
        if not self.trusted:
            raise OpaqueCircuitError("the QNode itself shows it, and its script is run for a trace of one's own only", "add --trust")
        return cut(path.read_text(encoding="utf-8", errors="replace"), source.line)

    def judged(self, divergence: Divergence, methods: Sequence[str]) -> Divergence:
        """The divergence with the arbiter's word on every method that was replayed."""
        call = divergence.call
        if call.circuit.opaque or divergence.verdict is Verdict.INCONCLUSIVE:
            return divergence
        second = divergence.signature == "second-derivative"
        judgement = self.judge(call, [_method(call, name) for name in methods], second=second)
        wrong = judgement.wrong if divergence.signature != "raise" else ()
        comparison = divergence.comparison if self._upholds(judgement, divergence) else excused(divergence.comparison, judgement)
        return replace(divergence, comparison=comparison, wrong=wrong, judged=judgement.reason)

    def _upholds(self, judgement: arbiter.Judgement, divergence: Divergence) -> bool:
        """Whether an error stays one: in low precision it does not where the arbiter finds both methods as right as that allows."""
        comparison = divergence.comparison
        chosen = self.tolerance.absolute is not None or self.tolerance.relative is not None
        low = comparison.eps > EPS64 and divergence.signature in ("output", "jacobian", "vjp")
        told = low and not chosen and not judgement.reference.gradient_reason
        return not (told and {*comparison.methods} <= {*judgement.right})

    def judge(self, call: Call, methods: Sequence[Method], *, second: bool = False) -> arbiter.Judgement:
        """Hold methods against the reference at one call, second derivatives only where they are what differs: many refuse them."""
        configuration = call.configuration
        where = "second-derivative" if second else "jacobian"
        question = question_of(call, (call.method, ARBITER), where=where, trusted=self.trusted, tolerance=self.tolerance)
        futures = [self.workers.submit(replace(question, methods=(method, ARBITER)).request(0)) for method in methods]
        evaluations = [future.result() for future in futures]
        return arbiter.judge(call.circuit, configuration, evaluations, (), self.workers, trusted=self.trusted)


def excused(comparison: Comparison, judgement: arbiter.Judgement) -> Comparison:
    """A difference of two methods that are both right: rounding, at a point that makes more of it than the comparison knew."""
    explained = sum(found.bound for found in judgement.methods if found.method in comparison.methods)
    bound = max(comparison.bound, comparison.max_abs, explained)
    return replace(comparison, verdict=Verdict.ROUNDING, bound=bound) if comparison.verdict is Verdict.ERROR else comparison


def once_rounding(before: Sequence[Divergence], after: Sequence[Divergence]) -> list[Divergence]:
    """Divergences as the arbiter left them; of what it made rounding each QNode keeps the first call's, and the worst there."""
    if all(one.verdict is other.verdict for one, other in zip(before, after)):
        return list(after)
    order = sorted(after, key=lambda d: (d.call.index, -d.comparison.max_rel))
    rounding = {(d.call.configuration.qnode, d.call.configuration.source): d for d in reversed(order) if d.verdict is Verdict.ROUNDING}
    return [d for d in after if d.verdict is not Verdict.ROUNDING or d in rounding.values()]


def _method(call: Call, name: str) -> Method:
    """The method of a canonical name, with the options of the user's own where it is the user's own."""
    own = call.method
    if name == str(own):
        return own
    if name == str(ARBITER):
        return ARBITER
    return parse_method(name)


MOST_STRUCTURES = 32
"""The arbiter looks at the first call of so many structures, where the methods agree: all may be wrong together."""


class Calls(Protocol):
    """A trace, as far as it is needed here."""

    def __len__(self) -> int: ...

    def call(self, index: int) -> Call:
        """The call at an index."""

    def structure_of(self, index: int) -> str:
        """Equal for calls whose circuits differ in nothing but numbers."""


def unanimous(bench: Bench, trace: Calls, known: Sequence[Divergence], report: Report) -> Iterator[Divergence]:
    """Calls at which no method differs from the user's own, and all are wrong: held against the arbiter alone."""
    flagged = {d.call.configuration.qnode for d in known if d.verdict is Verdict.ERROR}
    firsts = list({trace.structure_of(index): index for index in reversed(range(len(trace)))}.values())[::-1][:MOST_STRUCTURES]
    for done, index in enumerate(firsts):
        report(done, len(firsts))
        call = trace.call(index)
        circuit = call.circuit
        if call.configuration.qnode in flagged or call.failure or circuit.opaque or circuit.shots or not circuit.finite:
            continue
        divergence = _against_the_arbiter(bench, call)
        if divergence is not None:
            flagged.add(call.configuration.qnode)
            yield divergence


def _against_the_arbiter(bench: Bench, call: Call) -> Optional[Divergence]:
    own = call.method
    judgement = bench.judge(call, [own], second=call.differentiated_twice)
    if not judgement.wrong:
        return None
    found = judgement.methods[0]
    comparison = Comparison(
        (str(own), str(ARBITER)), Verdict.ERROR, found.where, max_abs=found.gap, bound=found.bound, detail=found.detail
    )
    return Divergence(
        call, comparison, comparison.where, judgement.wrong, judgement.reason, worst_call=call.index, calls=(call.index,)
    )


OUTSIDE_THE_CIRCUIT = (VALUE_DEPENDENT, TRANSFORM, NOT_A_NUMBER, DETACHED, BATCH_AS_FEATURE)
"""What a live probe can find; experiments on the circuit would heal it, whatever they change."""


def outside(trace: Trace, known: Sequence[Divergence]) -> Iterator[Divergence]:
    """What the live probes saw where the replayed circuits are right."""
    errors = [d for d in known if d.verdict is Verdict.ERROR]
    earliest = {d.call.configuration.qnode: d.call.index for d in sorted(errors, key=lambda d: -d.call.index)}
    rounding = [d for d in known if d.verdict is Verdict.ROUNDING]
    explained = {d.call.configuration.qnode: d.comparison.bound / d.comparison.scale for d in rounding}
    for probe in trace.probes:
        call = trace.call(probe.call)
        # where an error of the circuit comes later, what the probe saw before it is another one
        if call.index < earliest.get(call.configuration.qnode, call.index + 1):
            for divergence in probed.divergences(probe, call):
                # at an ill-conditioned point rounding explains more than a probe knows
                if divergence.comparison.max_abs > explained.get(call.configuration.qnode, 0.0) * max(1.0, divergence.comparison.scale):
                    earliest[call.configuration.qnode] = call.index
                    yield divergence


def _diagnosed_outside(divergence: Divergence, bench: Bench) -> Finding:
    """The cause of what a probe saw: it has made its experiments already."""
    scene = Scene(divergence, bench.question(divergence))
    diagnosis = diagnose(scene, OUTSIDE_THE_CIRCUIT, bench.workers)
    proven = probed.is_proven(divergence) and diagnosis.confidence == "likely"
    evidence = probed.evidence(divergence)
    return Finding(divergence, replace(diagnosis, confidence="confirmed" if proven else diagnosis.confidence, evidence=evidence))


def in_layers(trace: Calls) -> Iterator[Divergence]:
    """What layers could not hold of right results: one for each QNode."""
    firsts = sorted({trace.structure_of(index): index for index in reversed(range(len(trace)))}.values())[:MOST_STRUCTURES]
    flagged = set()
    for call in map(trace.call, firsts):
        divergence = None if call.configuration.qnode in flagged else handed_on.divergence(call)
        if divergence is not None:
            flagged.add(call.configuration.qnode)
            yield divergence


def _diagnosed_in_layer(divergence: Divergence, bench: Bench) -> Finding:
    """The cause of what a layer lost, by experiments on a layer with one result."""
    diagnosis = diagnose(Scene(divergence, bench.question(divergence)), (LAYER_CAST,), bench.workers)
    evidence = handed_on.evidence(divergence, bench.layer_loss)
    proven = len(evidence) > 1 and all(one.holds for one in evidence)
    return Finding(divergence, replace(diagnosis, confidence="confirmed" if proven else diagnosis.confidence, evidence=evidence))


def diagnosed(divergence: Divergence, methods: Sequence[str], bench: Bench) -> Finding:
    """Judge and diagnose a divergence.

    Parameters
    ----------
    divergence
        What was located.
    methods
        All methods that were replayed, by their canonical names.
    bench
        What to work with.
    """
    if divergence.in_layer:
        return _diagnosed_in_layer(divergence, bench)
    if divergence.probe is not None:
        return _diagnosed_outside(divergence, bench)
    judged = divergence if divergence.wrong or divergence.judged else bench.judged(divergence, methods)
    question = bench.question(judged)
    scene = survey(judged, question, bench.workers, bench.reference)
    diagnosis = diagnose(scene, CAUSES, bench.workers, bench.reference)
    blamed = "" if diagnosis.code in NOT_FOR_THE_CIRCUIT else _blamed(scene)
    return Finding(judged, replace(diagnosis, blamed=blamed), evaluations=_sides(question, bench))


def reproduced(finding: Finding, bench: Bench, path: Path) -> Finding:
    """Minimize a finding, and write its reproducer to a path; what sits outside the circuit shows in none that is cut out of it."""
    divergence = finding.divergence
    if divergence.verdict is Verdict.INCONCLUSIVE:
        return finding
    question = bench.question(divergence)
    saved = path.with_suffix(".minimal")
    minimal: Optional[Minimal] = None
    if bench.minimize and INTERRUPTED not in bench.stopped:
        minimal = minimal_of(divergence, question, finding.diagnosis, bench, lambda circuit: keep(circuit, saved))
    if minimal is not None and minimal.circuit is not None:
        scene = survey(divergence, with_circuit(question, minimal.circuit), bench.workers, bench.reference)
        finding = replace(finding, minimal=minimal, diagnosis=replace(finding.diagnosis, blamed=_blamed(scene)))
    try:
        return replace(finding, reproducer=_reproducer(finding, question, bench, path))
    except OpaqueCircuitError as error:
        return replace(finding, unreproduced=error.cause)


INTERRUPTED = "interrupted"


def keep(circuit: Circuit, path: Path) -> None:
    """Put the smallest circuit so far on disk, whole or not at all: whatever happens next, it is there."""
    text, numbers = skeleton(circuit)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(text.encode() + b"\n" + pack(numbers))
    unfinished.replace(path)


def _blamed(scene: Scene) -> str:
    return "" if scene.blamed is None else str(scene.blamed)


def _sides(question: Question, bench: Bench) -> tuple[Evaluation, ...]:
    """The evaluations of the pair at the diverging call."""
    methods = [(side, method) for side, method in enumerate(question.methods) if method != ARBITER]
    futures = [bench.workers.submit(question.request(side)) for side, _ in methods]
    return tuple(future.result() for future in futures)


def _reproducer(finding: Finding, question: Question, bench: Bench, path: Path) -> Reproducer:
    """The reproducer of the minimal circuit; that of the whole one where the minimal one does not show it in a fresh process."""
    divergence = finding.divergence
    material = Material(environment=bench.environment, trusted=bench.trusted)
    if divergence.outside:
        needs_source = divergence.probe is not None and finding.diagnosis.code != BATCH_AS_FEATURE.code
        function = bench.function(divergence.call) if needs_source else None
        return reproducer.made(finding, path, replace(material, function=function))
    minimal = finding.minimal
    if minimal is not None and minimal.circuit is not None:
        smaller = replace(material, circuit=minimal.circuit, reference=_known(question, minimal.circuit, bench), notes=minimal.notes)
        made = reproducer.made(finding, path, smaller)
        if made.verified:
            return made
    return reproducer.made(finding, path, replace(material, reference=_known(question, question.circuit, bench)))


def _known(question: Question, circuit: Circuit, bench: Bench) -> Optional[Evaluation]:
    """The arbiter's evaluation of a circuit, where it has one."""
    found = bench.reference(with_circuit(question, circuit))
    return found if found.failure is None else None


NOT_FOR_THE_CIRCUIT = frozenset({"QD103", "QD104", "QD106", "QD504", "QD601", "QD602", "QD603", "QD604"})
"""Causes that do not sit in the circuit, or are not one of its operations: nothing to shrink."""


def minimal_of(
    divergence: Divergence,
    question: Question,
    diagnosis: Diagnosis,
    bench: Bench,
    accepted: Optional[Callable[[Circuit], None]] = None,
) -> Optional[Minimal]:
    """The smallest circuit that shows the same difference for the same cause; None where there is nothing to shrink."""
    if divergence.outside or diagnosis.code in NOT_FOR_THE_CIRCUIT or question.circuit.opaque:
        return None

    def wrong_methods(circuit: Circuit, sides: Sequence[Evaluation]) -> Sequence[str]:
        configuration = divergence.call.configuration
        return arbiter.judge(circuit, configuration, sides, (), bench.workers, trusted=bench.trusted).wrong

    def same_cause(circuit: Circuit) -> bool:
        cause = next((cause for cause in CAUSES if cause.code == diagnosis.code), None)
        smaller = with_circuit(question, circuit)
        compared = ask(smaller, bench.workers, bench.reference)
        shown = replace(divergence, call=replace(divergence.call, circuit=circuit), comparison=compared)
        scene = survey(shown, smaller, bench.workers, bench.reference)
        return cause is None or diagnosis.code == "QD901" or recurs(cause, scene, bench.workers, bench.reference)

    same = SameDifference(
        question,
        bench.workers,
        reference=bench.reference,
        wrong=divergence.wrong,
        wrong_methods=wrong_methods,
        loses_and_shifts=diagnosis.code == TRAINABLE_SETS.code,
    )
    workshop = workshop_of(bench.workers, trusted=bench.trusted)
    try:
        with Oracle(same, width=bench.workers.count) as oracle:
            found = minimize(
                question.circuit, oracle, workshop=workshop, budget=bench.seconds, same_cause=same_cause, accepted=accepted
            )
            explained = explain(found.circuit, oracle, same.agrees, workshop) if found.one_minimal else Explanation()
    except NotReproducedError:
        return None
    if found.stopped:
        bench.stopped.append(found.stopped)
    circuit = found.circuit
    return Minimal(
        operations=len(circuit.operations),
        wires=len(circuit.wires),
        parameters=len(circuit.parameters),
        measurements=len(circuit.measurements),
        oracle_calls=found.calls,
        one_minimal=found.one_minimal,
        circuit=circuit,
        notes=explained.sentences(circuit),
        seconds=found.seconds,
    )

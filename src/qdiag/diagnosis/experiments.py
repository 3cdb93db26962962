"""The experiments: each asks the same question with exactly one thing changed. They change questions; only `diagnose` asks them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.approximation import Number, with_option
from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.disturbance import with_measurements
from qdiag.evaluation import remote
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, observe, with_circuit
from qdiag.model.circuit import (
    NARROW,
    TENSORS,
    WIDER,
    Circuit,
    Label,
    MeasuredOutcome,
    Node,
    Parameter,
    Value,
    Wires,
    measures_midway,
    midway_measurements,
    nodes_of,
    parameters_of,
    postselects,
    walk,
    with_dtypes_of,
    with_nodes,
    with_parameters,
    with_precision,
    with_trainable,
    with_values,
    with_wire_labels,
    without_marks,
    without_operations,
)
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.method import ARBITER, SHIFTED, Method
from qdiag.model.numerics.surfaces import CLOSE, nudged, with_real_points
from qdiag.model.operator_families import PAULIS, STATE_DATA
from qdiag.model.option import Option


def edit(name: str, change: Callable[[Circuit], Optional[Circuit]], cost: float = 1.0) -> Experiment:
    """An experiment that only edits the circuit; an edit that changes nothing does not apply."""

    def changed_question(question: Question, _: Evaluator) -> Optional[Question]:
        circuit = change(question.circuit)
        return None if circuit is None or circuit is question.circuit else with_circuit(question, circuit)

    return Experiment(name, changed_question, cost)


def in_turn(first: Experiment, second: Experiment) -> Experiment:
    """One experiment on what another has made: for one factor that sits in two places."""

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        changed = first.applied_to(question, evaluator)
        return None if changed is None else second.applied_to(changed, evaluator)

    return Experiment(f"{first.name}, {second.name}", change, first.cost + second.cost)


def other_methods(name: str, change: Callable[[Method], Method], cost: float = 1.0) -> Experiment:
    """An experiment that only changes the methods; one that changes neither does not apply."""

    def changed_question(question: Question, _: Evaluator) -> Optional[Question]:
        first, second = (change(method) for method in question.methods)
        return None if (first, second) == question.methods else replace(question, methods=(first, second))

    return Experiment(name, changed_question, cost)


# --- precision ---------------------------------------------------------------------------------------------------------


def amplitude_positions(circuit: Circuit) -> frozenset[int]:
    """Positions of the parameters that hold amplitudes."""
    position = 0
    inside: set[int] = set()
    for node in circuit.nodes:
        count = len(parameters_of(node))
        if any(inner.name in STATE_DATA for inner in nodes_of(node)):
            inside.update(range(position, position + count))
        position += count
    return frozenset(inside)


def widened(parameter: Parameter) -> Parameter:
    """A number of less than double precision in double precision."""
    return replace(parameter, value=parameter.value.astype(WIDER[parameter.dtype]), foreign="")


def widened_amplitudes(parameter: Parameter) -> Parameter:
    """Amplitudes in double precision, and normalised in it where they are in single: a norm that was rounded is of that precision."""
    wide = widened(parameter)
    norms = np.sqrt(np.sum(np.abs(wide.value) ** 2, axis=-1, keepdims=True)) if wide.value.ndim else np.zeros(())
    unit = bool(np.all(np.abs(norms - 1) <= CLOSE))
    return replace(wide, value=wide.value / norms) if unit else wide


def _in_double(circuit: Circuit) -> Circuit:
    narrow = {i for i in amplitude_positions(circuit) if circuit.parameters[i].dtype in NARROW}
    wide = [widened_amplitudes(p) if i in narrow else p for i, p in enumerate(circuit.parameters)]
    return with_precision(with_parameters(circuit, wide) if narrow else circuit, "float64")


FLOAT64_PARAMETERS = edit("float64 parameters", _in_double)


def _widened_and_back(circuit: Circuit) -> Circuit:
    return with_dtypes_of(with_precision(circuit, "float64"), circuit)


HALF = frozenset({"bfloat16", "float16"})
"""The dtypes of half precision."""


def narrow_dtypes(circuit: Circuit) -> str:
    """The dtypes of less than double precision among the parameters, as one writes them: of complex numbers that of their parts."""
    names = dict.fromkeys(p.dtype for p in circuit.parameters if p.dtype in NARROW)
    return " and ".join(dict.fromkeys("float32" if name == "complex64" else name for name in names))


def narrow_again(dtypes: str) -> Experiment:
    """To double precision and back, each number to its own dtype: the change itself moves nothing."""
    return edit(f"back in {dtypes}", _widened_and_back)


FLOAT64_DEVICE = other_methods("float64 device", lambda m: replace(m, device_precision="") if m.device_precision == "complex64" else m)


def _default_device(method: Method) -> Method:
    return method if method.device in ("default.qubit", "") else replace(method, device="default.qubit", device_options=())


ON_THE_CPU = other_methods("the same numbers in the memory of the CPU", lambda method: replace(method, placement=""))
OTHER_DEVICE = other_methods("the same methods on default.qubit", _default_device)


def relaxed(option: str, value: Number) -> Experiment:
    """The device with another value of one of its options, by which it works more finely."""
    return other_methods(f"{option}={value:g}", lambda method: with_option(method, option, value))


def in_single_precision(devices: Collection[str]) -> Experiment:
    """What runs on these devices on one whose precision can be chosen: does single precision by itself make a gap of the kind?"""

    def change(method: Method) -> Method:
        chosen = replace(method, device="lightning.qubit", device_precision="complex64", device_options=())
        return chosen if method.device in devices else method

    return other_methods("the same methods on lightning.qubit in complex64", change)


def _gradient_options(**options: Option) -> Callable[[Method], Method]:
    def change(method: Method) -> Method:
        if method.diff_method != "finite-diff":
            return method
        return replace(method, gradient_options=tuple(sorted({**dict(method.gradient_options), **options}.items())))

    return change


LARGER_STEP = other_methods("finite-difference step 0.1, order 4", _gradient_options(h=0.1, approx_order=4, strategy="center"))
STEP_TWICE = other_methods("finite-difference step 2e-7", _gradient_options(h=2e-7))


AUXILIARY = "auxiliary"
"""A label that no circuit has: a wire for Hadamard tests alone."""


def _with_own_auxiliary(method: Method) -> Method:
    if method.diff_method != "hadamard":
        return method
    return replace(method, gradient_options=tuple(sorted({**dict(method.gradient_options), "aux_wire": AUXILIARY}.items())))


def _own_auxiliary(question: Question, _: Evaluator) -> Optional[Question]:
    first, second = (_with_own_auxiliary(method) for method in question.methods)
    if (first, second) == question.methods:
        return None
    # a device without wires of its own takes those that it meets
    wires = (*question.device_wires, AUXILIARY) if question.device_wires else ()
    return replace(question, methods=(first, second), device_wires=wires)


OWN_AUXILIARY = Experiment("an auxiliary wire that nothing else uses", _own_auxiliary)


# --- the point ---------------------------------------------------------------------------------------------------------


def _nudge_parameters(circuit: Circuit, size: float) -> Circuit:
    """Along the surfaces on which the parameters live: the point is moved, and what it is a point of stays."""
    return with_values(circuit, nudged(circuit, size, np.random.default_rng(20_26)))


NUDGED = edit("parameters nudged by 1e-3", lambda circuit: _nudge_parameters(circuit, 1e-3))
NUDGED_FAR = edit("parameters moved by 0.3", lambda circuit: _nudge_parameters(circuit, 0.3))


def _real_numbers(circuit: Circuit) -> Optional[Circuit]:
    """Real matrices and states for complex ones, where each has a real one of its kind."""
    values = with_real_points(circuit)
    return with_values(circuit, values) if values else None


REAL_NUMBERS = edit("real numbers for complex ones", _real_numbers)


def real_in_all_but_dtype(circuit: Circuit) -> tuple[int, ...]:
    """Positions of the parameters whose dtype is complex, and none of whose numbers has an imaginary part."""
    parameters = circuit.parameters
    return tuple(i for i, p in enumerate(parameters) if p.value.dtype.kind == "c" and p.value.size and not np.any(p.value.imag))


def _real_dtypes(circuit: Circuit) -> Optional[Circuit]:
    positions = real_in_all_but_dtype(circuit)
    return with_values(circuit, {i: circuit.parameters[i].value.real.copy() for i in positions}) if positions else None


REAL_DTYPES = edit("complex numbers without an imaginary part of a real dtype", _real_dtypes)


# --- trainability ------------------------------------------------------------------------------------------------------


def as_constants(name: str, positions: Sequence[int]) -> Experiment:
    """These parameters made constants."""
    gone = frozenset(positions)

    def change(circuit: Circuit) -> Optional[Circuit]:
        kept = [i for i in circuit.trainable if i not in gone]
        return None if not kept or len(kept) == len(circuit.trainable) else with_trainable(circuit, kept)

    return edit(f"{name} frozen", change)


def only_trainable(name: str, positions: Sequence[int]) -> Experiment:
    """All other parameters made constants."""
    return edit(f"only {name} trainable", lambda circuit: with_trainable(circuit, positions))


DIFFERENCED = "what is differenced"
"""What experiments call the parameters that a shift rule leaves to finite differences."""


def against_differences(positions: Sequence[int]) -> Experiment:
    """These parameters alone, a shift rule against a plain difference quotient: they agree where the one is the other."""

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        shifted = next((method for method in question.methods if method.diff_method in SHIFTED), None)
        if shifted is None:
            return None
        quotient = replace(shifted, diff_method="finite-diff", gradient_options=())
        return replace(question, methods=(shifted, quotient), circuit=with_trainable(question.circuit, positions))

    return Experiment(f"against finite-diff, only {DIFFERENCED} trainable", change)


def observable_parameters(circuit: Circuit) -> tuple[int, ...]:
    """Positions of the parameters inside measurements that are trainable, or marked so."""
    first = sum(len(parameters_of(operation)) for operation in circuit.operations)
    return tuple(i for i in sorted({*circuit.trainable, *circuit.marked}) if i >= first)


def parameters_at(circuit: Circuit, operation: int) -> tuple[int, ...]:
    """Positions of the trainable parameters of one operation."""
    first = sum(len(parameters_of(node)) for node in circuit.operations[:operation])
    last = first + len(parameters_of(circuit.operations[operation]))
    return tuple(i for i in circuit.trainable if first <= i < last)


def _observable_frozen(circuit: Circuit) -> Optional[Circuit]:
    inside = observable_parameters(circuit)
    kept = [i for i in circuit.trainable if i not in inside]
    return without_marks(with_trainable(circuit, kept), inside) if inside and kept else None


OBSERVABLE_FROZEN = edit("observable's coefficients frozen", _observable_frozen)


def _hermitian_part(question: Question, evaluator: Evaluator) -> Optional[Question]:
    circuit = evaluator.call(remote.hermitian_part, question.circuit, question.trusted).result()
    return None if circuit is None else with_circuit(question, circuit)


HERMITIAN_PART = Experiment("observable's Hermitian part", _hermitian_part)


def _all_trainable(circuit: Circuit) -> Optional[Circuit]:
    inside = sum(len(parameters_of(operation)) for operation in circuit.operations)
    angles = {i for i, p in enumerate(circuit.parameters[:inside]) if p.value.dtype.kind == "f"}
    return with_trainable(circuit, sorted({*circuit.trainable, *angles})) if angles - {*circuit.trainable} else None


ALL_TRAINABLE = edit("constant angles trainable, too", _all_trainable)


MARKS_OFF = edit("marks taken off what nothing trains", lambda c: without_marks(c, c.marked) if c.marked else None)


def _bind_anew(question: Question, evaluator: Evaluator) -> Optional[Question]:
    circuit = evaluator.call(remote.bound_anew, question.circuit, question.trusted).result()
    return None if circuit is None else with_circuit(question, circuit)


BOUND_ANEW = Experiment("operations as they are once bound anew", _bind_anew, 2.0)


# --- structure ---------------------------------------------------------------------------------------------------------


def _decompose(question: Question, evaluator: Evaluator) -> Optional[Question]:
    circuit = evaluator.call(remote.expansion_of, question.circuit, None, question.trusted).result()
    return None if circuit is None else with_circuit(question, circuit)


DECOMPOSED = Experiment("operations decomposed", _decompose, 2.0)


def delete_operations(name: str, positions: Sequence[int]) -> Experiment:
    """Operations removed."""
    return edit(f"{name} removed", lambda circuit: without_operations(circuit, positions))


def left_out(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The circuit without these operations, and still with something to differentiate by, if it had.

    Where nothing is differentiated any more no rule of differentiation raises, whatever it raises on. So a rotation that is trained
    takes the place of operations that hold all that is.
    """
    rest = without_operations(circuit, positions)
    if rest.trainable or not circuit.trainable:
        return rest
    gone = [circuit.operations[position] for position in positions]
    owner = next((node for node in gone if any(p.trainable for p in parameters_of(node))), None)
    if owner is None:
        return rest
    (wire, *_) = (*owner.wires, *circuit.wires, 0)
    kept = next(p for p in parameters_of(owner) if p.trainable)
    angle = replace(kept, value=np.array(0.7, dtype=kept.value.real.dtype if kept.value.dtype.kind in "fc" else np.float64))
    name = next(name for name in ("RX", "RY") if name not in {node.name for node in gone})
    rotation = Node(name, (angle,), (Wires((wire,)), ()), (wire,))
    first = min(positions)
    return replace(rest, operations=(*rest.operations[:first], rotation, *rest.operations[first:]))


def leave_out(name: str, positions: Sequence[int], circuit: Circuit) -> Experiment:
    """Operations left out of a circuit, see `left_out`."""
    replaced = bool(circuit.trainable) and not without_operations(circuit, positions).trainable
    return edit(f"a rotation in the place of {name}" if replaced else f"{name} removed", lambda found: left_out(found, positions))


def measured_alone(position: int) -> Experiment:
    """One measurement in a circuit of its own."""
    return _with_fewer_measurements("measured alone", (position,))


def measured_beside(position: int, others: Sequence[int]) -> Experiment:
    """One measurement beside some of the others; the rest left out."""
    return _with_fewer_measurements("the other measurements removed", (position, *others))


def _with_fewer_measurements(name: str, kept: Sequence[int]) -> Experiment:
    return edit(name, lambda circuit: with_measurements(circuit, kept) if len(kept) < len(circuit.measurements) else None)


def row_alone(row: int) -> Experiment:
    """One row of a batch, as a call of its own."""

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        rows = evaluator.call(remote.rows, question.circuit, question.trusted).result()
        return with_circuit(question, rows[row]) if len(rows) > max(row, 1) else None

    return Experiment(f"row {row} alone", change)


MOST_ROWS = 64
"""Of a batch with more rows nobody can say here what each of them does by itself."""


def _each_row(question: Question, evaluator: Evaluator) -> Optional[Question]:
    """Of all rows that which is worst by itself; the first where all are right."""
    rows = evaluator.call(remote.rows, question.circuit, question.trusted).result()
    if not 1 < len(rows) <= MOST_ROWS:
        return None
    alone = [with_circuit(question, row) for row in rows]
    return max(alone, key=lambda one: _badness(observe(one, evaluator).comparison))


def _badness(comparison: Comparison) -> int:
    if comparison.verdict is Verdict.ERROR or comparison.where is Signature.RAISE:
        return 2
    return int(comparison.verdict is not Verdict.AGREE)


EACH_ROW = Experiment("each row alone", _each_row)
"""Where the difference is of no single row: the numbers of one may make it, and that row shows it alone."""


def _without_postselection(circuit: Circuit) -> Circuit:
    def change(value: Value) -> Value:
        if isinstance(value, tuple) and len(value) == 2 and value[0] == "postselect" and value[1] is not None:
            return ("postselect", None)
        return value

    return with_nodes(circuit, change)


POSTSELECTION_REMOVED = edit("postselection removed", lambda c: _without_postselection(c) if postselects(c) else None)


SAMPLED_WAYS = frozenset({"one-shot", "single-branch-statistics"})
"""Ways of treating mid-circuit measurements that are themselves ways of sampling: there is none without shots."""


def without_shots(question: Question) -> Optional[Question]:
    """The question about exact results; None where they are."""
    if not question.circuit.shots:
        return None
    kept = tuple(option for option in question.execution_options if option[0] != "mcm_method" or option[1] not in SAMPLED_WAYS)
    return replace(with_circuit(question, replace(question.circuit, shots=())), execution_options=kept)


def count_of_shots(circuit: Circuit) -> str:
    """How many results the circuit's numbers are estimated from, as one writes it."""
    number = sum(circuit.shots)
    return f"{number} shot{'s' * (number != 1)}"


SHOTS_REMOVED = Experiment("shots removed", lambda question, _: without_shots(question))
MORE_SHOTS = edit("ten times the shots", lambda c: replace(c, shots=tuple(10 * number for number in c.shots)) if c.shots else None)


def _turn_before_measuring(circuit: Circuit) -> Optional[Circuit]:
    """A constant turn of each wire at the end, which leaves no basis state of a pure state without a share."""
    turns = tuple(
        Node(name, (Parameter(np.array(angle), "python", False),), (Wires((wire,)), ()), (wire,))
        for wire in circuit.wires
        for name, angle in (("RX", 0.7), ("RY", 1.1), ("RZ", 0.4))
    )
    return replace(circuit, operations=(*circuit.operations, *turns)) if turns else None


TURNED_AT_THE_END = edit("every wire turned before it is measured", _turn_before_measuring)


DEFERRED, TRAVERSED = "deferred", "tree-traversal"


def mcm_method_of(options: Sequence[tuple[str, Option]]) -> str:
    """How mid-circuit measurements are treated; without shots PennyLane defers them unless it is told otherwise."""
    return str(dict(options).get("mcm_method") or DEFERRED)


def other_mcm_method(options: Sequence[tuple[str, Option]]) -> str:
    """The way of treating mid-circuit measurements that a call did not take: the one that the options do not name."""
    return TRAVERSED if mcm_method_of(options) == DEFERRED else DEFERRED


def _reads_outcomes(measurement: Node) -> bool:
    return any(isinstance(part, MeasuredOutcome) for part in walk(measurement))


def _with_spare_wires(question: Question) -> tuple[object, ...]:
    """The device's wires, and one more for each measurement in the middle: to that it is deferred.

    Results that span all wires of the device would span these as well: then the device stays as it is.
    """
    circuit, wires = question.circuit, question.device_wires
    if not wires or not all(measurement.wires or _reads_outcomes(measurement) for measurement in circuit.measurements):
        return wires
    numbers = [label for label in (*wires, *circuit.wires) if isinstance(label, int)]
    first = max(numbers, default=-1) + 1
    return (*wires, *range(first, first + midway_measurements(circuit)))


def under_other_mcm_method(options: Sequence[tuple[str, Option]]) -> Experiment:
    """The same call, its mid-circuit measurements treated in the other way."""
    other = other_mcm_method(options)

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        if not measures_midway(question.circuit):
            return None
        kept = {name: value for name, value in question.execution_options if name != "mcm_method"}
        wires = _with_spare_wires(question) if other == DEFERRED else question.device_wires
        return replace(question, device_wires=wires, execution_options=tuple(sorted({**kept, "mcm_method": other}.items())))

    return Experiment(f'mcm_method="{other}"', change)


# --- the way it runs ---------------------------------------------------------------------------------------------------


def _other_interface(question: Question, _: Evaluator) -> Optional[Question]:
    other = {"torch": "autograd", "autograd": "torch", "jax": "torch"}.get(question.interface)
    # a dtype that the other interface does not have would change as well
    if other is None or any(parameter.foreign for parameter in question.circuit.parameters):
        return None
    return replace(question, interface=other, circuit=_in_container(question.circuit, other))


def _in_container(circuit: Circuit, container: str) -> Circuit:
    return with_parameters(circuit, [replace(p, container=container) if p.container in TENSORS else p for p in circuit.parameters])


def _wires_as_used(question: Question, _: Evaluator) -> Optional[Question]:
    labels = dict.fromkeys((*question.circuit.wires, *question.device_wires))
    numbers: dict[Label, Label] = {label: number for number, label in enumerate(labels)}  # type: ignore[misc]
    wires = tuple(range(len(numbers)))
    if tuple(labels) == wires == tuple(question.device_wires):
        return None
    return replace(question, circuit=with_wire_labels(question.circuit, numbers), device_wires=wires)


WIRES_AS_USED = Experiment("wires numbered in the order of their use", _wires_as_used)

OTHER_INTERFACE = Experiment("another interface", _other_interface)


def _default_float64(question: Question, _: Evaluator) -> Optional[Question]:
    return replace(question, default_dtype="float64") if question.default_dtype == "float32" else None


DEFAULT_FLOAT64 = Experiment("torch's default dtype float64", _default_float64)


def _float64_throughout(question: Question, evaluator: Evaluator) -> Optional[Question]:
    wide = FLOAT64_PARAMETERS.change(question, evaluator)
    return None if wide is None else _default_float64(wide, evaluator)


FLOAT64_THROUGHOUT = Experiment("float64 parameters and default dtype", _float64_throughout)


def _uncompiled(method: Method) -> Method:
    return replace(method, compiled="")


UNCOMPILED = other_methods("not compiled", _uncompiled)


def each_twice(compiled: bool) -> Experiment:
    """The same method against itself, compiled or not, with two seeds: they agree where nothing is random."""
    name = "compiled" if compiled else "not compiled"

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        method = next((method for method in question.methods if bool(method.compiled) is compiled), None)
        return None if method is None else replace(question, methods=(method, method), seeds=(0, 1))

    return Experiment(f"one method twice, {name}, two seeds", change)


FIRST_DERIVATIVE = Experiment("first derivative only", lambda question, _: replace(question, second=False) if question.second else None)


SEEDS = 8
"""So many seeds are tried for numbers that are not those of the first."""


def _twice(question: Question) -> Question:
    """The method that is random by construction against itself, else the user's own."""
    method = next((method for method in question.methods if method.stochastic), question.methods[0])
    return replace(question, methods=(method, method))


def _same_seed(question: Question, _: Evaluator) -> Question:
    return replace(_twice(question), repetitions=(0, 1))


def _other_seed(question: Question, evaluator: Evaluator) -> Question:
    """Two seeds whose numbers differ, where there are any: of few random signs two seeds often draw the same."""
    asked = [replace(_twice(question), seeds=(0, seed)) for seed in range(1, SEEDS)]
    if not asked[0].methods[0].stochastic:
        return asked[0]
    return next((one for one in asked if _is_apart(one, evaluator)), asked[0])


def _is_apart(question: Question, evaluator: Evaluator) -> bool:
    comparison = observe(question, evaluator).comparison
    return not comparison.max_abs <= comparison.bound


SAME_SEED = Experiment("one method twice, same seed", _same_seed)
OTHER_SEED = Experiment("one method twice, other seed", _other_seed)


def plain_expectations(position: Optional[int]) -> Experiment:
    """One measurement (or all, for None) replaced by expectation values of PauliX, PauliY and PauliZ on each of its wires.

    All three, since a single observable may not feel what is wrong, and would heal without telling anything. Where PennyLane
    does not measure them together (before 0.24), PauliZ alone.
    """

    def change(question: Question, evaluator: Evaluator) -> Question:
        together = with_circuit(question, _plainly(question.circuit, position, PAULIS))
        sides = [side for side, method in enumerate(together.methods) if method != ARBITER]
        failures = [evaluator.submit(together.request(side)).result().failure for side in sides]
        if not any(failure is not None and "commuting" in failure.message for failure in failures):
            return together
        return with_circuit(question, _plainly(question.circuit, position, PAULIS[2:]))

    which = "the measurements" if position is None else f"measurement {position}"
    return Experiment(f"Pauli expectation values instead of {which}", change)


def _plainly(circuit: Circuit, position: Optional[int], names: Sequence[str]) -> Circuit:
    def replacement(index: int, measurement: Node) -> tuple[Node, ...]:
        if position not in (None, index):
            return (measurement,)
        return tuple(_expectation(name, wire) for wire in (measurement.wires or circuit.wires) for name in names)

    measurements = tuple(new for i, m in enumerate(circuit.measurements) for new in replacement(i, m))
    return replace(circuit, measurements=measurements, returns="tuple")


def _expectation(name: str, wire: Label) -> Node:
    observable = Node(name, (), (Wires((wire,)), ()), (wire,))
    return Node("ExpectationMP", (observable, None), (("wires", None),), (wire,))

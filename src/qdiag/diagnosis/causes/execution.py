"""QD5: the circuit runs otherwise than it was written: on a device, as a batch, beside another measurement, or bound anew."""

from __future__ import annotations

from typing import Optional

from qdiag.diagnosis.cause import Cause, Experiment, Prediction, flips, leaves, survives, unlike
from qdiag.diagnosis.causes.approximation import APPROXIMATION, approximation_rival
from qdiag.diagnosis.causes.company import company_rival
from qdiag.diagnosis.causes.complex_numbers import skewed_rival
from qdiag.diagnosis.causes.precision import default_dtype_rival
from qdiag.diagnosis.causes.transforms import device_rival
from qdiag.diagnosis.experiments.measurements import measured_alone, measured_beside
from qdiag.diagnosis.experiments.operations import BOUND_ANEW, DECOMPOSED
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.rows import each_row, row_alone
from qdiag.diagnosis.experiments.surroundings import OTHER_DEVICE, WIRES_AS_USED
from qdiag.diagnosis.experiments.trainability import OBSERVABLE_FROZEN, observable_parameters
from qdiag.diagnosis.facts import LOSSY, REBOUND, ROWS, is_batched
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Signature
from qdiag.model.element import Kind
from qdiag.model.node import Node, nodes_of
from qdiag.model.operator_families import as_written


def _rows_alone(symptoms: Symptoms) -> Experiment:
    """The row in which the difference shows by itself; where it is of no single row (a shared weight's gradient), each of them."""
    shown = None if symptoms.signature is Signature.RAISE else _shown_row(symptoms)
    return each_row(symptoms.reference) if shown is None else row_alone(shown)


def _shown_row(symptoms: Symptoms) -> Optional[int]:
    """The row of the number that is shown; None where it is of no single row."""
    element = symptoms.comparison.element
    of_row = element is not None and element.kind in (Kind.OUTPUT, Kind.JACOBIAN) and bool(element.index)
    return element.index[0] if element is not None and of_row and element.index[0] < symptoms.fact(ROWS) else None


BROADCASTING = Cause(
    code="QD501",
    slug="broadcasting",
    title="broadcasting",
    remedy="call the QNode row by row: qml.math.stack([circuit(x) for x in batch])",
    applies=is_batched,
    predicts=lambda symptoms: (
        *flips(_rows_alone(symptoms)),
        *leaves(NUDGED_FAR),
    ),
    because=lambda symptoms: _batched_words(symptoms),
)


def _batched_words(symptoms: Symptoms) -> str:
    if symptoms.signature is not Signature.RAISE:
        return "row by row the methods agree; together they do not"
    own = symptoms.question.methods[0].diff_method
    return f"row by row {own} takes the circuit; a batch of them together it does not"


REBINDING = Cause(
    code="QD510",
    slug="lost-in-binding",
    title="an operation is another one once its numbers are bound anew",
    remedy="the gates that it is made of, written out, or (but for a state under adjoint) constants as NumPy arrays; and report it",
    # what runs then is another circuit, which its outputs show first
    applies=lambda symptoms: symptoms.signature is Signature.OUTPUT and bool(symptoms.fact(REBOUND)),
    predicts=lambda symptoms: (
        *flips(BOUND_ANEW),
        *leaves(NUDGED_FAR),
        *device_rival(symptoms),
        *default_dtype_rival(symptoms),
    ),
    because=lambda symptoms: (
        f"{' and '.join(sorted({name for _, name in symptoms.fact(REBOUND)}))}, bound to its own numbers again, is another "
        "operation; PennyLane binds numbers anew wherever it takes them out of an interface"
    ),
)


DECOMPOSITION = Cause(
    code="QD502",
    slug="decomposition-changes-result",
    title="decomposition changes the result",
    remedy="report it; until then write out the gates that you mean",
    applies=lambda symptoms: symptoms.signature is Signature.OUTPUT and not symptoms.fact(LOSSY) and not symptoms.decomposes_alike,
    predicts=lambda symptoms: (
        *flips(DECOMPOSED),
        *leaves(NUDGED_FAR),
        *_binding_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
        *default_dtype_rival(symptoms),
    ),
    because=lambda symptoms: f"{symptoms.blamed or 'an operation'} and its decomposition give different results",
)


def _binding_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a decomposition (QD502) from binding (QD510), which an operation that is decomposed does not live to see."""
    return survives(BOUND_ANEW) if symptoms.fact(REBOUND) else ()


DEVICE_KERNEL = Cause(
    code="QD503",
    slug="device-kernel",
    title="device kernel",
    remedy="another device or method for this circuit, or wires named in the order of their use; and a report to the device's authors",
    applies=lambda symptoms: (
        symptoms.numeric and not _is_differenced(symptoms) and (_is_of_another_device(symptoms) or _is_of_the_order(symptoms))
    ),
    predicts=lambda symptoms: (
        *flips(OTHER_DEVICE if symptoms.elsewhere else WIRES_AS_USED),
        *leaves(NUDGED_FAR),
        *skewed_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
        *default_dtype_rival(symptoms),
    ),
    because=lambda symptoms: (
        f"{symptoms.suspects[0].device} gives another result than default.qubit for the same method"
        if symptoms.elsewhere
        else f"{symptoms.suspects[0]} goes wrong over the order of the wires, which is not that of their use"
    ),
)


def _is_of_another_device(symptoms: Symptoms) -> bool:
    """Tells a kernel (QD503) from a gradient that is dropped (QD302): a method that drops one may do so on one device only.

    Where all devices of a method drop it, another device heals nothing; where one does, it is still the method's rule that is missing.
    """
    return symptoms.elsewhere and not symptoms.lost


def _is_of_the_order(symptoms: Symptoms) -> bool:
    """Tells an order of wires that the reference device itself goes wrong over from another device's kernel (both QD503).

    Of a gradient, rows may well be exactly zero where the permutation puts them: that is no gradient dropped (QD302).
    """
    return symptoms.uses_another_order and not symptoms.elsewhere


def _is_differenced(symptoms: Symptoms) -> bool:
    """Tells a kernel (QD503) from a difference quotient (QD105), which is off on any device."""
    return symptoms.involves("finite-diff")


DISTURBED = Cause(
    code="QD508",
    slug="measurements-disturb-each-other",
    title="measurements of one QNode disturb each other",
    remedy="measure them in QNodes of their own, or on another device; and a report to the device's authors",
    applies=lambda symptoms: symptoms.disturbance is not None and not _has_moved(symptoms),
    predicts=lambda symptoms: (
        *flips(*_alone(symptoms)),
        *leaves(NUDGED_FAR, *_beside_what_disturbs(symptoms)),
        *(survives(_rows_alone(symptoms)) if is_batched(symptoms) else ()),
        *(survives(WIRES_AS_USED) if symptoms.uses_another_order else ()),
        *(unlike(OBSERVABLE_FROZEN) if symptoms.derivative and observable_parameters(symptoms.question.circuit) else ()),
    ),
    because=lambda symptoms: _disturbed_words(symptoms),
)


def _has_moved(symptoms: Symptoms) -> bool:
    """Tells measurements that disturb each other (QD508) from numbers of one that move the gradients of another (QD303)."""
    return symptoms.derivative and symptoms.displaced


def _alone(symptoms: Symptoms) -> tuple[Experiment, ...]:
    return () if symptoms.disturbance is None else (measured_alone(symptoms.disturbance.disturbed),)


def _beside_what_disturbs(symptoms: Symptoms) -> tuple[Experiment, ...]:
    found = symptoms.disturbance
    return () if found is None else (measured_beside(found.disturbed, found.by),)


def _disturbed_words(symptoms: Symptoms) -> str:
    found, measurements = symptoms.disturbance, symptoms.question.circuit.measurements
    assert found is not None, "without a disturbance it does not apply"
    others = " and ".join(_in_words(measurements[position]) for position in found.by)
    return f"under {found.method}, {_in_words(measurements[found.disturbed])} comes out otherwise beside {others} than alone"


def _in_words(measurement: Node) -> str:
    """A measurement such as ``expval of PauliX on wire 1``."""
    of = "".join(f" of {node.name}" for node in nodes_of(measurement)[1:2])
    wires = ", ".join(map(str, measurement.wires))
    on = f" on wire{'s' if len(measurement.wires) > 1 else ''} {wires}" if wires else ""
    return f"{as_written(measurement.name)}{of}{on}"


CAUSES = (
    DISTURBED,
    APPROXIMATION,
    BROADCASTING,
    REBINDING,
    DECOMPOSITION,
    DEVICE_KERNEL,
)

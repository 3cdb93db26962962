"""Which scripts may show a finding, the most telling first: for its cause, around the user's function, then of the circuit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.findings import Divergence, Finding, Reproducer
from qdiag.proving.reproducer.material import ALONE, AS_A_PERSON, AS_RECORDED, FILLED, ROOMY, Material, Wording
from qdiag.proving.reproducer.writing import write, write_around, write_for, write_transform

MOST_ROWS = 5
"""Rows of a batch that are tried by themselves, where the whole batch shows nothing."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """All scripts that may show a finding: texts of a few kilobytes, which a worker hands over at once.

    Parameters
    ----------
    scripts
        In the order in which to try them.
    refusal
        Why no more of them could be written, to be raised where none of these shows it; None where these are all.
    """

    scripts: tuple[Reproducer, ...] = ()
    refusal: Optional[OpaqueCircuitError] = None


def candidates_for(finding: Finding, material: Material) -> Candidates:
    """Write the scripts that may show a finding."""
    divergence = finding.divergence
    special = write_for(divergence, finding.diagnosis, material)
    written = [] if special is None else [special]
    try:
        if divergence.rewritten:
            written.append(write_transform(divergence, material))
        elif not divergence.outside:
            written.extend(_of_the_circuit(divergence, material))
        elif material.function is not None:
            written.extend(write_around(divergence, material.function, material))
    except OpaqueCircuitError as refusal:
        return Candidates(tuple(written), refusal)
    return Candidates(tuple(written))


def _of_the_circuit(divergence: Divergence, material: Material) -> Sequence[Reproducer]:
    """The scripts of the circuit; where it cannot be written, those of what PennyLane makes of it, which is what was evaluated."""
    whole = material.circuit_of(divergence)
    written = [*_attempted(divergence, material, whole)]
    if not written:
        held = (material.held or _held)(whole, material.trusted)
        written = [] if held is whole else [*_attempted(divergence, material, held)]
    return written


def _attempted(divergence: Divergence, material: Material, whole: Circuit) -> Iterator[Reproducer]:
    attempts = [*_attempts(whole, material, divergence.call.configuration.device_wires)]
    if divergence.signature is Signature.RAISE:
        attempts.append((whole, ALONE))
    for circuit, wording in attempts:
        reference = material.reference if circuit is whole else None
        try:
            yield write(divergence, replace(material, circuit=circuit, reference=reference), wording)
        except OpaqueCircuitError:
            continue


def _attempts(circuit: Circuit, material: Material, device_wires: Sequence[object]) -> Iterator[tuple[Circuit, Wording]]:
    """The circuit as a person writes it, with every number as recorded, and its first rows: some methods refuse a batch.

    Beside them on the script's device where it has more wires than the circuit, on which a kernel may mistake one size for the other,
    or lacks some of the circuit's.

    Without a batch, with gradients that are filled up to their shape: a method may drop them altogether.
    """
    yield circuit, AS_A_PERSON
    yield circuit, AS_RECORDED
    if device_wires and {*circuit.wires} != {*device_wires}:
        yield circuit, ROOMY
    rows = (material.split or _rows)(circuit, material.trusted)
    if len(rows) > 1:
        yield from ((row, AS_A_PERSON) for row in rows)
    elif len(circuit.measurements) == 1 and any(p.container == "autograd" and p.trainable for p in circuit.parameters):
        yield circuit, FILLED


def _rows(circuit: Circuit, trusted: bool) -> Sequence[Circuit]:
    from qdiag.bridges.running.batch_rows import rows

    try:
        return rows(circuit, trusted, MOST_ROWS)
    except OpaqueCircuitError:
        return ()


def _held(circuit: Circuit, trusted: bool) -> Circuit:
    from qdiag.bridges.running.held_numbers import as_held

    return as_held(circuit, trusted)

"""Which scripts may show a finding, the most telling first: for its cause, around the user's function, then of the circuit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Environment
from qdiag.model.circuit import Circuit, nodes_of
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Finding, Reproducer
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.task import Language
from qdiag.proving.reproducer.writing import write, write_around, write_for

MOST_ROWS = 5
"""Rows of a batch that are tried by themselves, where the whole batch shows nothing."""

Split = Callable[[Circuit, bool], Sequence[Circuit]]
"""Gives the first rows of a circuit's batch; the flag says whether its class definitions are trusted."""


@dataclass(frozen=True, eq=False)
class Material:
    """What scripts are made of, besides the finding.

    Parameters
    ----------
    circuit, reference, environment, notes, trusted, language
        As in `writing.write`.
    function
        The user's quantum function, cut out of the script, for what only the QNode itself shows.
    split
        Gives a circuit's rows; `bridges.running.batch_rows` where it is None.
    """

    circuit: Optional[Circuit] = None
    reference: Optional[Evaluation] = None
    function: Optional[FunctionCut] = None
    environment: Optional[Environment] = None
    notes: tuple[str, ...] = ()
    trusted: bool = False
    language: Optional[Language] = None
    split: Optional[Split] = None

    def circuit_of(self, finding: Finding) -> Circuit:
        """The circuit that is written: the call's own where there is no smaller one."""
        return finding.divergence.call.circuit if self.circuit is None else self.circuit

    def may_run(self, finding: Finding) -> bool:
        """Whether a script may be run: it may hold the user's own classes, out of a trace from elsewhere."""
        return self.trusted or not any(node.definition for top in self.circuit_of(finding).nodes for node in nodes_of(top))


NOTHING_ELSE = Material()


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
    divergence, environment, language = finding.divergence, material.environment, material.language
    special = write_for(divergence, finding.diagnosis, environment=environment, language=language)
    written = [] if special is None else [special]
    try:
        if not divergence.outside:
            written.extend(_of_the_circuit(finding, material))
        elif material.function is not None:
            written.extend(write_around(divergence, material.function, environment=environment, language=language))
    except OpaqueCircuitError as refusal:
        return Candidates(tuple(written), refusal)
    return Candidates(tuple(written))


def _of_the_circuit(finding: Finding, material: Material) -> Iterator[Reproducer]:
    used = material.circuit_of(finding)
    for circuit, readable, filled in _attempts(used, material.trusted, material.split or _rows):
        try:
            yield write(
                finding.divergence,
                circuit,
                reference=material.reference if circuit is used else None,
                environment=material.environment,
                notes=material.notes,
                readable=readable,
                filled=filled,
                trusted=material.trusted,
                language=material.language,
            )
        except OpaqueCircuitError:
            continue


def _attempts(circuit: Circuit, trusted: bool, split: Split) -> Iterator[tuple[Circuit, bool, bool]]:
    """The circuit as a person writes it, with every number as recorded, and its first rows: some methods refuse a batch.

    Without a batch, with gradients that are filled up to their shape: a method may drop them altogether.
    """
    yield circuit, True, False
    yield circuit, False, False
    rows = split(circuit, trusted)
    if len(rows) > 1:
        yield from ((row, True, False) for row in rows)
    elif len(circuit.measurements) == 1 and any(p.container == "autograd" and p.trainable for p in circuit.parameters):
        yield circuit, True, True


def _rows(circuit: Circuit, trusted: bool) -> Sequence[Circuit]:
    from qdiag.bridges.running.batch_rows import rows

    try:
        return rows(circuit, trusted, MOST_ROWS)
    except OpaqueCircuitError:
        return ()

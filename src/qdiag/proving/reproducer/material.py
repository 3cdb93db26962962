"""What a script is made of besides the divergence that it shows, and in which wording it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from qdiag.model.call import Environment
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.node import nodes_of
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.language import Language, pennylane

Split = Callable[[Circuit, bool], Sequence[Circuit]]
"""Gives the first rows of a circuit's batch; the flag says whether its class definitions are trusted."""

Held = Callable[[Circuit, bool], Circuit]
"""Gives a circuit with the numbers that PennyLane's operations hold once they are made; the flag as above."""


@dataclass(frozen=True, eq=False)
class Material:
    """What scripts are made of, besides the divergence.

    Parameters
    ----------
    circuit
        The circuit to show it on; the call's own where there is no smaller one.
    reference
        The arbiter's evaluation of that circuit, to print or to hold the method against.
    function
        The user's quantum function, cut out of the script, for what only the QNode itself shows.
    environment
        Versions to name; those installed here where it is None.
    notes
        Sentences for the comment at the top: which numbers do not matter, what makes it go away.
    tolerance
        Absolute; derived from the comparison where it is None.
    trusted
        Whether class definitions inside the circuit may be executed.
    language
        How PennyLane is written; as the installed one is where it is None.
    split
        Gives a circuit's rows; `bridges.running.batch_rows` where it is None.
    held
        Gives a circuit as PennyLane holds it; `bridges.running.held_numbers` where it is None.
    above
        How many folders above the script the user's own modules lie, where it imports one; else 0.
    """

    circuit: Optional[Circuit] = None
    reference: Optional[Evaluation] = None
    function: Optional[FunctionCut] = None
    environment: Optional[Environment] = None
    notes: tuple[str, ...] = ()
    tolerance: Optional[float] = None
    trusted: bool = False
    language: Optional[Language] = None
    split: Optional[Split] = None
    held: Optional[Held] = None
    above: int = 0

    def circuit_of(self, divergence: Divergence) -> Circuit:
        """The circuit that is written."""
        return divergence.call.circuit if self.circuit is None else self.circuit

    def may_run(self, divergence: Divergence) -> bool:
        """Whether a script may be run: it may hold the user's own classes, or import by name, out of a trace from elsewhere."""
        if self.trusted:
            return True
        named = any(method.imports for method in (divergence.call.method, *divergence.comparison.methods))
        return not named and not any(node.definition for top in self.circuit_of(divergence).nodes for node in nodes_of(top))

    @property
    def written_in(self) -> Language:
        """How PennyLane is written."""
        return self.language or pennylane()


NOTHING_ELSE = Material()


@dataclass(frozen=True)
class Wording:
    """How a circuit is written.

    Parameters
    ----------
    readable
        Whether untracked numbers may be written as plain ones; otherwise each keeps the container it was recorded in.
    filled
        Whether ``qml.grad`` takes the gradient of a scalar: it gives one that a method dropped its shape, ``qml.jacobian`` breaks.
    roomy
        Whether the device has all wires that the script's has, also those that nothing touches.
    alone
        Whether of a method that raises nothing else is run, as one that does not: that may take the circuit row by row only.
    """

    readable: bool = True
    filled: bool = False
    roomy: bool = False
    alone: bool = False


AS_A_PERSON = Wording()
AS_RECORDED = Wording(readable=False)
FILLED = Wording(filled=True)
ROOMY = Wording(roomy=True)
ALONE = Wording(alone=True)

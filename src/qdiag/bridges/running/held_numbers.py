"""A circuit with the numbers that PennyLane's operations hold: some constructors work out their own from those that they are given.

``AmplitudeEmbedding`` with ``normalize=True`` holds normalised amplitudes. A circuit in which a number was changed may hold others, and
is evaluated with those that the constructor makes of them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, parameters_of
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters


def as_held(circuit: Circuit, trusted: bool = False) -> Circuit:
    """The circuit whose operations hold what PennyLane makes of their numbers; the circuit itself where that is the same.

    Parameters
    ----------
    circuit
        The circuit.
    trusted
        Whether source code that the circuit carries may be executed.
    """
    found: list[Parameter] = []
    for node in circuit.nodes:
        found += _held_by(node, trusted)
    changed = any(new.value.tobytes() != old.value.tobytes() for new, old in zip(found, circuit.parameters))
    return with_parameters(circuit, found) if changed and len(found) == len(circuit.parameters) else circuit


def _held_by(node: Node, trusted: bool) -> tuple[Parameter, ...]:
    """The numbers of a node once it has been made; its own where PennyLane cannot make it, or makes others of other shapes."""
    own = tuple(parameters_of(node))
    with suppress(Exception), stop_recording():
        made = tuple(parameters_of(Encoding().node(Decoding(trusted=trusted).operator(node))))
        if [parameter.value.shape for parameter in made] == [parameter.value.shape for parameter in own]:
            return tuple(replace(old, value=new.value) for new, old in zip(made, own))
    return own

"""PennyLane's tapes as `Circuit` values and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.encoding import Encoding
from qdiag.model.circuit import Circuit


class Recorded(NamedTuple):
    """A circuit, and the live number behind each of its parameters, in the same order."""

    circuit: Circuit
    numbers: tuple[Any, ...]


def circuit_of(tape: Any, returns: str = "single") -> Circuit:
    """A tape as a circuit.

    Parameters
    ----------
    tape
        Any tape or quantum script.
    returns
        The shape of what the QNode returned (see `Circuit`).

    Returns
    -------
    Circuit
        Never an exception: what cannot be kept exactly is said in `Circuit.notes`, or is opaque.
    """
    return circuit_with_numbers(tape, returns).circuit


def circuit_with_numbers(tape: Any, returns: str = "single") -> Recorded:
    """A tape as a circuit, together with the live numbers that its parameters were read from (see `circuit_of`)."""
    encoding = Encoding()
    nodes = [encoding.operation(operator) for operator in flattening.operations_of(tape)]
    measurements = [encoding.whole(measurement) for measurement in tape.measurements]
    circuit = Circuit(
        tuple([node for group in nodes for node in group]),
        tuple(measurements),
        shots_of(tape),
        returns,
        tuple(encoding.notes),
    )
    return Recorded(circuit, tuple(encoding.numbers))


def shots_of(tape: Any) -> tuple[int, ...]:
    """The shots that a tape carries, one for each result."""
    shots = getattr(tape, "shots", None)
    if shots is None or not hasattr(shots, "shot_vector"):
        return ()
    return tuple([int(copies.shots) for copies in shots.shot_vector for _ in range(copies.copies)])


def tape_of(circuit: Circuit, numbers: Optional[Iterable[Any]] = None, trusted: bool = False) -> Any:
    """The tape that a circuit stands for.

    Parameters
    ----------
    circuit
        The circuit.
    numbers
        The live number for each of `Circuit.parameters`, in order; None for the recorded ones, each in its own container.
    trusted
        Whether source code that the circuit carries may be executed.

    Raises
    ------
    OpaqueCircuitError
        If an operation is known by name only, or this PennyLane cannot make it.
    """
    live: Optional[Iterator[Any]] = None if numbers is None else iter(numbers)
    decoding = Decoding(live, trusted)
    with flattening.stop_recording():
        operations = [decoding.operator(node) for node in circuit.operations]
        measurements = [decoding.operator(node) for node in circuit.measurements]
        return flattening.tape(operations, measurements, circuit.shots)

"""Passes on what runs side by side: rows of a batch, the batch axis, shots."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.circuit import Circuit
from qdiag.model.edits import without_batch, without_rows
from qdiag.proving.minimizing.changes import Changes, PennyLaneEdits


def drop_rows(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """A batch of 64 → the 1 row that shows it, still as a batch."""
    batched = workshop.batched(circuit)
    size = _size(circuit, batched)

    def make(rows: frozenset[int]) -> Circuit:
        if len(rows) == size:
            raise ValueError("a batch without rows has no results")
        return without_rows(circuit, batched, rows)

    return Changes(size if size > 1 else 0, make)


def drop_batch_axis(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``RX([0.3])`` → ``RX(0.3)``."""
    batched = workshop.batched(circuit)
    return Changes.whole([without_batch(circuit, batched)] if _size(circuit, batched) else [])


def drop_shots(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``shots=(100, 100)`` → analytic, else one group of shots."""
    fewer: list[tuple[int, ...]] = [()] if circuit.shots else []
    if len(circuit.shots) > 1:
        fewer.append((max(circuit.shots),))
    return Changes.whole([replace(circuit, shots=shots) for shots in fewer])


def _size(circuit: Circuit, batched: tuple[int, ...]) -> int:
    return len(circuit.parameters[batched[0]].value) if batched else 0

"""What else is told of a call once it is written: the training around it, numbers that are not finite, and what the user calls them."""

from __future__ import annotations

from typing import Any, Callable

from qdiag.recording import argument_entries, given_numbers, ongoing_call, training_watch
from qdiag.recording.journal import Journal
from qdiag.trace import call_text, schema

MOST_NAMED = 64
"""So many structures of circuits are looked at for what the user calls their numbers."""


class CallFacts:
    """Tells them to the journal.

    Parameters
    ----------
    journal
        Takes them as events.
    training
        Has the training around the QNodes looked at, as `Recorder.training` does.
    """

    def __init__(self, journal: Journal, training: Callable[[Callable[[training_watch.TrainingWatch], Any]], Any]) -> None:
        self._journal = journal
        self._training = training
        self._astray = 0
        self._named: set[tuple[Any, str]] = set()

    def tell(self, call: ongoing_call.Ongoing, read: ongoing_call.Read, index: int, outputs: tuple[Any, ...], step: int) -> None:
        """All that is worth telling of a call that was written under a number."""
        names = read.qnode.names
        if read.entry.container != "jax":
            # of JAX's there is nothing to be watched: where what it differentiates by begins, no array says
            ended = training_watch.Ended(call, index, read.circuit.sources, outputs)
            self._training(lambda watch: watch.call_ended(ended, names, step))
        if not read.finite and self._astray < given_numbers.MOST_CALLS:
            self._astray += 1
            self._journal.event("not finite", call_text.text_of(given_numbers.given_numbers(call, index, names)), index)
        self.name_numbers(call, read, index)

    def name_numbers(self, call: ongoing_call.Ongoing, read: ongoing_call.Read, index: int) -> None:
        """Which entries of its arguments the circuit's numbers are, once for each structure that a QNode makes."""
        qnode = read.qnode
        if read.entry.structure in qnode.named:
            return
        if len(qnode.named) < MOST_NAMED:
            qnode.named.add(read.entry.structure)
        structure = (qnode.code, read.entry.structure)
        if structure in self._named or len(self._named) >= MOST_NAMED:
            return
        self._named.add(structure)
        named = argument_entries.name_numbers(call, qnode.names, read.circuit.sources)
        if any(named):
            self._journal.event(schema.NAMED, call_text.text_of(named), index)

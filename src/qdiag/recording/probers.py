"""What has copies of the script's process look beside it: at the QNode itself, and at the script as it goes on with something moved.

Both begin where the trace asks for them, in the process that it belongs to; one that fails is the last of its kind, and says so.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any, Callable, Optional

from qdiag.model.coverage import Gap
from qdiag.recording import (
    backward,
    branch,
    ongoing_call,
    optimisers,
    probe_schedule,
    slope_probe,
    step_probe,
    step_probe_files,
    traced_calls,
)
from qdiag.recording.journal import Journal, words_of
from qdiag.recording.source_places import Places
from qdiag.trace.held_writer import HeldWriter


class Probers:
    """Both kinds of probes of one recording; before `begin` they do nothing.

    Parameters
    ----------
    journal
        Where they say what could not be probed, and what came of it.
    passes
        The backward passes: after one, a copy cannot use autograd as before.
    places
        Where in the script something is.
    silence
        Ends the recording in a copy.
    """

    def __init__(self, journal: Journal, passes: backward.Passes, places: Places, silence: Callable[[], None]) -> None:
        self._journal = journal
        self._passes = passes
        self._places = places
        self._silence = silence
        self._of_qnodes: Optional[probe_schedule.Prober] = None
        self._of_steps: Optional[step_probe.StepProber] = None

    def begin(self, writer: HeldWriter) -> None:
        """Probe from here on, if the trace asks for it."""
        wanted = writer.fact(probe_schedule.WANTED)
        if wanted:
            path, unseen = self._journal.path, functools.partial(self._journal.unseen, Gap.NOT_PROBED)
            self._of_qnodes = probe_schedule.Prober(path, unseen, self._silence, probe_schedule.seconds_of(wanted))
            self._of_steps = step_probe.StepProber(path, self._places, self._journal.note, self._keep_loss)

    @property
    def probing(self) -> bool:
        """Whether QNodes are probed."""
        return self._of_qnodes is not None

    def cannot_probe(self, why: str) -> None:
        """There is a call of which no copy of the process can ask anything."""
        if self._of_qnodes is not None:
            self._of_qnodes.cannot_probe(why)

    # --- QNodes --------------------------------------------------------------------------------------------------------

    def called(self, call: ongoing_call.Ongoing, read: ongoing_call.Read, index: int) -> None:
        """Have the QNode itself looked at, where its turn has come."""
        if self._of_qnodes is None or call.parent is not None or not self._journal.at_home:
            return
        try:
            if read.entry.container == "jax":
                self._of_qnodes.cannot_probe(traced_calls.NO_COPY)
                return
            # by what autograd differentiates shows only while it does: such a call is probed besides one that is only evaluated
            entry = read.entry
            kind = entry.configuration + "|followed" * call.is_followed_by_autograd
            likeness = read.qnode.code, entry.structure, entry.arguments
            shared = read.qnode.shared.get(entry.configuration)
            siblings = None if shared is None or read.circuit.form is None else (shared, call.is_followed_by_autograd, likeness)
            torch: Any = sys.modules.get("torch") if entry.container == "torch" else None
            followed = call.is_followed_by_autograd or (torch is not None and torch.is_grad_enabled())
            self._of_qnodes.probe_if_due(
                call, index, kind, self._passes.begun, likeness, entry.outputs, siblings=siblings, followed=followed
            )
        except Exception as error:
            self._stop_probing(error)

    def release(self, before: Any = None) -> None:
        """Look at the QNodes that wait for it: what they were called with may change; before a call, only if it is one of them."""
        if self._of_qnodes is None or not self._journal.at_home:
            return
        try:
            if before is None or self._of_qnodes.is_waiting(before):
                self._of_qnodes.release(self._passes.begun)
        except Exception as error:
            self._stop_probing(error)

    def _stop_probing(self, error: Exception) -> None:
        self._of_qnodes = None
        self._journal.unseen(Gap.NOT_PROBED, f"{probe_schedule.UNAVAILABLE}: {words_of(error)}.")

    # --- the script as it goes on --------------------------------------------------------------------------------------

    def calls(self) -> None:
        """A QNode is about to be called."""
        if self._of_steps is not None:
            self._of_steps.calls()

    def end(self) -> None:
        """The recording ends."""
        self.release()
        if self._of_steps is not None:
            self._of_steps.end()

    def returned(self, call: ongoing_call.Ongoing, outputs: tuple[Any, ...], index: int, step: int) -> None:
        """Let the script go on in copies with the outputs moved, where no loss has asked anything of the QNode so far."""
        if self._of_steps is None or call.parent is not None or not self._journal.at_home:
            return
        try:
            self._of_steps.returned(call.qnode, outputs, index, step, self._passes.begun)
        except Exception as error:
            self._stop_stepping(error)

    def ungiven(self, parameters: Sequence[optimisers.Ungiven], step: int) -> None:
        """Let the script go on in copies with a parameter moved that gets no gradient."""
        if not parameters or self._of_steps is None or not self._journal.at_home:
            return
        try:
            subjects = [branch.Subject(parameter.name, parameter.value, parameter.token) for parameter in parameters]
            self._of_steps.ask(subjects, self._journal.count, step, self._passes.begun)
        except Exception as error:
            self._stop_stepping(error)

    def arrived(self, found: backward.Found) -> None:
        """What backward passes brought."""
        if self._of_steps is not None:
            for returned, _, brought in found:
                self._of_steps.arrived(returned.code, brought.cotangents)

    def slopes(self, stepped: int, taken: int, groups: Sequence[slope_probe.Held], step: int) -> None:
        """After so many steps of one optimiser, let the script go on in copies with all moved that each optimiser holds."""
        if not groups or self._of_steps is None or not self._journal.at_home:
            return
        try:
            self._of_steps.ask_slopes(stepped, taken, groups, self._journal.count, step, self._passes.begun)
        except Exception as error:
            self._stop_stepping(error)

    def root(self, loss: Optional[float], accumulates: bool = True) -> None:
        """A backward pass is about to begin at a loss (None where that is no single number)."""
        self.release()
        if self._of_steps is not None and self._journal.at_home:
            self._of_steps.root(loss, accumulates)

    def pass_ends(self, accumulates: bool) -> None:
        """A backward pass is over."""
        if not accumulates or self._of_steps is None or not self._journal.at_home:
            return
        try:
            self._of_steps.pass_ends()
        except Exception as error:
            self._stop_stepping(error)

    def _keep_loss(self, number: int, loss: Optional[float], given: Sequence[Optional[float]] = ()) -> None:
        """The loss that the script itself comes to after a step probe, and what its gradients are along what was moved."""
        if loss is not None:
            self._journal.fact(step_probe_files.fact_of(number), " ".join(map(repr, (loss, *given))))

    def _stop_stepping(self, error: Exception) -> None:
        self._of_steps = None
        self._journal.note(f"{step_probe.UNAVAILABLE}: {words_of(error)}")

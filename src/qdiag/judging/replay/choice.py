"""What a call is replayed under: the methods beside the script's own, and the parts of it that dear ones see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Optional

from qdiag.errors import MissingInterfaceError
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.replay.parts import Parts
from qdiag.judging.replay.plan import Plan, shadows
from qdiag.judging.replay.rebuilding import obstacle
from qdiag.judging.row_samples import Rows, batch_size, batched_parameters
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method


class Choice:
    """The methods and the parts of calls; what holds for a structure is asked once.

    Parameters
    ----------
    evaluator, plan
        Where questions about circuits are answered, and what the user asked.
    first_calls
        Gives the first call of each structure.
    """

    def __init__(self, evaluator: Evaluator, plan: Plan, first_calls: Callable[[], Sequence[Call]]) -> None:
        self._evaluator = evaluator
        self._plan = plan
        self._first_calls = first_calls
        self._wanted: dict[str, tuple[Method, ...]] = {}
        self._first_compiled: dict[str, int] = {}
        self._carriers: dict[tuple[str, int], Rows] = {}

    def methods(self, call: Call, structure: str) -> tuple[Method, ...]:
        """The methods beside the user's own."""
        key = f"{structure} {replace(call.configuration, number=0)!r}"
        if key not in self._wanted:
            wanted: Sequence[Method] = self._plan.methods
            if not wanted:
                own, known = call.method, not obstacle(call.method, trusted=self._plan.trusted)
                wanted = self._applicable(call) if known else (own,)
                if call.circuit.shots:
                    wanted = tuple(m for m in wanted if m.diff_method != "finite-diff")
            self._wanted[key] = shadows(call.configuration.method, wanted, call.circuit)
        return (*self._wanted[key], *self._compiled(key, call))

    def _applicable(self, call: Call) -> Sequence[Method]:
        """What may be asked of a call; nothing of one whose interface is not installed here, where there are calls of others as well.

        Raises
        ------
        MissingInterfaceError
            If there are none.
        """
        try:
            return self._evaluator.applicable(call.circuit, call.configuration)
        except MissingInterfaceError:
            own = call.configuration.interface
            if all(first.configuration.interface == own for first in self._first_calls()):
                raise
            return ()

    def _compiled(self, key: str, call: Call) -> tuple[Method, ...]:
        """The user's own method as it ran, at the first of the calls that were compiled alike: compiling again costs too much."""
        compiled = call.method_as_it_ran
        if compiled == call.method or self._plan.methods or self._first_compiled.setdefault(key, call.index) != call.index:
            return ()
        return (compiled,)

    def parts(self, call: Call, structure: str) -> Parts:
        """The parts of a call that methods may see instead of the whole."""
        return Parts(self.batched(call, structure), self._expanded)

    def batched(self, call: Call, structure: str) -> Rows:
        """Positions of the parameters that carry a batch with more rows than are looked at one by one."""
        size = batch_size(call)
        key = (structure, size)
        if size and key not in self._carriers:
            self._carriers[key] = batched_parameters(call, self._evaluator, trusted=self._plan.trusted)
        return self._carriers.get(key, ())

    def _expanded(self, circuit: Circuit) -> Optional[Circuit]:
        """A circuit as rules that take its numbers one by one see it; None where that is the circuit itself."""
        expansion: Optional[Circuit] = answer_of(
            self._evaluator.call(remote.rule_expansion, circuit, self._plan.trusted), None, "what a circuit is made of"
        )
        return expansion

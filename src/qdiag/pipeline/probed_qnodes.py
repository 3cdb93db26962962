"""Which QNodes of a run probes looked at, which of them stand for others, and which nobody looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from qdiag.model.call import Call
from qdiag.model.probe import REPRESENTATIVES, Probe
from qdiag.trace.reader import Trace

QNode = tuple[str, str, int]
"""Its name, where it is defined, and which of those that were made there (see `Configuration.qnode_object`)."""


@dataclass(frozen=True)
class ProbedQNodes:
    """The QNodes of a run, and the probes that looked at them; made by `probed_qnodes`.

    Parameters
    ----------
    made
        The name of each QNode that gives results whose gradient methods give.
    probes
        Those of each QNode that was looked at.
    alike
        Of each that was made: what its first calls share with calls of QNodes that are alike.
    looked_at
        How many probes looked at calls that share it.
    """

    made: dict[QNode, str]
    probes: dict[QNode, list[Probe]]
    alike: dict[QNode, frozenset[Hashable]]
    looked_at: Counter[Hashable]

    @cached_property
    def represented(self) -> tuple[QNode, ...]:
        """Those for which others stand: so many that are alike were looked at (see `REPRESENTATIVES`)."""
        return tuple(one for one in self._others if all(self.looked_at[key] >= REPRESENTATIVES for key in self.alike[one]))

    @property
    def missing(self) -> tuple[QNode, ...]:
        """Those that nobody looked at, nor at enough that are like them."""
        return tuple(one for one in self._others if one not in self.represented)

    @property
    def _others(self) -> tuple[QNode, ...]:
        return tuple(one for one in self.made if one not in self.probes)


def probed_qnodes(trace: Trace) -> ProbedQNodes:
    """The QNodes of a run, and what looked at them."""
    made: dict[QNode, str] = {}
    alike: dict[QNode, frozenset[Hashable]] = {}
    for index in trace.first_of_each_configuration():
        call = trace.call(index)
        # what a transform works out from several circuits, as a metric tensor, is no result whose gradient methods give
        if not call.configuration.remade_by:
            one = call.configuration.qnode_object
            made[one] = call.configuration.label
            alike[one] = alike.get(one, frozenset()) | {_shared(call, trace)}
    probes: dict[QNode, list[Probe]] = {}
    looked_at: Counter[Hashable] = Counter()
    for probe in trace.probes:
        call = trace.call(probe.call)
        probes.setdefault(call.configuration.qnode_object, []).append(probe)
        looked_at[_shared(call, trace)] += 1
    return ProbedQNodes(made, probes, alike, looked_at)


def _shared(call: Call, trace: Trace) -> Hashable:
    return call.configuration.of_any_number, call.arguments, trace.structure_of(call.index)

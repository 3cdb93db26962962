"""What the replay of one call came to: the user's own method, the others beside it, and what was evaluated of it at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Optional

import numpy as np

from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.parameter_samples import Positions
from qdiag.judging.row_samples import Rows
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Comparison
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.result import NotRebuilt, Unfaithful


class Share(Enum):
    """How much of a call the script's own method was asked about."""

    WHOLE = "whole"
    PART = "part"
    """A few rows or parameters, as all other methods."""
    RECORD = "record"
    """Nothing: what the script got stands for it."""


@dataclass(frozen=True, eq=False)
class Side:
    """A method beside the user's own at one call.

    Parameters
    ----------
    method, evaluation, comparison
        The method, what it gave, and how far that is from the user's own.
    seconds, seconds_of_few
        About what it takes where no Jacobian is formed, and what it took for a few rows of the batch; 0 where it was not asked.
    of_few_rows
        Whether it saw a few rows of the batch alone.
    """

    method: Method
    evaluation: Evaluation
    comparison: Comparison
    seconds: float = 0.0
    seconds_of_few: float = 0.0
    of_few_rows: bool = False


@dataclass(frozen=True, eq=False)
class CallResult:
    """What the replay of one call came to.

    Parameters
    ----------
    call
        The index.
    key
        `circuit_key` of its circuit.
    own
        The user's own method, evaluated.
    cotangents
        Those that were used: the recorded ones, and one seeded random one.
    sides
        The other methods that gave numbers, in the order asked.
    refused
        The other methods that did not.
    unfaithful
        How the replay under the own method differs from the record.
    failure
        The exception that the user met.
    made_over
        Whether the call gave what a transform works out from several circuits' results: nothing is compared.
    idle
        Whether the device works nothing out: nothing is compared.
    rows, batch
        Where only some rows of a batch were evaluated under every method: which, and of how many.
    tracked
        Where only some parameters were differentiated by under every method: their positions.
    numbers
        How many numbers of how many that are, or were of the parts of templates; zeros where all were looked at.
    part
        The call with these rows and parameters alone. Then `own`, `cotangents` and the evaluations of `sides` are those of the part.
    not_rebuilt
        That the device or the circuit cannot be made again, and why: then nothing was compared.
    untold
        Options that are part of what the device computes, where other devices, which were not told them, differ: those are left out.
    late
        By what the own method ran out of its time where it was asked about the whole call; then all methods were asked about the part.
    share
        How much of it the own method was asked about: not the whole where it is slow, or late.
    usual
        About what the own method takes where no Jacobian is formed; known once the arrays are left out.
    """

    call: int
    key: str
    own: Evaluation
    cotangents: Cotangents
    sides: tuple[Side, ...] = ()
    refused: tuple[tuple[Method, Failure], ...] = ()
    unfaithful: Optional[Unfaithful] = None
    failure: Optional[Failure] = None
    made_over: bool = False
    idle: bool = False
    rows: Rows = ()
    batch: int = 0
    tracked: Positions = ()
    numbers: tuple[int, int] = (0, 0)
    part: Optional[Call] = None
    not_rebuilt: Optional[NotRebuilt] = None
    untold: str = ""
    late: Optional[Failure] = None
    share: Share = Share.WHOLE
    usual: float = 0.0

    @property
    def of_few_numbers(self) -> bool:
        """Whether some method was asked about some numbers alone."""
        return any(self.numbers)

    @property
    def without_circuit(self) -> bool:
        """Whether the quantum function itself raised, before there was a circuit that methods can be asked about."""
        return self.failure is not None and self.failure.stage == "build"

    @property
    def methods(self) -> tuple[Method, ...]:
        """All methods that were evaluated, the own one first."""
        found = (self.own.method, *(side.method for side in self.sides), *(method for method, _ in self.refused))
        return tuple(dict.fromkeys(found))

    @property
    def raised(self) -> tuple[tuple[Method, Failure], ...]:
        """The methods that raised, with their exceptions: the own one first, where the user met its exception."""
        own = [] if self.failure is None else [(self.own.method, self.failure)]
        return (*own, *self.refused)

    def without_arrays(self) -> CallResult:
        """The same result without the numbers that led to it, nor the key, which the call tells: a trace may have many calls."""
        sides = tuple(replace(side, evaluation=_bare(side.evaluation)) for side in self.sides)
        bare = _bare(self.own)
        return replace(self, key="", own=bare, sides=sides, cotangents=(), part=None, usual=self.usual or usual_seconds(self.own))


def _bare(evaluation: Evaluation) -> Evaluation:
    return Evaluation(evaluation.method, seconds=evaluation.seconds, failure=evaluation.failure, memory=evaluation.memory)


def usual_seconds(evaluation: Evaluation) -> float:
    """About what an evaluation takes where no Jacobian is formed: that took a product for each result, beside two or so of others."""
    products = 0 if evaluation.jacobian is None else sum(np.size(output) for output in evaluation.outputs or ())
    return evaluation.seconds * 2 / (2 + products)

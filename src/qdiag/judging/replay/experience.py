"""What the calls of a structure have taught: which methods refuse, run late or are lost, and which take long.

At its first call everything is asked of a structure, whatever that takes. What it teaches spares the others the attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Optional

from qdiag.judging.replay.call_result import CallResult, Share
from qdiag.judging.replay.patience import Patience
from qdiag.judging.replay.records import without_numbers
from qdiag.judging.replay.sparing import Lessons
from qdiag.model.call import Call, Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method

HOPELESS = 2
"""A method that lost its worker so often on one structure is not asked again; one that ran out of its time is not asked twice."""

_Asked = tuple[str, Method]
"""A structure, and a method that it is evaluated under."""


class Experience:
    """What earlier calls have taught, by the structure of their circuits.

    Attributes
    ----------
    patience
        How much time there is for methods that take long.
    """

    def __init__(self, every: Optional[int]) -> None:
        self.patience = Patience(every)
        self._first: dict[str, int] = {}
        self._first_circuit: dict[str, str] = {}
        self._lost: Counter[_Asked] = Counter()
        self._late: set[_Asked] = set()
        self._late_own: dict[_Asked, Failure] = {}
        self._like: dict[_Asked, Evaluation] = {}
        self._refusing: set[_Asked] = set()

    def first_call(self, structure: str, index: int) -> int:
        """The first call of a structure that was begun: the given one, where none was."""
        return self._first.setdefault(structure, index)

    @property
    def first_calls(self) -> Iterable[int]:
        """Those of all structures so far."""
        return self._first.values()

    def is_first_circuit(self, structure: str, key: str) -> bool:
        """Whether a circuit, by its key, is the first of its structure: a repetition of it gets the same answer."""
        return self._first_circuit.setdefault(structure, key) == key

    def is_hopeless(self, structure: str, index: int, method: Method) -> bool:
        """Whether a method need not be asked at a call."""
        asked = (structure, method)
        return asked in self._late or (self._first[structure] != index and (asked in self._refusing or self._lost[asked] >= HOPELESS))

    def lessons(self, call: Call, structure: str, methods: Sequence[Method], known: Optional[CallResult], *, thorough: bool) -> Lessons:
        """What is known before a call is replayed.

        Parameters
        ----------
        call, structure, methods
            The call, the structure of its circuit, and the methods that it will be replayed under.
        known
            What it came to under other methods.
        thorough
            Whether it is looked at as if nothing were known of the structure.
        """
        late = self._late_own.get((structure, call.method))
        seconds = self.patience.gradient_of_own(structure, call.method)
        if thorough or late is not None:
            return Lessons(late=late, late_in_part=(structure, call.method) in self._late, seconds=seconds)
        screened = [method for method in methods if method.by_device and self.patience.is_slow(structure, method)]
        like = self._like.get((structure, call.method))
        share = Share.WHOLE if like is None or call.failure is not None else self._share_of_own(call, structure, known)
        if share is Share.WHOLE:
            return Lessons(screened, seconds=seconds)
        return Lessons(screened, like=like, time_for_part=share is Share.PART, seconds=seconds)

    def _share_of_own(self, call: Call, structure: str, known: Optional[CallResult]) -> Share:
        """How much of a call the own method, which is slow, is asked about, if it can be asked about less than the whole."""
        if known is not None:
            return known.share
        shares = (Share.WHOLE, Share.PART)
        return next((share for share in shares if self.patience.has_time_for_own(structure, call.method, share)), Share.RECORD)

    def learn(self, structure: str, result: CallResult) -> None:
        """Take note of what one more call came to."""
        own = (structure, result.own.method)
        if result.late is not None:
            self._late_own.setdefault(own, result.late)
            if not (result.rows or result.of_few_numbers):
                # nor is it in time for a part, or there is none
                self._late.add(own)
        for method, failure in result.refused:
            if failure.refusal:
                self._refusing.add((structure, method))
            elif failure.stage == "timeout":
                self._late.add((structure, method))
            elif failure.passing:
                self._lost[structure, method] += 1
        self.patience.learn(structure, result)
        if self.patience.is_slow(*own):
            self._like.setdefault(own, without_numbers(result.own))

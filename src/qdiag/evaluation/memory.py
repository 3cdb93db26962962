"""The evaluations made last, by what was asked: thousands of candidates of a search are worth it for a minute, and never a file."""

from __future__ import annotations

from collections import OrderedDict
from typing import Optional

from qdiag.model.evaluation import Evaluation

REMEMBERED = 512
"""So many evaluations are kept, to answer the same request again."""


class Memory:
    """Evaluations by the keys of their requests, the oldest forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Evaluation] = OrderedDict()

    def get(self, key: Optional[str]) -> Optional[Evaluation]:
        """What is remembered under a key, if anything is."""
        if key is None or key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: Optional[str], evaluation: Evaluation) -> None:
        """Remember an evaluation, unless a second attempt may come out otherwise."""
        if key is None or (evaluation.failure is not None and evaluation.failure.passing):
            return
        self._kept[key] = evaluation
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

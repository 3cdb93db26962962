"""What twin runs show of a training, as values: the runs, how far they part and how fast, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence, Evidence

QUANTITIES = ("output", "gradient", "parameters", "loss")
"""What is compared at every step, in the order in which one leads to the next."""

THRESHOLDS = (1e-6, 1e-4, 1e-2)


@dataclass(frozen=True)
class Growth:
    """A gap multiplies by ``factor`` a step (90 % between ``low`` and ``high``) from step ``start`` until it saturates at ``end``."""

    factor: float
    low: float
    high: float
    start: int
    end: int


@dataclass(frozen=True)
class TwinRun:
    """One run, and how far it parts from the script's own.

    Parameters
    ----------
    name
        Such as ``adjoint`` or ``ulp 3``; also the name of its file.
    role
        ``own`` · ``again`` · ``method`` · ``control`` · ``qnode-float64`` · ``float64`` · ``mechanism``.
    changed
        What was changed, in words.
    against
        The run that it is compared with.
    losses
        Mean losses of so many equal parts of the training.
    beyond
        For each of `QUANTITIES` and each of `THRESHOLDS`, in this order, the first step with a larger gap.
    largest
        For each of `QUANTITIES` the largest gap.
    growth
        How the gap grows.
    steps, gaps
        The gap over the steps, for a plot: the distance of the parameters, of the outputs where there are none; zeros are left out.
    seconds
        What the run took.
    trains
        Whether its loss falls.
    failure
        Why it ended early, or "".
    """

    name: str
    role: str
    changed: str
    against: str = ""
    losses: tuple[float, ...] = ()
    beyond: tuple[tuple[Optional[int], ...], ...] = ()
    largest: tuple[float, ...] = ()
    growth: Optional[Growth] = None
    steps: tuple[int, ...] = ()
    gaps: tuple[float, ...] = ()
    seconds: float = 0.0
    trains: bool = True
    failure: str = ""

    @property
    def reach(self) -> float:
        """How far outputs, parameters and losses get apart."""
        return max((size for name, size in zip(QUANTITIES, self.largest) if name != "gradient"), default=0.0)


@dataclass(frozen=True)
class Turn:
    """Something that starts or feeds the growth, at a step."""

    step: int
    text: str


class PartingCause(Enum):
    """Why two trainings part, as far as the runs by themselves tell."""

    AMPLIFIED = "the training amplifies rounding"
    NOT_SEEDED = "the script draws random numbers without a seed"
    OTHER_DATA = "the runs were fed different data"
    NONDETERMINISTIC = "something changes from run to run, from the same numbers on"
    UNKNOWN = "the runs do not tell"


@dataclass(frozen=True)
class TrainingVerdict:
    """What the runs come to.

    Parameters
    ----------
    verdict
        ``AGREE`` where the methods may be used interchangeably, ``ROUNDING`` where training amplifies rounding, ``ERROR`` where a
        method parts in a way that no rounding does.
    cause, confidence
        Why they part, None where they do not, and how sure that is.
    sentences
        Three at most.
    evidence
        The runs as experiments.
    advice
        What to do, each with its measured effect.
    """

    verdict: Verdict
    cause: Optional[PartingCause]
    confidence: Confidence
    sentences: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Training:
    """Everything that twin runs show."""

    own: str
    other: str
    steps: int
    runs: tuple[TwinRun, ...]
    judgement: TrainingVerdict
    turns: tuple[Turn, ...] = ()
    notes: tuple[str, ...] = ()

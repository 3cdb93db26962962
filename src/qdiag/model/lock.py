"""A lock: the distinct circuits of a run with what one stack gave of each, to be asked of another stack."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.call import Configuration, Environment
from qdiag.model.evaluation import Evaluation, Request


@dataclass(frozen=True, eq=False)
class Locked:
    """A circuit that is locked.

    Parameters
    ----------
    configuration
        The QNode that ran it.
    request
        What was asked: the circuit, the method, and the directions of its vector-Jacobian products.
    evaluation
        What came of it on the stack of the lock.
    """

    configuration: Configuration
    request: Request
    evaluation: Evaluation


class Missing(str, Enum):
    """Why a circuit of a run is not in its lock; the value is how files say it."""

    RAISED = "raised"
    OPAQUE = "opaque"
    OWN_CLASSES = "own classes"
    SECRET = "secret"
    RANDOM = "random"
    NOT_FINITE = "not finite"
    FAILS = "fails"
    CHANGING = "changing"
    TOO_LARGE = "too large"


@dataclass(frozen=True)
class LeftOut:
    """Circuits that a lock has not got: why, and how many."""

    why: Missing
    count: int


@dataclass(frozen=True, eq=False)
class Lock:
    """A lock.

    Parameters
    ----------
    script
        The script, as the user named it.
    environment
        The stack that gave the numbers.
    seed
        Of the circuits' made-up numbers; None where they are the run's own.
    circuits
        In the order of their first calls.
    left_out
        What of the run is not in it.
    """

    script: str
    environment: Environment
    seed: Optional[int]
    circuits: tuple[Locked, ...]
    left_out: tuple[LeftOut, ...] = ()

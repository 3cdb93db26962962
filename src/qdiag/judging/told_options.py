"""What a device was told that a reference was not: an option that moves the outputs is part of what is computed.

A readout error, a cutoff, a noise strength make a device give other results than ``default.qubit`` and our own simulation, and rightly
so. Whether an option does that is measured: the device once more, without its options.
"""

from __future__ import annotations

from dataclasses import replace

from qdiag.judging.comparison.compare import compare
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import PLAIN, Method
from qdiag.model.option import Options

_OF_CHANCE = frozenset({"seed"})
"""Options that choose among results which are all the same in the mean."""


def telling_options(method: Method) -> Options:
    """The options of a method's device that may be part of what it computes."""
    return tuple(option for option in method.device_options if option[0] not in _OF_CHANCE)


def with_and_without(first: Request, method: Method) -> tuple[Request, Request]:
    """Two questions for outputs: to a method's device as it is, and without its options."""
    plain = replace(method, diff_method=PLAIN.diff_method, gradient_options=())
    asked = replace(first, method=plain, cotangents=(), jacobian=False, second=False, cheaply=False)
    return asked, replace(asked, method=replace(plain, device_options=()))


def moved_by_options(circuit: Circuit, told: Evaluation, untold: Evaluation) -> bool:
    """Whether the options move the outputs; also where the device cannot be without them, so that nobody knows."""
    if told.outputs is None or told.failure is not None:
        return False
    if untold.outputs is None or untold.failure is not None:
        return True
    return compare(told, replace(untold, method=told.method), circuit).verdict is Verdict.ERROR


def words_of(method: Method) -> str:
    """The options that a reference was not told, as they are written."""
    return ", ".join(f"{name}={value!r}" for name, value in telling_options(method))

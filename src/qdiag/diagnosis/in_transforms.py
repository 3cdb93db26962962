"""Where a transform is at fault, or what it made: what is said of it, and what is to be done. The circuit itself is not to blame."""

from __future__ import annotations

import re

from qdiag.model.call import Call
from qdiag.model.operator_families import MEASUREMENT_FUNCTIONS
from qdiag.model.transform_families import spelt

NOT_RECORDED = "it was raised over circuits that a transform made, which a trace does not hold"


def inside_transform(call: Call) -> str:
    """Where a call raised over circuits that a transform made of its own."""
    configuration, failure = call.configuration, call.failure
    place = spelt(configuration.remade_by) + (f" ({configuration.library})" if configuration.library else "")
    measured = ", ".join(MEASUREMENT_FUNCTIONS.get(name, name) for name in configuration.made)
    words = f": {failure.type}: {failure.message}" if failure is not None else ""
    return f"raised inside {place}{f', whose circuits return {measured}' if measured else ''}{words}"


def way_around(call: Call) -> str:
    """How to have what a transform makes: by another method where the call's own does not take its circuits."""
    own, failure = call.method, call.failure
    if failure is not None and not failure.refusal:
        return f"correct what the exception names in the QNode that {spelt(call.configuration.remade_by)} is given"
    ways = [] if own.diff_method == "parameter-shift" else ['diff_method="parameter-shift"']
    if own.device != "default.qubit":
        ways.append("default.qubit")
    return f"{' or '.join(ways)} for the QNode that {spelt(call.configuration.remade_by)} is given" if ways else ""


def transforms_at_work(call: Call) -> tuple[str, bool]:
    """The transforms of a QNode inside of which its call raised, and whether the traceback names them: else it is any of all."""
    names, failure = call.configuration.transforms, call.failure
    at_work = "" if failure is None else " ".join(frame.rpartition(":")[0] for frame in failure.frames)
    named = [name for name in dict.fromkeys(names) if re.search(rf"\b{re.escape(name)}\b", at_work)]
    return ", ".join(named or dict.fromkeys(names)), bool(named)

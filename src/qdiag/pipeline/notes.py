"""What the reader must know beside the findings: steps that tell nothing, what was not recorded, where qdiag itself failed."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from qdiag.evaluation.answers import LOGGER
from qdiag.model.call import Call
from qdiag.model.element import parameter_names
from qdiag.model.method import QJIT, Method
from qdiag.model.numerics import rounding
from qdiag.pipeline.probed_qnodes import probed_qnodes
from qdiag.trace.reader import Trace

COARSE = 1e-2
"""Relative to the largest number: a difference quotient that may leave out more says little of a gradient."""

MOST_NAMES = 3
"""Numbers of a circuit that are named in a note."""

MOST_CALLS = 64
"""Calls from the one that has a mark on, among which those like it are looked for."""

LEAST_VALUES = 3
"""Values that a number has had which is said to change."""

MOST_PROCESSES = 8
"""Processes that a note names."""

MOST_NOTES = 5
"""Notes of the recording that a report has, the most frequent first."""


def about_steps(methods: Iterable[Method]) -> Iterator[str]:
    """That a difference quotient's step is so long that nearly any gap is what it leaves out."""
    for method in methods:
        left_out = rounding.truncation(method, 1)
        if method.diff_method == "finite-diff" and left_out > COARSE:
            step = dict(method.gradient_options).get("h")
            yield (
                f"finite-diff takes steps of h = {step}: what these leave out explains gaps of up to {left_out:.2g} times the largest "
                "number, and a smaller one is not told from it; take h = 1e-4, or an exact method"
            )


def about_second_differences(trace: Trace) -> Iterator[str]:
    """That second derivatives which the script takes by finite differences of finite differences are no numbers to compare."""
    for index in trace.first_differentiated_twice():
        method = trace.call(index).method
        options = dict(method.gradient_options)
        step = options.get("h", rounding.STEP)
        if method.diff_method == "finite-diff" and options.get("max_diff", 2) != 1:
            left = f"some {rounding.EPS64 / float(step) ** 2:.2g} times the largest result" if isinstance(step, float) else "much"
            yield (
                f"second derivatives by finite-diff (first at call {index}) were compared with nothing: they divide rounding by h² "
                f"(h = {step}), which leaves {left}; diff_method=\"parameter-shift\" or \"backprop\" has them exactly"
            )
            return


def about_alike(trace: Trace) -> Iterator[str]:
    """That of QNodes which are alike only some were looked at in the script's own process."""
    qnodes = probed_qnodes(trace)
    if qnodes.represented:
        looked_at, others = len(qnodes.probes), len(qnodes.represented)
        yield (
            f"{looked_at} of {len(qnodes.made)} QNodes were looked at in the script's own process: {others} more are alike to some of "
            "these in all that is known of them, and their calls were replayed as all others"
        )


def about_recording(trace: Trace) -> Iterator[str]:
    """What the recorder notes; the same words once."""
    noted = Counter(event.text for event in trace.events if event.kind == "note")
    for text, times in noted.most_common(MOST_NOTES):
        yield text if times == 1 else f"{text} ({times} times)"
    if len(noted) > MOST_NOTES:
        yield f"{len(noted) - MOST_NOTES} more notes of the recording are in the trace"


def about_processes(trace: Trace) -> Iterator[str]:
    """Whose calls are which, where several processes made them: each counts its own from its first one on."""
    processes = trace.processes
    told = [f"{process.name or 'the script'} {process.first} to {process.first + process.calls - 1}" for process in processes]
    if len(told) > MOST_PROCESSES:
        told[MOST_PROCESSES:] = [f"{len(told) - MOST_PROCESSES} more processes after these"]
    if told:
        yield f"the calls are of several processes, one after the other: {', '.join(told)}"


def about_marks(trace: Trace) -> Iterator[str]:
    """What is marked trainable and differentiated by nothing; or that nothing is, so that outputs alone were compared."""
    if trace.handed:
        return
    firsts = trace.first_of_each_structure(apart=True)
    differentiated = [index for index in firsts if trace.is_differentiated(index)]
    if any(trace.call(index).configuration.compiled == QJIT for index in firsts):
        yield (
            "what qml.qjit compiled tells nothing of what comes back to a circuit: such calls are judged by all of their numbers that "
            "Catalyst traces where it differentiates, with cotangents of our own"
        )
    elif firsts and not differentiated:
        nothing = not any(trace.call(index).circuit.trainable for index in firsts)
        why = "nothing in any circuit is trainable" if nothing else "no backward pass came back to any call"
        yield f"{why}: what the methods give was compared by outputs alone"
    for index in differentiated:
        call = trace.call(index)
        circuit = call.circuit
        if circuit.marked and not call.configuration.remade_by:
            names = parameter_names(circuit)
            yield (
                f"{_several([names[position] for position in circuit.marked])} in the circuit of call {index}: marked trainable, as "
                f"arrays of pennylane.numpy are, and nothing differentiates by it; {_about_mark(trace, call)}"
            )
            return


def _about_mark(trace: Trace, call: Call) -> str:
    """What to do about a mark by which nothing is differentiated: data has one by oversight, weights under wrong argnums."""
    until = min(len(trace), call.index + MOST_CALLS)
    flags = call.circuit.trainable, call.circuit.marked
    others = (trace.call(index) for index in range(call.index, until) if trace.is_differentiated(index))
    likes = [other for other in others if (other.circuit.trainable, other.circuit.marked) == flags]
    held, changed = (len({_numbers_of(like, positions) for like in likes}) for positions in flags)
    if held == 1 and changed >= LEAST_VALUES:
        return "it changes from call to call, while what the script differentiates by does not: is that meant (argnums)?"
    return "some methods count it all the same: requires_grad=False"


def _numbers_of(call: Call, positions: Sequence[int]) -> bytes:
    return b"".join(call.circuit.parameters[position].value.tobytes() for position in positions)


def about_widening(trace: Trace) -> Iterator[str]:
    """Why torch refuses to put two dtypes together, where the script ended by that: outside of a layer results are as the device's."""
    words = "" if trace.script.failure is None else trace.script.failure.message.lower()
    if not len(trace) or not {"double", "float"} <= {*re.findall(r"[a-z]+", words)}:
        return
    call = trace.call(len(trace) - 1)
    given = {argument.dtype for argument in call.arguments if argument.container == "torch" and argument.dtype.startswith("float")}
    wide = any(output is not None and output.dtype == np.float64 for output in call.outputs or ())
    if call.output_container == "torch" and given == {"float32"} and wide and not call.configuration.layer:
        qnode = call.configuration.qnode
        yield (
            f"{qnode} is given float32 and gives float64, as QNodes outside of a TorchLayer do: {qnode}(…).float() for the layer "
            "behind it, or torch.set_default_dtype(torch.float64) before the model is made"
        )


def _several(names: Sequence[str]) -> str:
    kept = ", ".join(names[:MOST_NAMES])
    return f"{kept} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else kept


@contextmanager
def own_failures() -> Iterator[list[str]]:
    """The mistakes of our own that are told meanwhile, the same words once: a cause or a row less in the report, and it says so."""
    told: list[str] = []

    class Notes(logging.Handler):
        """Makes a note of each."""

        def emit(self, record: logging.LogRecord) -> None:
            """Keep the words."""
            if record.getMessage() not in told:
                told.append(record.getMessage())

    handler = Notes(logging.WARNING)
    LOGGER.addHandler(handler)
    try:
        yield told
    finally:
        LOGGER.removeHandler(handler)

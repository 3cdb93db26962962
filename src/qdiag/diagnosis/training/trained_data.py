"""QD811: an optimiser of PennyLane's moves the data, too, since arrays of ``pennylane.numpy`` are trainable unless told otherwise.

Nothing in an array says that it is data. What does is how it is used: it has a row for each of a step's calls (or of a batch), one of
the calls' arguments takes one row at a time, another array has as many rows and goes to no QNode, as targets do, and there is something
else that all of these calls share. Where all this holds and a step gives all of it back changed, it trains what it should learn from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from qdiag.diagnosis.causes.around_the_qnode import TRAINED_DATA
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import LEAST_STEPS
from qdiag.diagnosis.training.recorded import Seen
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.call import Call
from qdiag.model.remarks import Remark
from qdiag.model.training import OptimiserStep, SteppedArgument

MOST_ROWS = 1024
"""Of a step that takes more calls nobody wants each of them read."""


def remarks(history: History) -> Iterator[Remark]:
    """Of steps all of which move rows of data and targets beside what they should."""
    steps = [seen for seen in history.training.steps if seen.fact.arguments]
    found = [_moved_data(history, one, two) for one, two in zip([None, *steps], steps)]
    if len(steps) < LEAST_STEPS or not found[0] or any(data != found[0] for data in found):
        return
    data, moved = found[0], [argument for argument in steps[0].fact.arguments if argument.trainable]
    rest = [argument.name for argument in moved if argument.name not in data]
    learnt = ", ".join(rest)
    shapes = listed([f"{argument.name} {argument.shape}".replace(",)", ")") for argument in moved if argument.name in data])
    names = " and ".join(data)
    yield remark(
        history,
        TRAINED_DATA,
        f"every step moves {shapes}, as it moves {listed(rest)}: arrays of pennylane.numpy are trainable unless told otherwise",
        calls=list(range(min(steps[0].after, len(history.recording)))),
        places=[steps[0].fact.source],
        remedy=f"requires_grad=False for {names}; or opt.step(lambda {learnt}: cost({learnt}, {', '.join(data)}), {learnt})",
    )


def _moved_data(history: History, before: Optional[Seen[OptimiserStep]], step: Seen[OptimiserStep]) -> tuple[str, ...]:
    """Names of the data and targets that a step moved; none where it moved none, or nothing beside them."""
    moved = [argument for argument in step.fact.arguments if argument.trainable and argument.moved]
    first = 0 if before is None else before.after
    for data in moved:
        targets = [one for one in moved if one is not data and one.shape[:1] == data.shape[:1]]
        others = [one for one in moved if one is not data and one not in targets]
        if data.shape and targets and others and _takes_rows(history, data, first, step.after):
            return tuple(one.name for one in moved if one is data or one in targets)
    return ()


def _takes_rows(history: History, data: SteppedArgument, first: int, end: int) -> bool:
    """Whether the last calls of a step were each given a row, or the last one a batch of all of them."""
    rows, *row = data.shape
    if not 2 <= rows <= MOST_ROWS or end > len(history.recording) or end - first < 1:
        return False
    last = history.recording.call(end - 1)
    if _is_given(last, data.shape) and all(output.shape[:1] == (rows,) for output in last.outputs or ()):
        return bool(last.outputs)
    if end - first < rows:
        return False
    calls = [history.recording.call(index) for index in range(end - rows, end)]
    return all(_is_given(call, row) for call in calls) and len({_numbers(call) for call in calls}) == rows


def _is_given(call: Call, shape: Sequence[int]) -> bool:
    """Whether a call was given something of a shape that is differentiated by."""
    return any(argument.trainable and tuple(argument.shape) == tuple(shape) for argument in call.arguments)


def _numbers(call: Call) -> tuple[bytes, ...]:
    return tuple(parameter.value.tobytes() for parameter in call.circuit.parameters)

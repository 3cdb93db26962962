"""Evaluations in another environment: a program by itself, run by the interpreter of that environment.

Started as ``python -I other_process.py SECONDS FOLDER…``, where each folder is a package that is lent: our own, and what it needs and
not every PennyLane brings along. These alone are made importable there, and nothing that is installed beside them: the packages here
are another stack's. It answers one message after the other, the first unasked: what stack it is. What PennyLane or an operation prints
goes to stderr, and never between the messages.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any, BinaryIO


def lend_package(folder: str) -> None:
    """Make one package importable from its folder, by the folder's name."""
    name = os.path.basename(folder)
    spec = importlib.util.spec_from_file_location(name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no package in {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def own_streams() -> tuple[BinaryIO, BinaryIO]:
    """The streams that messages go by; whoever prints from now on prints to stderr."""
    messages = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return messages


def serve(asked: BinaryIO, answers: BinaryIO, seconds: float) -> None:
    """Say what stack this is, then evaluate what is asked, until nobody asks any more."""
    from qdiag.bridges import stack
    from qdiag.evaluation import frames
    from qdiag.trace.call_text import text_of

    frames.send(answers, text_of(stack.environment()).encode())
    while True:
        try:
            message = frames.receive(asked)
        except EOFError:
            return
        frames.send(answers, *answer(message, seconds))


def answer(message: tuple[bytes, ...], seconds: float) -> tuple[bytes, bytes]:
    """The evaluation of a request, as text and bytes."""
    from qdiag.evaluation.evaluate import evaluate
    from qdiag.evaluation.limits import evaluate_within
    from qdiag.model.call import Failure
    from qdiag.model.evaluation import Evaluation
    from qdiag.trace.evaluation_text import can_be_written, write_evaluation
    from qdiag.trace.request_text import Written, read_request

    head, structure, arrays = message
    request = read_request(Written(head.decode(), structure.decode(), arrays))
    found: Any = evaluate_within(evaluate, request, seconds)
    if not can_be_written(found):
        found = Evaluation(request.method, failure=Failure("TypeError", "its results cannot be handed on", stage="worker"))
    text, blob = write_evaluation(found)
    return text.encode(), blob


if __name__ == "__main__":
    streams = own_streams()
    seconds, ours, *needed = sys.argv[1:]
    # a qdiag that is installed there may be another one
    lend_package(ours)
    for lent in needed:
        if importlib.util.find_spec(os.path.basename(lent)) is None:
            lend_package(lent)
    from qdiag.evaluation import worker_process

    worker_process.prepare(warm=True)
    serve(*streams, float(seconds))

"""What a call raised in the script, and not by itself: it lies in what ran around it, of which a trace holds the traceback alone."""

from __future__ import annotations

from collections.abc import Sequence

from qdiag.model.call import Failure
from qdiag.model.circuit import AS_DECOMPOSITION

ALONE = "replayed by itself, the call does not raise"

_RESUMED = "torch_dynamo_resume"
"""How ``torch.compile`` names what is left of a function where it had to stop making one piece of it."""


_NOT_FUNCTIONAL = "autograd.Function with functorch transforms"
"""Torch's words where ``torch.func`` meets a derivative that is not made of torch's operations: every method's but backprop's."""


_UNDERIVED = "diff_method=None"
"""PennyLane's words where a QNode that is made for its results alone is differentiated."""


def _is_of_torch_compile(failure: Failure) -> bool:
    return any(_RESUMED in frame or frame.startswith("torch._dynamo") for frame in failure.frames)


def _in_parts(notes: Sequence[str]) -> str:
    """The operations of which a circuit holds the parts alone, by their names."""
    return " and ".join(dict.fromkeys(note.partition(f" {AS_DECOMPOSITION}")[0] for note in notes if AS_DECOMPOSITION in note))


def why_in_the_script(failure: Failure, notes: Sequence[str] = ()) -> str:
    """Why a call raises where the script makes it, as far as its traceback says, and the notes of what was recorded of it."""
    if _is_of_torch_compile(failure):
        return f"torch.compile was at work on PennyLane's own functions, and {ALONE}"
    if _NOT_FUNCTIONAL in failure.message:
        return f"torch.func takes no derivative but backprop's; {ALONE}"
    if _UNDERIVED in failure.message:
        return "the QNode is made with diff_method=None, for its results alone, and is differentiated all the same"
    if _in_parts(notes):
        parts = f"of {_in_parts(notes)} the parts alone were recorded, and made of these the call does not raise"
        return f"{parts}: what raises lies in the whole of it, or in what the script does around the call"
    return f"{ALONE}: what raises lies in what the script does around it"


def way_out(failure: Failure, notes: Sequence[str] = ()) -> str:
    """What to do about it."""
    if _is_of_torch_compile(failure):
        return "keep torch.compile off the circuit: torch.compiler.disable(qnode), or compile the other layers alone"
    if _NOT_FUNCTIONAL in failure.message:
        return 'diff_method="backprop", or torch.autograd in the place of torch.func'
    if _UNDERIVED in failure.message:
        return "leave it out where the QNode is made; or call it on numbers that nothing tracks"
    if _in_parts(notes):
        return f"write out the gates of {_in_parts(notes)}, which do not raise; or another diff_method"
    return "read the script's traceback from what ran around the QNode: threads, signal handlers, hooks, patched functions, memory"

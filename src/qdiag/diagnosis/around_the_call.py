"""What a call raised in the script, and not by itself: it lies in what ran around it, of which a trace holds the traceback alone."""

from __future__ import annotations

from qdiag.model.call import Failure

ALONE = "replayed by itself, the call does not raise"

_RESUMED = "torch_dynamo_resume"
"""How ``torch.compile`` names what is left of a function where it had to stop making one piece of it."""


_NOT_FUNCTIONAL = "autograd.Function with functorch transforms"
"""Torch's words where ``torch.func`` meets a derivative that is not made of torch's operations: every method's but backprop's."""


def _is_of_torch_compile(failure: Failure) -> bool:
    return any(_RESUMED in frame or frame.startswith("torch._dynamo") for frame in failure.frames)


def why_in_the_script(failure: Failure) -> str:
    """Why a call raises where the script makes it, as far as its traceback says."""
    if _is_of_torch_compile(failure):
        return f"torch.compile was at work on PennyLane's own functions, and {ALONE}"
    if _NOT_FUNCTIONAL in failure.message:
        return f"torch.func takes no derivative but backprop's; {ALONE}"
    return f"{ALONE}: what raises lies in what the script does around it"


def way_out(failure: Failure) -> str:
    """What to do about it."""
    if _is_of_torch_compile(failure):
        return "keep torch.compile off the circuit: torch.compiler.disable(qnode), or compile the other layers alone"
    if _NOT_FUNCTIONAL in failure.message:
        return 'diff_method="backprop", or torch.autograd in the place of torch.func'
    return "read the script's traceback from what ran around the QNode: threads, signal handlers, hooks, patched functions, memory"

"""Whether the device, the method and the circuit of a call can be made again, as its script made them, where calls are replayed.

Where they cannot, another one in their place would say nothing of the script's: the call is judged in the script's own process, by the
probe of its QNode (`judging.live_word`).
"""

from __future__ import annotations

from typing import Optional

from qdiag.errors import MissingInterfaceError, OpaqueCircuitError
from qdiag.model.call import Call
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import DIFF_METHODS, Method
from qdiag.model.result import NotRebuilt

DEVICE = "device"
"""The stage of a failure that was met while a device was made."""


def obstacle(method: Method, *, trusted: bool) -> str:
    """Why a method's device cannot be made again, in words; "" where nothing known forbids it.

    Parameters
    ----------
    method
        The script's own.
    trusted
        Whether what the trace names may be imported.
    """
    why = method.why_not_rebuilt
    if why or trusted or not method.imports:
        return why
    return f"{method.imports[0]} is imported only for a trace of your own, or with --trust"


def failed_to_rebuild(call: Call, own: Evaluation) -> Optional[NotRebuilt]:
    """That making device, method or circuit again failed, although the script's own call went well; None where it did not."""
    failure = own.failure
    if failure is not None and failure.ours and failure.type == MissingInterfaceError.__name__:
        return NotRebuilt(call.index, f"{failure.message}: {MissingInterfaceError.INSTALL}", interface=True)
    if failure is None or call.failure is not None:
        return None
    name = call.configuration.resolved
    if name and name not in DIFF_METHODS:
        return NotRebuilt(call.index, f"of {name} the name alone is known", method=True)
    if failure.stage == DEVICE:
        return NotRebuilt(call.index, failure.message if failure.ours else f"{failure.type}: {failure.message}")
    if failure.ours and failure.type == OpaqueCircuitError.__name__:
        return NotRebuilt(call.index, failure.message.rstrip("."), circuit=True)
    return None

"""qdiag: find the QNode call at which two differentiation methods part, say which is wrong and why, and prove it."""

from qdiag._version import __version__ as __version__

TYPE_CHECKING = False  # typing itself is not loaded: the traced child starts here, as bare as the interpreter
if TYPE_CHECKING:
    from qdiag import errors as errors
    from qdiag import testing as testing
    from qdiag.api import Check as Check
    from qdiag.api import Recording as Recording
    from qdiag.api import check as check
    from qdiag.api import open as open
    from qdiag.api import record as record
    from qdiag.model.comparison import Tolerance as Tolerance
    from qdiag.model.comparison import Verdict as Verdict
    from qdiag.watching import Watch as Watch
    from qdiag.watching import watch as watch

_HOMES = {
    "check": "qdiag.api",
    "record": "qdiag.api",
    "open": "qdiag.api",
    "watch": "qdiag.watching",
    "Watch": "qdiag.watching",
    "Check": "qdiag.api",
    "Recording": "qdiag.api",
    "Tolerance": "qdiag.model.comparison",
    "Verdict": "qdiag.model.comparison",
}
"""Where each public name lives; it is loaded when it is first asked for."""

_MODULES = ("errors", "testing")

__all__ = [
    "Check",
    "Recording",
    "Tolerance",
    "Verdict",
    "Watch",
    "__version__",
    "check",
    "errors",
    "open",
    "record",
    "testing",
    "watch",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"qdiag.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'qdiag' has no attribute '{name}'")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *_HOMES, *_MODULES})

"""For test suites: an assertion that a QNode gives the same under every method, to rounding."""

from __future__ import annotations

from typing import Any, Callable

from qdiag.api import Check, Methods, Tolerated, check
from qdiag.errors import UsageError

__all__ = ["assert_methods_agree"]


def assert_methods_agree(
    target: Callable[..., Any],
    *args: Any,
    methods: Methods = "auto",
    tolerance: Tolerated = None,
    gradients: bool = True,
    **kwargs: Any,
) -> None:
    """Assert that all methods give the same outputs and gradients, to rounding.

    Parameters
    ----------
    target, *args, methods, tolerance, **kwargs
        As in `qdiag.check`.
    gradients
        Whether there must be something to differentiate by; False where outputs alone are meant.

    Raises
    ------
    AssertionError
        If a method is wrong, or if nothing could be compared; the message holds the reproducer.
    UsageError
        If no gradient could be compared, since nothing is tracked.
    """
    __tracebackhide__ = True
    checked = check(target, *args, methods=methods, tolerance=tolerance, **kwargs)
    if not checked:
        raise AssertionError(_message(checked))
    if gradients and not checked.tracked:
        raise UsageError(
            "no gradient was compared: nothing is tracked",
            "pass torch tensors with requires_grad=True, arrays of pennylane.numpy, or gradients=False to compare outputs alone",
        )


def _message(checked: Check) -> str:
    reproducer = checked.reproducer
    return f"{checked}\n\nThis script shows it:\n\n{reproducer}" if reproducer else str(checked)

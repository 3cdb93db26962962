"""The steps of torch's optimisers, heard where torch has no hook for them that lasts.

Torch 2 has hooks of all optimisers. Before it there are none, and up to 2.2 `torch.compile` takes the wrapper in which they run off the
step of each class: there the step itself is wrapped, and so is what is inside of that wrapper, which stands in its place from then on.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Callable, Optional

Wrap = Callable[[Any], Any]
"""Makes of a step one that does the same and tells of it; by `functools.wraps`."""

LASTING = (2, 3)
"""The first torch whose compiler leaves the hooks where they are."""


def hooks_last(torch: Any) -> bool:
    """Whether hooks of optimisers hear each step with this torch."""
    if not hasattr(sys.modules["torch.optim.optimizer"], "register_optimizer_step_post_hook"):
        return False
    release = re.match(r"(\d+)\.(\d+)", str(getattr(torch, "__version__", "")))
    return release is None or (int(release[1]), int(release[2])) >= LASTING


def wrapped_step(kind: Any, wrap: Wrap, mark: str) -> Optional[Any]:
    """What shall be the step of a class of optimisers; None where it is already.

    Parameters
    ----------
    kind
        The class.
    wrap
        Puts something around a step.
    mark
        The attribute by which such a step is known.
    """
    step = kind.step
    if hasattr(step, mark):
        return None
    heard, inside = wrap(step), getattr(step, "__wrapped__", None)
    setattr(heard, mark, True)
    if inside is not None:
        heard.__wrapped__ = wrap(inside)
        setattr(heard.__wrapped__, mark, True)
    return heard

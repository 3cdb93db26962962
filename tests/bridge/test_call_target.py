"""What is handed in is called forwards and backwards by all that is marked in it, wherever it sits."""

from __future__ import annotations

from typing import Any

import pytest
from pennylane import numpy as pnp

from qdiag.bridges.live.call_target import call_forward_and_backward

pytestmark = pytest.mark.stack


def test_marked_arrays_are_tracked_in_lists_and_by_name_too_and_data_is_not() -> None:
    seen: dict[str, bool] = {}

    def target(parts: Any, data: Any, *, scale: Any) -> Any:
        seen.update(first=hasattr(parts[0], "_node"), second=hasattr(parts[1], "_node"))
        seen.update(data=hasattr(data, "_node"), scale=hasattr(scale, "_node"))
        return parts[0] * parts[1] * scale + data

    marked = [pnp.array(0.3), pnp.array(0.4)]
    call_forward_and_backward(target, (marked, pnp.array(2.0, requires_grad=False)), {"scale": pnp.array(0.5)}, seed=0)
    assert seen == {"first": True, "second": True, "data": False, "scale": True}


def test_whole_numbers_are_handed_on_as_they_are() -> None:
    seen: list[Any] = []

    def target(x: Any, count: Any) -> Any:
        seen.append(count)
        return x * 2

    count = pnp.array([1, 2])
    call_forward_and_backward(target, (pnp.array(0.3), count), {}, seed=0)
    assert seen[0] is count

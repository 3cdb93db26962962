"""Where an optimiser is made: in the user's code, wherever torch goes on from there."""

from __future__ import annotations

import sys
from typing import Any

from qdiag.recording.makers import Maker, maker_of


class Optimizer:
    pass


def made_by(module: str, optimizer: Any) -> Maker:
    """What is found from a frame of a module that this function calls."""
    names: dict[str, Any] = {"__name__": module, "find": lambda: maker_of(optimizer, sys._getframe(1))}
    exec("def make():\n    return find()", names)
    found: Maker = names["make"]()
    return found


def test_torchs_own_frames_are_passed_over() -> None:
    optimizer = Optimizer()
    maker = made_by("torch.optim.adam", optimizer)
    assert maker.function == "made_by"
    assert maker.path == __file__
    assert maker.variables["Optimizer"] is Optimizer


def test_a_module_that_is_only_called_alike_is_the_users() -> None:
    assert made_by("torch_helpers", Optimizer()).function == "make"


def test_the_optimiser_lives_no_longer_for_it() -> None:
    optimizer = Optimizer()
    maker = maker_of(optimizer, None)
    assert maker.optimizer() is optimizer
    del optimizer
    assert maker.optimizer() is None

"""What a call says about itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.model.call import Backward, Call, Failure
from tests.worlds import scripted
from tests.worlds.methods import SHIFT


def called(*, create_graph: bool = False, **options: int) -> Call:
    call = scripted.call(0, scripted.circuit(0.3), SHIFT)
    went_back = Backward((np.array(1.0),), (np.array(0.5),), (True,), create_graph)
    return replace(call, backwards=(went_back,), configuration=replace(call.configuration, execution_options=tuple(options.items())))


def test_a_script_that_differentiates_once_is_replayed_under_its_method_as_it_stands() -> None:
    call = called()
    assert call.method == call.configuration.method


def test_a_script_that_differentiates_twice_is_replayed_with_the_order_that_its_qnode_supports() -> None:
    assert dict(called(create_graph=True).method.gradient_options) == {"max_diff": 1}


def test_the_order_that_the_user_has_chosen_stands() -> None:
    assert called(create_graph=True, max_diff=2).method.gradient_options == ()


@pytest.mark.parametrize("stage", ["worker", "timeout", "build", "forward", "backward"])
def test_what_a_second_attempt_may_not_meet_is_a_worker_that_was_lost_or_out_of_its_time(stage: str) -> None:
    assert Failure("Lost", "", stage=stage).passing is (stage in {"worker", "timeout"})

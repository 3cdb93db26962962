"""Metric tensors beside our own: which are judged, and from where on they are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.evaluation import remote
from qdiag.judging import metric_findings
from qdiag.model.call import Call
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Divergence
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.scripted import call, circuit

RIGHT = np.array([[0.25, 0.1, 0.0], [0.1, 0.2, 0.05], [0.0, 0.05, 0.3]])


class Simulated(FakeEvaluator):
    def __init__(self, metric: Optional[np.ndarray] = RIGHT, other: Optional[np.ndarray] = RIGHT) -> None:
        self.metric, self.other = metric, other

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.other if function is remote.adjoint_metric_tensor else self.metric


def natural(*outputs: np.ndarray, metric_of: tuple[tuple[int, ...], ...] = ((0, 1, 2),), **changes: Any) -> Call:
    made = call(0, circuit(0.3), outputs=outputs)
    configuration = replace(made.configuration, transforms=("metric_tensor",), metric_of=metric_of, **changes)
    return replace(made, configuration=configuration)


def found(one: Call, metric: Optional[np.ndarray] = RIGHT) -> Optional[Divergence]:
    return metric_findings.divergence(one, Simulated(metric))


def test_the_metric_of_the_state_is_right_in_whatever_order_the_argument_has_the_numbers() -> None:
    assert found(natural(RIGHT)) is None
    assert found(natural(RIGHT[np.ix_([2, 0, 1], [2, 0, 1])], metric_of=((2, 0, 1),))) is None


def test_an_entry_that_is_another_is_an_error_that_no_method_is_blamed_for() -> None:
    off = RIGHT.copy()
    off[0, 1] += 0.3
    divergence = found(natural(off))
    assert divergence is not None
    assert (divergence.verdict, divergence.wrong, divergence.outside, divergence.of_metric) == (Verdict.ERROR, (), True, True)
    assert str(divergence.comparison.element) == "output[0, 1]"
    assert divergence.judged == "qml.metric_tensor gives 0.4, derivatives of the state by our own simulation 0.1"


def test_several_arguments_have_a_metric_each() -> None:
    one, other = RIGHT[:1, :1], RIGHT[1:, 1:]
    assert found(natural(one, other, metric_of=((0,), (1, 2)))) is None
    divergence = found(natural(one, other + 0.1, metric_of=((0,), (1, 2))))
    assert divergence is not None
    assert divergence.comparison.element is not None
    assert divergence.comparison.element.output == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"metric_of": ()},
        {"transform_options": (("metric_tensor.approx", "block-diag"),)},
        {"transform_options": (("metric_tensor.argnum", 0),)},
        {"device_wires": (0,)},
    ],
    ids=["processed", "approximate", "partial", "no wire to spare"],
)
def test_what_is_something_else_by_the_users_word_is_not_judged(changes: dict[str, Any]) -> None:
    assert found(natural(RIGHT + 0.3, **changes)) is None


def test_options_left_at_their_default_say_nothing() -> None:
    assert found(natural(RIGHT + 0.3, transform_options=(("metric_tensor.approx", None),))) is not None


def test_where_there_is_no_reference_nothing_is_said() -> None:
    assert found(natural(RIGHT + 0.3), None) is None


@pytest.mark.parametrize(("other", "holds"), [(RIGHT, [True]), (RIGHT + 0.1, [False]), (None, [])])
def test_another_route_to_the_same_metric_tells_whether_it_is_the_route(other: Optional[np.ndarray], holds: list[bool]) -> None:
    divergence = found(natural(RIGHT + 0.3))
    assert divergence is not None
    assert [one.holds for one in metric_findings.evidence(divergence, Simulated(other=other))] == holds

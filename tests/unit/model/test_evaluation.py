"""A request is built in one place: it takes over from the call all that an evaluation depends on."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.question import question_of
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import request_of
from qdiag.model.call import Call
from qdiag.model.comparison import Signature, Tolerance
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import PLAIN
from tests.worlds.scripted import METHODS, call, circuit

OF_THE_CALL: dict[str, Any] = {
    "device_wires": ("a", "b"),
    "execution_options": (("mcm_method", "deferred"),),
    "default_dtype": "float64",
}
"""Configured otherwise than a request is where nothing is said."""


def configured() -> Call:
    seen = call(0, circuit(0.3))
    return replace(seen, configuration=replace(seen.configuration, interface="autograd", **OF_THE_CALL))


def test_it_takes_over_interface_wires_options_and_default_dtype():
    seen = configured()
    request = Request.of(seen.circuit, seen.method, seen.configuration, trusted=True, seed=3)
    assert request.interface == "autograd"
    assert {name: getattr(request, name) for name in OF_THE_CALL} == OF_THE_CALL
    assert (request.circuit, request.method, request.trusted, request.seed) == (seen.circuit, seen.method, True, 3)


def test_a_replay_and_a_question_ask_the_same_of_the_users_own_method():
    seen = replace(configured(), backwards=())
    replayed = request_of(seen, Plan(trusted=True), (), jacobian=True)
    other = METHODS[1]
    question = question_of(seen, (seen.method, other), where=Signature.JACOBIAN, trusted=True, tolerance=Tolerance())
    asked = question.request(0)
    for field in fields(Request):
        assert getattr(asked, field.name) == getattr(replayed, field.name), field.name
    assert question.request(1).method == other


def test_a_question_about_plain_numbers_asks_for_no_derivative():
    seen = configured()
    pair = (seen.method, PLAIN.on("default.qubit"))
    question = question_of(seen, pair, where=Signature.JACOBIAN, trusted=False, tolerance=Tolerance())
    assert (question.request(0).jacobian, question.request(1).jacobian) == (True, False)


def test_cotangents_come_through():
    seen, cotangents = configured(), ((np.ones(2), None),)
    assert Request.of(seen.circuit, seen.method, seen.configuration, trusted=False, cotangents=cotangents).cotangents is cotangents


@pytest.mark.parametrize(
    ("written", "order", "differenced", "noise"),
    [
        ("finite-diff", 2, False, True),
        ("finite-diff", 1, False, False),
        ("parameter-shift", 1, True, True),
        ("parameter-shift", 2, False, False),
    ],
)
def test_a_second_derivative_by_differences_is_noise_unless_it_is_the_zero_of_a_constant(
    written: str, order: int, differenced: bool, noise: bool
) -> None:
    method = replace(PLAIN, diff_method=written, gradient_options=(("max_diff", order),))
    assert Evaluation(method, differenced=differenced).takes_second_differences is noise


@pytest.mark.parametrize(("given", "once"), [((), True), ((("max_diff", 1),), True), ((("max_diff", 2),), False)])
def test_differentiated_twice_a_method_says_that_it_is_made_for_one(given: Any, once: bool) -> None:
    made = call(0, circuit(0.3))
    twice = replace(made, backwards=(replace(made.backwards[0], create_graph=True),))
    twice = replace(twice, configuration=replace(twice.configuration, execution_options=given))
    assert twice.method.gradient_options == ((("max_diff", 1),) if once else ())
    assert made.method.gradient_options == ()

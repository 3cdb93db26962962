"""QD6: what repeating with one seed, and with another, tells of numbers that are random."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import Measured
from qdiag.model.node import Node
from tests.worlds.methods import methods
from tests.worlds.symptoms import World, found, of, rotation, symptoms

SPSA = methods("default.qubit/spsa", "default.qubit/backprop")


def drawn(request: Request) -> float:
    """A gradient that depends on the seed, from the method that is random by construction."""
    return 0.2 + 0.1 * request.seed if request.method.diff_method == "spsa" else 0.0


def sampled(request: Request) -> float:
    """Noise of either method, as long as there are shots."""
    return 0.01 * (1 + request.seed + len(request.method.diff_method)) if request.circuit.shots else 0.0


def test_spsa_that_agrees_with_itself_under_one_seed_and_not_under_another_is_stochastic() -> None:
    world = World(drawn)
    diagnosis = found(world, symptoms(world, of(rotation()), SPSA))
    assert (diagnosis.code, diagnosis.confidence) == ("QD603", "confirmed")
    assert "QD602" in diagnosis.ruled_out
    assert {e.experiment: e.predicts for e in diagnosis.evidence} == {
        "one method twice, same seed": "heals",
        "one method twice, other seed": "persists",
    }


def test_where_there_is_nothing_without_shots_the_seed_tells_their_noise() -> None:
    world = World(sampled)
    drawn_from = of(rotation(), measurement=Node("ShadowExpvalMP"), shots=(100,))
    pair = methods("default.qubit/parameter-shift", "default.qubit/hadamard")
    diagnosis = found(world, symptoms(world, drawn_from, pair, verdict=Verdict.INCONCLUSIVE))
    assert (diagnosis.code, diagnosis.confidence) == ("QD601", "confirmed")
    assert {e.experiment: e.predicts for e in diagnosis.evidence} == {
        "one method twice, same seed": "heals",
        "one method twice, other seed": "persists",
    }
    assert diagnosis.remedy.startswith("compare with qml.expval without shots")


def test_one_shot_goes_with_the_shots() -> None:
    world = World(sampled)
    seen = symptoms(world, replace(of(rotation()), shots=(100,)), verdict=Verdict.INCONCLUSIVE)
    options = (("mcm_method", "one-shot"), ("postselect_mode", "hw-like"))
    asked: list[Request] = []
    world.error = lambda request: (asked.append(request), sampled(request))[1]
    diagnosis = found(world, replace(seen, question=replace(seen.question, execution_options=options)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD601", "confirmed")
    exact = [request.execution_options for request in asked if not request.circuit.shots]
    assert {*exact} == {options[1:]}, "PennyLane refuses it without any"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ""),
        ((("sampler_rng", 7),), "; with sampler_rng=7 they are the same at every call, so that a training sees no others"),
        ((("num_directions", 3),), ""),
    ],
)
def test_a_seed_that_is_a_number_is_told_of_since_it_draws_the_same_directions_at_every_call(
    options: tuple[tuple[str, int], ...], words: str
) -> None:
    world = World(drawn)
    spsa, other = SPSA
    diagnosis = found(world, symptoms(world, of(rotation()), (replace(spsa, gradient_options=options), other)))
    assert diagnosis.because == "spsa estimates the gradient along random directions" + words
    assert ("default_rng(7)" in diagnosis.remedy) is bool(words)


def test_spsa_is_asked_twice_under_one_seed_and_not_held_against_itself() -> None:
    world = World(lambda request: drawn(request) + 0.3 * request.repetition)
    diagnosis = found(world, symptoms(world, of(rotation()), SPSA))
    assert diagnosis.code != "QD603"


def test_two_seeds_that_draw_the_same_directions_are_not_all_that_are_tried() -> None:
    world = World(lambda request: 0.2 + 0.1 * (request.seed > 4) if request.method.diff_method == "spsa" else 0.0)
    diagnosis = found(world, symptoms(world, of(rotation()), SPSA))
    assert (diagnosis.code, diagnosis.confidence) == ("QD603", "confirmed")


def test_how_far_two_draws_are_apart_is_chance_too() -> None:
    world = World(lambda request: 9.0 + 0.01 * request.seed if request.method.diff_method == "spsa" else 0.0)
    diagnosis = found(world, symptoms(world, of(rotation()), SPSA))
    assert (diagnosis.code, diagnosis.confidence) == ("QD603", "confirmed")


def test_spsa_that_no_seed_moves_is_not_excused_by_chance() -> None:
    world = World(lambda request: 0.2 if request.method.diff_method == "spsa" else 0.0)
    diagnosis = found(world, symptoms(world, of(rotation()), SPSA))
    assert diagnosis.code != "QD603"
    assert "QD603" in diagnosis.ruled_out


def test_the_method_that_is_random_is_the_one_that_is_repeated_whoever_is_the_users_own() -> None:
    world = World(drawn)
    diagnosis = found(world, symptoms(world, of(rotation()), SPSA[::-1]))
    assert (diagnosis.code, diagnosis.confidence) == ("QD603", "confirmed")


def test_a_gap_that_goes_with_the_shots_is_shot_noise() -> None:
    world = World(sampled)
    pair = methods("default.qubit/parameter-shift", "default.qubit/hadamard")
    diagnosis = found(world, symptoms(world, of(rotation(), shots=(500,)), pair))
    assert (diagnosis.code, diagnosis.confidence) == ("QD601", "confirmed")


def test_a_gap_beyond_the_error_of_its_shots_is_none_although_it_goes_with_them() -> None:
    world = World(lambda request: 0.9 if request.circuit.shots and request.method.diff_method == "hadamard" else 0.0)
    pair = methods("default.qubit/parameter-shift", "default.qubit/hadamard")
    diagnosis = found(world, symptoms(world, of(rotation(), shots=(500,)), pair))
    assert diagnosis.code != "QD601"


def test_a_method_that_answers_otherwise_under_the_same_seed_is_nondeterministic() -> None:
    world = World(lambda request: 0.1 * (1 + request.repetition + 3 * (request.method.diff_method == "adjoint")))
    diagnosis = found(world, symptoms(world, of(rotation()), verdict=Verdict.INCONCLUSIVE))
    assert (diagnosis.code, diagnosis.confidence) == ("QD602", "confirmed")


def test_a_method_that_answers_the_same_is_not() -> None:
    world = World(lambda request: 0.1 if request.method.diff_method == "adjoint" else 0.0)
    diagnosis = found(world, symptoms(world, of(rotation()), verdict=Verdict.INCONCLUSIVE))
    assert diagnosis.code == "QD901"
    assert diagnosis.ruled_out == ("QD602",)


AER = methods("qiskit.aer/parameter-shift", "default.qubit/backprop")


def device_that_samples(*, changing: bool, size: float = 0.02) -> World:
    """One that draws 1000 samples although nobody asked for shots."""
    seen = Measured("", 1000, changing, "Such statistics are estimates\nbased on samples.")
    drawn = count(1)

    def answer(request: Request) -> Evaluation:
        own = request.method.device == "qiskit.aer"
        off = size * (1 + 0.1 * (next(drawn) if changing else 0)) if own else 0.0
        gradient = (np.array(0.5 + off),)
        return Evaluation(request.method, (np.array(0.3),), jacobian=(gradient,), norms=(1.0,), measured=seen if own else Measured())

    return World(answer)


@pytest.mark.parametrize("changing", [True, False])
def test_a_device_that_samples_unasked_is_shot_noise_in_its_own_words(changing: bool) -> None:
    world = device_that_samples(changing=changing)
    seen = symptoms(world, of(rotation()), AER)
    diagnosis = found(world, seen)
    assert seen.comparison.verdict is Verdict.INCONCLUSIVE
    assert (diagnosis.code, diagnosis.confidence) == ("QD601", "confirmed")
    assert "qiskit.aer samples although no shots were asked for" in diagnosis.because
    assert "an estimate from 1000 samples (one standard deviation of a number between -1 and 1 is up to 0.032)" in diagnosis.because
    assert "it warns: Such statistics are estimates based on samples." in diagnosis.because
    assert "exact expectation values" in diagnosis.remedy


def test_a_seed_that_has_no_effect_is_said() -> None:
    world = device_that_samples(changing=True)
    seeded = [replace(method, device_options=(("seed", 3),)) if method.device == "qiskit.aer" else method for method in AER]
    assert "the seed that it was given has no effect" in found(world, symptoms(world, of(rotation()), seeded)).because
    assert "seed" not in found(world, symptoms(world, of(rotation()), AER)).because


def test_more_than_samples_explain_is_an_error_and_no_chance() -> None:
    world = device_that_samples(changing=False, size=0.8)
    seen = symptoms(world, of(rotation()), AER)
    assert seen.comparison.verdict is Verdict.ERROR
    assert found(world, seen).code != "QD601"

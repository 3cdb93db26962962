"""QD6: what repeating with one seed, and with another, tells of numbers that are random."""

from __future__ import annotations

from itertools import count

from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Request
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


def test_a_gap_that_stays_without_shots_is_none() -> None:
    world = World(lambda request: 0.9 if request.method.diff_method == "hadamard" else 0.0)
    pair = methods("default.qubit/parameter-shift", "default.qubit/hadamard")
    diagnosis = found(world, symptoms(world, of(rotation(), shots=(500,)), pair))
    assert diagnosis.code != "QD601"
    assert "QD601" in diagnosis.ruled_out


def test_a_method_that_answers_otherwise_under_the_same_seed_is_nondeterministic() -> None:
    calls = count(1)
    world = World(lambda request: 0.1 * next(calls))
    diagnosis = found(world, symptoms(world, of(rotation()), verdict=Verdict.INCONCLUSIVE))
    assert (diagnosis.code, diagnosis.confidence) == ("QD602", "confirmed")


def test_a_method_that_answers_the_same_is_not() -> None:
    world = World(lambda request: 0.1 if request.method.diff_method == "adjoint" else 0.0)
    diagnosis = found(world, symptoms(world, of(rotation()), verdict=Verdict.INCONCLUSIVE))
    assert diagnosis.code == "QD901"
    assert diagnosis.ruled_out == ("QD602",)

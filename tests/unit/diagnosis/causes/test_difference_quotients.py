"""QD105: a gap that a longer step closes, and one that none does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Request
from qdiag.model.option import Option
from tests.worlds.methods import methods
from tests.worlds.symptoms import World, found, of, rotation, symptoms

NARROW = of(rotation(dtype="float32"), rotation(name="RY", dtype="float32"))
WIDE = of(rotation(), rotation(name="RY"))
QUOTIENT = methods("lightning.qubit[complex64]/finite-diff", "default.qubit/backprop")


def step(request: Request) -> float:
    given = dict(request.method.gradient_options).get("h")
    return given if isinstance(given, float) else 1e-7


def test_a_gap_that_a_larger_step_closes_is_the_quotients() -> None:
    world = World(lambda request: 6e-8 / step(request) if request.method.diff_method == "finite-diff" and step(request) < 0.01 else 0.0)
    diagnosis = found(world, symptoms(world, WIDE, QUOTIENT))
    assert (diagnosis.code, diagnosis.confidence) == ("QD105", "confirmed")


@pytest.mark.parametrize(("interface", "circuit", "told"), [("jax", NARROW, True), ("jax", WIDE, False), ("torch", NARROW, False)])
def test_under_jax_without_64_bits_it_is_said_how_to_have_them(interface: str, circuit: Circuit, told: bool) -> None:
    world = World(lambda request: 6e-8 / step(request) if request.method.diff_method == "finite-diff" and step(request) < 0.01 else 0.0)
    seen = symptoms(world, circuit, methods("default.qubit/finite-diff", "default.qubit/backprop"))
    diagnosis = found(world, replace(seen, question=replace(seen.question, interface=interface)))
    assert diagnosis.code == "QD105"
    assert ("jax_enable_x64" in diagnosis.remedy) is told


def test_a_gap_that_no_step_closes_is_not() -> None:
    world = World(lambda request: 0.3 if request.method.diff_method == "finite-diff" else 0.0)
    assert "QD105" in found(world, symptoms(world, WIDE, QUOTIENT)).ruled_out


def of_shots(request: Request) -> float:
    """Noise that a quotient divides by its step; what else there is has that of the shots alone."""
    if request.method.diff_method != "finite-diff" or not request.circuit.shots:
        return 0.0
    return 0.01 * (1 + request.seed) / step(request)


@pytest.mark.parametrize("own", [(), (("h", 0.1), ("strategy", "center"))])
def test_a_short_step_divides_the_noise_of_shots(own: tuple[tuple[str, Option], ...]) -> None:
    quotient, right = methods("default.qubit/finite-diff", "default.qubit/parameter-shift")
    pair = (replace(quotient, gradient_options=own), right)
    world = World(of_shots)
    diagnosis = found(world, symptoms(world, replace(WIDE, shots=(500,)), pair, verdict=Verdict.INCONCLUSIVE))
    if own:
        assert "QD105" in diagnosis.ruled_out, "the step is as long as it should be"
        return
    assert (diagnosis.code, diagnosis.confidence) == ("QD105", "likely"), "what is left is noise, and not nothing"
    assert diagnosis.title == "finite-difference step against shot noise"
    assert "500 shots" in diagnosis.because
    assert "4.5e+05" in diagnosis.because
    assert "parameter-shift" in diagnosis.remedy


def test_without_shots_what_cannot_be_decided_is_no_matter_of_the_step() -> None:
    world = World(lambda request: 0.3 if request.method.diff_method == "finite-diff" else 0.0)
    diagnosis = found(world, symptoms(world, WIDE, QUOTIENT, verdict=Verdict.INCONCLUSIVE))
    assert diagnosis.code != "QD105"

"""QD511: what goes with compiling, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Union

import pytest

from qdiag.diagnosis.causes.compiling import _first_line
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.model.call import Failure
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from tests.worlds.methods import BACKPROP, SHIFT
from tests.worlds.symptoms import World, found, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY", wire=1))
COMPILED = replace(SHIFT, compiled="jit")


def raising_in(request: Request, *, everywhere: bool = False) -> Union[float, Evaluation]:
    on_it = any(operation.name == "RX" for operation in request.circuit.operations)
    raises = on_it and (request.method.compiled or (everywhere and request.method.diff_method == "parameter-shift"))
    return Evaluation(request.method, failure=Failure("IndexError", "tuple index out of range")) if raises else 0.0


def raised(pair: tuple[Method, Method]) -> Symptoms:
    seen = symptoms(World(lambda request: 0.0), TWO, pair, verdict=Verdict.ERROR, blamed=Blamed("operation", 0, "RX", (0,), (0,)))
    comparison = Comparison(pair, Verdict.ERROR, Signature.RAISE, detail="IndexError")
    divergence = replace(seen.divergence, comparison=comparison, raised=((pair[0], Failure("IndexError", "")),))
    return replace(seen, divergence=divergence)


def test_what_raises_only_where_it_is_compiled_comes_from_compiling() -> None:
    diagnosis = found(World(raising_in), raised((COMPILED, SHIFT)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD511", "confirmed")
    assert diagnosis.title == "raises only where jax.jit compiles the call"
    assert "QD304" in diagnosis.ruled_out


def test_under_catalyst_the_remedy_is_not_jaxs_and_only_the_first_line_of_its_words_is_told() -> None:
    by_catalyst = replace(SHIFT, compiled="qjit")
    diagnosis = found(World(raising_in), raised((by_catalyst, SHIFT)))
    assert diagnosis.code == "QD511"
    assert "qml.qjit" in diagnosis.remedy
    assert "jax.jit" not in diagnosis.remedy
    assert _first_line("It was traced.\nThe program:\n  a = dot b c") == "It was traced."


def test_what_raises_without_compiling_too_does_not() -> None:
    diagnosis = found(World(lambda request: raising_in(request, everywhere=True)), raised((COMPILED, BACKPROP)))
    assert diagnosis.code == "QD304"


def test_other_numbers_where_it_is_compiled_come_from_compiling() -> None:
    world = World(lambda request: 0.1 if request.method.compiled else 0.0)
    diagnosis = found(world, symptoms(world, TWO, (COMPILED, SHIFT)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD511", "confirmed")


@pytest.mark.parametrize("compiled", [True, False])
def test_numbers_that_are_others_each_time_do_not(compiled: bool) -> None:
    world = World(lambda request: 0.1 + 0.5 * request.seed if bool(request.method.compiled) is compiled else 0.0)
    diagnosis = found(world, symptoms(world, TWO, (COMPILED, SHIFT)))
    assert diagnosis.code != "QD511"
    assert "QD511" in diagnosis.ruled_out


def test_two_methods_of_which_one_is_compiled_differ_in_more_than_that() -> None:
    world = World(lambda request: 0.1 if request.method.compiled else 0.0)
    assert found(world, symptoms(world, TWO, (COMPILED, BACKPROP))).code != "QD511"

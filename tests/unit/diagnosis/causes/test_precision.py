"""QD1: which experiments tell where precision is lost, and which show that it is not there (QD104: `test_handed_on`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.diagnosis.causes.precision import DEFAULT_DTYPE_RESULTS
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import Measured
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.methods import methods
from tests.worlds.symptoms import World, found, of, rotation, symptoms

EPS32 = float(np.finfo(np.float32).eps)
NARROW = of(rotation(dtype="float32"), rotation(name="RY", dtype="float32"))
WIDE = of(rotation(), rotation(name="RY"))
BACKPROP = methods("default.qubit/backprop", "default.qubit/adjoint")
COMPLEX64 = methods("lightning.qubit[complex64]/adjoint", "default.qubit/backprop")


def first(request: Request) -> bool:
    return request.method.diff_method == "backprop" and request.method.device == "default.qubit"


def narrow(request: Request) -> bool:
    return request.circuit.parameters[0].value.dtype == np.float32


# --- QD101: float32 parameters ---------------------------------------------------------------------------------------------


def test_a_gap_that_goes_with_float32_is_the_parameters() -> None:
    world = World(lambda request: 6e-8 if first(request) and narrow(request) else 0.0)
    diagnosis = found(world, symptoms(world, NARROW, BACKPROP))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")


def test_a_gap_that_stays_in_float64_is_not() -> None:
    world = World(lambda request: 1e-3 if first(request) else 0.0)
    assert "QD101" in found(world, symptoms(world, NARROW, BACKPROP)).ruled_out


def test_what_a_compiler_rounds_otherwise_is_not_said_to_be_another_precision() -> None:
    world = World(lambda request: 6e-8 if request.method.compiled and narrow(request) else 0.0)
    diagnosis = found(world, symptoms(world, NARROW, methods("default.qubit/backprop+jit", "default.qubit/backprop")))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert "what jax.jit compiles" in diagnosis.because
    assert "complex128" not in diagnosis.because


def brief(request: Request) -> bool:
    return request.circuit.parameters[0].dtype in ("bfloat16", "float16")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_called_by_its_name(dtype: str) -> None:
    foreign = dtype if dtype == "bfloat16" else ""
    number = Parameter(np.array(0.4, "float32" if foreign else dtype), "torch", True, foreign=foreign)
    world = World(lambda request: 3e-3 if first(request) and brief(request) else 0.0)
    half = of(replace(rotation(), data=(number,)), replace(rotation(name="RY"), data=(number,)))
    diagnosis = found(world, symptoms(world, half, BACKPROP))
    assert (diagnosis.code, diagnosis.confidence, diagnosis.title) == ("QD101", "confirmed", f"{dtype} parameters")
    assert f"half precision from {dtype} parameters" in diagnosis.because
    assert f"back in {dtype}" in [evidence.experiment for evidence in diagnosis.evidence]


def handed_on_narrow(world: World) -> Symptoms:
    seen = symptoms(world, NARROW, methods("lightning.qubit/adjoint", "default.qubit/backprop"), verdict=Verdict.ROUNDING)
    gap = replace(seen.comparison, max_abs=6e-8, max_rel=6e-8, eps=EPS32, bound=1e-6, dtypes=("float32", "float64"))
    question = replace(seen.question, default_dtype="float32")
    return replace(seen, question=question, divergence=replace(seen.divergence, comparison=gap, wrong=()))


def test_float32_in_and_out_takes_float64_at_both_ends_to_heal() -> None:
    world = World(lambda request: (6e-8 if first(request) and narrow(request) else 0.0) + rounded_results(request))
    diagnosis = found(world, handed_on_narrow(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert "Torch's default dtype" in diagnosis.because


def test_so_it_does_where_both_methods_hand_their_results_on() -> None:
    def off(request: Request) -> float:
        narrows = (6e-8 if narrow(request) else 0.0) + (3e-8 if request.default_dtype == "float32" else 0.0)
        return narrows if request.method.diff_method == "hadamard" else 0.0

    world = World(off)
    seen = handed_on_narrow(world)
    one, other = methods("lightning.qubit/adjoint", "lightning.qubit/hadamard")
    comparison = replace(seen.comparison, methods=(one, other), dtypes=())
    call = replace(seen.call, outputs=(np.array(0.5, "float32"),))
    question = replace(seen.question, methods=(one, other))
    seen = replace(seen, question=question, divergence=replace(seen.divergence, comparison=comparison, call=call))
    diagnosis = found(world, seen)
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert diagnosis.evidence[0].experiment == "float64 parameters and default dtype"


def test_under_jax_the_remedy_is_jaxs_own_and_nothing_is_said_of_torch() -> None:
    world = World(lambda request: (6e-8 if first(request) and narrow(request) else 0.0) + rounded_results(request))
    seen = handed_on_narrow(world)
    diagnosis = found(world, replace(seen, question=replace(seen.question, interface="jax")))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert 'jax.config.update("jax_enable_x64", True)' in diagnosis.remedy
    assert "orch" not in diagnosis.because + diagnosis.remedy


def test_under_jax_with_arrays_of_64_bits_nobody_is_told_to_switch_them_on() -> None:
    world = World(lambda request: 6e-8 if first(request) and narrow(request) else 0.0)
    seen = symptoms(world, NARROW, verdict=Verdict.ROUNDING)
    diagnosis = found(world, replace(seen, question=replace(seen.question, interface="jax", default_dtype="float64")))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert diagnosis.remedy.startswith("jnp.asarray(weights, dtype=float)")


def test_a_gap_that_float64_at_both_ends_leaves_is_not() -> None:
    world = World(lambda request: 6e-8 if first(request) else 0.0)
    assert "QD101" in found(world, handed_on_narrow(world)).ruled_out


# --- QD102: device works in complex64 --------------------------------------------------------------------------------------


def test_a_gap_that_goes_with_complex64_is_the_devices() -> None:
    world = World(lambda request: 6e-8 if request.method.device_precision == "complex64" else 0.0)
    diagnosis = found(world, symptoms(world, WIDE, COMPLEX64))
    assert (diagnosis.code, diagnosis.confidence) == ("QD102", "confirmed")


def test_a_gap_that_stays_in_complex128_is_not() -> None:
    world = World(lambda request: 6e-8 if request.method.device == "lightning.qubit" else 0.0)
    assert "QD102" in found(world, symptoms(world, WIDE, COMPLEX64)).ruled_out


CIRQ = methods("cirq.simulator/parameter-shift", "default.qubit/backprop")
SINGLE = Measured("complex64")


def granular(request: Request) -> Evaluation:
    """What a device gives that is in single precision without a word, and what one gives that was asked to be."""
    own = request.method.device == "cirq.simulator"
    off = 6e-8 if own or request.method.device_precision == "complex64" else 0.0
    gradients = tuple(np.array(0.5 + off) for _ in request.circuit.trainable)
    return Evaluation(request.method, (np.array(0.3),), jacobian=(gradients,), norms=(1.0,), measured=SINGLE if own else Measured())


def test_a_device_that_is_single_precision_without_a_word_is_found_to_be_so() -> None:
    world = World(granular)
    seen = symptoms(world, WIDE, CIRQ)
    diagnosis = found(world, seen)
    assert seen.comparison.verdict is Verdict.ROUNDING
    assert (diagnosis.code, diagnosis.confidence) == ("QD102", "confirmed")
    assert "cirq.simulator works in single precision" in diagnosis.because
    assert "another device" in diagnosis.remedy
    assert [evidence.experiment for evidence in diagnosis.evidence] == [
        "the same methods on default.qubit",
        "the same methods on lightning.qubit in complex64",
    ]


def test_an_error_beyond_single_precision_is_not_excused_by_it() -> None:
    def wrong(request: Request) -> Evaluation:
        said = granular(request)
        return replace(said, jacobian=((np.array(0.51), np.array(0.5)),)) if request.method.device == "cirq.simulator" else said

    world = World(wrong)
    seen = symptoms(world, WIDE, CIRQ)
    assert seen.comparison.verdict is Verdict.ERROR
    assert found(world, seen).code != "QD102"


def test_a_device_that_is_off_and_not_granular_is_wrong() -> None:
    world = World(lambda request: replace(granular(request), measured=Measured("complex128")))
    seen = symptoms(world, WIDE, CIRQ)
    assert seen.comparison.verdict is Verdict.ERROR
    assert found(world, seen).code == "QD503"


# --- QD103: results become torch's default dtype ---------------------------------------------------------------------------


def rounded_results(request: Request) -> float:
    return 3e-8 if request.default_dtype == "float32" and request.method.device == "lightning.qubit" else 0.0


def by_default(world: World, dtype: str) -> Symptoms:
    seen = symptoms(world, WIDE, methods("lightning.qubit/adjoint", "default.qubit/backprop"), verdict=Verdict.ROUNDING)
    question = replace(seen.question, default_dtype=dtype)
    gap = replace(seen.comparison, max_abs=3e-8, max_rel=3e-8, eps=EPS32, bound=1e-6)
    return replace(seen, question=question, divergence=replace(seen.divergence, comparison=gap, wrong=()))


def test_a_gap_that_goes_with_the_default_dtype_is_its() -> None:
    world = World(rounded_results)
    diagnosis = found(world, by_default(world, "float32"))
    assert (diagnosis.code, diagnosis.confidence) == ("QD103", "confirmed")


def test_a_gap_that_stays_with_float64_by_default_is_not() -> None:
    world = World(lambda request: 3e-8 if request.method.device == "lightning.qubit" else 0.0)
    assert found(world, by_default(world, "float32")).code != "QD103"
    assert found(world, by_default(world, "float64")).code != "QD103"


def test_two_draws_that_a_seed_makes_alike_are_not_of_the_default_dtype() -> None:
    world = World(rounded_results)
    seen = by_default(world, "float32")
    sampled = replace(seen, question=replace(seen.question, circuit=replace(seen.question.circuit, shots=(400,))))
    assert DEFAULT_DTYPE_RESULTS.applies(sampled), "single precision explains the gap"
    drawn = replace(sampled, divergence=replace(sampled.divergence, comparison=replace(sampled.comparison, max_abs=0.36)))
    assert not DEFAULT_DTYPE_RESULTS.applies(drawn)


# --- QD106: ill-conditioned point ------------------------------------------------------------------------------------------


def at_the_point(request: Request) -> bool:
    return abs(float(request.circuit.parameters[0].value) - 0.4) < 0.01


def ill_conditioned(world: World, bound: float) -> Symptoms:
    """Rounding by itself explains 1e-6 of it, and the point the rest."""
    seen = symptoms(world, NARROW, BACKPROP, verdict=Verdict.ROUNDING)
    return replace(seen, divergence=replace(seen.divergence, comparison=replace(seen.comparison, bound=bound), wrong=()))


def test_a_gap_that_is_gone_away_from_the_point_is_the_points() -> None:
    world = World(lambda request: (1e-4 if at_the_point(request) else 1e-7) if first(request) and narrow(request) else 0.0)
    diagnosis = found(world, ill_conditioned(world, 2e-4))
    assert (diagnosis.code, diagnosis.confidence) == ("QD106", "confirmed")
    assert "QD101" in diagnosis.ruled_out


def test_a_gap_that_is_the_same_everywhere_is_not() -> None:
    world = World(lambda request: 1e-4 if first(request) and narrow(request) else 0.0)
    diagnosis = found(world, ill_conditioned(world, 2e-4))
    assert diagnosis.code == "QD101"
    assert "QD106" in diagnosis.ruled_out


def test_a_bound_that_is_only_rounding_brings_no_point_into_question() -> None:
    world = World(lambda request: 6e-8 if first(request) and narrow(request) else 0.0)
    diagnosis = found(world, ill_conditioned(world, 1e-6))
    assert (diagnosis.code, diagnosis.ruled_out) == ("QD101", ())


# --- QD107: float32 data in state preparation ------------------------------------------------------------------------------


def prepared(angles: str = "float64") -> Circuit:
    amplitudes = Parameter(np.array([0.6, 0.8], "float32"), "numpy")
    preparation = Node("StatePrep", (amplitudes,), (Wires((0,)), ()), (0,))
    return of(preparation, rotation(dtype=angles))


@pytest.mark.parametrize("angles", ["float64", "float32"])
def test_a_gap_that_goes_with_the_amplitudes_is_theirs(angles: str) -> None:
    world = World(lambda request: 4e-8 if first(request) and request.circuit.parameters[0].value.dtype == np.float32 else 0.0)
    diagnosis = found(world, symptoms(world, prepared(angles), BACKPROP))
    assert (diagnosis.code, diagnosis.confidence) == ("QD107", "confirmed")


def test_a_gap_that_goes_with_the_angles_is_not() -> None:
    world = World(lambda request: 4e-8 if first(request) and request.circuit.parameters[1].value.dtype == np.float32 else 0.0)
    diagnosis = found(world, symptoms(world, prepared("float32"), BACKPROP))
    assert diagnosis.code == "QD101"
    assert "QD107" in diagnosis.ruled_out


def test_where_amplitudes_make_most_of_the_gap_and_angles_the_rest_it_is_float32_as_a_whole() -> None:
    def error(request: Request) -> float:
        amplitudes, angle, *_ = (parameter.value.dtype == np.float32 for parameter in request.circuit.parameters)
        return (4e-8 * amplitudes + 4e-10 * angle) if first(request) else 0.0

    world = World(error)
    diagnosis = found(world, symptoms(world, prepared("float32"), BACKPROP))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert "QD107" in diagnosis.ruled_out


def test_amplitudes_that_single_precision_normalised_are_normalised_in_double_with_their_numbers() -> None:
    rounded = Parameter(np.array([0.6, 0.8], "float32") * np.float32(1 + 1e-6), "numpy")
    apart = lambda request: abs(np.linalg.norm(request.circuit.parameters[0].value.astype(float)) - 1)  # noqa: E731 - one method's error
    world = World(lambda request: float(apart(request)) if first(request) else 0.0)
    circuit = of(Node("StatePrep", (rounded,), (Wires((0,)), ()), (0,)), rotation())
    assert found(world, symptoms(world, circuit, BACKPROP)).code == "QD107"
    longer = replace(rounded, value=np.array([0.6, 0.9], "float32"))
    world = World(lambda request: 1e-3 * float(apart(request)) if first(request) else 0.0)
    seen = symptoms(world, of(Node("StatePrep", (longer,), (Wires((0,)), ()), (0,)), rotation()), BACKPROP)
    assert found(world, seen).code != "QD107", "what is not normalised at all is left as it is"


# --- QD108: numbers on a GPU -----------------------------------------------------------------------------------------------

PLACED = methods("default.qubit/backprop@cuda", "default.qubit/backprop")


def placed(request: Request) -> bool:
    return request.method.placement == "cuda"


@pytest.mark.parametrize("circuit", [WIDE, NARROW])
def test_a_gap_that_goes_with_the_memory_of_a_gpu_is_its_own(circuit: Circuit) -> None:
    world = World(lambda request: 1e-3 if placed(request) else 0.0)
    diagnosis = found(world, symptoms(world, circuit, PLACED))
    assert (diagnosis.code, diagnosis.confidence) == ("QD108", "confirmed")


def test_a_gap_on_a_gpu_that_double_precision_closes_is_rounding() -> None:
    world = World(lambda request: 6e-8 if placed(request) and narrow(request) else 0.0)
    diagnosis = found(world, symptoms(world, NARROW, PLACED))
    assert (diagnosis.code, diagnosis.confidence) == ("QD101", "confirmed")
    assert "QD108" in diagnosis.ruled_out


def test_a_gap_that_is_on_the_cpu_as_well_is_not() -> None:
    world = World(lambda request: 1e-3 if first(request) else 0.0)
    pair = methods("default.qubit/backprop@cuda", "default.qubit/adjoint")
    assert "QD108" in found(world, symptoms(world, WIDE, pair)).ruled_out

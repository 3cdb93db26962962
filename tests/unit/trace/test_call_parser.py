"""What surrounds a circuit as text: everything comes back, and every field is checked against the type that it declares."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.errors import TraceError
from qdiag.model.baked_value import BakedValue
from qdiag.model.call import Argument, Configuration, Environment, Failure, Script, SourceLine
from qdiag.model.loss_axes import LossAxes
from qdiag.model.measured import Measured
from qdiag.model.not_finite import GivenNumbers, NotFinite
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod, ProbedRows, ProbedVectors
from qdiag.model.step_probe import Moved, Outcome, Spot, StepProbe
from qdiag.model.training import (
    ArgumentOrigin,
    CallOrigins,
    Clip,
    Gradient,
    Leaf,
    Optimiser,
    OptimiserStep,
    ParameterStep,
    Root,
    SteppedArgument,
)
from qdiag.trace import call_parser
from qdiag.trace.call_parser import strings_from, value_from, values_from
from qdiag.trace.call_text import text_of
from tests.worlds.sameness import same

SOURCE = SourceLine("train.py", 31, "forward")
FAILURE = Failure("ValueError", "no\nnumber", ("torch:run:3",), "backward", True)
CONFIGURATION = Configuration(
    "Model.qnode",
    SOURCE,
    "default.qubit",
    (0, "a", -3),
    "complex64",
    (("readout_prob", 0.1), ("seed", None)),
    "torch",
    "best",
    "backprop",
    (("h", 1e-7), ("order", 2), ("exact", True)),
    (("mcm_method", "deferred"),),
    ("transform",),
    "TorchLayer",
    "float32",
    ("remaking",),
    (("metric_tensor.approx", "diag"),),
    ("ProbabilityMP",),
    "qng.py",
    ((1, 0), (2,)),
    7,
    "complex64",
    "jit",
    True,
)
ARGUMENT = Argument("weights", "torch", "float32", (2, 3), True)
ENVIRONMENT = Environment("3.11", "Linux", (("torch", "2.0"),), ("default.qubit",), (("threads", 1), ("factor", math.inf)))
SCRIPT = Script("train.py", ("--lr", "0.1"), False, -9, FAILURE, False)
MEASURED = Measured("complex64", 400, True, "samples", True, True)
PROBE = Probe(
    3,
    (ProbedArgument("weights", 0.5, math.inf, True, 2.0, 0.25, False, True, 0.125, math.nan),),
    (ProbedMethod("adjoint", (0.5, math.nan), "", 1e-16), ProbedMethod("hadamard", (), "not supported")),
    2.0**-23,
    1.5,
    1e-3,
    ProbedMethod("adjoint", (0.5,)),
    4,
    0.0,
    False,
    True,
    "the time was up",
    True,
    ProbedRows("inputs", (4, 2), 2, 1, 1, 4, 2),
    ProbedVectors(3, "Rot", ("0",), "weights", (2, 3)),
    True,
    True,
    1e-17,
    MEASURED,
    (ProbedMethod("finite-diff", (0.5,)),),
    True,
)
LOSS = LossAxes("SubBackward0", (4, 1), (4, 4), SOURCE, 0.5, 0.25, False)
STEP_PROBE = StepProbe(
    3,
    1,
    Moved.PARAMETER,
    "weights",
    SOURCE,
    (Outcome(loss=0.1), Outcome(-1e-3, 1, None, "it ended", True, (Spot("sign", SOURCE, True),)), Outcome(1.0, 0, math.inf)),
    2.5,
    2.0**-23,
    0.1,
    "why",
    7,
    0.25,
)
LEAF = Leaf(7, (2,), "float32", "Net.weight", False, (0.5, -1.0))
OPTIMISER = Optimiser(2, "Adam", SOURCE, (LEAF,), "autograd")
PARAMETER = ParameterStep(7, Gradient.SOME, 0.5, 0.1, True, False, True, 3)
STEPPED = SteppedArgument("weights", "autograd", "float64", (2, 3), True, "ab12", "cd34", (0.5, 2.0))
STEP = OptimiserStep(2, 5, (PARAMETER,), (STEPPED,), SOURCE)
ROOT = Root((2,), SOURCE, True, (7, 8), (3,), False, False, "ab12", "RuntimeError: no", (7,), (8,))
CLIP = Clip(1.0, 0.5, True, SOURCE)
ORIGIN = ArgumentOrigin("x", True, 7, (7, 8))
ORIGINS = CallOrigins(3, False, (ORIGIN,), (7,), (True, False), False)
GIVEN = GivenNumbers("inputs", (3, 2), (1,), (2,), 0.5)
NOT_FINITE = NotFinite(4, (GIVEN,))
BAKED = BakedValue(1, "scale", "circuit", SOURCE, "0.2", "0.3", 4, 5, True, ("RX on [0] (operation 0)",), 0.25, 0.0, True)
EXAMPLES: list[Any] = [SOURCE, FAILURE, CONFIGURATION, ARGUMENT, ENVIRONMENT, SCRIPT, PROBE, STEP_PROBE]
EXAMPLES += [LEAF, OPTIMISER, PARAMETER, STEPPED, STEP, ROOT, CLIP, ORIGIN, ORIGINS, LOSS, GIVEN, NOT_FINITE, BAKED]
IDS = [type(value).__name__ for value in EXAMPLES]


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_a_value_comes_back_with_every_field(value: Any) -> None:
    assert same(value_from(type(value), text_of(value)), value)


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_the_examples_leave_no_field_at_its_default(value: Any) -> None:
    """Else a field that is written and never read would go unseen."""
    required = {field.name: None for field in fields(value)}
    defaults = {field.name: field.default for field in fields(value)}
    left = [name for name in required if defaults[name] == getattr(value, name)]
    assert set(left) <= {"module", "called", "failure"}


@pytest.mark.parametrize("script", [Script("x", module=True), Script("f", called=True), Script("x", exit_code=0), Script("x")])
def test_each_way_of_running_comes_back(script: Script) -> None:
    assert value_from(Script, text_of(script)) == script


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_the_text_is_strict_json_on_one_line(value: Any) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    text = text_of(value)
    json.loads(text, parse_constant=refuse)
    assert "\n" not in text


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_a_field_that_is_not_there_has_its_default(value: Any) -> None:
    """So an older trace is read by a newer qdiag."""
    whole = json.loads(text_of(value))
    for field in fields(value):
        smaller = json.dumps({name: part for name, part in whole.items() if name != field.name})
        try:
            found = value_from(type(value), smaller)
        except TraceError:
            continue
        assert same(getattr(found, field.name), field.default if not callable(field.default) else ())
        assert all(same(getattr(found, f.name), getattr(value, f.name)) for f in fields(value) if f.name != field.name)


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
@pytest.mark.parametrize("odd", [object, {"x": 1}, [[[]]], [1.5, "x"], 1.5, -1, True], ids=repr)
def test_no_field_takes_a_value_of_another_type(value: Any, odd: Any) -> None:
    whole = json.loads(text_of(value))
    for field in fields(value):
        text = json.dumps({**whole, field.name: {} if odd is object else odd})
        try:
            found = getattr(value_from(type(value), text), field.name)
        except TraceError:
            continue
        # what was read has the type of what stood there, and is what was written
        own = getattr(value, field.name)
        numeric = isinstance(own, float) or field.name in ("aside", "mended", "mixing", "again", "apart", "exit_code")
        assert type(found) is type(own) or (numeric and type(found) in (int, float))
        assert found == odd


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_a_field_that_is_not_known_is_refused(value: Any) -> None:
    whole = json.loads(text_of(value))
    with pytest.raises(TraceError, match="damaged"):
        value_from(type(value), json.dumps({**whole, "added": 1}))


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_text_cut_anywhere_is_refused(value: Any) -> None:
    text = text_of(value)
    for end in range(0, len(text), 7):
        with pytest.raises(TraceError):
            value_from(type(value), text[:end])


@pytest.mark.parametrize("text", ["", "null", "[]", "1", '"x"', "{", "NaN", '{"path":NaN}', "[" * 100_000])
def test_text_that_is_no_object_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(TraceError) as caught:
        value_from(SourceLine, text)
    assert caught.value.cure


def test_longer_text_than_the_bound_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of(SOURCE)
    monkeypatch.setattr(call_parser, "MAX_TEXT", len(text))
    assert value_from(SourceLine, text) == SOURCE
    with pytest.raises(TraceError):
        value_from(SourceLine, text + " ")


# --- options: what may be no JSON number ------------------------------------------------------------------------------


@given(st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=10))
def test_an_option_keeps_its_value_and_its_type(option: Any) -> None:
    made = replace(CONFIGURATION, gradient_options=(("option", option),))
    ((_, found),) = value_from(Configuration, text_of(made)).gradient_options
    assert same(found, option)


@pytest.mark.parametrize("odd", [{"float": "1.5"}, {"float": "NaN"}, {"float": "infinity"}, {"int": "1"}, {"float": "nan", "x": 1}, {}])
def test_only_numbers_that_json_lacks_are_written_as_words(odd: Any) -> None:
    text = json.dumps({"settings": [["factor", odd]]})
    with pytest.raises(TraceError):
        value_from(Environment, text)


def test_an_option_that_is_neither_number_nor_text_is_kept_as_its_words() -> None:
    class Sampler:
        def __str__(self) -> str:
            return "a sampler"

    made = replace(CONFIGURATION, device_options=(("sampler", Sampler()),))  # type: ignore[arg-type]
    assert value_from(Configuration, text_of(made)).device_options == (("sampler", "a sampler"),)


def test_the_first_line_and_the_first_call_are_counted_from_zero_and_nothing_is_before_them() -> None:
    assert value_from(SourceLine, '{"path": "x", "line": 0}').line == 0
    assert value_from(Probe, '{"call": 0}').call == 0
    for text, kind in (('{"path": "x", "line": -1}', SourceLine), ('{"call": -1}', Probe)):
        with pytest.raises(TraceError):
            value_from(kind, text)


# --- several at once --------------------------------------------------------------------------------------------------


def test_a_list_of_values_comes_back_as_a_tuple() -> None:
    arguments = (ARGUMENT, replace(ARGUMENT, name="x", shape=()))
    assert values_from(Argument, text_of(arguments)) == arguments
    assert values_from(Argument, "[]") == ()


@pytest.mark.parametrize("text", ["{}", "[1]", "[[]]", "null", '["x"]'])
def test_what_is_no_list_of_values_is_refused(text: str) -> None:
    with pytest.raises(TraceError):
        values_from(Argument, text)


@given(st.lists(st.text(max_size=8), max_size=4))
def test_texts_come_back_whatever_they_hold(texts: list[str]) -> None:
    assert strings_from(text_of(tuple(texts))) == tuple(texts)


@pytest.mark.parametrize("text", ["[1]", "[null]", '"text"', "[[]]"])
def test_what_is_no_list_of_texts_is_refused(text: str) -> None:
    with pytest.raises(TraceError):
        strings_from(text)

"""What is said where a transform's own circuits raise."""

from __future__ import annotations

from dataclasses import replace

from qdiag.diagnosis.in_transforms import inside_transform, transforms_at_work, way_around
from qdiag.model.call import Call, Failure
from tests.worlds.methods import methods
from tests.worlds.scripted import call, circuit

ADJOINT, SHIFT = methods("lightning.qubit/adjoint", "default.qubit/parameter-shift")


def failing(*, method=ADJOINT, library: str = "qng.py", made: tuple[str, ...] = ("ProbabilityMP",)) -> Call:  # type: ignore[no-untyped-def]
    found = call(2, circuit(0.3), method, failure=Failure("QuantumFunctionError", "no adjoint", refusal=True))
    transforms = ("_expand_metric_tensor", "metric_tensor")
    return replace(found, configuration=replace(found.configuration, transforms=transforms, made=made, library=library,
                                                transform_kinds=("remaking", "remaking")))


def test_the_transform_its_caller_and_what_its_circuits_return_are_named() -> None:
    assert inside_transform(failing()) == (
        "raised inside qml.metric_tensor (qng.py), whose circuits return probs: QuantumFunctionError: no adjoint"
    )


def test_what_is_not_known_is_left_out() -> None:
    said = inside_transform(failing(library="", made=()))
    assert said == "raised inside qml.metric_tensor: QuantumFunctionError: no adjoint"


def test_the_way_around_is_what_the_call_does_not_have_yet() -> None:
    assert way_around(failing()) == 'diff_method="parameter-shift" or default.qubit for the QNode that qml.metric_tensor is given'
    assert way_around(failing(method=SHIFT)) == ""


def test_what_no_method_has_refused_is_not_to_be_had_by_another() -> None:
    broken = replace(failing(), failure=Failure("ValueError", "not written in terms of a single parameter"))
    assert way_around(broken) == "correct what the exception names in the QNode that qml.metric_tensor is given"


def test_the_transform_that_a_traceback_names_is_told_and_else_all_are() -> None:
    frames = ("pennylane.transforms.core.pipeline:run:8", "pennylane.transforms.sign_expand.sign_expand:processing_fn:3")
    made = replace(failing(), failure=Failure("RuntimeError", "no numpy()", frames))
    two = replace(made, configuration=replace(made.configuration, transforms=("merge_rotations", "sign_expand")))
    assert transforms_at_work(two) == ("sign_expand", True)
    assert transforms_at_work(replace(two, failure=Failure("RuntimeError", "", frames[:1]))) == ("merge_rotations, sign_expand", False)

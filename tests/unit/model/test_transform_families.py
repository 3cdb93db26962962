"""What transforms mean to do, by name and module."""

from __future__ import annotations

import pytest

from qdiag.model.call import Configuration, SourceLine
from qdiag.model.transform_families import TransformKind, kind_by_name, spelt


@pytest.mark.parametrize(
    ("name", "module", "kind"),
    [
        ("merge_rotations", "pennylane.transforms.optimization.merge_rotations", TransformKind.PRESERVING),
        ("single_qubit_fusion", "pennylane.transforms.optimization.single_qubit_fusion", TransformKind.PRESERVING),
        ("unitary_to_rot", "pennylane.transforms.unitary_to_rot", TransformKind.PRESERVING),
        ("add_noise", "pennylane.noise.add_noise", TransformKind.CHANGING),
        ("insert", "pennylane.transforms.insert_ops", TransformKind.CHANGING),
        ("cut_circuit", "pennylane.qcut.cutcircuit", TransformKind.CHANGING),
        ("metric_tensor", "pennylane.gradients.metric_tensor", TransformKind.REMAKING),
        ("_expand_metric_tensor", "pennylane.gradients.metric_tensor", TransformKind.REMAKING),
        ("snapshots", "pennylane.debugging.snapshot", TransformKind.REMAKING),
        ("of_tomorrow", "pennylane.transforms.of_tomorrow", TransformKind.UNKNOWN),
    ],
)
def test_a_transform_is_known_by_the_package_it_lives_in_or_else_by_name(name: str, module: str, kind: TransformKind) -> None:
    assert kind_by_name(name, module) is kind


def test_a_users_own_is_unknown_whatever_its_name() -> None:
    assert kind_by_name("merge_rotations", "__main__") is TransformKind.UNKNOWN
    assert kind_by_name("compile", "pennylane_extras.compile") is TransformKind.UNKNOWN


def configuration(*transforms: str, kinds: tuple[str, ...] = ()) -> Configuration:
    return Configuration("circuit", SourceLine("a.py", 1), "default.qubit", transforms=transforms, transform_kinds=kinds)


def test_a_call_is_remade_by_the_last_transform_whose_results_are_of_another_kind() -> None:
    kinds = ("preserving", "remaking", "remaking")
    assert configuration("compile", "_expand_metric_tensor", "metric_tensor", kinds=kinds).remade_by == "metric_tensor"
    assert configuration("compile", kinds=("preserving",)).remade_by == ""


def test_a_trace_that_does_not_say_what_transforms_mean_is_read_by_their_names() -> None:
    old = configuration("compile", "metric_tensor", "smooth")
    assert old.remade_by == "metric_tensor"
    assert old.transforms_of(TransformKind.PRESERVING) == ("compile",)
    assert old.transforms_of(TransformKind.UNKNOWN) == ("smooth",)


def test_gradient_transforms_are_spelt_by_way_of_their_module() -> None:
    assert (spelt("metric_tensor"), spelt("param_shift")) == ("qml.metric_tensor", "qml.gradients.param_shift")

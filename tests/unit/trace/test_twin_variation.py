"""What a twin run changes: written by one process, read by another."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.trace.twin_variation import Variation, load, path_for, save

VARIATIONS = st.builds(
    Variation,
    diff_method=st.sampled_from(["", "adjoint", "backprop"]),
    nudge=st.none() | st.tuples(st.integers(0, 100), st.integers(0, 10**9)),
    qnode_float64=st.booleans(),
    all_float64=st.booleans(),
    learning_rate=st.floats(1e-3, 10),
    epsilon=st.none() | st.floats(0, 1),
    plain_sgd=st.booleans(),
    loss=st.sampled_from(["", "SmoothL1Loss", "MSELoss"]),
)
CHANGES = {
    "diff_method": "adjoint",
    "nudge": (0, 3),
    "qnode_float64": True,
    "all_float64": True,
    "learning_rate": 0.1,
    "epsilon": 1e-3,
    "plain_sgd": True,
    "loss": "MSELoss",
}


@given(VARIATIONS)
def test_a_variation_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, variation: Variation) -> None:
    trace = tmp_path_factory.mktemp("run") / "trace.qdiag"
    save(variation, trace)
    assert load(trace) == variation


@pytest.mark.parametrize("name", [field.name for field in fields(Variation)])
def test_each_change_is_kept(tmp_path: Path, name: str) -> None:
    changes: dict[str, object] = {name: CHANGES[name]}
    variation = replace(Variation(), **changes)  # type: ignore[arg-type]
    assert variation != Variation()
    save(variation, tmp_path / "trace.qdiag")
    assert load(tmp_path / "trace.qdiag") == variation


def test_an_ordinary_run_has_none(tmp_path: Path) -> None:
    assert load(tmp_path / "trace.qdiag") is None


def test_a_run_that_changes_nothing_is_still_a_twin_run(tmp_path: Path) -> None:
    save(Variation(), tmp_path / "trace.qdiag")
    assert load(tmp_path / "trace.qdiag") == Variation()


def test_it_lies_beside_the_trace_and_each_trace_has_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one.qdiag", tmp_path / "other.qdiag"
    save(Variation(plain_sgd=True), one)
    assert path_for(one) == tmp_path / "one.qdiag.variation"
    assert load(other) is None


def test_the_last_one_written_counts(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    save(Variation(diff_method="parameter-shift", nudge=(10, 10)), trace)
    save(Variation(), trace)
    assert load(trace) == Variation()

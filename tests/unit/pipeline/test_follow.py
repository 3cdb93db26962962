"""What is told of a training while it is judged beside it: plain numbers, written whole, read by whoever logs them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from qdiag.judging.replay.located import Located
from qdiag.model.comparison import Comparison, Verdict
from qdiag.pipeline.follow import is_held, read_scalars, scalars_of, write_scalars
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT
from tests.worlds.results import CASES


def test_the_largest_gap_to_each_method_so_far_is_told() -> None:
    gaps = [(ADJOINT, 1e-7, 1.0), (ADJOINT, 3e-7, 3.0), (ADJOINT, 2e-7, 2.0), (SHIFT, 5e-8, 0.5)]
    compared = [Comparison((BACKPROP, other), Verdict.ROUNDING, max_rel=gap, ulps=ulps) for other, gap, ulps in gaps]
    told = scalars_of(Located(comparisons=tuple(enumerate(compared)), verdict=Verdict.ROUNDING, recorded=9, replayed=4))
    assert told == {
        "qdiag/verdict": 2.0,
        "qdiag/calls": 9.0,
        "qdiag/replayed": 4.0,
        "qdiag/errors": 0.0,
        "qdiag/gap/default.qubit/adjoint": 3e-7,
        "qdiag/ulps/default.qubit/adjoint": 3.0,
        "qdiag/gap/default.qubit/parameter-shift": 5e-8,
        "qdiag/ulps/default.qubit/parameter-shift": 0.5,
    }


def test_an_error_is_counted_and_is_the_highest_number() -> None:
    finding, *_ = CASES["shifted"]().result.findings
    told = scalars_of(Located(divergences=(finding.divergence,), verdict=Verdict.ERROR))
    assert (told["qdiag/errors"], told["qdiag/verdict"]) == (1.0, 4.0)


@pytest.mark.parametrize(
    ("better", "worse"),
    [(Verdict.AGREE, Verdict.REMARK), (Verdict.REMARK, Verdict.ROUNDING), (Verdict.INCONCLUSIVE, Verdict.ERROR)],
)
def test_a_worse_verdict_is_a_higher_number(better: Verdict, worse: Verdict) -> None:
    located = Located()
    assert scalars_of(replace(located, verdict=better))["qdiag/verdict"] < scalars_of(replace(located, verdict=worse))["qdiag/verdict"]


def test_what_was_written_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "scalars.json"
    write_scalars(path, {"qdiag/verdict": 0.0})
    write_scalars(path, {"qdiag/verdict": 2.0})
    assert read_scalars(path) == {"qdiag/verdict": 2.0}
    assert [one.name for one in tmp_path.iterdir()] == ["scalars.json"]


@pytest.mark.parametrize("text", [None, "", "{"])
def test_before_anything_is_known_there_are_no_numbers(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "scalars.json"
    if text is not None:
        path.write_text(text)
    assert read_scalars(path) == {}


def test_a_pipe_is_held_until_its_other_end_is_closed() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        assert is_held(stream)
        os.close(writing)
        assert not is_held(stream)

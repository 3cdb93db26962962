"""Results as rows of numbers: what comes out is what was put in, and one more call of a known kind takes little."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import astuple, replace

import pytest

from qdiag.judging.replay.call_result import CallResult, Side
from qdiag.judging.replay.kept import Comparisons, KeptValues
from qdiag.model.call import Failure
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.result import Unfaithful

OWN, OTHER = Method("a.device", "backprop"), Method("a.device", "adjoint", gradient_options=(("h", 0.1),))


def result(call: int, gap: float = 0.5) -> CallResult:
    """A call with all kinds of things in it."""
    apart = Comparison(
        (OWN, OTHER), Verdict.ROUNDING, Signature.VJP, Element(Kind.PRODUCT, by=f"RX#{call % 3}", at=(call % 2,)),
        (gap, 1 + 2j), gap, gap / 3, ulps=float("inf"), detail=f"in call {call % 5}",
    )  # fmt: skip
    sides = (Side(OTHER, Evaluation(OTHER, seconds=gap, memory=1 << 40), apart, gap, of_few_rows=True),)
    no = Failure("E", "refused", ("a:b:1",), refusal=True)
    unfaithful = Unfaithful(call, "a little", True)
    own = Evaluation(OWN, seconds=gap)
    return CallResult(call, "", own, (), sides, ((OWN, no),), unfaithful, rows=(0, 3), batch=4, usual=gap)


def test_what_comes_out_is_what_was_put_in() -> None:
    kept: KeptValues[CallResult] = KeptValues()
    given = {7: result(7), 2: result(2, 0.25), 9: CallResult(9, "", Evaluation(OWN), ()), 4: result(4, float("nan"))}
    for index, one in given.items():
        kept[index] = one
    assert (list(kept), len(kept)) == ([2, 4, 7, 9], 4)
    assert [index in kept for index in (7, 3, -1, 10)] == [True, False, False, False]
    assert [repr(astuple(one)) for one in kept.values()] == [repr(astuple(given[index])) for index in (2, 4, 7, 9)]
    with pytest.raises(KeyError):
        kept[3]


def test_a_later_value_takes_the_place_of_an_earlier_one() -> None:
    kept: KeptValues[CallResult] = KeptValues()
    kept[0], kept[1] = result(0), result(1)
    kept[0] = replace(result(0), sides=())
    assert (len(kept), kept[0].sides) == (2, ())
    assert [call for call, _ in Comparisons(kept)] == [1]


def test_comparisons_can_be_gone_through_again() -> None:
    kept: KeptValues[CallResult] = KeptValues()
    for call in range(3):
        kept[call] = result(call, 0.1 * call)
    seen = Comparisons(kept)
    assert [one.max_abs for _, one in seen] == [one.max_abs for _, one in seen] == [0.0, 0.1, 0.2]


def test_a_call_of_a_known_kind_takes_a_few_hundred_bytes() -> None:
    kept: KeptValues[CallResult] = KeptValues()
    for call in range(64):
        kept[call] = result(call, 0.01 * call)
    gc.collect()
    tracemalloc.start()
    for call in range(64, 1064):
        kept[call] = result(call, 0.01 * call)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 400 * 1000

"""The verdict of a whole trace: the worst that was seen, and doubt where something was not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.judging.replay.located import verdict_of
from qdiag.model.comparison import Verdict
from qdiag.model.result import Unfaithful

A, R, I, E = Verdict.AGREE, Verdict.ROUNDING, Verdict.INCONCLUSIVE, Verdict.ERROR  # noqa: E741
EXPLAINED, ODD = Unfaithful(0, "off by an ulp", True), Unfaithful(1, "off by 1", False)


@pytest.mark.parametrize(
    ("verdicts", "unfaithful", "replayed", "verdict"),
    [
        ((), (), 3, A),
        ((), (), 0, I),
        ((R,), (), 3, R),
        ((R, I), (), 3, I),
        ((R, I, E), (), 3, E),
        ((E,), (), 0, E),
        ((R,), (EXPLAINED,), 3, R),
        ((R,), (ODD,), 3, I),
        ((), (EXPLAINED, ODD), 3, I),
        ((E,), (ODD,), 3, E),
        ((Verdict.REFUSED,), (), 3, A),
    ],
)
def test_an_error_outweighs_doubt_and_doubt_outweighs_agreement(
    verdicts: tuple[Verdict, ...], unfaithful: tuple[Unfaithful, ...], replayed: int, verdict: Verdict
) -> None:
    assert verdict_of(verdicts, unfaithful, replayed) is verdict


@given(st.lists(st.sampled_from(list(Verdict)), max_size=6), st.permutations(range(6)))
def test_the_order_in_which_things_were_seen_does_not_matter(verdicts: list[Verdict], order: list[int]) -> None:
    shuffled = [verdicts[k] for k in order if k < len(verdicts)]
    assert verdict_of(verdicts, (), 1) is verdict_of(shuffled, (), 1)

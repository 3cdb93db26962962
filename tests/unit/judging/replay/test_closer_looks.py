"""What seems to be an error is looked at again: once for each kind and structure, and not at all of these."""

from __future__ import annotations

import itertools
from dataclasses import replace

from qdiag.judging.replay.closer_looks import ENOUGH
from qdiag.model.call import Failure
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from tests.worlds import long_chains
from tests.worlds.scripted import (
    METHODS,
    ScriptedEvaluator,
    ScriptedTrace,
    answer,
    call,
    circuit,
    locate,
    moved,
    training,
    wrong_from,
)


def test_a_method_that_differs_from_itself_is_said_to_be_so_before_it_is_called_wrong():
    noise = itertools.count()
    located = locate(training(1), ScriptedEvaluator(adjoint=lambda r: moved(answer(r), output=0.1 * next(noise) + 0.1)))
    (found,) = located.divergences
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "not deterministic" in found.comparison.detail


def test_what_the_reference_itself_does_at_a_rounding_error_is_not_an_error():
    def steep(request: Request) -> Evaluation:
        angle = float(request.circuit.parameters[0].value)
        return moved(answer(request), output=(angle - 0.3) * 1e6)

    def steep_in_single(request: Request) -> Evaluation:
        return moved(steep(request), output=0.05)

    evaluator = ScriptedEvaluator(backprop=steep, adjoint=steep_in_single, parameter_shift=steep)
    trace = training(1, "float32")
    trace.calls[0] = replace(trace.calls[0], outputs=steep(Request(trace.calls[0].circuit, METHODS[0])).outputs)
    located = locate(trace, evaluator)
    assert located.verdict is Verdict.ROUNDING
    assert all(r.method.diff_method == "parameter-shift" for r in evaluator.requests if r.method.precision == "float64")


def test_the_closer_look_is_taken_once_for_each_kind_of_error():
    evaluator = ScriptedEvaluator(adjoint=wrong_from(0.0, gradient=0.1))
    locate(training(30), evaluator)
    assert sum(1 for r in evaluator.requests if r.method.precision == "float64") <= 4


def test_sampled_results_are_inconclusive_with_a_second_seed_where_there_is_no_other_method():
    trace = ScriptedTrace([call(i, circuit(0.3 + i, shots=(100,)), METHODS[2]) for i in range(2)])
    evaluator = ScriptedEvaluator(METHODS[2:], parameter_shift=lambda r: moved(answer(r), output=0.01 * r.seed))
    (found,) = locate(trace, evaluator).divergences
    assert (found.verdict, found.comparison.methods) == (Verdict.INCONCLUSIVE, (METHODS[2], METHODS[2]))


def test_an_error_without_time_for_a_second_look_is_not_called_one():
    asked: list[Request] = []

    def wrong_then_late(request: Request) -> Evaluation:
        asked.append(request)
        late = Failure("TimeoutError", "the budget was spent", stage="timeout")
        return moved(answer(request), gradient=0.1) if not request.repetition else Evaluation(request.method, failure=late)

    (found,) = locate(training(1), ScriptedEvaluator(METHODS[:2], adjoint=wrong_then_late)).divergences
    assert (found.verdict, "not answered in time" in found.comparison.detail) == (Verdict.INCONCLUSIVE, True)


# --- one kind of error at many structures --------------------------------------------------------------------------------


def chains(sizes: list[int]) -> ScriptedTrace:
    return ScriptedTrace([long_chains.chain(size, index) for index, size in enumerate(sizes)])


def off_by(gaps: dict[int, float]) -> long_chains.ChainEvaluator:
    """Adjoint is off in its outputs by so much on circuits of so many numbers."""
    return long_chains.ChainEvaluator(
        (METHODS[0], METHODS[1]), adjoint=lambda r: moved(long_chains.answer(r), gaps.get(len(r.circuit.operations), 0.0))
    )


def looked_at(evaluator: long_chains.ChainEvaluator) -> set[int]:
    """The sizes of the circuits that were looked at again."""
    return {len(request.circuit.operations) for request in evaluator.requests if request.repetition}


def test_an_error_that_was_confirmed_at_some_structures_is_looked_at_once_more_where_it_is_worst():
    sizes = list(range(3, 18))
    evaluator = off_by({size: 1e-3 * (1 + (size == 12)) for size in sizes})
    (found,) = [d for d in locate(chains(sizes), evaluator).divergences if d.verdict is Verdict.ERROR]
    assert looked_at(evaluator) == {*sizes[:ENOUGH], 12}
    assert (len(found.calls), found.worst_call) == (len(sizes), sizes.index(12))


def test_what_is_much_less_plain_there_is_looked_at_all_the_same():
    sizes = list(range(3, 12))
    evaluator = off_by({**dict.fromkeys(sizes, 1e-3), 9: 1e-7})
    locate(chains(sizes), evaluator)
    assert 9 in looked_at(evaluator)


def test_a_worst_one_that_does_not_hold_leaves_the_next_to_be_looked_at():
    sizes = list(range(3, 12))
    twice = {"asked": 0}

    def adjoint(request: Request) -> Evaluation:
        size = len(request.circuit.operations)
        gap = 1e-3 * (1 + (size == 9))
        twice["asked"] += size == 9
        return moved(long_chains.answer(request), gap if size != 9 or twice["asked"] < 2 else 0.0)

    evaluator = long_chains.ChainEvaluator((METHODS[0], METHODS[1]), adjoint=adjoint)
    (found,) = [d for d in locate(chains(sizes), evaluator).divergences if d.verdict is Verdict.ERROR]
    assert len(looked_at(evaluator)) == ENOUGH + 2
    assert sizes.index(9) not in found.calls

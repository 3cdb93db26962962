"""Which calls are replayed under which methods, and what is made of what comes back."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdiag.errors import TraceError
from qdiag.evaluation.limits import Deadline
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Backward, Failure
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.coverage import Gap, Unseen
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import Node
from qdiag.model.result import NotRebuilt
from qdiag.trace.evaluation_store import EvaluationStore
from tests.worlds.methods import methods
from tests.worlds.scripted import (
    METHODS,
    ScriptedEvaluator,
    ScriptedTrace,
    answer,
    at_once,
    call,
    circuit,
    failed,
    locate,
    moved,
    training,
    wrong_from,
)

# --- verdicts ----------------------------------------------------------------------------------------------------------


def test_methods_that_say_the_same_agree():
    located = locate(training(5), ScriptedEvaluator())
    assert (located.verdict, located.divergences, located.replayed) == (Verdict.AGREE, (), 5)


def test_float32_gaps_are_one_rounding_divergence_at_the_first_call_with_the_worst_beside_it():
    def jitter(request: Request) -> Evaluation:
        return moved(answer(request), output=1e-8 * len(str(float(request.circuit.parameters[0].value))))

    trace = training(5, "float32")
    located = locate(trace, ScriptedEvaluator(adjoint=jitter, parameter_shift=jitter))
    assert located.verdict is Verdict.ROUNDING
    (found,) = located.divergences
    assert (found.call.index, found.comparison.methods) == (0, METHODS[:2])
    assert found.worst is not None
    assert found.worst.max_abs == max(c.max_abs for _, c in located.comparisons if c.methods == METHODS[:2])
    assert found.calls == (0, 1, 2, 3, 4)


def test_an_error_is_reported_at_its_first_call():
    located = locate(training(6), ScriptedEvaluator(adjoint=wrong_from(0.315, gradient=0.1)))
    (found,) = located.divergences
    assert (located.verdict, found.call.index, found.signature) == (Verdict.ERROR, 2, "jacobian")
    assert found.calls == (2, 3, 4, 5)


def test_an_error_is_listed_before_an_earlier_rounding():
    evaluator = ScriptedEvaluator(adjoint=wrong_from(0.315, gradient=0.1), parameter_shift=lambda r: moved(answer(r), output=1e-7))
    located = locate(training(6, "float32"), evaluator)
    assert [(d.verdict, d.call.index) for d in located.divergences] == [(Verdict.ERROR, 2), (Verdict.ROUNDING, 0)]


def test_the_users_own_method_against_several_that_agree_makes_one_divergence_with_the_best_partner():
    located = locate(training(3, own=METHODS[1]), ScriptedEvaluator(adjoint=lambda r: moved(answer(r), gradient=0.1)))
    (found,) = [d for d in located.divergences if d.verdict is not Verdict.AGREE]
    assert found.comparison.methods == (METHODS[1], METHODS[0])


def test_two_methods_that_are_wrong_in_different_ways_are_two_divergences():
    evaluator = ScriptedEvaluator(adjoint=wrong_from(0.0, gradient=0.1), parameter_shift=wrong_from(0.0, gradient=0.2))
    located = locate(training(3), evaluator)
    assert {d.comparison.methods[1] for d in located.divergences} == {METHODS[1], METHODS[2]}


def test_two_methods_that_are_wrong_in_the_same_way_are_one_divergence():
    evaluator = ScriptedEvaluator(adjoint=wrong_from(0.0, gradient=0.1), parameter_shift=wrong_from(0.0, gradient=0.1))
    assert len(locate(training(3), evaluator).divergences) == 1


def test_the_users_tolerance_decides():
    evaluator = ScriptedEvaluator(adjoint=wrong_from(0.0, gradient=1e-4))
    assert locate(training(3), evaluator, Plan(tolerance=Tolerance(absolute=1e-3))).verdict is Verdict.AGREE
    assert locate(training(3), evaluator).verdict is Verdict.ERROR


def test_nothing_to_hold_against_the_own_method_is_inconclusive():
    assert locate(training(2), ScriptedEvaluator(METHODS[:1])).verdict is Verdict.INCONCLUSIVE


# --- what the record says -----------------------------------------------------------------------------------------------


def test_a_call_whose_replay_is_not_what_the_script_saw_is_not_judged():
    trace = training(3)
    trace.calls[1] = replace(trace.calls[1], outputs=(np.asarray(0.123),))
    evaluator = ScriptedEvaluator(adjoint=wrong_from(0.305, gradient=0.1))
    located = locate(trace, evaluator)
    assert [(u.call, u.explained) for u in located.unfaithful] == [(1, False)]
    assert {d.verdict: d.call.index for d in located.divergences} == {Verdict.ERROR: 2, Verdict.INCONCLUSIVE: 1}


def test_an_ulp_between_record_and_replay_is_noted_but_judged():
    trace = training(1)
    trace.calls[0] = replace(trace.calls[0], outputs=(np.nextafter(trace.calls[0].outputs[0], 2.0),))
    located = locate(trace, ScriptedEvaluator())
    assert [(u.call, u.explained) for u in located.unfaithful] == [(0, True)]
    assert located.verdict is Verdict.AGREE


def test_recorded_gradients_are_held_against_the_replay_where_they_are_the_calls_own():
    trace = training(2)
    passes = [Backward((np.asarray(1.0),), (np.asarray(9.0),), (exact,)) for exact in (True, False)]
    trace.calls = [replace(one, backwards=(backward,)) for one, backward in zip(trace.calls, passes)]
    assert [u.call for u in locate(trace, ScriptedEvaluator()).unfaithful] == [0]


def test_the_loss_may_ignore_what_is_wrong():
    trace = training(2)
    blind = Backward((np.asarray(0.0),), (np.asarray(0.0),), (True,))
    trace.calls = [replace(one, backwards=(blind,)) for one in trace.calls]
    evaluator = ScriptedEvaluator(adjoint=lambda r: replace(answer(r), vjps=tuple((2 * g,) for (g,) in answer(r).vjps)))
    assert locate(trace, evaluator).divergences[0].signature == "vjp"


def test_calls_without_trainable_parameters_are_compared_by_outputs_alone():
    fixed = circuit(0.3)
    gate = replace(fixed.operations[0], data=(replace(fixed.parameters[0], trainable=False),))
    trace = ScriptedTrace([call(0, replace(fixed, operations=(gate,)), backwards=())])
    evaluator = ScriptedEvaluator()
    assert locate(trace, evaluator).verdict is Verdict.AGREE
    assert not any(request.jacobian or request.cotangents for request in evaluator.requests)


# --- what refuses and what raises ---------------------------------------------------------------------------------------


def test_a_shadow_that_breaks_down_is_listed_too():
    located = locate(training(3), ScriptedEvaluator(adjoint=lambda r: failed(r.method, refusal=False, message="index out of range")))
    assert [(one.method, one.failure.message) for one in located.unanswered] == [(METHODS[1], "index out of range")]
    assert located.refused == ()
    assert located.divergences == ()


def test_a_shadow_that_refuses_to_go_backward_has_its_outputs_compared():
    def forward_only(request: Request) -> Evaluation:
        refusal = Failure("E", "no", stage="backward", refusal=True)
        return replace(moved(answer(request), output=0.1), vjps=(), jacobian=None, failure=refusal)

    located = locate(training(2), ScriptedEvaluator(adjoint=forward_only))
    assert located.divergences[0].signature == "output"
    assert [(m, f.message) for m, f in located.divergences[0].raised] == [(METHODS[1], "no")]


def test_but_not_where_what_it_was_given_is_no_number():
    """Something before it made the weights NaN: that is the error, and a state that cannot be normalised is its echo."""
    trace = training(3)
    broken = Failure("ValueError", "state_vector has to be of norm 1.0, got nan")
    trace.calls[2] = replace(call(2, circuit(np.nan)), outputs=None, backwards=(), failure=broken)
    located = locate(trace, ScriptedEvaluator(METHODS[:2]))
    assert (located.divergences, located.verdict) == ((), Verdict.AGREE)


def test_the_users_own_method_raising_is_an_error():
    trace = training(2)
    trace.calls[1] = replace(trace.calls[1], outputs=None, backwards=(), failure=Failure("WireError", "no wire 2"))

    def break_down(request: Request) -> Evaluation:
        beyond = float(request.circuit.parameters[0].value) > 0.305
        return failed(request.method, refusal=False) if beyond else answer(request)

    (found,) = locate(trace, ScriptedEvaluator(backprop=break_down)).divergences
    assert (found.verdict, found.signature, found.call.index) == (Verdict.ERROR, "raise", 1)
    assert found.comparison.methods == (METHODS[0], METHODS[1])
    assert (METHODS[0], "no wire 2") in [(m, f.message) for m, f in found.raised]


def test_a_replay_that_raises_where_the_script_did_not_is_no_error_of_the_users():
    located = locate(training(2), ScriptedEvaluator(backprop=lambda r: failed(r.method)))
    assert located.verdict is Verdict.INCONCLUSIVE
    assert all(d.verdict is not Verdict.ERROR for d in located.divergences)


# --- the plan --------------------------------------------------------------------------------------------------------------


def test_expensive_methods_run_at_every_call_of_a_short_trace():
    evaluator = ScriptedEvaluator(parameter_shift=at_once)
    located = locate(training(64), evaluator)
    assert (evaluator.asked("parameter-shift"), located.sampled) == (64, ())


def test_expensive_methods_are_sampled_in_a_long_trace():
    evaluator = ScriptedEvaluator()
    located = locate(training(241), evaluator)
    assert evaluator.asked("adjoint") == 241
    assert located.sampled == ((METHODS[2], 9),)


def test_expensive_methods_run_around_what_the_cheap_ones_flag():
    evaluator = ScriptedEvaluator(adjoint=wrong_from(1.295, gradient=0.1))
    located = locate(training(200), evaluator)
    assert {99, 100, 101} <= {i for i, c in located.comparisons if c.methods[1] == METHODS[2]}


def test_every_call_when_asked():
    evaluator = ScriptedEvaluator()
    locate(training(100), evaluator, Plan(every=1))
    assert evaluator.asked("parameter-shift") == 100


def test_a_limit_on_calls_is_kept_and_said():
    evaluator = ScriptedEvaluator()
    located = locate(training(50), evaluator, Plan(max_calls=10))
    assert (located.replayed, located.recorded, evaluator.asked("adjoint")) == (10, 50, 10)
    assert located.unseen == (Unseen(Gap.MAX_CALLS, "Only the first 10 of 50 calls were to be replayed.", 40, 50),)


def test_a_spent_budget_ends_the_replay_and_is_said():
    located = locate(training(50), ScriptedEvaluator(), Plan(budget=0.0))
    assert located.replayed == 0
    (unseen,) = located.unseen
    assert unseen == Unseen(Gap.BUDGET, "The budget of 0 s ended the replay after 0 of 50 calls, spread over the run.", 50, 50)


class Ending(Deadline):
    """A deadline that passes after so many questions."""

    def __init__(self, questions: int) -> None:
        super().__init__(1.0)
        self.questions = questions

    @property
    def passed(self) -> bool:
        self.questions -= 1
        return self.questions < 0


def test_what_a_budget_leaves_of_a_replay_is_spread_over_the_run():
    located = locate(training(64), ScriptedEvaluator(METHODS[:2]), deadline=Ending(5))
    assert sorted({call for call, _ in located.comparisons}) == [0, 16, 32, 48, 63]


def test_what_is_replayed_beside_the_script_spends_no_budget():
    trace = training(10)
    replay = Replay(trace, ScriptedEvaluator(), Plan(budget=0.0))
    replay.advance()
    assert replay.known_so_far().replayed == 9


def test_a_call_whose_quantum_function_raised_is_none_that_methods_were_not_asked_about():
    trace = training(3)
    trace.calls[2] = replace(trace.calls[2], outputs=None, backwards=(), failure=Failure("KeyError", "2", stage="build"))
    located = locate(trace, ScriptedEvaluator())
    assert (located.replayed, located.sampled, located.unanswered) == (2, (), ())


def test_on_a_device_that_works_nothing_out_nothing_is_compared():
    trace = training(3)
    trace.calls[1] = replace(trace.calls[1], configuration=replace(trace.calls[1].configuration, device="null.qubit"))
    located = locate(trace, ScriptedEvaluator())
    assert (located.verdict, located.replayed, located.divergences) == (Verdict.AGREE, 2, ())
    assert "1 call is on null.qubit, which gives zeros and works nothing out: nothing is compared there" in located.notes


def test_a_method_whose_way_back_fails_stands_beside_nothing():
    def one_way(request: Request) -> Evaluation:
        refused = Failure("ValueError", "cannot", stage="backward", refusal=True)
        return Evaluation(request.method, answer(request).outputs, failure=refused)

    evaluator = ScriptedEvaluator(adjoint=one_way, parameter_shift=one_way)
    assert locate(training(3), evaluator).replayed == 0


def test_the_full_jacobian_is_formed_at_the_first_call_of_each_structure_and_where_a_product_disagrees():
    evaluator = ScriptedEvaluator(METHODS[:2], adjoint=wrong_from(0.335, gradient=0.1))
    trace = training(5)
    trace.calls += [call(5, circuit(0.2, gates=3)), call(6, circuit(0.21, gates=3))]
    trace.visible = 7
    locate(trace, evaluator)
    assert {round(float(r.circuit.parameters[0].value), 2) for r in evaluator.requests if r.jacobian} == {0.3, 0.2, 0.34}


# --- repeating, growing, resuming -----------------------------------------------------------------------------------------


def test_a_circuit_that_repeats_is_evaluated_once():
    evaluator = ScriptedEvaluator()
    located = locate(ScriptedTrace([call(i, circuit(0.3)) for i in range(500)]), evaluator)
    assert (located.replayed, len(evaluator.requests)) == (500, 3)


def test_a_growing_trace_is_replayed_up_to_the_last_step_that_is_over():
    trace = ScriptedTrace([call(i, circuit(0.3 + i), step=i // 2) for i in range(6)])
    evaluator = ScriptedEvaluator()
    replay = Replay(trace, evaluator, Plan())
    trace.visible = 4
    replay.advance()
    assert evaluator.asked("adjoint") == 2
    trace.visible = 6
    assert replay.finish().replayed == 6
    assert evaluator.asked("adjoint") == 6


def test_a_growing_trace_is_replayed_in_short_turns(monkeypatch):
    monkeypatch.setattr("qdiag.judging.replay.replay.time", Ticking())
    replay = Replay(ScriptedTrace([call(i, circuit(0.3 + i)) for i in range(4)]), ScriptedEvaluator(), Plan())
    assert [replay.advance(2.5) for _ in range(4)] == [True, True, False, False]
    assert replay.finish().replayed == 4


def test_a_turn_ends_with_the_script():
    replay = Replay(training(9), ScriptedEvaluator(METHODS[:2]), Plan())
    assert replay.advance(60.0, ended=lambda: replay.knows(3))
    assert [replay.knows(index) for index in range(9)] == [True] * 4 + [False] * 5
    assert replay.finish().replayed == 9


def test_new_structures_come_first_once_the_script_has_ended_and_nothing_else_changes():
    calls = [call(i, circuit(0.3 + i, gates=3 if i == 3 else 2)) for i in range(5)]
    evaluator = ScriptedEvaluator(METHODS[:2])
    located = locate(ScriptedTrace(calls), evaluator)
    asked = [r for r in evaluator.requests if r.method.diff_method == "adjoint"]
    assert [round(float(r.circuit.parameters[0].value) - 0.3) for r in asked] == [0, 3, 1, 2, 4]
    assert [index for index, _ in located.comparisons] == [0, 1, 2, 3, 4]


class Ticking:
    """A clock that is a second later at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


def test_what_is_known_after_a_moment_is_of_calls_that_are_spread_over_the_run(monkeypatch):
    monkeypatch.setattr("qdiag.judging.replay.replay.time", Ticking())
    evaluator = ScriptedEvaluator(METHODS[:2], adjoint=wrong_from(0.3, output=1e-3))
    replay = Replay(training(100), evaluator, Plan())
    known = replay.begin_cheap_methods(9.5)
    assert known is not None
    assert known.replayed == 7 == sum(map(replay.knows, range(100)))
    assert known.verdict is Verdict.ERROR
    looked_at = sorted({round(100 * (float(r.circuit.parameters[0].value) - 0.3)) for r in evaluator.requests})
    assert looked_at[0] == 0
    assert looked_at[-1] > 50


def test_what_was_known_after_a_moment_is_not_asked_again(monkeypatch):
    monkeypatch.setattr("qdiag.judging.replay.replay.time", Ticking())
    evaluator = ScriptedEvaluator(METHODS[:2])
    replay = Replay(training(20), evaluator, Plan())
    replay.begin_cheap_methods(5.5)
    located = replay.finish()
    assert located.replayed == 20
    assert evaluator.asked("adjoint") == 20
    assert [index for index, _ in located.comparisons] == list(range(20))


def test_where_a_moment_is_enough_there_is_nothing_to_say_so_far():
    replay = Replay(training(5), ScriptedEvaluator(), Plan())
    assert replay.begin_cheap_methods(60.0) is None
    assert replay.finish_cheap_methods().replayed == 5


def test_what_was_interrupted_is_resumed(tmp_path: Path):
    interrupted = itertools.count()

    def interrupting(request: Request) -> Evaluation:
        if next(interrupted) == 7:
            raise KeyboardInterrupt
        return answer(request)

    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path) as store, pytest.raises(KeyboardInterrupt):
        locate(training(10), ScriptedEvaluator(METHODS[:2], adjoint=interrupting), store=store)
    evaluator = ScriptedEvaluator(METHODS[:2])
    with EvaluationStore(path) as store:
        assert locate(training(10), evaluator, store=store).replayed == 10
    assert evaluator.asked("adjoint") == 3


def test_evaluations_of_another_stack_are_not_reused(tmp_path: Path):
    for stack in ("PennyLane 0.21.0", "PennyLane 0.45.1"):
        with EvaluationStore(tmp_path / "evaluations.qdiag", stack) as store:
            again = ScriptedEvaluator()
            locate(training(3), again, store=store)
    assert again.asked("adjoint") == 3


def test_an_evaluation_comes_back_from_the_file_as_it_went_in(tmp_path: Path):
    request = Request(circuit(0.3), replace(METHODS[0], gradient_options=(("h", 1e-3),)), jacobian=True)
    whole = replace(answer(request), failure=Failure("E", "m", ("a:b:1",), "backward", True), hvp=(np.zeros((2, 0)),), notes=("n",))
    with EvaluationStore(tmp_path / "evaluations.qdiag") as store:
        store.put("key", whole)
    with EvaluationStore(tmp_path / "evaluations.qdiag") as store:
        found = store.get("key")
    assert found is not None
    assert (found.method, found.failure, found.notes, found.norms) == (whole.method, whole.failure, whole.notes, whole.norms)
    assert found.outputs == whole.outputs
    assert found.jacobian == whole.jacobian
    assert found.hvp is not None
    assert found.hvp[0].shape == (2, 0)


def test_a_lost_worker_is_not_remembered(tmp_path: Path):
    with EvaluationStore() as store:
        store.put("key", Evaluation(METHODS[0], failure=Failure("Lost", "", stage="worker")))
        assert store.get("key") is None


def test_a_foreign_file_is_said_to_be_one(tmp_path: Path):
    path = tmp_path / "evaluations.qdiag"
    path.write_bytes(b"not a database, but long enough to be one" * 100)
    with pytest.raises(TraceError, match="holds no evaluations"):
        EvaluationStore(path)


def test_which_call_is_begun_under_which_methods_is_told():
    told = []
    locate(training(3), ScriptedEvaluator(), doing=lambda call, methods: told.append((call.index, len(methods))))
    assert {index for index, _ in told} == {0, 1, 2}
    assert all(number for _, number in told)


def test_progress_is_told_to_the_end():
    told: list[tuple[int, int]] = []
    locate(training(100), ScriptedEvaluator(), progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# --- trainings that went astray, and methods that are random ---------------------------------------------------------------


def test_calls_on_numbers_that_are_none_are_not_compared():
    def lost(request: Request) -> Evaluation:
        return moved(answer(request), gradient=0.1)

    trace = ScriptedTrace([call(0, circuit(0.3)), call(1, circuit(float("nan"))), call(2, circuit(float("nan")))])
    located = locate(trace, ScriptedEvaluator(adjoint=wrong_from(5.0), parameter_shift=answer))
    assert (located.verdict, located.divergences) == (Verdict.AGREE, ())
    assert any("2 calls have, from call 1 on" in note for note in located.notes)
    wrong = locate(trace, ScriptedEvaluator(adjoint=lost))
    assert [divergence.calls for divergence in wrong.divergences] == [(0,)]


def test_raw_samples_are_not_compared_and_put_nothing_in_doubt():
    drawn = replace(circuit(0.3), measurements=(Node("CountsMP"), Node("SampleMP")), shots=(50,))
    located = locate(ScriptedTrace([call(0, circuit(0.3)), call(1, drawn)]), ScriptedEvaluator())
    assert (located.verdict, located.divergences, located.replayed) == (Verdict.AGREE, (), 1)
    assert "1 call returns raw samples or counts alone" in located.notes[0]


class Knowing(ScriptedEvaluator):
    """One that cannot replay circuits with a certain number."""

    def evaluate(self, request):
        if float(request.circuit.parameters[0].value) > 0.5:
            ours = Failure("OpaqueCircuitError", "Own was recorded by name only.", frames=("qdiag.codec:decode:1",), refusal=True)
            return Evaluation(request.method, failure=ours)
        return super().evaluate(request)


def test_calls_whose_circuit_cannot_be_made_again_are_left_to_the_probes():
    located = locate(ScriptedTrace([call(0, circuit(0.3)), call(1, circuit(0.7)), call(2, circuit(0.8))]), Knowing())
    assert located.replayed == 1
    assert located.not_rebuilt == tuple(NotRebuilt(index, "Own was recorded by name only", circuit=True) for index in (1, 2))
    assert located.unseen == ()


def test_a_call_whose_results_a_transform_makes_over_is_left_to_itself():
    ran = replace(circuit(0.1), notes=("the QNode's transforms made 3 circuits of it: recorded as written",))
    trace = ScriptedTrace([replace(call(0, ran), outputs=(np.zeros(()), np.zeros(()))), call(1, ran)])
    located = locate(trace, ScriptedEvaluator())
    assert (located.verdict, located.refused, located.unfaithful, located.replayed) == (Verdict.AGREE, (), (), 1)
    assert "1 call gives what a transform works out" in located.notes[0]


@pytest.mark.parametrize("create_graph", [True, False])
def test_a_gradient_that_comes_through_an_earlier_pass_too_is_no_product_with_its_cotangent(create_graph):
    seen = call(0, circuit(0.3))
    (first,) = seen.backwards
    doubled = tuple(2 * gradient for gradient in first.gradients if gradient is not None)
    passes = (replace(first, create_graph=create_graph), replace(first, gradients=doubled))
    located = locate(ScriptedTrace([replace(seen, backwards=passes)]), ScriptedEvaluator(METHODS[:1]), Plan())
    assert bool(located.unfaithful) is not create_graph


def test_a_gradient_that_is_drawn_anew_makes_no_replay_unfaithful():
    (own,) = methods("default.qubit/spsa")
    evaluator = ScriptedEvaluator((own, METHODS[1]), spsa=lambda request: moved(answer(request), gradient=0.3))
    located = locate(training(2, own=own), evaluator)
    (found,) = located.divergences
    assert located.unfaithful == ()
    assert found.comparison.detail == "one of the methods is random by construction"

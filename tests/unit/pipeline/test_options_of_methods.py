"""What a device was made with at the replay it is made with in every later stage: shadow methods keep the user's device options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.judging.arbiter import arbiter
from qdiag.judging.arbiter.arbiter import Arbitration
from qdiag.judging.arbiter.method_verdicts import MethodVerdict
from qdiag.judging.arbiter.reference import Reference
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Environment
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import Method, once_each
from qdiag.pipeline import stage_prove
from qdiag.pipeline.stage_context import StageContext, as_replayed
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.writing import write
from tests.worlds.methods import methods
from tests.worlds.scripted import METHODS, ScriptedEvaluator, ScriptedTrace, answer, call, circuit, moved
from tests.worlds.scripts import FakeLanguage

OPTIONS = (("mcmc", True),)
OWN, SHADOW, THIRD = (replace(method, device_options=OPTIONS) for method in METHODS)


@dataclass
class World:
    """A run whose device was made with an option, and whose adjoint is off."""

    evaluator: ScriptedEvaluator = field(
        default_factory=lambda: ScriptedEvaluator((OWN, SHADOW, THIRD), adjoint=lambda request: moved(answer(request), gradient=0.1))
    )

    def __post_init__(self) -> None:
        self.located: Located = Replay(ScriptedTrace([call(0, circuit(0.3), OWN)]), self.evaluator, Plan()).finish()
        self.context = StageContext(self.evaluator, Environment())  # type: ignore[arg-type]
        self.evaluator.requests.clear()

    @property
    def found(self) -> Divergence:
        (found,) = self.located.divergences
        return found

    def asked(self) -> set[Method]:
        return {request.method for request in self.evaluator.requests}


def test_the_question_is_asked_of_the_methods_that_were_replayed() -> None:
    world = World()
    assert world.context.question(world.found).methods == (OWN, SHADOW)


def test_the_arbiter_hears_the_methods_that_were_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    world, heard = World(), list[Any]()

    def arbitrate(ran: object, configuration: object, evaluations: Sequence[Evaluation], *rest: Any, **options: Any) -> Arbitration:
        heard.extend(evaluation.method for evaluation in evaluations)
        return Arbitration(Reference(), tuple(MethodVerdict(m, "wrong" if m == SHADOW else "right") for m in heard))

    monkeypatch.setattr(arbiter, "arbitrate", arbitrate)
    judged = world.context.with_arbiters_word(world.found, world.located.methods)
    assert heard == [OWN, SHADOW, THIRD]
    assert judged.wrong == (SHADOW,)


def test_candidates_of_minimizing_are_evaluated_under_the_methods_that_were_replayed() -> None:
    world = World()
    same = stage_prove.same_difference(world.context.question(world.found), world.found.call, (SHADOW,), UNKNOWN, world.context)
    assert world.asked() == {OWN, SHADOW}
    assert same.wrong == {SHADOW}


def test_the_written_script_makes_the_devices_of_both_sides_with_them() -> None:
    text = write(replace(World().found, wrong=(SHADOW,)), Material(language=FakeLanguage())).source
    assert text.count('mcmc=True') == 2


def test_a_method_that_the_user_names_runs_on_the_device_that_the_script_made() -> None:
    world = World(ScriptedEvaluator(adjoint=lambda request: moved(answer(request), gradient=0.1)))
    plan = Plan(methods=methods("adjoint", "lightning.qubit/adjoint"))
    located = Replay(ScriptedTrace([call(0, circuit(0.3), OWN)]), world.evaluator, plan).finish()
    assert located.methods == (OWN, SHADOW, *methods("lightning.qubit/adjoint"))


def test_the_options_of_another_qnodes_device_are_not_taken_over() -> None:
    seen = call(0, circuit(0.3), OWN)
    others = replace(METHODS[1], device_options=(("mcmc", False),)), *methods("lightning.qubit/adjoint")
    assert as_replayed(others, seen) == (SHADOW, *methods("lightning.qubit/adjoint"))


def test_the_own_method_keeps_the_options_of_its_gradient() -> None:
    own = replace(OWN, gradient_options=(("h", 1e-3),))
    seen = call(0, circuit(0.3), own)
    assert as_replayed((METHODS[0], METHODS[1]), seen, (seen.method, SHADOW)) == (seen.method, SHADOW)


def test_of_methods_that_are_written_alike_a_run_names_the_first() -> None:
    assert once_each((OWN, METHODS[0], METHODS[1], SHADOW)) == (OWN, METHODS[1])

"""What probes saw, on its way to a finding: where the circuits are right, with causes that lie outside of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qdiag.model.call import Call, Environment
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Divergence
from qdiag.model.option import Held, Kind, Options
from qdiag.model.probe import Probe, ProbedMethod
from qdiag.pipeline import stage_beside_probes, stage_diagnose
from qdiag.pipeline.stage_context import StageContext
from tests.unit.judging.test_probe_findings import argument, call, only, probe


@dataclass
class Recording:
    """A trace, as far as probes are concerned."""

    probes: tuple[Probe, ...]

    def call(self, index: int) -> Call:
        return replace(call(), index=index)


BENCH = StageContext(None, Environment())  # type: ignore[arg-type]
MODEL = Held(Kind.OBJECT, ("an object (Model)",))
LOST = probe(argument(followed=False), own=(0.0,), other=(0.0,))


def test_one_finding_for_a_qnode_however_often_it_is_probed() -> None:
    trace = Recording((LOST, replace(LOST, call=63)))
    assert [d.call.index for d in stage_beside_probes.seen_by_probes(trace, ())] == [7]  # type: ignore[arg-type]


def test_a_qnode_whose_circuit_is_wrong_needs_no_probe() -> None:
    known = only(LOST)
    assert known.verdict is Verdict.ERROR
    assert list(stage_beside_probes.seen_by_probes(Recording((LOST,)), [known])) == []  # type: ignore[arg-type]


def test_what_other_methods_make_of_the_circuit_hides_nothing_of_what_the_script_gets() -> None:
    of_others = replace(only(LOST), upheld=True)
    assert len(list(stage_beside_probes.seen_by_probes(Recording((LOST,)), [of_others]))) == 1  # type: ignore[arg-type]


def test_an_argument_cut_off_before_the_circuit_is_confirmed() -> None:
    finding = stage_diagnose.diagnose_divergence(only(LOST), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD401", "confirmed")
    assert len(finding.diagnosis.evidence) == 2


def test_an_argument_lost_elsewhere_is_likely() -> None:
    finding = stage_diagnose.diagnose_divergence(only(probe(argument(), own=(0.25,))), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD401", "likely")


def test_an_argument_that_another_method_gets_right_is_not_blamed_on_the_way_to_the_circuit() -> None:
    finding = stage_diagnose.diagnose_divergence(only(probe(argument(), own=(0.25,), other=(0.5,))), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD901", "unknown")
    assert [evidence.holds for evidence in finding.diagnosis.evidence] == [False]


def of_its_own_device(divergence: Divergence, diff_method: str = "adjoint", options: Options = (("model", MODEL),)) -> Divergence:
    """The same, on a device that cannot be made again where it has such options."""
    one = divergence.call
    configuration = replace(one.configuration, resolved=diff_method, device_options=options)
    return replace(divergence, call=replace(one, configuration=configuration))


def test_a_slope_that_a_device_of_the_scripts_works_out_itself_is_its_own_fault() -> None:
    wrong = only(probe(argument(), own=(0.25,), other=(0.5,)))
    finding = stage_diagnose.diagnose_divergence(of_its_own_device(wrong), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD503", "likely")
    assert [evidence.holds for evidence in finding.diagnosis.evidence] == [True]


def test_the_device_is_not_blamed_where_a_replay_showed_it_right_or_no_method_is() -> None:
    wrong = only(probe(argument(), own=(0.25,), other=(0.5,)))
    others = [
        of_its_own_device(wrong, options=()),
        of_its_own_device(wrong, "backprop"),
        of_its_own_device(only(probe(argument(), own=(0.25,), other=(0.25,)))),
    ]
    for divergence in others:
        assert stage_diagnose.diagnose_divergence(divergence, (), BENCH).diagnosis.code != "QD503"


def test_a_gradient_transform_of_the_scripts_own_is_at_fault_where_other_methods_are_right() -> None:
    wrong = of_its_own_device(only(probe(argument(), own=(0.25,), other=(0.5,))), "halfshift", ())
    diagnosis = stage_diagnose.diagnose_divergence(wrong, (), BENCH).diagnosis
    assert (diagnosis.code, diagnosis.confidence, diagnosis.fileable) == ("QD301", "likely", False)
    assert diagnosis.remedy == 'correct halfshift, or diff_method="adjoint"'
    as_wrong = of_its_own_device(only(probe(argument(), own=(0.25,), other=(0.25,))), "halfshift", ())
    assert stage_diagnose.diagnose_divergence(as_wrong, (), BENCH).diagnosis.code != "QD301"


def test_mixed_rows_are_a_batch_axis_taken_for_a_feature() -> None:
    finding = stage_diagnose.diagnose_divergence(only(probe(own=(), rows=3, mixing=0.2)), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD504", "confirmed")
    assert "(3, 3)" in finding.diagnosis.because


def test_another_result_on_plain_numbers_has_no_known_cause_outside_the_circuit() -> None:
    finding = stage_diagnose.diagnose_divergence(only(probe(argument(), own=(0.5,), plain_gap=0.1)), (), BENCH)
    assert finding.diagnosis.code == "QD901"


def test_a_gradient_lost_at_a_switching_value_is_not_called_detached() -> None:
    lost = only(probe(argument(followed=False, restructured=True, aside=0.0), own=(0.0,)))
    finding = stage_diagnose.diagnose_divergence(lost, (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD604", "confirmed")


def test_what_the_transforms_do_to_a_gradient_is_not_called_detached() -> None:
    bare = ProbedMethod("backprop", (0.5,))
    finding = stage_diagnose.diagnose_divergence(only(probe(argument(), own=(0.0,), untransformed=bare)), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD505", "confirmed")


def test_what_a_probe_saw_before_the_circuit_went_wrong_is_another_finding() -> None:
    later = replace(only(LOST), call=replace(call(), index=9))
    assert [d.call.index for d in stage_beside_probes.seen_by_probes(Recording((LOST,)), [later])] == [7]  # type: ignore[arg-type]
    assert list(stage_beside_probes.seen_by_probes(Recording((replace(LOST, call=12),)), [later])) == []  # type: ignore[arg-type]


def test_a_gradient_that_is_no_number_comes_from_a_formula_before_the_circuit() -> None:
    finding = stage_diagnose.diagnose_divergence(only(probe(argument(aside=0.0), own=(float("nan"),))), (), BENCH)
    assert (finding.diagnosis.code, finding.diagnosis.confidence) == ("QD306", "confirmed")
    assert "argument scale" in finding.diagnosis.because


def rounded(bound: float) -> Divergence:
    """What rounding explains at a call of the same QNode, on the scale of what the probe saw."""
    comparison = replace(only(LOST).comparison, verdict=Verdict.ROUNDING, bound=bound)
    return replace(only(LOST), comparison=comparison)


def test_at_an_ill_conditioned_point_a_probe_finds_no_more_than_rounding_explains() -> None:
    gap = only(LOST).comparison.max_abs
    assert list(stage_beside_probes.seen_by_probes(Recording((LOST,)), [rounded(1.1 * gap)])) == []  # type: ignore[arg-type]
    assert len(list(stage_beside_probes.seen_by_probes(Recording((LOST,)), [rounded(0.9 * gap)]))) == 1  # type: ignore[arg-type]


def test_of_several_errors_of_a_circuit_the_earliest_counts() -> None:
    earlier, later = (replace(only(LOST), call=replace(call(), index=index)) for index in (9, 20))
    for known in ([earlier, later], [later, earlier]):
        assert list(stage_beside_probes.seen_by_probes(Recording((replace(LOST, call=12),)), known)) == []  # type: ignore[arg-type]

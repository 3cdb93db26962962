"""Reproducers are written for real faults of PennyLane and run in fresh processes: 1 while the fault is there, 0 without, 125 else."""

import ast
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.stack import pennylane_version
from qdiag.diagnosis.causes import cause_of
from qdiag.model.call import Argument, Call, Configuration, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Finding
from qdiag.model.method import ARBITER, Method, parse
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.material import AS_RECORDED, Material
from qdiag.proving.reproducer.verify import verify, write_and_verify
from qdiag.proving.reproducer.writing import write, write_around, write_for
from tests.worlds.methods import LIGHTNING, methods

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.stack

TODAY = pennylane_version().release >= (0, 45)
today = pytest.mark.skipif(not TODAY, reason="a fault of PennyLane 0.45")
legacy = pytest.mark.skipif(pennylane_version().release >= (0, 22), reason="a fault of PennyLane 0.21")


def t(value, dtype=torch.float64, tracked=True):
    return torch.tensor(value, dtype=dtype, requires_grad=tracked)


def circuit(function, returns="single") -> Circuit:
    with qml.tape.QuantumTape() as tape:
        function()
    return circuit_of(tape, returns)


def divergence(found: Circuit, *names, where=Signature.JACOBIAN, gap=0.3, wrong=(), verdict=Verdict.ERROR, **further) -> Divergence:
    here = SourceLine("train.py", 12)
    device, resolved = names[0].device, names[0].diff_method
    configuration = Configuration("circuit", here, device, interface="torch", resolved=resolved, default_dtype="float32")
    call = Call(0, 0, here, configuration, (), found, None)
    bounds = {"bound": 1e-12, "float64_bound": 1e-14}
    comparison = Comparison(names, verdict, where, max_abs=gap, **{**bounds, **further})
    return Divergence(call, comparison, wrong)


def exit_code(written, tmp_path) -> int:
    done = verify(written, tmp_path / "repro.py")
    print(written.source, done.output, sep="\n")
    assert done.exit_code is not None
    return done.exit_code


def _coefficient():
    qml.RX(t(0.4), wires=0)
    qml.RY(t(0.8), wires=1)
    qml.CNOT(wires=[0, 1])
    qml.expval(qml.dot([t(0.3), 0.5], [qml.PauliZ(0), qml.PauliX(1)]))


def _evolution():
    qml.evolve(qml.dot([t(0.6), t(0.8)], [qml.PauliX(0), qml.PauliZ(0)]), 0.7)
    qml.RY(t(0.25), wires=0)  # without one that the tape lists, PennyLane differentiates everything through the device
    qml.expval(qml.PauliZ(0))


def _multiplexer():
    qml.RY(0.3, wires=0)
    qml.SelectPauliRot(t([0.4, 1.2]), control_wires=[0], target_wire=1, rot_axis="X")
    qml.expval(qml.PauliZ(1))


def _exponential():
    qml.exp(qml.PauliX(0), -0.5j * t(0.4))
    qml.expval(qml.PauliZ(0))


def _embedding():
    qml.AmplitudeEmbedding(t([0.6, 0.4, 0.0, 0.9]), wires=[0, 1], normalize=True)
    qml.RX(0.3, wires=0)
    qml.expval(qml.PauliZ(0))


def _postselected():
    qml.RX(t(0.7), wires=0)
    qml.RY(t(1.1), wires=1)
    qml.CNOT(wires=[1, 0])
    qml.CRX(0.4, wires=[0, 1])
    qml.measure(0, postselect=1)
    qml.expval(qml.PauliZ(1))


def _phase():
    qml.GlobalPhase(t(0.4))
    qml.expval(qml.PauliZ(0))


def _distribution():
    qml.RX(0.3, wires=0)
    qml.RY(t(0.4), wires=1)
    qml.probs(wires=[0, 1])


ADJOINT, BACKPROP, SHIFT = methods("default.qubit/adjoint", "default.qubit/backprop", "default.qubit/parameter-shift")
UNBOUND = (Failure("UnboundLocalError", "cannot access local variable 'g'"), None)
NOT_FLOATING = (Failure("RuntimeError", "Expected isFloatingType(grad.scalar_type())"), None)

FAULTS = {
    "003 a trainable coefficient shifts the adjoint gradient": (_coefficient, (ADJOINT, BACKPROP), {}),
    "007 evolution hides its generator's coefficients": (_evolution, (SHIFT, BACKPROP), {}),
    "007 against the arbiter": (_evolution, (SHIFT, ARBITER), {}),
    "009 a multiplexed rotation loses its matrix": (_multiplexer, (BACKPROP, SHIFT), {"where": Signature.OUTPUT}),
    "009 against untracked numbers": (_multiplexer, (BACKPROP, parse("default.qubit/none")), {"where": Signature.OUTPUT}),
    "017 an imaginary coefficient": (_exponential, (ADJOINT, BACKPROP), {}),
    "019 a zero amplitude": (_embedding, (ADJOINT, BACKPROP), {"where": Signature.NAN, "gap": np.inf}),
    "021 postselection": (_postselected, (SHIFT, BACKPROP), {}),
    "030 a global phase": (_phase, (SHIFT, BACKPROP), {"where": Signature.RAISE, "failures": UNBOUND}),
    "034 probabilities under adjoint": (_distribution, (ADJOINT, BACKPROP), {"where": Signature.RAISE, "failures": NOT_FLOATING}),
}


@today
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_pennylane_is_shown_by_a_short_script(name, tmp_path):
    function, names, further = FAULTS[name]
    written = write(divergence(circuit(function), *names, wrong=names[:1], **further))
    assert exit_code(written, tmp_path) == 1
    assert written.lines <= 20


@today
@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_the_same_with_every_number_as_recorded(name, tmp_path):
    function, names, further = FAULTS[name]
    assert exit_code(write(divergence(circuit(function), *names, **further), wording=AS_RECORDED), tmp_path) == 1


@today
@pytest.mark.parametrize(
    ("name", "fine"),
    [("003 a trainable coefficient shifts the adjoint gradient", SHIFT), ("021 postselection", parse("default.qubit/finite-diff"))],
)
def test_a_healthy_pair_on_the_same_circuit_exits_with_0(name, fine, tmp_path):
    function, names, _ = FAULTS[name]
    written = write(divergence(circuit(function), fine, names[1]), Material(tolerance=1e-6))
    assert exit_code(written, tmp_path) == 0


@today
def test_a_method_that_no_longer_raises_exits_with_0(tmp_path):
    detail = f"{ADJOINT} raises UnboundLocalError: cannot access local variable 'g'"
    written = write(divergence(circuit(_phase), ADJOINT, BACKPROP, where=Signature.RAISE, detail=detail))
    assert exit_code(written, tmp_path) == 0


@today
def test_another_exception_than_the_one_that_was_found_exits_with_125(tmp_path):
    failures = (Failure("KeyError", "0"), None)
    written = write(divergence(circuit(_phase), SHIFT, BACKPROP, where=Signature.RAISE, failures=failures))
    assert exit_code(written, tmp_path) == 125


@pytest.mark.parametrize("where", ["jacobian", "output", "raise"])
def test_a_stack_without_the_device_exits_with_125(where, tmp_path):
    found = divergence(circuit(_rotations), parse("missing.device/adjoint"), BACKPROP, where=where)
    assert exit_code(write(found), tmp_path) == 125


def _rotations(dtype=torch.float32):
    qml.RX(t(0.3, dtype), wires=0)
    qml.RY(t(0.7, dtype), wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(t(1.1, dtype), wires=0)
    qml.expval(qml.PauliZ(0))


def _two(dtype=torch.float32):
    _rotations(dtype)
    qml.expval(qml.PauliY(1))


def test_rounding_is_shown_in_the_precision_in_which_it_was_found(tmp_path):
    found = divergence(circuit(_rotations), BACKPROP, ADJOINT, gap=6e-8, bound=9e-7, verdict=Verdict.ROUNDING)
    assert exit_code(write(found), tmp_path) == 1


def test_the_same_in_double_precision_exits_with_0(tmp_path):
    found = divergence(circuit(lambda: _rotations(torch.float64)), BACKPROP, ADJOINT)
    assert exit_code(write(found, Material(tolerance=1e-12)), tmp_path) == 0


def test_a_precision_in_the_method_converts_the_variables(tmp_path):
    found = divergence(circuit(_rotations), *methods("default.qubit/backprop@float64", "default.qubit/adjoint@float64"))
    assert exit_code(write(found, Material(tolerance=1e-12)), tmp_path) == 0


@pytest.mark.parametrize("returns", ["tuple", "list"])
def test_several_results_are_compared_together(returns, tmp_path):
    if returns == "list" and not TODAY:
        pytest.skip("lists are stacked by PennyLane 0.21")
    for where in ("output", "jacobian"):
        found = divergence(circuit(lambda: _two(torch.float64), returns), BACKPROP, ADJOINT, where=where)
        assert exit_code(write(found, Material(tolerance=1e-12)), tmp_path) == 0


def _mixed():
    qml.RX(t(0.3), wires=0)
    qml.StronglyEntanglingLayers(t(np.full((1, 2, 3), 0.2)), wires=[0, 1])
    qml.expval(qml.PauliZ(0))
    qml.probs(wires=[1])


@pytest.mark.parametrize("where", ["output", "jacobian"])
def test_arrays_and_scalars_are_variables_of_their_own(where, tmp_path):
    found = divergence(circuit(_mixed, "tuple"), BACKPROP, SHIFT, where=where)
    if not TODAY:
        pytest.skip("PennyLane 0.21 cannot return results of several shapes under backprop")
    assert exit_code(write(found, Material(tolerance=1e-12)), tmp_path) == 0


@today
def test_a_second_derivative_is_a_hessian(tmp_path):
    found = divergence(circuit(lambda: _rotations(torch.float64)), BACKPROP, LIGHTNING, where=Signature.SECOND_DERIVATIVE)
    script = write(found, Material(tolerance=1e-9))
    assert "hessian" in script.source
    assert exit_code(script, tmp_path) in (1, 125)


def test_a_gradient_held_against_the_arbiter_is_worked_out_by_central_differences(tmp_path):
    for function, returns in ((_rotations, "single"), (_two, "tuple")):
        found = divergence(circuit(lambda function=function: function(torch.float64), returns), BACKPROP, ARBITER)
        assert exit_code(write(found, Material(tolerance=1e-6)), tmp_path) == 0


def test_the_autograd_interface_needs_no_torch(tmp_path):
    from pennylane import numpy as pnp

    def function():
        qml.RX(pnp.array(0.3, requires_grad=True), wires=0)
        qml.RY(pnp.array(0.7, requires_grad=True), wires=0)
        qml.expval(qml.PauliZ(0))

    for names in ((BACKPROP, ADJOINT), (BACKPROP, ARBITER)):
        script = write(divergence(circuit(function), *names), Material(tolerance=1e-7))
        assert "torch" not in script.source.replace("torch 2", "").replace("torch 1", "")
        assert exit_code(script, tmp_path) == 0


@legacy
def test_the_hermitian_fault_of_the_report_is_shown_on_its_own_stack(tmp_path):
    def function():
        qml.RY(t(0.7), wires=0)
        qml.RX(t(0.4), wires=0)
        qml.expval(qml.Hermitian(np.diag([1.0, -1.0]), wires=0))

    script = write(divergence(circuit(function), ADJOINT, BACKPROP, gap=0.6, wrong=(ADJOINT,)))
    assert exit_code(script, tmp_path) == 1
    assert script.lines <= 20


def layer_call(failure, rows=5, features=2) -> Call:
    here = SourceLine("train.py", 12)
    configuration = Configuration("circuit", here, "default.qubit", interface="torch", resolved="best", layer="TorchLayer")
    arguments = (Argument("inputs", "torch", "float32", (rows, features), False),)
    return Call(0, 0, here, configuration, arguments, Circuit((), ()), None, failure=failure)


DIAGNOSIS = cause_of("QD504").diagnosis(Confidence.CONFIRMED, "")


@today
def test_a_loop_over_the_batch_keeps_its_layer_and_raises(tmp_path):
    call = layer_call(Failure("WireError", "Did not find some of the wires"))
    found = Divergence(call, Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.RAISE))
    script = write_for(found, DIAGNOSIS)
    assert exit_code(script, tmp_path) == 1
    assert script.lines <= 20


@today
def test_a_loop_over_as_many_rows_as_wires_mixes_rows(tmp_path):
    found = Divergence(layer_call(None, rows=2), Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.OUTPUT))
    assert exit_code(write_for(found, DIAGNOSIS), tmp_path) == 1


@legacy
def test_a_loop_over_one_row_is_healthy_on_the_stack_of_the_report(tmp_path):
    found = Divergence(layer_call(None), Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.OUTPUT))
    assert exit_code(write_for(found, DIAGNOSIS), tmp_path) == 0


DETACHED = (
    "def circuit(x, scale):",
    "    qml.RX(x * scale.item(), wires=0)",
    "    qml.RY(scale, wires=0)",
    "    return qml.expval(qml.PauliZ(0)), qml.probs(wires=0)",
)


def around(lines, tmp_path, container="torch") -> list:
    """Exit codes of the scripts around a user's own function, of whose argument ``scale`` a probe saw a wrong gradient."""

    def function():
        qml.RX(0.3, wires=0)
        qml.expval(qml.PauliZ(0))
        qml.probs(wires=0)

    along = Element(Kind.ARGUMENT, by="scale", at=(0,))
    found = divergence(circuit(function, "tuple"), BACKPROP, ARBITER, where=Signature.VJP, element=along)
    arguments = (Argument("x", container, "float64", (), False), Argument("scale", container, "float64", (), True))
    found = replace(found, call=replace(found.call, arguments=arguments))
    cut_out = FunctionCut(frozenset(["import pennylane as qml"]), lines, ("x", "scale"))
    return [exit_code(script, tmp_path) for script in write_around(found, cut_out)]


@today
def test_a_gradient_that_is_lost_on_the_way_is_shown_around_the_users_own_function(tmp_path):
    assert around(DETACHED, tmp_path)[0] == 1


@today
@pytest.mark.parametrize("container", ["torch", "autograd"])
def test_a_function_that_keeps_its_gradient_exits_with_0(container, tmp_path):
    lines = tuple(line.replace(".item()", "") for line in DETACHED)
    assert around(lines, tmp_path, container) == [0, 0]


@today
@pytest.mark.parametrize(("device", "code"), [("lightning.qubit", 1), ("default.qubit", 0)])
def test_a_result_in_torchs_default_dtype_is_shown_by_its_dtype(device, code, tmp_path):
    pytest.importorskip("pennylane_lightning")
    found = divergence(circuit(_rotations), parse(f"{device}/adjoint"), BACKPROP)
    script = write_for(found, cause_of("QD103").diagnosis(Confidence.CONFIRMED, ""))
    assert exit_code(script, tmp_path) == code
    assert script.lines <= 20


def test_a_finding_gets_its_script_written_and_run(tmp_path):
    found = divergence(circuit(_rotations), BACKPROP, ADJOINT, gap=6e-8, bound=9e-7, verdict=Verdict.ROUNDING)
    finding = Finding(found, Diagnosis("QD101", "float32-parameters", "", Confidence.CONFIRMED, "", ""))
    reproducer = write_and_verify(finding, tmp_path / "repro.py", times=2)
    assert (reproducer.verified, reproducer.exit_code, reproducer.path) == (True, 1, "repro.py")
    assert (tmp_path / "repro.py").read_text() == reproducer.source
    assert "difference" in reproducer.output


@today
def test_a_method_that_refuses_the_batch_gets_a_single_row(tmp_path):
    def function():
        qml.RX(t([0.3, 0.6]), wires=0)
        _postselected()

    finding = Finding(divergence(circuit(function), SHIFT, BACKPROP), Diagnosis("QD307", "nonlinear", "", Confidence.CONFIRMED, "", ""))
    reproducer = write_and_verify(finding, tmp_path / "repro.py")
    assert reproducer.verified, reproducer.output
    assert "[0.3" in reproducer.source
    assert "0.6" not in reproducer.source


def test_a_script_without_pennylane_exits_with_125(tmp_path):
    written = write(divergence(circuit(_rotations), BACKPROP, ADJOINT))
    path = tmp_path / "repro.py"
    path.write_text(written.source)
    (tmp_path / "pennylane.py").write_text("raise ImportError('not here')")
    assert subprocess.run([sys.executable, path], cwd=tmp_path, capture_output=True).returncode == 125


def test_a_trace_cannot_smuggle_code_into_the_script():
    found = divergence(circuit(_rotations), BACKPROP, ADJOINT)
    configuration = replace(found.call.configuration, device='x"); import os; os.abort(); ("', resolved="adjoint")
    evil = replace(found, call=replace(found.call, configuration=configuration), wrong=(Method("a\nimport os", "adjoint"),))
    comparison = replace(found.comparison, methods=methods("backprop", "adjoint"))
    text = write(replace(evil, comparison=comparison)).source
    imported = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"sys", "pennylane", "torch"}

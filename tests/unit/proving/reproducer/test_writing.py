"""Scripts from a fake PennyLane: what stands in them, and what running them comes to."""

import ast
from dataclasses import dataclass, replace

import numpy as np
import pytest

from qdiag.errors import OpaqueCircuitError, OutputError
from qdiag.model.call import Argument, Call, Configuration, Environment, Failure, SourceLine
from qdiag.model.circuit import Circuit, Node, Parameter, with_trainable
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Diagnosis, Divergence, Finding, Reproducer
from qdiag.model.method import ARBITER, Method, parse
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod
from qdiag.proving.reproducer.candidates import Candidates, Material
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.script_text import SKIP, Script, comment
from qdiag.proving.reproducer.variables import variables_of
from qdiag.proving.reproducer.verify import verify, write_and_verify
from qdiag.proving.reproducer.writing import write, write_around
from tests.worlds.methods import methods
from tests.worlds.scripts import FakeLanguage, FakeSource


def rotation(value, trainable=True, container="torch"):
    return Node("RX", (Parameter(np.array(value), container, trainable),), None, (0,))


EXPVAL, PROBS = Node("ExpectationMP", (), None, (0,)), Node("ProbabilityMP", (), None, (0,))
TWO = Circuit((rotation(0.25), rotation(0.5)), (EXPVAL,))
PAIR = methods("default.qubit/adjoint", "default.qubit/backprop")


def divergence(circuit=TWO, names=PAIR, where="jacobian", wrong=(), **comparison) -> Divergence:
    here = SourceLine("train.py", 3)
    configuration = Configuration("circuit", here, "default.qubit", interface="torch", resolved="adjoint")
    call = Call(0, 0, here, configuration, (), circuit, None)
    further = {"max_abs": 0.3, "bound": 1e-12, **comparison}
    return Divergence(call, Comparison(names, Verdict.ERROR, where, **further), where, wrong)


def script(found: Divergence, **options) -> str:
    stack = Environment("3.11.7", packages=(("pennylane", "0.45.1"),))
    text = write(found, language=FakeLanguage(), environment=stack, **options).source
    ast.parse(text)
    return text


def test_the_whole_script_reads_top_down():
    assert script(divergence(wrong=PAIR[:1]), notes=["Any angle shows it."]) == (
        "# The gradients of default.qubit/adjoint and default.qubit/backprop differ. Wrong: default.qubit/adjoint.\n"
        "# Exits 1 while they are more than 1e-07 apart, 0 once they agree.\n"
        "# Found with PennyLane 0.45.1, Python 3.11.7.\n"
        "# Any angle shows it.\n"
        "import sys\n"
        "\n"
        f"{SKIP}\n"
        "\n"
        "import pennylane as qml\n"
        "import torch\n"
        "from torch.autograd.functional import jacobian\n"
        "\n"
        "\n"
        "def circuit(x):\n"
        "    qml.RX(x[0])\n"
        "    qml.RX(x[1])\n"
        "    return qml.expval(qml.Z(0))\n"
        "\n"
        "\n"
        "x = torch.tensor([0.25, 0.5])\n"
        'a = jacobian(qml.QNode(circuit, qml.device("default.qubit", wires=1), diff_method="adjoint"), x)\n'
        'b = jacobian(qml.QNode(circuit, qml.device("default.qubit", wires=1), diff_method="backprop"), x)\n'
        "gap = abs(a - b).max()\n"
        'print("adjoint   ", a.tolist())\n'
        'print("backprop  ", b.tolist())\n'
        'print("difference", float(gap), "tolerated 1e-07")\n'
        "sys.exit(not gap <= 1e-07)  # 1 while they differ, also by NaN\n"
    )


def test_the_wrong_method_stands_first():
    text = script(divergence(wrong=methods("default.qubit/backprop")))
    assert text.index('diff_method="backprop"') < text.index('diff_method="adjoint"')


def test_outputs_are_compared_on_tracked_numbers():
    text = script(divergence(where="output"))
    assert "requires_grad=True" in text
    assert 'diff_method="adjoint")(x).detach()' in text
    assert "jacobian" not in text


def test_without_an_interface_a_result_may_be_a_bare_float():
    # as lightning gives it
    text = script(divergence(with_trainable(TWO, ()), where="output"))
    assert text.count("= np.asarray(qml.QNode(circuit") == 2
    assert "import numpy as np" in text


def test_the_tolerance_lies_between_what_rounding_explains_and_the_gap():
    assert "gap <= 1e-08" in script(divergence(max_abs=1e-3, bound=1e-12))
    assert "gap <= 0.002" in script(divergence(), tolerance=2e-3)
    rounding = divergence(max_abs=6e-8, bound=9e-7, float64_bound=1e-15)
    rounding = replace(rounding, comparison=replace(rounding.comparison, verdict=Verdict.ROUNDING))
    assert "gap <= 1e-12" in script(rounding)


def test_what_raises_is_called_in_a_try_and_its_exception_alone_counts():
    text = script(divergence(where="raise", failures=(Failure("KeyError", "'a'"), None)))
    assert "except KeyError as error:" in text
    assert text.index('diff_method="backprop"') < text.index("try:") < text.index('diff_method="adjoint"')
    assert 'sys.exit(f"adjoint raises' in text


def test_an_exception_that_is_not_built_in_is_told_by_its_name():
    text = script(divergence(where="raise", failures=(Failure("DeviceError", "no"), None)))
    assert '    if type(error).__name__ != "DeviceError":\n        raise\n' in text


def test_the_exception_may_stand_in_the_call():
    found = divergence(where="raise")
    found = replace(found, call=replace(found.call, failure=Failure("ZeroDivisionError", "")))
    assert "except ZeroDivisionError as error:" in script(found)


def test_a_gradient_against_the_arbiter_is_differenced_in_the_script_or_held_against_its_numbers():
    reference = Evaluation(Method("", "arbiter"), (np.array(0.1),), jacobian=((np.array(0.125), np.array(-0.5)),))
    wide, narrow = divergence(names=(PAIR[0], ARBITER)), divergence(names=(PAIR[0], ARBITER), max_abs=1e-7)
    assert "1e-4 * np.eye(2)" in script(wide, reference=reference)
    assert "b = np.array([0.125, -0.5])" in script(narrow, reference=reference)
    assert "np.eye" not in script(narrow, reference=reference)


def test_with_several_variables_the_arbiters_numbers_are_flattened_as_the_script_flattens_its_own():
    circuit = Circuit((rotation([0.1, 0.2]), rotation(0.3)), (EXPVAL, EXPVAL), returns="tuple")
    blocks = ((np.array([1.0, 2.0]), np.array(3.0)), (np.array([4.0, 5.0]), np.array(6.0)))
    reference = Evaluation(Method("", "arbiter"), (np.array(0.1), np.array(0.2)), jacobian=blocks)
    text = script(divergence(circuit, names=(PAIR[0], ARBITER)), reference=reference)
    assert "b = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])" in text
    assert "for row in jacobian(qnode, (x, y)) for part in row" in text


def test_the_arbiters_numbers_are_printed_beside_the_two_results():
    reference = Evaluation(Method("", "arbiter"), (np.array(0.1),), jacobian=((np.array(0.125), np.array(-0.5)),))
    assert 'print("reference ", [0.125, -0.5])' in script(divergence(), reference=reference)


def test_without_any_reference_there_is_nothing_to_write():
    with pytest.raises(OpaqueCircuitError, match="no reference"):
        script(divergence(names=(PAIR[0], ARBITER), where="output"))


def test_untracked_numbers_are_the_other_side_of_an_output():
    text = script(divergence(names=(PAIR[1], parse("default.qubit/none")), where="output"))
    assert "(x.detach().numpy())" in text


def test_several_results_share_a_function_of_their_own():
    text = script(divergence(replace(TWO, measurements=(EXPVAL, PROBS), returns="tuple")))
    assert "def result(qnode, x):\n    return torch.cat([part.reshape(-1) for part in jacobian(qnode, x)])\n" in text


def test_of_a_large_result_only_the_worst_element_is_printed():
    text = script(divergence(Circuit(tuple(rotation(0.1 * i) for i in range(20)), (EXPVAL,))))
    assert 'print("adjoint   ", a.reshape(-1)[worst].item())' in text
    assert "tolist" not in text


def test_a_shape_or_dtype_is_compared_as_such():
    text = script(divergence(where="dtype"))
    assert "(x).dtype\n" in text
    assert "sys.exit(a != b)" in text


def test_a_precision_converts_the_arguments_of_its_own_side():
    single = Circuit((rotation(np.float32(0.25)),), (EXPVAL,))
    text = script(divergence(single, (replace(PAIR[0], precision="float64"), PAIR[1])))
    assert text.count("x.to(torch.float64)") == 1


def test_another_default_dtype_is_set_before_anything_else():
    found = divergence()
    configuration = replace(found.call.configuration, default_dtype="float64")
    found = replace(found, call=replace(found.call, configuration=configuration))
    assert "jacobian\n\ntorch.set_default_dtype(torch.float64)\n\n\ndef circuit" in script(found)


def test_scalars_of_one_dtype_share_a_vector_and_arrays_stand_alone():
    circuit = Circuit((rotation(0.1), rotation([0.2, 0.3]), rotation(0.4), rotation(0.5, trainable=False)), (EXPVAL,))
    x, y = variables_of(circuit, readable=True)
    assert (x.name, x.positions, x.value.value.tolist()) == ("x", (0, 2), [0.1, 0.4])
    assert (y.name, y.positions, list(y.entries)) == ("y", (1,), [(1, "y")])


def test_an_imaginary_parameter_is_a_real_variable_times_1j():
    circuit = Circuit((rotation(-0.2j),), (EXPVAL,))
    (x,) = variables_of(circuit, readable=True)
    assert (list(x.entries), x.value.value.item()) == ([(0, "1j * x")], -0.2)
    (x,) = variables_of(circuit, readable=False)
    assert (list(x.entries), x.value.value.item()) == ([(0, "x")], -0.2j)


def test_comments_cannot_break_out_of_their_line():
    assert comment(["first\nimport os\r\x0b# second"]) == ["# first import os # second"]


def test_long_lines_are_folded_where_that_changes_nothing():
    line = f"    qml.RX([{', '.join(['0.123456789'] * 40)}], wires=0)"
    text = Script((), frozenset(), (), (), ("def circuit():", line), ("circuit()",)).text
    assert max(map(len, text.splitlines())) <= 120
    assert ast.dump(ast.parse(text.split("\n\n\n")[1])) == ast.dump(ast.parse(f"def circuit():\n{line}"))
    odd = f'    qml.Barrier(wires=["{"a " * 80}"])'
    assert odd in Script((), frozenset(), (), (), ("def circuit():", odd), ("circuit()",)).text


@pytest.mark.parametrize(("line", "code"), [("sys.exit(1)", 1), ("sys.exit(0)", 0), ("1 / 0", 125), ("sys.exit(True)", 1)])
def test_only_its_own_verdict_verifies_a_script(line, code, tmp_path):
    done = verify(Reproducer(f"import sys\n{SKIP}\n{line}\n"), tmp_path / "repro.py")
    assert (done.exit_code, done.verified) == (code, code == 1)


def test_a_script_that_hangs_is_stopped_and_not_verified(tmp_path):
    done = verify(Reproducer("import time\ntime.sleep(60)\n"), tmp_path / "repro.py", seconds=0.5)
    assert (done.verified, done.exit_code, done.output) == (False, None, "stopped after 0.5 s")


def test_every_run_must_show_it(tmp_path):
    flaky = "import sys\ntry:\n    open('seen', 'x').close()\nexcept FileExistsError:\n    sys.exit(0)\nsys.exit(1)\n"
    assert not verify(Reproducer(flaky), tmp_path / "repro.py", times=2).verified


def test_a_folder_that_cannot_be_written_is_an_error_with_a_cure(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        verify(Reproducer(""), tmp_path / "missing" / "repro.py")


DIAGNOSIS = Diagnosis("QD901", "unknown", "", "unknown", "", "")


def test_what_the_plain_style_does_not_show_is_written_with_every_number_as_recorded(tmp_path):
    language = FakeLanguage(imports=("import a_package_that_nobody_has",))
    material = Material(language=language, split=lambda circuit, trusted: ())
    found = write_and_verify(Finding(divergence(), DIAGNOSIS), tmp_path / "repro.py", material)
    assert [exact for exact, _ in language.asked] == [False, True]
    assert (found.verified, found.exit_code) == (False, 125)
    assert (tmp_path / "repro.py").read_text() == found.source


# --- outside of the circuit ---------------------------------------------------------------------------------------------------

SCALE = Argument("scale", "torch", "float32", (), True)
PROBE = Probe(0, (ProbedArgument("scale", 0.3, 1e-9, True),), (ProbedMethod("adjoint", (0.0,)),))
FUNCTION = FunctionCut(
    frozenset(["import pennylane as qml"]), ("def circuit(x, scale):", "    return qml.expval(qml.Z(0))"), ("x", "scale")
)


def seen_by_a_probe(*arguments: Argument, element="argument scale") -> Divergence:
    found = divergence(where="vjp", names=(PAIR[0], ARBITER), element=element)
    return replace(found, call=replace(found.call, arguments=arguments), probe=PROBE)


def test_what_a_probe_saw_is_shown_around_the_users_own_function():
    batch = Argument("x", "torch", "float32", (2, 3), False)
    found = seen_by_a_probe(batch, SCALE)
    generic, at_zero = (script.source for script in write_around(found, FUNCTION, language=FakeLanguage()))
    ast.parse(generic)
    assert "x = torch.linspace(0.1, 1.0, 6).reshape(2, 3)\nscale = torch.tensor(0.7)\n" in generic
    assert "def loss(scale):\n    return qnode(x=x, scale=scale).sum()\n" in generic
    assert "gradient = torch.autograd.functional.jacobian(loss, scale).sum()" in generic
    assert "scale = torch.zeros(())" in at_zero
    assert "x = torch.linspace(0.1, 1.0, 6).reshape(2, 3)" in at_zero


def test_transforms_are_put_around_the_qnode_again():
    found = seen_by_a_probe(SCALE)
    configuration = replace(found.call.configuration, transforms=("cancel_inverses",))
    found = replace(found, call=replace(found.call, configuration=configuration))
    (text, _) = (script.source for script in write_around(found, FUNCTION, language=FakeLanguage()))
    assert "qnode = qml.transforms.cancel_inverses(qml.QNode(circuit, qml.device" in text


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        (Argument("depth", "python", "int64", (), False), "depth"),
        (Argument("x", "torch", "int64", (2,), False), "does not hold the value of its argument x"),
        (Argument("layers[0]", "torch", "float64", (2,), True), "layers"),
    ],
)
def test_an_argument_without_a_value_is_the_reason_why_there_is_no_script(argument, why):
    with pytest.raises(OpaqueCircuitError, match=why):
        list(write_around(seen_by_a_probe(argument, SCALE), FUNCTION, language=FakeLanguage()))


def test_the_users_own_classes_are_not_counted_as_the_scripts_lines():
    @dataclass(frozen=True)
    class WithAClass(FakeSource):
        definitions: tuple = ("class Mine(Operation):\n    # of one number\n    num_params = 1\n",)

    class Language(FakeLanguage):
        def circuit(self, circuit, live, exact, default_dtype, trusted):
            plain = super().circuit(circuit, live, exact, default_dtype, trusted)
            return WithAClass(plain.lines, plain.imports)

    plain, holding = write(divergence(), language=FakeLanguage()), write(divergence(), language=Language())
    assert "num_params = 1" in holding.source
    assert holding.lines == plain.lines


def test_a_transforms_name_cannot_smuggle_code():
    found = seen_by_a_probe(SCALE)
    configuration = replace(found.call.configuration, transforms=("x(); import os",))
    with pytest.raises(OpaqueCircuitError, match="no name"):
        list(write_around(replace(found, call=replace(found.call, configuration=configuration)), FUNCTION, language=FakeLanguage()))


def test_what_lies_outside_and_does_not_show_by_itself_leaves_no_file(tmp_path):
    language = FakeLanguage(imports=("import a_package_that_nobody_has",))
    function = replace(FUNCTION, imports=frozenset(["import a_package_that_nobody_has"]))
    finding, material = Finding(seen_by_a_probe(SCALE), DIAGNOSIS), Material(function=function, language=language)
    with pytest.raises(OpaqueCircuitError, match="does not show it"):
        write_and_verify(finding, tmp_path / "repro.py", material)
    assert not list(tmp_path.iterdir())


def test_a_class_from_the_trace_is_written_but_not_run_without_trust(tmp_path):
    circuit = Circuit((replace(rotation(0.25), definition="class RX: ..."),), (EXPVAL,))
    found = write_and_verify(Finding(divergence(circuit), DIAGNOSIS), tmp_path / "repro.py", Material(language=FakeLanguage()))
    assert (found.verified, found.exit_code, found.output) == (False, None, "")
    assert (tmp_path / "repro.py").exists()


def test_a_device_without_wires_stays_without_where_a_measurement_is_of_all_of_them():
    state = replace(TWO, measurements=(Node("StateMP", (), None, ()),))
    assert 'qml.device("default.qubit", wires=0)' in script(divergence(state, where="output"))
    found = divergence(state, where="output")
    named = replace(found.call, configuration=replace(found.call.configuration, device_wires=(0, 1)))
    assert 'qml.device("default.qubit", wires=2)' in script(replace(found, call=named))


def test_the_reason_for_no_more_scripts_is_given_once_those_there_are_have_shown_nothing(tmp_path):
    finding = Finding(seen_by_a_probe(SCALE), DIAGNOSIS)
    refused = Candidates((Reproducer("raise SystemExit(0)\n"),), OpaqueCircuitError("its argument has no value", ""))
    with pytest.raises(OpaqueCircuitError, match="has no value"):
        write_and_verify(finding, tmp_path / "repro.py", candidates=refused, times=1)
    assert not list(tmp_path.iterdir())
    showing = replace(refused, scripts=(Reproducer("raise SystemExit(1)\n"),))
    assert write_and_verify(finding, tmp_path / "repro.py", candidates=showing, times=1).verified

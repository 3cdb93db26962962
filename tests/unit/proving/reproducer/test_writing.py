"""Scripts from a fake PennyLane: what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import ARBITER, Method, parse
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters, with_trainable
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.script_text import SKIP
from qdiag.proving.reproducer.writing import write
from tests.worlds.scripts import (
    EXPVAL,
    PAIR,
    PROBS,
    TWO,
    FakeLanguage,
    FakeSource,
    configured,
    divergence,
    rotation,
    written,
)


def test_the_whole_script_reads_top_down():
    assert written(divergence(wrong=PAIR[:1]), notes=("Any angle shows it.",)) == (
        "# The gradients of default.qubit/adjoint and default.qubit/backprop differ. Wrong: default.qubit/adjoint.\n"
        "# Exits 1 while they are more than 1e-07 apart, 0 once they agree.\n"
        "# Found with PennyLane 0.45.1, Python 3.11.7.\n"
        "# Any angle shows it.\n"
        "# /// script\n"
        '# requires-python = "==3.11.*"\n'
        '# dependencies = ["pennylane==0.45.1", "pennylane-lightning==0.45.0", "gast"]\n'
        "# ///\n"
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


def test_outputs_are_compared_on_tracked_numbers():
    text = written(divergence(where=Signature.OUTPUT))
    assert "requires_grad=True" in text
    assert 'diff_method="adjoint")(x).detach()' in text
    assert "jacobian" not in text


def test_without_an_interface_a_result_may_be_a_bare_float():
    # as lightning gives it
    text = written(divergence(with_trainable(TWO, ()), where=Signature.OUTPUT))
    assert text.count("= np.asarray(qml.QNode(circuit") == 2
    assert "import numpy as np" in text


def test_results_of_numbers_that_torch_could_track_are_taken_off_their_graph():
    marked = with_parameters(TWO, [replace(p, trainable=False, marked=True) for p in TWO.parameters])
    assert written(divergence(marked, where=Signature.OUTPUT)).count(")().detach()") == 2


def test_what_raises_is_called_in_a_try_and_its_exception_alone_counts():
    text = written(divergence(where=Signature.RAISE, failures=(Failure("KeyError", "'a'"), None)))
    assert "except KeyError as error:" in text
    assert text.index('diff_method="backprop"') < text.index("try:") < text.index('diff_method="adjoint"')
    assert 'sys.exit(f"adjoint raises' in text


def test_a_gradient_against_the_arbiter_is_differenced_in_the_script_or_held_against_its_numbers():
    reference = Evaluation(Method("", "arbiter"), (np.array(0.1),), jacobian=((np.array(0.125), np.array(-0.5)),))
    wide, narrow = divergence(names=(PAIR[0], ARBITER)), divergence(names=(PAIR[0], ARBITER), max_abs=1e-7)
    assert "1e-4 * np.eye(2)" in written(wide, reference=reference)
    assert 'plain = qml.QNode(circuit, qml.device("default.qubit"' in written(wide, reference=reference), "on the call's own device"
    assert "b = np.array([0.125, -0.5])" in written(narrow, reference=reference)
    assert "np.eye" not in written(narrow, reference=reference)


def test_with_several_variables_the_arbiters_numbers_are_flattened_as_the_script_flattens_its_own():
    circuit = Circuit((rotation([0.1, 0.2]), rotation(0.3)), (EXPVAL, EXPVAL), returns="tuple")
    blocks = ((np.array([1.0, 2.0]), np.array(3.0)), (np.array([4.0, 5.0]), np.array(6.0)))
    reference = Evaluation(Method("", "arbiter"), (np.array(0.1), np.array(0.2)), jacobian=blocks)
    text = written(divergence(circuit, names=(PAIR[0], ARBITER)), reference=reference)
    assert "b = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])" in text
    assert "for row in jacobian(qnode, (x, y)) for part in row" in text


def test_the_arbiters_numbers_are_printed_beside_the_two_results():
    reference = Evaluation(Method("", "arbiter"), (np.array(0.1),), jacobian=((np.array(0.125), np.array(-0.5)),))
    assert 'print("reference ", [0.125, -0.5])' in written(divergence(), reference=reference)


def test_without_any_reference_there_is_nothing_to_write():
    with pytest.raises(OpaqueCircuitError, match="no reference"):
        written(divergence(names=(PAIR[0], ARBITER), where=Signature.OUTPUT))


def test_untracked_numbers_are_the_other_side_of_an_output():
    text = written(divergence(names=(PAIR[1], parse("default.qubit/none")), where=Signature.OUTPUT))
    assert "(x.detach().numpy())" in text


def test_several_results_share_a_function_of_their_own():
    text = written(divergence(replace(TWO, measurements=(EXPVAL, PROBS), returns="tuple")))
    assert "def result(qnode, x):\n    return torch.cat([part.reshape(-1) for part in jacobian(qnode, x)])\n" in text


def test_of_a_large_result_only_the_worst_element_is_printed():
    text = written(divergence(Circuit(tuple(rotation(0.1 * i) for i in range(20)), (EXPVAL,))))
    assert 'print("adjoint   ", a.reshape(-1)[worst].item())' in text
    assert "tolist" not in text


def test_a_shape_or_dtype_is_compared_as_such():
    text = written(divergence(where=Signature.DTYPE))
    assert "(x).dtype\n" in text
    assert "sys.exit(a != b)" in text


@pytest.mark.parametrize(
    ("element", "is_gradient"),
    [(Element(Kind.OUTPUT, index=(1,)), False), (Element(Kind.TRACKED), False), (Element(Kind.JACOBIAN), True), (None, True)],
    ids=["an output", "outputs on tracked numbers", "a gradient", "not known"],
)
def test_nan_is_shown_in_what_it_was_seen_in(element, is_gradient):
    assert ("jacobian(" in written(divergence(where=Signature.NAN, element=element))) is is_gradient


def test_a_precision_converts_the_arguments_of_its_own_side():
    single = Circuit((rotation(np.float32(0.25)),), (EXPVAL,))
    text = written(divergence(single, (replace(PAIR[0], precision="float64"), PAIR[1])))
    assert text.count("x.to(torch.float64)") == 1


def test_another_default_dtype_is_set_before_anything_else():
    found = configured(divergence(), default_dtype="float64")
    assert "jacobian\n\ntorch.set_default_dtype(torch.float64)\n\n\ndef circuit" in written(found)


def test_pennylanes_graph_of_rules_is_switched_on_where_it_was():
    assert "jacobian\n\nqml.decomposition.enable_graph()\n\n\ndef circuit" in written(configured(divergence(), graph=True))
    assert "enable_graph" not in written(divergence())


def test_the_users_own_classes_are_not_counted_as_the_scripts_lines():
    @dataclass(frozen=True)
    class WithAClass(FakeSource):
        definitions: tuple = ("class Mine(Operation):\n    # of one number\n    num_params = 1\n",)

    class Language(FakeLanguage):
        def circuit(self, circuit, live, exact, default_dtype, trusted):
            plain = super().circuit(circuit, live, exact, default_dtype, trusted)
            return WithAClass(plain.lines, plain.imports)

    plain, holding = write(divergence(), Material(language=FakeLanguage())), write(divergence(), Material(language=Language()))
    assert "num_params = 1" in holding.source
    assert holding.lines == plain.lines


def test_a_device_without_wires_stays_without_where_a_measurement_is_of_all_of_them():
    state = replace(TWO, measurements=(Node("StateMP", (), None, ()),))
    assert 'qml.device("default.qubit", wires=0)' in written(divergence(state, where=Signature.OUTPUT))
    found = divergence(state, where=Signature.OUTPUT)
    named = replace(found.call, configuration=replace(found.call.configuration, device_wires=(0, 1)))
    assert 'qml.device("default.qubit", wires=2)' in written(replace(found, call=named))


@pytest.mark.parametrize(
    ("amplitudes", "rows"),
    [([0.6, 0.8], ".sum()"), ([[0.6, 0.8], [1.0, 0.0]], ".sum(-1)[:, None]")],
)
def test_amplitudes_stay_normalised_since_by_their_norm_methods_rightly_differ(amplitudes, rows):
    def lines(name, numbers, **of):
        state = Node(name, (Parameter(np.array(numbers), "torch", True),), (Wires((0,)), ()), (0,))
        return written(divergence(Circuit((state,), (EXPVAL,)), **of)).splitlines()

    normalised = f"    x = x / (abs(x) ** 2){rows} ** 0.5"
    assert normalised in lines("StatePrep", amplitudes)
    assert normalised not in lines("StatePrep", np.array(amplitudes) * 2), "these are on no sphere"
    assert normalised not in lines("RX", amplitudes), "a vector of angles has no norm to keep"

"""The lines after the quantum function: devices and their wires, what is printed, and by what the script exits."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER, PLAIN, Method
from qdiag.model.node import Label, Mapping, Node, Wires
from qdiag.proving.reproducer.body import Body
from qdiag.proving.reproducer.expressions import Layout
from qdiag.proving.reproducer.material import AS_RECORDED, ROOMY, Material
from qdiag.proving.reproducer.task import Task
from qdiag.proving.reproducer.variables import variables_of
from tests.worlds.methods import methods
from tests.worlds.scripts import EXPVAL, PAIR, STATE, TWO, FakeLanguage, configured, divergence, rotation


class Spelling(FakeLanguage):
    """Writes wires, the interface and options, too."""

    def device(self, method, wires, shots):  # type: ignore[no-untyped-def]
        return f"device({method.device!r}, {list(wires)}, {tuple(shots)})", frozenset(["import devices"])

    def qnode(self, device, method, interface, options, shots):  # type: ignore[no-untyped-def]
        return f"QNode({device}, {method.diff_method!r}, {dict(options)}, {dict(method.gradient_options)})"


def body(found: Divergence | None = None, default: str = "float32", wording: Any = None, **material: Any) -> Body:
    task = Task(found or divergence(), Material(language=Spelling(), **material), *([wording] if wording else []))
    variables = variables_of(task.circuit, readable=True)
    return Body(task, Layout(task.circuit, task.interface, variables, task.quantity), default, ["import torch"])


def on(*wires: Label, measured: Node = EXPVAL) -> Circuit:
    return Circuit(tuple(replace(rotation(0.1), wires=(wire,)) for wire in wires), (measured,))


# --- devices ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("circuit", "own", "wires"),
    [
        (on(2, 0, 1), (), [0, 1, 2]),
        (on("b", "a", measured=replace(EXPVAL, wires=("a",))), (), ["b", "a"]),
        (on(0, measured=STATE), (0, 1, 2), [0, 1, 2]),
        (on(0, measured=STATE), (), []),
        (on(5, measured=STATE), (0, 1), [5]),
        (on(0), (0, 1, 2), [0]),
    ],
    ids=["sorted", "as they come", "the user's own", "left open", "not the user's", "only those touched"],
)
def test_a_device_has_the_wires_that_what_is_shown_needs(circuit: Circuit, own: tuple[Label, ...], wires: list[Label]) -> None:
    found = configured(divergence(circuit, where=Signature.OUTPUT), device_wires=own)
    assert list(body(found).device(PAIR[0])[2]) == wires


def test_hadamard_gets_a_wire_of_its_own() -> None:
    hadamard = methods("default.qubit/hadamard")[0]
    _, method, wires = body(divergence(names=(hadamard, PAIR[1]))).device(hadamard)
    assert (list(wires), dict(method.gradient_options)) == ([0, 1], {"aux_wire": 1})
    named = divergence(on("a", measured=replace(EXPVAL, wires=("a",))), names=(hadamard, PAIR[1]))
    assert list(body(named).device(hadamard)[2]) == ["a", "aux"]


def test_a_wire_that_the_device_has_to_spare_is_taken_without_a_word() -> None:
    hadamard = methods("default.qubit/hadamard")[0]
    found = configured(divergence(names=(hadamard, PAIR[1])), device_wires=(0, "work", 7))
    _, method, wires = body(found).device(hadamard)
    assert (list(wires), dict(method.gradient_options)) == ([0, "work"], {})


def test_work_wires_that_an_operation_is_told_of_are_on_the_device_of_each_side() -> None:
    hadamard, backprop = methods("default.qubit/hadamard", "default.qubit/backprop")
    adder = Node("PhaseAdder", (), Mapping((("x_wires", Wires((0,))), ("work_wire", Wires(("work",))))), (0,))
    shown = replace(on(0), operations=(adder, *on(0).operations))
    found = configured(divergence(shown, names=(hadamard, backprop)), device_wires=(0, "work", 7))
    assert list(body(found).device(backprop)[2]) == [0, "work"]
    _, method, wires = body(found).device(hadamard)
    assert (list(wires), dict(method.gradient_options)) == ([0, "work"], {})


def test_a_roomy_device_has_all_wires_that_the_scripts_has() -> None:
    found = configured(divergence(on(0)), device_wires=(0, 1, 2))
    assert list(body(found).device(PAIR[0])[2]) == [0]
    assert list(body(found, wording=ROOMY).device(PAIR[0])[2]) == [0, 1, 2]


def test_the_users_own_spare_wire_is_kept() -> None:
    own = Method("default.qubit", "hadamard", gradient_options=(("aux_wire", "spare"),))
    assert set(body(divergence(names=(own, PAIR[1]))).device(own)[2]) == {0, "spare"}


def test_where_hadamard_raises_it_is_left_as_it_was() -> None:
    hadamard = methods("default.qubit/hadamard")[0]
    found = divergence(names=(hadamard, PAIR[1]), where=Signature.RAISE)
    assert list(body(found).device(hadamard)[2]) == [0]


def test_a_measurement_in_the_middle_leaves_the_device_the_wires_that_it_had() -> None:
    hadamard, backprop = methods("default.qubit/hadamard", "default.qubit/backprop")
    midway = replace(on(0), operations=(*on(0).operations, Node("MidMeasure", (), (), (0,))))
    for own in ((), (0, 1, 2)):
        found = configured(divergence(midway, names=(hadamard, backprop)), device_wires=own)
        assert list(body(found).device(backprop)[2]) == list(own)
        _, method, wires = body(found).device(hadamard)
        assert (list(wires), dict(method.gradient_options)) == (list(own), {})


def test_what_a_device_needs_is_imported() -> None:
    parts = body()
    parts.device(PAIR[0])
    assert "import devices" in parts.imports


# --- QNodes ----------------------------------------------------------------------------------------------------------------


def test_second_derivatives_ask_for_them() -> None:
    assert "'max_diff': 2" in body(divergence(where=Signature.SECOND_DERIVATIVE)).qnode(PAIR[0])
    assert "max_diff" not in body().qnode(PAIR[0])


def test_numbers_as_recorded_name_their_interface() -> None:
    assert "'interface': 'torch'" in body(wording=AS_RECORDED).qnode(PAIR[0])
    assert "interface" not in body().qnode(PAIR[0])


def test_where_nothing_is_tracked_they_name_the_interface_that_rounds_results() -> None:
    constant = Circuit((rotation(np.float32(1.0), trainable=False, container="numpy"),), (EXPVAL,))
    found = configured(divergence(circuit=constant, where=Signature.OUTPUT), interface="torch")
    made = body(found, wording=AS_RECORDED)
    assert "'interface': 'torch'" in made.qnode(PAIR[0])
    assert "import torch" in made.imports


def test_plain_numbers_name_no_interface() -> None:
    assert "interface" not in body(wording=AS_RECORDED).qnode(PLAIN)


# --- settings --------------------------------------------------------------------------------------------------------------


def test_shots_are_seeded() -> None:
    parts = body(divergence(replace(TWO, shots=(100,))))
    assert parts.settings() == ["np.random.seed(0)"]
    parts.assignments()
    assert "import numpy as np" in parts.imports


def test_torchs_default_dtype_is_set_where_it_is_not_the_usual_one() -> None:
    assert body(default="float64").settings() == ["torch.set_default_dtype(torch.float64)"]


def test_a_script_under_jax_switches_64_bits_on_where_they_were() -> None:
    found = divergence(Circuit((rotation(0.25, container="jax"),), (EXPVAL,)))
    task = Task(found, Material(language=Spelling()))
    layout = Layout(task.circuit, task.interface, variables_of(task.circuit, readable=True), task.quantity)
    wide = Body(task, layout, task.default_dtype, [])
    assert wide.settings() == ['jax.config.update("jax_enable_x64", True)']
    assert "import jax" in wide.imports
    assert Body(task, layout, "float32", []).settings() == []
    assert body().settings() == []


# --- verdicts --------------------------------------------------------------------------------------------------------------


def ended(lines: list[str], **known: Any) -> int:
    """The exit code of the last lines of a script."""
    with pytest.raises(SystemExit) as seen:
        exec("\n".join(lines), {"np": np, "sys": __import__("sys"), **known})
    return int(seen.value.code or 0)


def verdict(found: Divergence, **material: Any) -> list[str]:
    return [line for line in body(found, **material).verdict() if not line.startswith(("a =", "b =", "device ="))]


@pytest.mark.parametrize(("gap", "code"), [(0.0, 0), (1e-12, 0), (0.3, 1), (float("nan"), 1)])
def test_it_exits_with_1_while_the_two_are_apart(gap: float, code: int) -> None:
    a = np.array([0.25, 0.5])
    assert ended(verdict(divergence()), a=a, b=a + gap) == code


def test_it_prints_both_and_how_far_they_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    ended(verdict(divergence()), a=np.array([0.25, 0.5]), b=np.array([0.25, 0.75]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["adjoint", "[0.25, 0.5]"],
        ["backprop", "[0.25, 0.75]"],
        ["difference", "0.25 tolerated 1e-07"],
    ]


def test_of_many_numbers_it_prints_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    many = Circuit((rotation(np.linspace(0, 1, 20)),), (EXPVAL,))
    a, b = np.zeros(20), np.zeros(20)
    b[7] = 0.5
    known = Evaluation(ARBITER, (np.array(0.1),), jacobian=((np.arange(20.0),),))
    ended(verdict(divergence(many), reference=known), a=a, b=b)
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["0.0", "0.5", "7.0", "0.5"]


@pytest.mark.parametrize(("a", "b", "code"), [((2,), (2,), 0), ((2,), (2, 1), 1)])
def test_shapes_are_compared_as_such(a: tuple[int, ...], b: tuple[int, ...], code: int) -> None:
    lines = [line for line in body(divergence(where=Signature.SHAPE)).verdict() if not line.startswith(("a =", "b ="))]
    assert ended(lines, a=a, b=b) == code


@pytest.mark.parametrize(("raised", "code"), [(KeyError("a"), 1), (ValueError("b"), None), (None, 0)])
def test_it_exits_with_1_while_the_same_exception_is_raised(raised: Exception | None, code: int | None) -> None:
    found = divergence(where=Signature.RAISE, failures=(Failure("KeyError", "'a'"), None))
    lines = body(found).raising()
    ast.parse("\n".join(lines))
    start = lines.index("try:")

    def jacobian(qnode: Any, x: Any) -> Any:
        if raised is not None:
            raise raised
        return np.zeros(1)

    known: dict[str, Any] = {"jacobian": jacobian, "QNode": lambda *given: None, "device": None, "x": None}
    program = "\n".join(["import sys", *lines[start:], "sys.exit(0)"])
    if code is None:
        with pytest.raises(ValueError, match="b"):
            exec(program, known)
        return
    with pytest.raises(SystemExit) as seen:
        exec(program, known)
    assert seen.value.code == 0 if code == 0 else "KeyError" in str(seen.value.code)


def test_a_method_that_raises_as_well_is_not_called_first() -> None:
    both = replace(divergence(where=Signature.RAISE), raised=tuple((method, Failure("KeyError", "")) for method in PAIR))
    assert body(both).raising()[0].startswith("device =")
    assert body(divergence(where=Signature.RAISE)).raising()[0].startswith("print(")


def test_long_expressions_share_a_device() -> None:
    wide = on(*range(40))
    lines = body(divergence(wide)).difference()
    assert lines[0].startswith("device = ")
    assert lines[1].startswith("a = jacobian(QNode(device, ")
    assert not body().difference()[0].startswith("device = ")


def test_without_a_reference_a_second_derivative_cannot_be_held_against_the_arbiter() -> None:
    with pytest.raises(OpaqueCircuitError, match="no reference"):
        body(divergence(names=(PAIR[0], ARBITER), where=Signature.SECOND_DERIVATIVE)).difference()


class RuntimeErrorOfJax(Exception):
    """What JAX makes of an exception that was raised in what it called back."""


@pytest.mark.parametrize(("raised", "code"), [("Traceback:\nKeyError: 'a'", 1), ("Traceback:\nValueError: 'a'", None)])
def test_of_a_compiled_method_it_knows_the_exception_that_jax_quotes(raised: str, code: int | None) -> None:
    found = divergence(where=Signature.RAISE, failures=(Failure("KeyError", "'a'"), None))
    compiled = replace(PAIR[0], compiled="jit")
    found = replace(found, comparison=replace(found.comparison, methods=(compiled, PAIR[1])))
    lines = body(found).raising()

    def jacobian(qnode: Any, x: Any) -> Any:
        raise RuntimeErrorOfJax(raised)

    known: dict[str, Any] = {"jacobian": jacobian, "QNode": lambda *given: None, "device": None, "x": None}
    program = "\n".join(["import sys", *lines[lines.index("try:") :], "sys.exit(0)"])
    with pytest.raises(RuntimeErrorOfJax if code is None else SystemExit) as seen:
        exec(program, known)
    if code is not None:
        assert str(seen.value).endswith("KeyError: 'a'")


def test_a_compiled_side_imports_jax() -> None:
    made = body()
    made.qnode(replace(PAIR[0], compiled="jit"))
    assert "import jax" in made.imports

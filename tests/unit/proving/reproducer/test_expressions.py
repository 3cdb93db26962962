"""What a script works out for a side: in which form results come, worked out here with numpy in the place of an interface."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.import_lines import HESSIAN, JACOBIAN, JAX, JNP, NUMPY
from qdiag.model.method import ARBITER
from qdiag.model.node import Node
from qdiag.proving.reproducer.expressions import Layout, Template, argument_expression, plain, table
from qdiag.proving.reproducer.variables import Variable, variables_of
from tests.worlds.scripts import EXPVAL, PROBS, STATE, rotation

SCALAR = Circuit((rotation(0.25),), (EXPVAL,))
VECTOR = Circuit((rotation(0.25), rotation(0.5)), (EXPVAL,))
TWO_VARIABLES = Circuit((rotation([0.1, 0.2]), rotation(0.3)), (EXPVAL,))
SEVERAL = Circuit(VECTOR.operations, (EXPVAL, PROBS), returns="tuple")
NAMED = Circuit(VECTOR.operations, (EXPVAL, EXPVAL), returns="dict:a,b")


def layout(circuit: Circuit, interface: str = "torch", quantity: str = "jacobian", **rest: Any) -> Layout:
    return Layout(circuit, interface, variables_of(circuit, readable=True), quantity, **rest)


def number_of(circuit: Circuit) -> Variable:
    return variables_of(circuit, readable=True)[0]


def derivative(function: Callable[..., Any]) -> Callable[..., Any]:
    """As ``qml.jacobian``: one array for one argument, a tuple for several; worked out by differences."""

    def along(arguments: tuple[Any, ...], place: int) -> np.ndarray:
        value = np.asarray(arguments[place], dtype=float)
        columns = []
        for step in 1e-6 * np.eye(value.size).reshape(value.size, *value.shape):
            moved = [function(*arguments[:place], value + side, *arguments[place + 1 :]) for side in (step, -step)]
            columns.append((np.asarray(moved[0]) - np.asarray(moved[1])) / 2e-6)
        return np.moveaxis(np.reshape(columns, (*value.shape, *np.shape(columns[0]))), range(value.ndim), range(-value.ndim, 0))

    def whole(*arguments: Any) -> Any:
        found = tuple(along(arguments, place) for place in range(len(arguments)))
        return found[0] if len(found) == 1 else found

    return whole


QML = SimpleNamespace(jacobian=derivative, grad=derivative)


def value(template: Template, qnode: Callable[..., Any], **known: Any) -> Any:
    """What an expression of numpy's comes to."""
    text = template.fill("qnode", ", ".join(known))
    return eval(text, {"qnode": qnode, "np": np, "pnp": np, "qml": QML, **known})


# --- outputs ---------------------------------------------------------------------------------------------------------------


def test_a_lone_result_is_an_array_even_if_it_came_as_a_bare_float() -> None:
    found = value(layout(SCALAR, "numpy", "output").template(as_numpy=False), lambda x: 0.5, x=0.25)
    assert isinstance(found, np.ndarray)


@pytest.mark.parametrize("results", [(0.5, np.array([0.25, 0.75])), {"a": 0.5, "b": np.array([0.25, 0.75])}], ids=["tuple", "dict"])
def test_several_results_stand_in_one_row(results: Any) -> None:
    circuit = SEVERAL if isinstance(results, tuple) else NAMED
    found = value(layout(circuit, "numpy", "output").template(as_numpy=False), lambda x: results, x=0.25)
    assert found.tolist() == [0.5, 0.25, 0.75]


def test_torch_stacks_scalars_and_strings_together_what_has_a_shape() -> None:
    scalars = layout(Circuit(VECTOR.operations, (EXPVAL, EXPVAL), returns="tuple"), quantity="output")
    assert scalars.template(as_numpy=False).text == "torch.hstack(tuple({qnode}({arguments}))).detach()"
    assert "torch.cat([result.reshape(-1) for result in" in layout(SEVERAL, quantity="output").template(as_numpy=False).text


def test_what_is_held_against_an_array_becomes_one() -> None:
    assert layout(SCALAR, quantity="output").template(as_numpy=True).text.endswith(".detach().numpy()")
    assert layout(SCALAR).template(as_numpy=True).text == "jacobian({qnode}, {arguments}).numpy()"


# --- gradients -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("circuit", "text"),
    [
        (SCALAR, "jacobian({qnode}, {arguments})"),
        (TWO_VARIABLES, "torch.cat([part.reshape(-1) for part in jacobian({qnode}, ({arguments}))])"),
        (SEVERAL, "torch.cat([part.reshape(-1) for part in jacobian({qnode}, {arguments})])"),
        (
            Circuit(TWO_VARIABLES.operations, (EXPVAL, EXPVAL), returns="tuple"),
            "torch.cat([part.reshape(-1) for row in jacobian({qnode}, ({arguments})) for part in row])",
        ),
    ],
    ids=["one", "two variables", "two results", "two of both"],
)
def test_torchs_jacobian_comes_in_tuples_that_are_strung_together(circuit: Circuit, text: str) -> None:
    found = layout(circuit).template(as_numpy=False)
    assert found.text == text
    assert JACOBIAN in found.imports


@pytest.mark.parametrize(
    ("circuit", "inside"),
    [
        (Circuit(VECTOR.operations, (EXPVAL,), returns="list"), "lambda x: tuple({qnode}(x))"),
        (NAMED, "lambda x: tuple({qnode}(x).values())"),
        (Circuit(VECTOR.operations, (STATE,)), "lambda x: torch.view_as_real({qnode}(x))"),
    ],
    ids=["list", "dict", "state"],
)
def test_torch_is_given_a_function_whose_outputs_are_real_tensors(circuit: Circuit, inside: str) -> None:
    assert f"jacobian({inside}, " in layout(circuit).template(as_numpy=False).text


def test_a_result_that_came_out_complex_is_taken_apart_whatever_its_dtype_is_in_the_script() -> None:
    text = layout(SCALAR, complex_results=True).template(as_numpy=False).text
    assert "torch.view_as_real({qnode}(x) + 0j)" in text


def test_autograds_jacobian_of_several_variables_stands_in_one_row() -> None:
    found = layout(TWO_VARIABLES, "autograd").template(as_numpy=False)
    gradient = value(found, lambda x, y: np.sin(x).sum() * y, x=np.array([0.1, 0.2]), y=0.3)
    assert gradient == pytest.approx([0.3 * np.cos(0.1), 0.3 * np.cos(0.2), np.sin(0.1) + np.sin(0.2)])


def test_autograd_differentiates_several_results_as_one_row() -> None:
    found = layout(SEVERAL, "autograd").template(as_numpy=False)
    gradient = value(found, lambda x: (x[0] * x[1], np.array([x[0], x[1]])), x=np.array([0.25, 0.5]))
    assert gradient == pytest.approx(np.array([[0.5, 0.25], [1, 0], [0, 1]]))


def test_autograd_differentiates_the_real_and_the_imaginary_part_of_a_state() -> None:
    found = layout(Circuit(SCALAR.operations, (STATE,)), "autograd").template(as_numpy=False)
    gradient = value(found, lambda x: np.array([np.cos(x), 1j * np.sin(x)]), x=0.25)
    assert gradient == pytest.approx(np.array([[-np.sin(0.25), 0], [0, np.cos(0.25)]]))


JAX_SEVERAL = "lambda x: jnp.hstack(tuple({qnode}(x)))"


@pytest.mark.parametrize(
    ("circuit", "quantity", "text"),
    [
        (SCALAR, "jacobian", "jax.jacobian({qnode})({arguments})"),
        (SCALAR, "hessian", "jax.jacobian(jax.jacobian({qnode}))({arguments})"),
        (SEVERAL, "jacobian", f"jax.jacobian({JAX_SEVERAL})({{arguments}})"),
        (
            TWO_VARIABLES,
            "jacobian",
            "jnp.concatenate([jnp.ravel(part) for part in jax.jacobian({qnode}, argnums=(0, 1))({arguments})])",
        ),
        (
            TWO_VARIABLES,
            "hessian",
            "jnp.concatenate([jnp.ravel(part) for row in "
            "jax.jacobian(jax.jacobian({qnode}, argnums=(0, 1)), argnums=(0, 1))({arguments}) for part in row])",
        ),
    ],
)
def test_jax_differentiates_a_function_whose_output_is_one_array(circuit: Circuit, quantity: str, text: str) -> None:
    found = layout(circuit, "jax", quantity).template(as_numpy=False)
    assert found.text == text
    assert found.imports == {line for line in (JAX, JNP) if line.rpartition(" ")[2] + "." in text}


def test_under_jax_an_output_is_what_a_method_gives_where_it_is_differentiated() -> None:
    assert layout(SCALAR, "jax", "output").template(as_numpy=False).text == "jax.vjp({qnode}, {arguments})[0]"
    assert layout(SCALAR, "jax", "output").template(as_numpy=True).text == "np.asarray(jax.vjp({qnode}, {arguments})[0])"
    assert layout(SEVERAL, "jax", "output").template(as_numpy=False).text == f"jax.vjp({JAX_SEVERAL}, {{arguments}})[0]"


def test_jax_differentiates_both_parts_of_a_state() -> None:
    found = layout(Circuit(SCALAR.operations, (STATE,)), "jax").template(as_numpy=False)
    assert found.text == "jax.jacobian(lambda x: jnp.stack([jnp.real({qnode}(x)), jnp.imag({qnode}(x))]))({arguments})"


def test_a_gradient_is_filled_up_only_of_a_scalar() -> None:
    assert "qml.grad({qnode})" in layout(SCALAR, "autograd", filled=True).template(as_numpy=False).text
    assert "qml.jacobian(" in layout(SEVERAL, "autograd", filled=True).template(as_numpy=False).text


def test_second_derivatives_are_those_of_one_number() -> None:
    assert layout(SCALAR, quantity="hessian").template(as_numpy=False).text == "hessian({qnode}, {arguments})"
    assert HESSIAN in layout(SCALAR, quantity="hessian").template(as_numpy=False).imports
    assert "sum((result**2).sum() for result in {qnode}(x))" in layout(SEVERAL, quantity="hessian").template(as_numpy=False).text
    state = Circuit(SCALAR.operations, (STATE,))
    assert "(abs({qnode}(x)) ** 2).sum()" in layout(state, quantity="hessian").template(as_numpy=False).text
    assert "qml.jacobian(qml.jacobian({qnode}))" in layout(SCALAR, "autograd", "hessian").template(as_numpy=False).text


def test_without_variables_there_are_outputs_only() -> None:
    constant = Circuit((rotation(0.25, trainable=False),), (EXPVAL,))
    assert layout(constant, "autograd").template(as_numpy=False).text == "np.asarray({qnode}({arguments}))"


# --- differences in the script ---------------------------------------------------------------------------------------------


class Numbers(np.ndarray):
    """An array that does as a tensor does."""

    def detach(self) -> Numbers:
        return self

    def numpy(self) -> np.ndarray:
        return self.view(np.ndarray)


def differences(circuit: Circuit, point: Any, function: Callable[[Any], Any], a: Optional[np.ndarray] = None) -> np.ndarray:
    """What the script's lines of central differences come to."""
    lines = layout(circuit).differences("function")
    known: dict[str, Any] = {"np": np, "x": np.asarray(point).view(Numbers), "function": function, "a": a}
    exec("\n".join(lines), known)
    return np.asarray(known["b"])


def test_a_scalar_is_differenced() -> None:
    assert differences(SCALAR, 0.25, np.sin) == pytest.approx(np.cos(0.25), abs=1e-8)


def test_a_bare_float_is_differenced_to_an_array() -> None:
    lines = layout(SCALAR).differences("function")
    known: dict[str, Any] = {"np": np, "x": np.asarray(0.25).view(Numbers), "function": lambda x: float(np.sin(x))}
    exec("\n".join(lines), known)
    assert known["b"].tolist() == pytest.approx(np.cos(0.25), abs=1e-8)


def test_a_vector_is_differenced_element_by_element() -> None:
    found = differences(VECTOR, [0.25, 0.5], lambda x: np.sin(x[0]) * x[1])
    assert found == pytest.approx([0.5 * np.cos(0.25), np.sin(0.25)], abs=1e-8)


def test_a_matrix_is_differenced_in_its_shape() -> None:
    circuit = Circuit((rotation([[0.1, 0.2], [0.3, 0.4]]),), (EXPVAL,))
    found = differences(circuit, [[0.1, 0.2], [0.3, 0.4]], lambda x: x[0, 0] * x[1, 1] + x[0, 1], a=np.zeros((2, 2)))
    assert found == pytest.approx(np.array([[0.4, 1.0], [0.0, 0.1]]), abs=1e-8)


def test_several_results_are_differenced_as_one_row() -> None:
    found = differences(SEVERAL, [0.25, 0.5], lambda x: (x[0] * x[1], np.array([x[0], x[1]])), a=np.zeros(6))
    assert found == pytest.approx([0.5, 0.25, 1, 0, 0, 1], abs=1e-8)


@pytest.mark.parametrize(
    "found",
    [
        layout(TWO_VARIABLES),
        layout(SCALAR, quantity="hessian"),
        layout(Circuit(SCALAR.operations, (STATE,))),
        layout(Circuit((rotation(0.25 + 1j),), (EXPVAL,))),
    ],
    ids=["two variables", "second derivative", "state", "complex"],
)
def test_what_would_take_too_many_lines_is_not_differenced_in_the_script(found: Layout) -> None:
    assert found.differences("qml.QNode(circuit)") == []


def test_the_lines_of_differences_are_python() -> None:
    for circuit in (SCALAR, VECTOR, SEVERAL, NAMED):
        ast.parse("\n".join(layout(circuit).differences("qml.QNode(circuit, device)")))


# --- the arbiter's numbers -------------------------------------------------------------------------------------------------


def reference(*blocks: tuple[Any, ...], outputs: tuple[Any, ...] = (0.1,)) -> Evaluation:
    jacobian = tuple(tuple(map(np.asarray, row)) for row in blocks)
    return Evaluation(ARBITER, tuple(map(np.asarray, outputs)), jacobian=jacobian or None)


def test_derivatives_by_several_scalars_stand_in_the_vector_that_holds_these() -> None:
    found = layout(VECTOR).reference(reference((0.125, -0.5)))
    assert found is not None
    assert found.tolist() == [0.125, -0.5]


def test_the_derivative_by_an_imaginary_number_is_the_one_by_its_imaginary_part() -> None:
    found = layout(Circuit((rotation(-0.2j),), (EXPVAL,))).reference(reference((0.25 + 0.75j,)))
    assert found is not None
    assert found.item() == 0.75


def test_outputs_stand_in_a_row_where_there_are_several() -> None:
    many = layout(SEVERAL, quantity="output").reference(reference(outputs=(0.5, [0.25, 0.75])))
    assert many is not None
    assert many.tolist() == [0.5, 0.25, 0.75]
    one = layout(SCALAR, quantity="output").reference(reference(outputs=([0.25, 0.75],)))
    assert one is not None
    assert one.tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    ("found", "known"),
    [
        (layout(SCALAR), None),
        (layout(SCALAR), Evaluation(ARBITER, failure=Failure("ValueError", ""))),
        (layout(SCALAR), reference()),
        (layout(SCALAR), reference((np.nan,))),
        (layout(SCALAR, quantity="hessian"), reference((0.5,))),
        (layout(Circuit(SCALAR.operations, (STATE,))), reference((0.5,))),
        (Layout(SCALAR, "torch", (), "jacobian"), reference((0.5,))),
    ],
    ids=["none", "failed", "without a Jacobian", "not a number", "second derivative", "state", "no variables"],
)
def test_there_may_be_no_numbers_of_the_arbiters(found: Layout, known: Optional[Evaluation]) -> None:
    assert found.reference(known) is None


def test_a_variable_that_nothing_tracked_has_no_derivative() -> None:
    circuit = Circuit((rotation(0.25, trainable=False), rotation(0.5)), (EXPVAL,))
    both = Layout(circuit, "torch", variables_of(circuit, readable=True, also_untracked=True), "jacobian")
    assert both.reference(reference((0.5,))) is None


# --- numbers as text -------------------------------------------------------------------------------------------------------


def test_a_table_has_ten_digits_and_reads_back() -> None:
    assert table(np.array([[1 / 3, 2.0], [1e-20, -1.5]])) == "[[0.3333333333, 2.0], [1e-20, -1.5]]"
    assert complex(table(np.array(1 / 3 - 2j))) == pytest.approx(1 / 3 - 2j)


def test_numbers_lose_their_interface_and_single_precision_where_differences_need_it() -> None:
    single = Circuit((rotation(np.float32(0.25)),), (EXPVAL,))
    assert plain(number_of(single), "torch", wide=True) == "x.double().detach().numpy()"
    assert plain(number_of(SCALAR), "torch", wide=True) == "x.detach().numpy()"
    assert plain(number_of(single), "autograd", wide=True) == "np.array(x, np.float64)"
    assert plain(number_of(single), "autograd") == "np.array(x)"


@pytest.mark.parametrize(
    ("number", "interface", "precision", "text"),
    [
        (np.float32(0.25), "torch", "float64", "x.to(torch.float64)"),
        (np.float32(0.25), "autograd", "float64", 'x.astype("float64")'),
        (0.25 + 1j, "torch", "float32", "x.to(torch.complex64)"),
        (0.25, "torch", "float64", "x"),
        (0.25, "torch", "", "x"),
    ],
)
def test_a_number_is_converted_where_it_has_another_precision(number: Any, interface: str, precision: str, text: str) -> None:
    assert argument_expression(number_of(Circuit((rotation(number),), (EXPVAL,))), interface, precision) == text


def test_an_expression_inside_another_brings_its_imports() -> None:
    found = Template("{qnode}({arguments})").then("np.ravel(", ")", NUMPY)
    assert (found.fill("circuit", "x"), found.imports) == ("np.ravel(circuit(x))", frozenset([NUMPY]))


def test_what_names_the_qnode_inside_a_lambda_does_not_read_well_where_it_stands() -> None:
    assert Template("jacobian({qnode}, {arguments})").is_plain
    assert not Template("jacobian(lambda x: {qnode}(x), {arguments})").is_plain


def test_only_one_expectation_value_or_variance_is_a_scalar() -> None:
    assert layout(SCALAR).is_scalar
    assert not layout(SEVERAL).is_scalar
    assert not layout(Circuit(SCALAR.operations, (Node("ProbabilityMP", (), None, (0,)),))).is_scalar

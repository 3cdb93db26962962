"""Forward and backward passes under both interfaces, held against derivatives that are known: the two must tell the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

pytest.importorskip("torch")
choice = pytest.importorskip("qdiag.bridges.interfaces.choice")

from qdiag.model.parameter import Parameter  # noqa: E402

INTERFACES = ("torch", "autograd")


def number(value: Any, trainable: bool = True, container: str = "") -> Parameter:
    return Parameter(np.asarray(value), container or ("torch" if trainable else "numpy"), trainable)


def graph_of(interface: str, function: Any, *parameters: Parameter) -> Any:
    def evaluated(numbers: Sequence[Any]) -> Sequence[Any]:
        import autograd.numpy
        import torch

        library = torch if any(isinstance(value, torch.Tensor) for value in numbers) else autograd.numpy
        return tuple(function(library, *numbers))

    return choice.graph_for(interface)(evaluated, parameters)


@pytest.mark.parametrize("interface", INTERFACES)
class TestAPass:
    def test_gives_outputs_as_arrays(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [np_.sin(x), x * 2], number(0.3))
        assert [type(output) for output in graph.outputs] == [np.ndarray, np.ndarray]
        assert [float(output) for output in graph.outputs] == pytest.approx([np.sin(0.3), 0.6])

    def test_gives_the_product_with_a_cotangent(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x, y: [np_.sin(x) * y], number(0.3), number(2.0))
        first, second = graph.vjp((np.asarray(5.0),))
        assert float(first) == pytest.approx(5 * np.cos(0.3) * 2)
        assert float(second) == pytest.approx(5 * np.sin(0.3))

    def test_may_be_gone_through_again(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [np_.sin(x)], number(0.3))
        once, again = (float(graph.vjp((np.asarray(1.0),))[0]) for _ in range(2))
        assert once == again

    def test_of_several_outputs_takes_those_that_have_a_cotangent(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [np_.sin(x), np_.cos(x)], number(0.3))
        assert float(graph.vjp((None, np.asarray(1.0)))[0]) == pytest.approx(-np.sin(0.3))

    def test_without_any_cotangent_gives_zeros(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [np_.sin(x)], number([0.3, 0.4]))
        assert graph.vjp((None,))[0].tolist() == [0.0, 0.0]

    def test_gives_zeros_for_a_parameter_that_nothing_depends_on(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x, y: [np_.sin(x)], number(0.3), number([1.0, 2.0]))
        assert graph.vjp((np.asarray(1.0),))[1].tolist() == [0.0, 0.0]

    def test_differentiates_by_what_is_tracked_alone(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x, y: [x * y], number(0.3), number(2.0, False, "python"))
        assert len(graph.vjp((np.asarray(1.0),))) == 1

    def test_gives_the_second_derivative_along_a_direction(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x, y: [np_.sin(x) * y], number(0.3), number(2.0))
        first, second = graph.hvp((np.asarray(1.0),), (np.asarray(1.0), np.asarray(0.0)))
        assert float(first) == pytest.approx(-np.sin(0.3) * 2)
        assert float(second) == pytest.approx(np.cos(0.3))

    @pytest.mark.filterwarnings("ignore:Output seems independent of input")
    def test_of_a_linear_output_has_no_second_derivative(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [x * 2], number(0.3))
        assert float(graph.hvp((np.asarray(1.0),), (np.asarray(1.0),))[0]) == 0.0

    def test_keeps_the_dtype_of_its_parameters(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [np_.sin(x)], number(np.float32(0.3)))
        assert graph.vjp((np.asarray(1.0),))[0].dtype == np.float32

    def test_takes_a_complex_cotangent_of_a_real_output_for_its_real_part(self, interface: str) -> None:
        graph = graph_of(interface, lambda np_, x: [np_.sin(x)], number(0.3))
        assert float(graph.vjp((np.asarray(1.0 + 5j),))[0]) == pytest.approx(np.cos(0.3))

    def test_gives_the_slope_by_the_real_part_plus_i_times_that_by_the_imaginary_one(self, interface: str) -> None:
        # of the real part of (2 + 3i) z, which moves by 2 along the real part and by -3 along the imaginary one
        graph = graph_of(interface, lambda np_, z: [np_.real((2.0 + 3.0j) * z)], number(0.3 + 0.4j))
        assert complex(graph.vjp((np.asarray(1.0),))[0]) == pytest.approx(2 - 3j)

    def test_takes_second_derivatives_along_a_complex_direction(self, interface: str) -> None:
        # |z|^4 has the slope 4|z|^2 Re(conj(z) d) along d, whose gradient is 8 Re(conj(z) d) z + 4|z|^2 d
        graph = graph_of(interface, lambda np_, z: [np_.real(z * np_.conj(z)) ** 2], number(0.3 + 0.4j))
        z, d = 0.3 + 0.4j, 0.7 - 0.2j
        (found,) = graph.hvp((np.asarray(1.0),), (np.asarray(d),))
        assert complex(found) == pytest.approx(8 * (z.conjugate() * d).real * z + 4 * abs(z) ** 2 * d)

    def test_derives_a_complex_output_by_a_cotangent_of_one_and_one_of_i(self, interface: str) -> None:
        # exp(ix) = cos x + i sin x, whose derivative is -sin x + i cos x
        graph = graph_of(interface, lambda np_, x: [np_.cos(x) + 1j * np_.sin(x)], number(0.3))
        real = complex(graph.vjp((np.asarray(1.0 + 0j),))[0].real)
        imaginary = complex(graph.vjp((np.asarray(1j),))[0].real)
        assert real + 1j * imaginary == pytest.approx(1j * np.exp(0.3j))

    def test_knows_whether_what_was_made_on_the_way_leads_back(self, interface: str) -> None:
        made: list[Any] = []

        def function(np_: Any, x: Any) -> list[Any]:
            made.append(np_.sin(x))
            return [made[0] * 2]

        graph = graph_of(interface, function, number(0.3))
        assert graph.leads_back(made) == (True,)
        assert graph.leads_back([1.0, np.zeros(2)]) == (False,)


def test_torch_tells_to_which_parameter_a_number_leads_back() -> None:
    made: list[Any] = []

    def function(np_: Any, x: Any, y: Any) -> list[Any]:
        made.append(np_.sin(y))
        return [x * made[0]]

    assert graph_of("torch", function, number(0.3), number(0.4)).leads_back(made) == (False, True)


def test_an_integer_cannot_be_tracked_and_has_a_gradient_of_zero() -> None:
    graph = graph_of("torch", lambda np_, x, n: [x * n], number(0.3), Parameter(np.asarray(2), "torch", True))
    assert [float(gradient) for gradient in graph.vjp((np.asarray(1.0),))] == [2.0, 0.0]


@pytest.mark.parametrize("interface", INTERFACES)
def test_what_is_only_marked_carries_its_mark_and_is_no_leaf(interface: str) -> None:
    """PennyLane counts it among the trainable ones, as it did in the script."""
    from pennylane import numpy as pnp

    seen: list[Any] = []

    def function(numbers: Any) -> list[Any]:
        seen[:] = numbers
        return [numbers[0] * 2]

    marked = Parameter(np.array([1, 2]), "autograd", False, True)
    graph = choice.graph_for(interface)(function, [number(0.3), marked])
    assert isinstance(seen[1], pnp.tensor)
    assert seen[1].requires_grad
    assert seen[1].dtype == np.int64
    assert len(graph.vjp((np.asarray(1.0),))) == 1


def test_a_marked_tensor_is_one_that_requires_a_gradient() -> None:
    seen: list[Any] = []
    marked = Parameter(np.array(0.2), "torch", False, True)
    graph = choice.graph_for("torch")(lambda numbers: seen.extend(numbers) or [numbers[0] * 2], [number(0.3), marked])
    assert seen[1].requires_grad
    assert len(graph.vjp((np.asarray(1.0),))) == 1


class TestPullingBack:
    """The pass begins at an inner product, and not at cotangents that are handed to torch: nobody is to see it in the numbers."""

    def weighed(self, dtype: Any) -> tuple[Any, list[Any], list[Any]]:
        import torch

        draws = torch.Generator().manual_seed(3)
        leaf = torch.randn(5, dtype=dtype, generator=draws, requires_grad=True)
        outputs = [torch.sin(leaf) / 3, (leaf.abs() ** 2).sum() / 7, torch.outer(leaf, leaf)]
        return leaf, outputs, [torch.randn(output.shape, dtype=output.dtype, generator=draws) for output in outputs]

    @pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
    def test_gives_the_bits_that_torch_gives_for_the_cotangents(self, dtype: str) -> None:
        import torch

        from qdiag.bridges.interfaces.torch_graph import pull_back

        leaf, outputs, cotangents = self.weighed(getattr(torch, dtype))
        (handed,) = torch.autograd.grad(outputs, [leaf], cotangents, retain_graph=True)
        (found,) = pull_back(outputs, cotangents, [leaf])
        assert torch.equal(found, handed)

    def test_can_be_differentiated_again(self) -> None:
        import torch

        from qdiag.bridges.interfaces.torch_graph import pull_back

        leaf, outputs, cotangents = self.weighed(torch.float64)
        (handed,) = torch.autograd.grad(outputs, [leaf], cotangents, create_graph=True)
        (found,) = pull_back(outputs, cotangents, [leaf], create_graph=True)
        handed, found = (torch.autograd.grad(gradient.sum(), [leaf], retain_graph=True)[0] for gradient in (handed, found))
        assert torch.equal(handed, found)

    def test_says_of_a_leaf_that_is_not_used_that_it_has_none(self) -> None:
        import torch

        from qdiag.bridges.interfaces.torch_graph import pull_back

        _, outputs, cotangents = self.weighed(torch.float64)
        assert pull_back(outputs, cotangents, [torch.ones(2, requires_grad=True)]) == (None,)

    def test_loads_no_sympy_which_each_copy_of_a_script_would_load_for_itself(self) -> None:
        lines = (
            "import sys, torch",
            "from qdiag.bridges.interfaces.torch_graph import pull_back",
            "x = torch.ones(2, requires_grad=True)",
            "before = 'sympy' in sys.modules",
            "pull_back([x.sin()], [torch.ones(2)], [x])",
            "sys.exit('sympy' in sys.modules and not before)",
        )
        subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)

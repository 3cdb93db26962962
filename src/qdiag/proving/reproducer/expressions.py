"""What a script works out for each side, as expressions of the user's interface: outputs, a Jacobian, or a Hessian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.import_lines import AUTOGRAD, HESSIAN, JACOBIAN, JAX, JNP, NUMPY, TORCH
from qdiag.model.operator_families import REAL_NUMBERS, WHOLE_STATES
from qdiag.model.parameter import NARROW
from qdiag.proving.reproducer.variables import Variable

STEP, TWICE = "1e-4", "2e-4"
"""Step of the central differences: their error, about 1e-9, is far below the gaps that they are asked to show."""


@dataclass(frozen=True)
class Template:
    """An expression with ``{qnode}`` and ``{arguments}`` in it, and its imports.

    Where it is long, or names the QNode inside a lambda, the script makes a function of it.
    """

    text: str
    imports: frozenset[str] = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether it reads well where it stands."""
        return "lambda" not in self.text and "for " not in self.text

    def fill(self, qnode: str, arguments: str) -> str:
        """The expression for one side."""
        return self.text.replace("{qnode}", qnode).replace("{arguments}", arguments)

    def then(self, before: str, after: str, *imports: str) -> Template:
        """The expression inside another one."""
        return Template(before + self.text + after, self.imports | set(imports))


@dataclass(frozen=True, eq=False)
class Layout:
    """What is worked out, and in which form it comes.

    Parameters
    ----------
    circuit, interface, variables
        The circuit, the interface that tracks its variables, and these.
    quantity
        ``output`` · ``jacobian`` · ``hessian``.
    filled
        Whether ``qml.grad`` takes the gradient where there is one scalar result.
    complex_results
        Whether a result that should be real may be complex, as that of an observable that is not Hermitian.
    """

    circuit: Circuit
    interface: str
    variables: tuple[Variable, ...]
    quantity: str
    filled: bool = False
    complex_results: bool = False

    @property
    def names(self) -> str:
        """The quantum function's arguments."""
        return ", ".join(variable.name for variable in self.variables)

    @property
    def several(self) -> bool:
        """Whether the QNode returns more than one result."""
        return len(self.circuit.measurements) > 1 or self.circuit.returns != "single"

    @property
    def is_scalar(self) -> bool:
        """Whether the QNode returns one number, a batch apart."""
        return not self.several and self.circuit.measurements[0].name in REAL_NUMBERS

    @property
    def _complex(self) -> bool:
        return self.complex_results or any(node.name in WHOLE_STATES for node in self.circuit.measurements)

    def template(self, *, as_numpy: bool) -> Template:
        """What one side works out.

        Parameters
        ----------
        as_numpy
            Whether the result must be an array, to be held against one that no interface made.
        """
        if self.interface == "torch":
            found = _TORCH[self.quantity](self)
            tail = ".detach().numpy()" if self.quantity == "output" else ".numpy()"
            return found.then("", tail) if as_numpy else found.then("", ".detach()") if self.quantity == "output" else found
        if self.interface == "jax" and self.variables:
            return self._jax().then("np.asarray(", ")", NUMPY) if as_numpy else self._jax()
        if self.quantity == "output" or not self.variables:
            return self.outputs(NUMPY, "np.hstack")
        return self._autograd()

    def outputs(self, module: str, stack: str) -> Template:
        """The outputs of a QNode as one array."""
        call = "{qnode}({arguments})" + (".values()" if self.circuit.returns.startswith("dict:") else "")
        if not self.several:
            # without an interface lightning gives a bare float
            return Template(f"np.asarray({call})", frozenset([NUMPY])) if module == NUMPY else Template(call)
        if stack == "torch.hstack" and not all(node.name in REAL_NUMBERS for node in self.circuit.measurements):
            return Template(f"torch.cat([result.reshape(-1) for result in {call}])", frozenset([module]))
        return Template(f"{stack}(tuple({call}))", frozenset([module]))

    # --- torch

    def _torch_outputs(self) -> Template:
        return self.outputs(TORCH, "torch.hstack")

    def _torch_jacobian(self) -> Template:
        arguments = "{arguments}" if len(self.variables) == 1 else "({arguments})"
        found = Template(f"jacobian({self._tuple()}, {arguments})", frozenset([JACOBIAN]))
        return self._flat(found, self.several + (len(self.variables) > 1))

    @staticmethod
    def _flat(found: Template, levels: int) -> Template:
        """One tensor from tensors in tuples, or in tuples of tuples."""
        if levels == 0:
            return found
        rest = " for part in " if levels == 1 else " for row in "
        return found.then(f"torch.cat([part.reshape(-1){rest}", "])" if levels == 1 else " for part in row])", TORCH)

    def _tuple(self) -> str:
        """A function whose outputs are real tensors or tuples of them, which is all that torch differentiates."""
        call = f"{{qnode}}({self.names})"
        if self.circuit.returns.startswith("dict:"):
            return f"lambda {self.names}: tuple({call}.values())"
        if self._complex:
            one = "torch.view_as_real({} + 0j)" if self.complex_results else "torch.view_as_real({})"
            every = f"tuple({one.format('result')} if result.is_complex() else result for result in {call})"
            return f"lambda {self.names}: " + (every if self.several else one.format(call))
        return f"lambda {self.names}: tuple({call})" if self.circuit.returns == "list" else "{qnode}"

    def _torch_hessian(self) -> Template:
        function = "{qnode}"
        call = f"{{qnode}}({self.names})"
        if self.several:
            function = f"lambda {self.names}: sum((result**2).sum() for result in {call})"
        elif self.circuit.measurements[0].name not in REAL_NUMBERS:
            function = f"lambda {self.names}: (abs({call}) ** 2).sum()"
        arguments = "{arguments}" if len(self.variables) == 1 else "({arguments})"
        found = Template(f"hessian({function}, {arguments})", frozenset([HESSIAN]))
        return self._flat(found, 0 if len(self.variables) == 1 else 2)

    # --- autograd

    def _autograd(self) -> Template:
        function, imports = "{qnode}", frozenset[str]()
        if self._complex:
            function = f"lambda {self.names}: pnp.stack([pnp.real({{qnode}}({self.names})), pnp.imag({{qnode}}({self.names}))])"
            imports = frozenset([AUTOGRAD])
        elif self.several:
            inner = self.outputs(AUTOGRAD, "pnp.hstack")
            function, imports = f"lambda {self.names}: {inner.fill('{qnode}', self.names)}", inner.imports
        derivative = f"qml.{'grad' if self.filled and self.is_scalar else 'jacobian'}({function})"
        if self.quantity == "hessian":
            derivative = f"qml.jacobian({derivative})"
        found = Template(f"{derivative}({{arguments}})", imports)
        return found if len(self.variables) == 1 else found.then("np.hstack([np.ravel(part) for part in ", "])", NUMPY)

    # --- JAX

    def _jax(self) -> Template:
        if self.quantity == "output":
            # what a method gives where it is to be differentiated
            return self._jax_function(parts=False).then("jax.vjp(", ", {arguments})[0]", JAX)
        numbers = f", argnums={tuple(range(len(self.variables)))}" if len(self.variables) > 1 else ""
        found = self._jax_function(parts=self._complex)
        found = found.then("jax.jacobian(", f"{numbers})", JAX)
        if self.quantity == "hessian":
            found = found.then("jax.jacobian(", f"{numbers})")
        found = found.then("", "({arguments})")
        if not numbers:
            return found
        rest = " for row in " if self.quantity == "hessian" else " for part in "
        end = " for part in row])" if self.quantity == "hessian" else "])"
        return found.then(f"jnp.concatenate([jnp.ravel(part){rest}", end, JNP)

    def _jax_function(self, *, parts: bool) -> Template:
        """A function whose output is one array, of real numbers where a derivative is taken: ``parts`` for a complex one's two."""
        call = f"{{qnode}}({self.names})"
        if parts:
            return Template(f"lambda {self.names}: jnp.stack([jnp.real({call}), jnp.imag({call})])", frozenset([JNP]))
        if not self.several:
            return Template("{qnode}")
        inner = self.outputs(JNP, "jnp.hstack")
        return Template(f"lambda {self.names}: {inner.text.replace('{arguments}', self.names)}", inner.imports)

    # --- the arbiter

    def differences(self, qnode: str) -> list[str]:
        """Lines that work out the Jacobian by central differences on plain numbers, as ``b``; nothing where that takes too many."""
        if len(self.variables) != 1 or self.variables[0].value.value.dtype.kind != "f" or self.quantity != "jacobian" or self._complex:
            return []
        (variable,) = self.variables
        shape, size = variable.value.value.shape, variable.value.value.size
        lines = [f"plain = {qnode}", f"point = {plain(variable, self.interface, wide=True)}"]
        if self.several:
            results = self.outputs(NUMPY, "np.hstack").fill("plain", "at")
            lines += ["", "", "def slope(h):", f"    ahead, behind = ({results} for at in (point + h, point - h))"]
            lines += [f"    return (ahead - behind) / {TWICE}", "", ""]
        slope = "slope({})" if self.several else f"(plain(point + {{0}}) - plain(point - {{0}})) / {TWICE}"
        if not shape:
            # without an interface lightning gives a bare float, here too
            return [*lines, f"b = np.asarray({slope.format(STEP)})"]
        steps = f"{STEP} * np.eye({size})" + (f".reshape({size}, {', '.join(map(str, shape))})" if len(shape) > 1 else "")
        shaped = ".reshape(a.shape)" if len(shape) > 1 or self.several else ""
        return [*lines, f"b = np.stack([{slope.format('h')} for h in {steps}], -1){shaped}"]

    def reference(self, found: Optional[Evaluation]) -> Optional[np.ndarray]:
        """The arbiter's numbers in the form of the template's, or None where it has none or the form is too intricate."""
        if found is None or found.outputs is None or found.failure is not None:
            return None
        if self.quantity == "output":
            return np.hstack([np.ravel(output) for output in found.outputs]) if self.several else np.asarray(found.outputs[0])
        if self.quantity == "hessian" or found.jacobian is None or self._complex or not self.variables:
            return None
        if any(position not in self.circuit.trainable for variable in self.variables for position in variable.positions):
            return None
        rows = [[self._part(blocks, variable) for variable in self.variables] for blocks in found.jacobian]
        alone = not self.several and len(self.variables) == 1
        values = rows[0][0] if alone else np.concatenate([np.ravel(part) for row in rows for part in row])
        return values if np.isfinite(values).all() else None

    def _part(self, blocks: Sequence[np.ndarray], variable: Variable) -> np.ndarray:
        """One output's derivative with respect to a variable, from those with respect to the circuit's parameters."""
        columns = [self.circuit.trainable.index(position) for position in variable.positions]
        parts = [np.asarray(blocks[column]) for column in columns]
        if variable.imaginary:
            parts = [part.imag for part in parts]
        elif self.interface in ("autograd", "jax"):
            # which give the conjugate of torch's gradient, in whose convention the reference is
            parts = [part.conj() for part in parts]
        return np.stack(parts, axis=-1) if variable.stacked else parts[0]


_TORCH = {"output": Layout._torch_outputs, "jacobian": Layout._torch_jacobian, "hessian": Layout._torch_hessian}


def plain(variable: Variable, interface: str, *, wide: bool = False) -> str:
    """A variable without its interface, in double precision where it must be ``wide``."""
    narrow = wide and variable.value.dtype in NARROW
    if interface == "torch":
        return f"{variable.name}{'.double()' if narrow else ''}{'.detach()' if variable.value.trainable else ''}.numpy()"
    return f"np.array({variable.name}{', np.float64' if narrow else ''})"


def argument_expression(variable: Variable, interface: str, precision: str) -> str:
    """A variable as an argument, in the precision that a method asks for ("" to leave it)."""
    value = variable.value.value
    target = precision if value.dtype.kind == "f" else {"float64": "complex128", "float32": "complex64"}.get(precision, "")
    if not target or target == variable.value.dtype:
        return variable.name
    if interface == "torch":
        return f"{variable.name}.to(torch.{target})"
    return f'{variable.name}.astype("{target}")'


def table(values: np.ndarray) -> str:
    """Numbers as nested lists with ten significant digits: enough to compare by, few enough to read."""
    array = np.asarray(values)
    if array.ndim:
        return "[" + ", ".join(map(table, array)) + "]"
    value = array[()]
    if np.iscomplexobj(value):
        return f"{complex(value):.10g}"
    return repr(float(f"{float(value):.10g}"))

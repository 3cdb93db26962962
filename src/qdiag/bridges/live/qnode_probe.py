"""A live QNode held against itself: its methods' derivatives, with respect to its own arguments, against numerical ones.

Runs in a copy of the user's process, where nothing needs to be put back. Every evaluation starts from the same random streams.
"""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Callable, Optional

import numpy as np

from qdiag.bridges.live import qnode_attributes, unfollowed
from qdiag.bridges.live.arguments import drawn_direction, leaves_of, like, moved, substituted, widened
from qdiag.bridges.results import array_of, flattened
from qdiag.bridges.stack import takes_gradient_kwargs
from qdiag.model.numerics.derivative import Derivative, derivative
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod

METHODS = ("backprop", "adjoint", "parameter-shift")
"""What a QNode is differentiated by besides the user's own method, where it does not refuse."""

MOST_ARGUMENTS = 16
"""Tracked arguments that are probed one by one."""

SEED = 3

ASIDE = 0.05
"""How far an argument is moved off a point at which the circuit has operations of its own, or a gradient is no number."""

LOST = 1e-4
"""Relative to the numerical slope: where the own method is no further away, nothing is lost that could be put back."""

KNOWN = 1e-6
"""Of what is lacking: an error bar that is wider proves nothing."""

SHORT_STEPS = tuple(0.01 * 1.6**-k for k in range(16))
"""Steps at which parameters still move as their slopes say."""

_TREMBLE = (3.1e-8, 7.7e-8, 1.3e-7, 2.9e-7)
"""Steps over which a smooth function's second difference is far below float32's rounding: what is seen there is noise."""


def probes(qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, layer: str, call: int) -> Iterator[Probe]:
    """Probe a QNode at the arguments of a call; what is known after each stage, the cheapest and most telling first."""
    names = qnode_attributes.parameter_names(qnode)
    try:
        subject = _Subject(qnode, args, kwargs, names)
        if subject.sampled:
            yield Probe(call, complete=True, note="results are sampled: there is no derivative to compare with")
            return
        probe = subject.first(call)
        if layer:
            probe = subject.with_rows(probe)
        yield probe
        for position in range(len(subject.directions)):
            own = probe.methods[0].slopes if probe.methods else ()
            slope = own[position] if position < len(own) else None
            probe = replace(probe, arguments=(*probe.arguments, subject.argument(position, slope)))
        yield probe
        bare = qnode_attributes.without_transforms(qnode) if probe.methods else None
        if bare is not None:
            probe = replace(probe, untransformed=subject.by(bare, probe.methods[0].diff_method))
        for method in METHODS:
            if probe.methods and method != probe.methods[0].diff_method:
                probe = replace(probe, methods=(*probe.methods, subject.shadow(method)))
                yield probe
        yield replace(probe, complete=True)
    except Exception as error:
        yield Probe(call, note=_words(error))


class _Subject:
    """A QNode and the arguments of one call."""

    def __init__(self, qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], names: Sequence[str]) -> None:
        self.qnode, self.args, self.kwargs = qnode, args, kwargs
        self.leaves = tuple(leaves_of(args, kwargs, names))
        self.streams = _streams()
        tracked = [i for i, leaf in enumerate(self.leaves) if leaf.tracked]
        self.in_torch = any(self.leaves[i].torch for i in tracked)
        self.tracked = [i for i in tracked if self.leaves[i].torch == self.in_torch][:MOST_ARGUMENTS]
        draws = np.random.default_rng(SEED)
        self.directions = [drawn_direction(draws, self.leaves[i].array) for i in self.tracked]
        self.plain = self._outputs(self._called(qnode, [leaf.value for leaf in self.leaves]))
        size = self._flat(self.plain).size
        self.cotangent = np.asarray(draws.uniform(0.5, 1.0, size) * draws.choice([-1.0, 1.0], size))
        self.wide = self._widens()

    @property
    def sampled(self) -> bool:
        tape = qnode_attributes.tape_of(self.qnode)
        if isinstance(self.kwargs.get("shots"), int):
            return True
        return bool(getattr(getattr(tape, "shots", None), "total_shots", None) or qnode_attributes.shots_of(self.qnode, tape))

    # --- evaluating ---

    def _called(self, qnode: Any, values: Sequence[Any]) -> Any:
        _restore(self.streams)
        following = iter(values)
        args = tuple(substituted(value, following) for value in self.args)
        kwargs = {name: substituted(value, following) for name, value in self.kwargs.items()}
        return qnode(*args, **kwargs)

    def _outputs(self, result: Any) -> tuple[np.ndarray, ...]:
        return tuple(array_of(output) for output in flattened(result))

    def _flat(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([_real(output).reshape(-1) for output in outputs] or [np.zeros(0)])

    def _widens(self) -> bool:
        """Whether the QNode takes float64 copies of its arguments, and gives the same."""
        try:
            wide = self._flat(self._outputs(self._called(self.qnode, [widened(leaf.value) for leaf in self.leaves])))
        except Exception:
            return False
        plain = self._flat(self.plain)
        return wide.shape == plain.shape and bool(np.allclose(wide, plain, rtol=1e-3, atol=1e-3))

    # --- stages ---

    def first(self, call: int) -> Probe:
        """The user's own method, plain numbers, and once more."""
        again = self._outputs(self._called(self.qnode, [leaf.value for leaf in self.leaves]))
        own = str(getattr(self.qnode, "diff_method", "") or "none")
        outputs, said = self._by(self.qnode, own)
        plain = self._flat(self.plain)
        gap = 0.0 if outputs is None or outputs.shape != plain.shape else float(np.max(np.abs(outputs - plain), initial=0.0))
        return Probe(
            call,
            methods=(said,) if self.tracked else (),
            eps=max([_eps(leaf.array) for leaf in self.leaves] + [_eps(output) for output in self.plain]),
            size=max(1.0, float(np.max(np.abs(plain), initial=0.0))),
            plain_gap=gap,
            repeatable=bool(np.array_equal(self._flat(again), plain, equal_nan=True)),
        )

    def shadow(self, method: str) -> ProbedMethod:
        """Another method on a copy of the QNode."""
        try:
            other = _with_method(self.qnode, method)
        except Exception as error:
            return ProbedMethod(method, failure=_words(error))
        return self.by(other, method)

    def by(self, qnode: Any, method: str) -> ProbedMethod:
        """What another QNode says; one that computes another circuit than the user's is none of it."""
        outputs, said = self._by(qnode, method)
        plain = self._flat(self.plain)
        if outputs is not None and (outputs.shape != plain.shape or not np.allclose(outputs, plain, rtol=1e-3, atol=1e-3)):
            return ProbedMethod(method, failure="gives other outputs")
        return said

    def _by(self, qnode: Any, method: str) -> tuple[Optional[np.ndarray], ProbedMethod]:
        try:
            outputs, gradients = (self._torch if self.in_torch else self._autograd)(qnode)
        except Exception as error:
            return None, ProbedMethod(method, failure=_words(error))
        slopes = tuple(_inner(gradient, direction) for gradient, direction in zip(gradients, self.directions))
        return outputs, ProbedMethod(method, slopes)

    def _torch(self, qnode: Any) -> tuple[np.ndarray, list[np.ndarray]]:
        import torch

        values = [leaf.value for leaf in self.leaves]
        inside = []
        for i in self.tracked:
            values[i] = values[i].clone().requires_grad_()
            inside.append(values[i])
        with torch.enable_grad():
            outputs = flattened(self._called(qnode, values))
            total: Any = torch.zeros((), dtype=torch.float64)
            start = 0
            for output in outputs:
                if isinstance(output, torch.Tensor):
                    real = torch.view_as_real(output.resolve_conj()) if output.is_complex() else output
                    weights = torch.from_numpy(self.cotangent[start : start + real.numel()])
                    total = total + (real.reshape(-1).double() * weights).sum()
                start += _real(array_of(output)).size
        arrays = self._flat([array_of(output) for output in outputs])
        self._follow(inside)
        if not total.requires_grad:
            return arrays, [np.zeros(tuple(leaf.shape)) for leaf in inside]
        found = torch.autograd.grad(total, inside, allow_unused=True)
        return arrays, [np.zeros(tuple(x.shape)) if g is None else array_of(g) for g, x in zip(found, inside)]

    def _follow(self, inside: Sequence[Any]) -> None:
        """Which arguments the graph of the circuit's own parameters leads back to; known once, from the first method."""
        if hasattr(self, "followed"):
            return
        import torch

        parameters = [p for p in self._circuit_parameters() if isinstance(p, torch.Tensor) and p.requires_grad]
        self.followed = [False] * len(inside)
        if parameters:
            total = torch.stack([(torch.real(p) if p.is_complex() else p).double().sum() for p in parameters])
            found = torch.autograd.grad(total.sum(), list(inside), allow_unused=True, retain_graph=True)
            self.followed = [g is not None for g in found]

    def _autograd(self, qnode: Any) -> tuple[np.ndarray, list[np.ndarray]]:
        from autograd import numpy as anp
        from autograd.core import make_vjp
        from pennylane import numpy as pnp

        inside = tuple(pnp.array(self.leaves[i].array, requires_grad=True) for i in self.tracked)
        seen: list[tuple[np.ndarray, ...]] = []

        def total(values: Any) -> Any:
            given = [leaf.value for leaf in self.leaves]
            for number, i in enumerate(self.tracked):
                given[i] = values[number]
            outputs = flattened(self._called(qnode, given))
            seen.append(tuple(array_of(output) for output in outputs))
            result, start = 0.0, 0
            for output, array in zip(outputs, seen[-1]):
                weights = self.cotangent[start : start + _real(array).size].reshape(_real(array).shape)
                start += weights.size
                if np.iscomplexobj(array):
                    result = result + anp.sum(anp.real(output) * weights[..., 0]) + anp.sum(anp.imag(output) * weights[..., 1])
                else:
                    result = result + anp.sum(output * weights)
            return result

        vjp, value = make_vjp(total, inside)
        if not hasattr(self, "followed"):
            self.followed = [any(hasattr(p, "_node") for p in self._circuit_parameters())] * len(inside)
        return self._flat(seen[-1]), [array_of(g) for g in vjp(np.ones_like(value))]

    def argument(self, position: int, own: Optional[float]) -> ProbedArgument:
        """The numerical slope along the direction of one tracked argument; ``own`` is what the user's own method says of it."""
        leaf, direction = self.leaves[self.tracked[position]], self.directions[position]
        found = self._slope(position)
        moves, restructured = self._parameters_move(position)
        lost = own is not None and not math.isfinite(own)
        apart = own is not None and abs(own - float(found.value)) > LOST * abs(float(found.value))
        return ProbedArgument(
            leaf.name,
            float(found.value),
            float(found.error),
            found.smooth,
            scale=float(np.sum(np.abs(self.cotangent)) * np.sum(np.abs(direction))),
            moves=moves,
            followed=getattr(self, "followed", [True] * len(self.tracked))[position],
            restructured=restructured,
            aside=self._aside(position) if restructured or lost else None,
            mended=self._mended(position, own, float(found.value)) if own is not None and apart else None,
        )

    def _values(self, position: int, step: float) -> list[Any]:
        """The arguments with one moved along its direction."""
        given = [widened(leaf.value) if self.wide else leaf.value for leaf in self.leaves]
        place = self.tracked[position]
        given[place] = moved(given[place], self.leaves[place], self.directions[position], step)
        return given

    def _slope(self, position: int) -> Derivative:
        def total(step: Any) -> Any:
            try:
                outputs = self._flat(self._outputs(self._called(self.qnode, self._values(position, float(step)))))
            except Exception as error:
                raise ValueError(_words(error)) from None
            if outputs.shape != self.cotangent.shape:
                raise ValueError("the outputs have another shape here")
            return np.asarray(self.cotangent @ outputs)

        return derivative(total, np.zeros(()), np.ones(()), noise=_noise(total))

    def _parameters_move(self, position: int) -> tuple[float, bool]:
        """How far the circuit's parameters move along the direction, as a slope; whether it has other operations there than here."""
        step = 1e-3
        seen, operations = [], []
        for side in (step, -step, 0.0):
            try:
                self._called(self.qnode, self._values(position, side))
            except Exception:
                return 0.0, False
            seen.append([a for a in map(array_of, self._circuit_parameters()) if a.dtype.kind in "biufc"])
            operations.append(qnode_attributes.operations_of(self.qnode))
        restructured = operations[0] == operations[1] != operations[2]
        ahead, behind, _ = seen
        if [a.shape for a in ahead] != [b.shape for b in behind]:
            return 0.0, restructured
        gaps = (float(np.max(np.abs(a - b), initial=0.0)) / (2 * step) for a, b in zip(ahead, behind))
        return max(gaps, default=0.0), restructured

    def _mended(self, position: int, own: float, numerical: float) -> Optional[float]:
        """How far the own slope is from the numerical one with what no graph follows put back; None where that cannot be told."""
        try:
            followed = self._followed_slopes(position)
            self._called(self.qnode, self._values(position, 0.0))
            here = [array_of(p) for p in self._circuit_parameters()]
            if followed is None or len(followed) != len(here):
                return None

            def total(step: Any) -> Any:
                self._called(self.qnode, self._values(position, float(step)))
                there = [array_of(p) for p in self._circuit_parameters()]
                put_back = unfollowed.unfollowed(here, there, followed, float(step))
                if put_back is None:
                    raise ValueError("the parameters are not cut off, but move otherwise than their graph says")
                outputs = self._flat(self._outputs(unfollowed.rerun(self.qnode, put_back)))
                return np.asarray(self.cotangent @ outputs)

            lacking = derivative(total, np.zeros(()), np.ones(()), steps=SHORT_STEPS)
        except Exception:
            # whatever a QNode cannot do here says nothing about its gradient
            return None
        known = lacking.smooth and float(lacking.error) <= KNOWN * abs(own - numerical)
        return abs(own + float(lacking.value) - numerical) if known else None

    def _followed_slopes(self, position: int) -> Optional[list[np.ndarray]]:
        """How far the circuit's parameters move along an argument's direction, as torch's graph says."""
        if not self.in_torch:
            return None
        import torch

        values = self._values(position, 0.0)
        place = self.tracked[position]
        values[place] = values[place].clone().requires_grad_()
        with torch.enable_grad():
            self._called(self.qnode, values)
            return unfollowed.slopes(self._circuit_parameters(), values[place], self.directions[position])

    def _aside(self, position: int) -> Optional[float]:
        """How far the own method is from the numerical slope off this point, on the first side of it that tells."""
        place = self.tracked[position]
        leaf = self.leaves[place]
        for step in (ASIDE, -ASIDE):
            there = np.asarray(leaf.array + step * self.directions[position], leaf.array.dtype)
            other = copy.copy(self)
            other.leaves = (*self.leaves[:place], replace(leaf, value=like(leaf, there)), *self.leaves[place + 1 :])
            _, said = other._by(self.qnode, "")
            gap = math.nan if said.failure else abs(said.slopes[position] - float(other._slope(position).value))
            if math.isfinite(gap):
                return gap
        return None

    def _circuit_parameters(self) -> list[Any]:
        tape = qnode_attributes.tape_of(self.qnode)
        try:
            return list(tape.get_parameters(trainable_only=False))
        except Exception:
            return []

    def with_rows(self, probe: Probe) -> Probe:
        """Change the last row of a layer's batch, and look whether the first row's result moves."""
        position = next((i for i, leaf in enumerate(self.leaves) if leaf.array.ndim >= 2 and leaf.array.shape[0] >= 2), None)
        if position is None:
            return probe
        leaf = self.leaves[position]
        rows = leaf.array.shape[0]
        changed = np.array(leaf.array)
        if changed.dtype.kind not in "fc":
            return probe
        changed[-1] = changed[-1] + np.asarray(np.random.default_rng(SEED).uniform(0.2, 0.6, changed[-1].shape), changed.dtype)
        values = [other.value for other in self.leaves]
        values[position] = like(leaf, changed)
        outputs = self._outputs(self._called(self.qnode, values))
        pairs = [(a, b) for a, b in zip(self.plain, outputs) if a.ndim >= 1 and a.shape[0] == rows and a.shape == b.shape]
        if not pairs:
            return replace(probe, rows=rows)
        return replace(probe, rows=rows, mixing=max(float(np.max(np.abs(a[0] - b[0]), initial=0.0)) for a, b in pairs))


# --- numbers --------------------------------------------------------------------------------------------------------------


def _real(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if np.iscomplexobj(array):
        return np.stack([array.real, array.imag], -1).astype(np.float64)
    return array.astype(np.float64)


def _inner(gradient: np.ndarray, direction: np.ndarray) -> float:
    return float(np.sum(np.real(np.conj(gradient) * direction)))


def _eps(array: np.ndarray) -> float:
    return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else float(np.finfo(np.float64).eps)


def _noise(total: Callable[[float], Any]) -> float:
    """Rounding of one value, where it is more than float64's: second differences over steps that are too short for curvature."""
    try:
        middle = total(0.0)
        seen = [abs(float(total(step) + total(-step) - 2 * middle)) for step in _TREMBLE]
    except ValueError:
        return 0.0
    largest = max(seen)
    return largest if largest > 1e-12 * (1 + abs(float(middle))) else 0.0


def _with_method(qnode: Any, method: str) -> Any:
    if hasattr(qnode, "update"):
        if takes_gradient_kwargs():
            return qnode.update(diff_method=method, gradient_kwargs={})
        return qnode.update(diff_method=method)
    # backprop put a device of its own in place of the user's
    device = vars(qnode).get("_original_device", qnode.device)
    return type(qnode)(qnode.func, device, interface=qnode.interface, diff_method=method)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0][:300]


# --- random streams -------------------------------------------------------------------------------------------------------


def _streams() -> tuple[Any, Any, Any]:
    torch: Any = sys.modules.get("torch")
    return random.getstate(), np.random.get_state(), None if torch is None else torch.get_rng_state()


def _restore(streams: tuple[Any, Any, Any]) -> None:
    random.setstate(streams[0])
    np.random.set_state(streams[1])
    if streams[2] is not None:
        sys.modules["torch"].set_rng_state(streams[2])

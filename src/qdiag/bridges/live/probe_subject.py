"""What is probed: a QNode with the arguments of one call, evaluated as often as one likes, each time from the same random streams."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

import numpy as np

from qdiag.bridges.codec import tapes
from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.arguments import Leaf, drawn_direction, in_double_precision, leaves_of, step_along, substitute_leaves
from qdiag.bridges.results import array_of, outputs_of
from qdiag.model.variants import with_parameters
from qdiag.trace.circuit_text import skeleton

MOST_ARGUMENTS = 16
"""Tracked arguments that are probed one by one."""

SEED = 3

SAME = 1e-3
"""Two evaluations no further apart than this, of whatever precision, are of one and the same circuit."""

Streams = tuple[Any, Any, Any]
"""The states of Python's, numpy's and torch's random numbers."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A QNode and the arguments of one call; made by `subject_of`.

    Parameters
    ----------
    qnode, args, kwargs
        The call.
    leaves
        The tensors and arrays among its arguments.
    tracked
        Positions among the leaves of those that are differentiated: of one framework, as a graph has it.
    directions
        A random direction for each of them.
    streams
        The random streams from which every evaluation starts.
    plain, circuit
        The outputs on numbers that nothing tracks, and the circuit that was made for them.
    cotangent
        A random weight for each element of the outputs: what is differentiated is their weighted sum.
    wide
        Whether the QNode takes float64 copies of its arguments, and gives the same.
    quicker
        A copy of the QNode that gives the same far quicker, since it is evaluated with no derivative in mind; the QNode itself where
        there is none.
    """

    qnode: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    leaves: tuple[Leaf, ...]
    tracked: tuple[int, ...]
    directions: tuple[np.ndarray, ...]
    streams: Streams
    plain: tuple[np.ndarray, ...] = ()
    circuit: tuple[object, ...] = ()
    cotangent: np.ndarray = field(default_factory=lambda: np.zeros(0))
    wide: bool = False
    quicker: Any = None

    @property
    def interface(self) -> str:
        """Whose graph leads from the outputs back to the tracked arguments."""
        return "torch" if any(self.leaves[place].torch for place in self.tracked) else "autograd"

    @property
    def is_marked(self) -> bool:
        """Whether no graph led to any tracked argument: they are marked trainable, and no more."""
        return not any(self.leaves[place].torch or self.leaves[place].boxed for place in self.tracked)

    @property
    def is_whole(self) -> bool:
        """Whether all tracked arguments are probed, and nothing in the circuit is tracked while they are not.

        Asked right after an evaluation on numbers that nothing tracks.
        """
        known = all(place in self.tracked for place, leaf in enumerate(self.leaves) if (leaf.torch and leaf.tracked) or leaf.boxed)
        loose = any(getattr(n, "_node", None) is not None or _tracks(n) for n in self.circuit_parameters())
        return known and not loose

    @property
    def sampled(self) -> bool:
        """Whether results are drawn at random."""
        tape = qnode_attributes.tape_of(self.qnode)
        if isinstance(self.kwargs.get("shots"), int):
            return True
        return bool(getattr(getattr(tape, "shots", None), "total_shots", None) or qnode_attributes.shots_of(self.qnode, tape))

    # --- evaluating ---

    def evaluate(self, qnode: Any, values: Sequence[Any]) -> tuple[Any, ...]:
        """The live outputs of a QNode with these in the places of the leaves."""
        _restore(self.streams)
        following = iter(values)
        args = tuple(substitute_leaves(value, following) for value in self.args)
        kwargs = {name: substitute_leaves(value, following) for name, value in self.kwargs.items()}
        return outputs_of(qnode(*args, **kwargs))

    def outputs(self, values: Sequence[Any]) -> tuple[np.ndarray, ...]:
        """The outputs of the QNode itself, as arrays."""
        return arrays_of(self.evaluate(self.qnode, values))

    def is_steady(self, repeats: int = 1, *, within: float = 0.0) -> bool:
        """Whether the QNode gives the same again, from the same random streams, and the same circuit from others, too.

        A device may sample although no shots were asked for, by a stream of its own or by one of those that are put back here: then
        its results are steps, and no numerical slope says anything. Whose circuit itself is drawn at random is another matter.
        In single precision threads that add up in another order leave other last digits: so far apart results may be, ``within``.
        """
        plain = real_elements(self.plain)
        for repeat in range(repeats):
            if not _are_alike(real_elements(self.outputs(self.here)), plain, within):
                return False
            otherwise = replace(self, streams=_other_streams(repeat))
            drawn = real_elements(otherwise.outputs(self.here))
            if circuit_of(self.qnode) == self.circuit and not _are_alike(drawn, plain, within):
                return False
        return True

    @property
    def here(self) -> list[Any]:
        """The arguments as they were, tracked by nothing."""
        return [leaf.value for leaf in self.leaves]

    def along(self, position: int, step: float) -> list[Any]:
        """The arguments with the tracked one at a position moved along its direction."""
        given = [in_double_precision(leaf.value) if self.wide else leaf.value for leaf in self.leaves]
        place = self.tracked[position]
        given[place] = step_along(given[place], self.leaves[place], self.directions[position], step)
        return given

    def circuit_parameters(self) -> list[Any]:
        """The live numbers in the circuit that the last evaluation made."""
        return parameters_of(self.qnode)

    def trainable_numbers(self) -> int:
        """How many of them, in the circuit that the last evaluation made, something differentiates by."""
        tape = qnode_attributes.tape_of(self.qnode)
        try:
            return sum(int(np.prod(np.shape(number))) for number in tape.get_parameters())
        except Exception:
            return 0

    # --- outputs ---

    def weigh(self, outputs: Sequence[np.ndarray]) -> Any:
        """The sum of all elements by their weights."""
        return np.asarray(self.cotangent @ real_elements(outputs))

    def cotangents(self, outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The weights in the shapes of the outputs, as cotangents."""
        found, start = [], 0
        for output in outputs:
            shape = _real(output).shape
            weights = self.cotangent[start : start + int(np.prod(shape))].reshape(shape)
            start += weights.size
            found.append(weights[..., 0] + 1j * weights[..., 1] if np.iscomplexobj(output) else weights)
        return found

    def is_same(self, elements: np.ndarray) -> bool:
        """Whether these are the elements of the outputs, rounding apart."""
        plain = real_elements(self.plain)
        return elements.shape == plain.shape and bool(np.allclose(elements, plain, rtol=SAME, atol=SAME))


def subject_of(qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Subject:
    """Make the subject of a call, which evaluates it twice."""
    leaves = tuple(leaves_of(args, kwargs, qnode_attributes.parameter_names(qnode)))
    all_tracked = [place for place, leaf in enumerate(leaves) if leaf.tracked]
    # where a graph leads to some, what is only marked is not differentiated by
    all_tracked = [place for place in all_tracked if leaves[place].boxed or leaves[place].torch] or all_tracked
    in_torch = any(leaves[place].torch for place in all_tracked)
    tracked = tuple(place for place in all_tracked if leaves[place].torch == in_torch)[:MOST_ARGUMENTS]
    draws = np.random.default_rng(SEED)
    directions = tuple(drawn_direction(draws, leaves[place].array) for place in tracked)
    subject = Subject(qnode, args, kwargs, leaves, tracked, directions, _streams(), quicker=qnode)
    plain = subject.outputs(subject.here)
    circuit = circuit_of(qnode)
    size = real_elements(plain).size
    cotangent = np.asarray(draws.uniform(0.5, 1.0, size) * draws.choice([-1.0, 1.0], size))
    subject = replace(subject, plain=plain, circuit=circuit, cotangent=cotangent)
    return replace(subject, wide=_takes_wider(subject))


def _are_alike(some: np.ndarray, others: np.ndarray, within: float) -> bool:
    return some.shape == others.shape and bool(np.allclose(some, others, rtol=0.0, atol=within, equal_nan=True))


def parameters_of(qnode: Any) -> list[Any]:
    """The live numbers in the circuit that the last evaluation of a QNode made."""
    tape = qnode_attributes.tape_of(qnode)
    try:
        return list(tape.get_parameters(trainable_only=False))
    except Exception:
        # a QNode that has not come as far as a tape
        return []


def circuit_of(qnode: Any) -> tuple[object, ...]:
    """The operations of the last evaluation of a QNode, with their numbers."""
    numbers = [array_of(number).tobytes() for number in parameters_of(qnode)]
    return (*qnode_attributes.operations_of(qnode), *numbers)


def form_of(qnode: Any) -> Optional[tuple[str, tuple[bytes, ...]]]:
    """The circuit of a QNode's last evaluation, whoever tracks its numbers, as text and bytes; None where these do not say all."""
    circuit = tapes.circuit_of(qnode_attributes.tape_of(qnode))
    if circuit.opaque:
        return None
    plain = [replace(p, container="numpy", trainable=False, marked=False) for p in circuit.parameters]
    structure, numbers = skeleton(with_parameters(circuit, plain))
    return structure, tuple(number.tobytes() for number in numbers)


def _tracks(number: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(number, torch.Tensor) and bool(number.requires_grad)


def _takes_wider(subject: Subject) -> bool:
    try:
        return subject.is_same(real_elements(subject.outputs([in_double_precision(leaf.value) for leaf in subject.leaves])))
    except Exception:
        # a quantum function that insists on its dtype
        return False


def first_line(error: BaseException) -> str:
    """An exception in a line."""
    return f"{type(error).__name__}: {error}".split("\n")[0][:300]


# --- numbers --------------------------------------------------------------------------------------------------------------


def arrays_of(outputs: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """Live outputs as arrays."""
    return tuple(array_of(output) for output in outputs)


def real_elements(outputs: Sequence[np.ndarray]) -> np.ndarray:
    """All elements of outputs in a row, real and imaginary parts each as an element."""
    return np.concatenate([_real(output).reshape(-1) for output in outputs] or [np.zeros(0)])


def _real(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if np.iscomplexobj(array):
        return np.stack([array.real, array.imag], -1).astype(np.float64)
    return array.astype(np.float64)


def distance(some: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> Optional[float]:
    """The largest gap between elements of outputs; None where there are more of the one than of the other."""
    first, second = real_elements(some), real_elements(others)
    return float(np.max(np.abs(first - second), initial=0.0)) if first.shape == second.shape else None


# --- random streams -------------------------------------------------------------------------------------------------------


def _streams() -> Streams:
    torch: Any = sys.modules.get("torch")
    return random.getstate(), np.random.get_state(), None if torch is None else torch.get_rng_state()


def _other_streams(seed: int) -> Streams:
    """Streams that are not those of the script."""
    torch: Any = sys.modules.get("torch")
    generator = None if torch is None else torch.Generator().manual_seed(SEED + seed)
    drawn = np.random.RandomState(SEED + seed).get_state()
    return random.Random(SEED + seed).getstate(), drawn, None if generator is None else generator.get_state()


def _restore(streams: Streams) -> None:
    random.setstate(streams[0])
    np.random.set_state(streams[1])
    if streams[2] is not None:
        sys.modules["torch"].set_rng_state(streams[2])

"""A judge of its own for random circuits: central differences of the QNode on plain numbers, extrapolated, with an error bar.

It shares no line with qdiag's arbiter, and knows of a QNode only that it can be called.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
import torch
from autograd import grad
from pennylane import numpy as pnp
from scipy.sparse import csr_matrix

from tests.benchmarks.random_source import SPACE, Drawn

STEP = 4e-3
SEED = 5


@dataclass(frozen=True)
class Slopes:
    """Outputs in one row, real parts before imaginary ones, their derivatives by each trainable number, and how sure these are."""

    outputs: np.ndarray
    derivatives: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Gap:
    """How far a method is from the judge: in outputs, in gradients, and how far off the judge itself may be."""

    output: float
    gradient: float
    bar: float
    scale: float
    words: str = ""


def quantum_function(drawn: Drawn) -> Callable[..., Any]:
    """The text, executed; its lines can be looked up, as those of a file can."""
    name = f"<circuit {drawn.number}>"
    linecache.cache[name] = (len(drawn.source), None, drawn.source.splitlines(True), name)
    space: dict[str, Any] = {"qml": qml, "np": np, "csr_matrix": csr_matrix}
    exec(SPACE, space)
    exec(compile(drawn.source, name, "exec"), space)
    return space["circuit"]  # type: ignore[no-any-return]


def qnode_of(drawn: Drawn, method: Any, device: str = "", interface: str = "auto") -> Any:
    """A QNode of the text."""
    chosen = qml.device(device or drawn.device, wires=list(drawn.wires) or None)
    return qml.QNode(quantum_function(drawn), chosen, diff_method=method, interface=interface)


def tracked(drawn: Drawn, dtype: str = "") -> list[Any]:
    """The arguments in the circuit's interface and dtype, tracked where they are trainable."""
    made: list[Any] = []
    for name, value in drawn.arguments.items():
        numbers = np.asarray(value, dtype=dtype or drawn.dtype)
        if drawn.interface == "torch":
            made.append(torch.tensor(numbers, requires_grad=name in drawn.trainable))
        else:
            made.append(pnp.array(numbers, requires_grad=name in drawn.trainable))
    return made


def flat(outputs: Any, *, detached: bool = False) -> np.ndarray:
    """All numbers that a QNode returned in one row."""
    parts = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    arrays = [np.ravel(np.asarray(part.detach() if detached and isinstance(part, torch.Tensor) else part)) for part in parts]
    return np.concatenate([np.real(a) for a in arrays] + [np.imag(a) for a in arrays]).astype(float)


def measure_slopes(drawn: Drawn) -> Slopes:
    """The derivatives of the QNode on plain numbers, by Richardson's extrapolation of central differences in float64."""
    qnode = qnode_of(drawn, None, "default.qubit" if drawn.device == "lightning.qubit" else drawn.device, interface="numpy")
    names, values = list(drawn.arguments), [np.asarray(value, drawn.dtype).astype(float) for value in drawn.arguments.values()]

    def at(position: int, element: int, by: float) -> np.ndarray:
        moved = [value.copy() for value in values]
        moved[position].reshape(-1)[element] += by
        return flat(qnode(*moved))

    rows, errors = [], []
    for position, name in enumerate(names):
        for element in range(values[position].size if name in drawn.trainable else 0):
            quotients = [(at(position, element, h) - at(position, element, -h)) / (2 * h) for h in (4 * STEP, 2 * STEP, STEP)]
            second = [(4 * fine - coarse) / 3 for coarse, fine in zip(quotients, quotients[1:])]
            rows.append((16 * second[1] - second[0]) / 15)
            errors.append(np.abs(second[1] - second[0]) + 4e-16 * 30 / STEP)
    return Slopes(flat(qnode(*values)), np.array(rows), np.array(errors))


def measure_gap(drawn: Drawn, truth: Slopes, device: str, method: str) -> Gap:
    """How far a method's outputs and gradients are from the judge's, along a few random cotangents."""
    wanted = np.random.default_rng(SEED).standard_normal((3, truth.outputs.size))
    exact, error_bar = truth.derivatives @ wanted.T, truth.error @ np.abs(wanted.T)
    scale = float(1 + np.max(np.abs(exact), initial=0.0))
    qnode, arguments = qnode_of(drawn, method, device), tracked(drawn)
    off, words = (np.nan, np.nan), ""
    try:
        outputs = flat(qnode(*arguments), detached=True)
        if outputs.shape != truth.outputs.shape:
            return Gap(np.nan, np.nan, np.nan, scale, f"shape {outputs.shape} for {truth.outputs.shape}")
        off = (float(np.max(np.abs(outputs - truth.outputs))), np.nan)
        through = _through_torch if drawn.interface == "torch" else _through_autograd
        off = (off[0], float(np.max(np.abs(through(qnode, arguments, wanted) - exact))))
    except Exception as error:  # PennyLane's, whatever it is
        words = f"{type(error).__name__}: {str(error)[:200]}"
    return Gap(*off, float(np.max(error_bar)), scale, words)


def _through_torch(qnode: Any, arguments: Sequence[Any], wanted: np.ndarray) -> np.ndarray:
    results = qnode(*arguments)
    parts = [part.reshape(-1) for part in (results if isinstance(results, (tuple, list)) else (results,))]
    imaginary = [part.imag if part.is_complex() else 0 * part for part in parts]
    row = torch.cat([part.real.double() for part in parts] + [part.double() for part in imaginary])
    leaves = [argument for argument in arguments if argument.requires_grad]
    columns = []
    for cotangent in wanted:
        if row.requires_grad:
            got = torch.autograd.grad(row @ torch.tensor(cotangent), leaves, retain_graph=True, materialize_grads=True)
            columns.append(np.concatenate([g.double().reshape(-1).numpy() for g in got]))
        else:
            columns.append(np.zeros(sum(leaf.numel() for leaf in leaves)))
    return np.array(columns).T


def _through_autograd(qnode: Any, arguments: Sequence[Any], wanted: np.ndarray) -> np.ndarray:
    positions = [i for i, argument in enumerate(arguments) if argument.requires_grad]

    def loss(cotangent: np.ndarray) -> Callable[..., Any]:
        def of(*given: Any) -> Any:
            results = qnode(*given)
            several = results if isinstance(results, (tuple, list)) else (results,)
            parts = [qml.math.reshape(part, (-1,)) for part in several]
            row = pnp.concatenate([pnp.real(part) for part in parts] + [pnp.imag(part) for part in parts])
            return pnp.sum(row * cotangent)

        return of

    columns = [grad(loss(cotangent), argnum=positions)(*arguments) for cotangent in wanted]
    return np.array([np.concatenate([np.ravel(np.asarray(g, dtype=float)) for g in column]) for column in columns]).T

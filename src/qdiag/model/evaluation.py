"""What is asked of a method, and what it says: the values `Request` and `Evaluation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol

import numpy as np

from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.measured import UNKNOWN, Measured
from qdiag.model.method import Method
from qdiag.model.option import Option


class Surroundings(Protocol):
    """What every request about a call takes over from it: its `Configuration` says it, and so does a question that varies it."""

    @property
    def interface(self) -> str: ...  # noqa: D102 - as in `Request`, all six

    @property
    def device_wires(self) -> tuple[object, ...]: ...  # noqa: D102

    @property
    def execution_options(self) -> tuple[tuple[str, Option], ...]: ...  # noqa: D102

    @property
    def default_dtype(self) -> str: ...  # noqa: D102

    @property
    def assumed(self) -> str: ...  # noqa: D102

    @property
    def graph(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Request:
    """One evaluation to be made.

    Parameters
    ----------
    circuit, method
        What, and how; the method names its device.
    interface
        ``torch`` · ``autograd`` · ``numpy``: the user's.
    device_wires
        Wires of the user's device; empty to let the circuit decide.
    cotangents
        Any number of cotangents, each with one array (or None) for each output. For a complex output a vector-Jacobian product is
        ``Re(conj(c)·J)``, whatever the interface.
    jacobian
        Whether to form the full Jacobian.
    second
        A seeded direction's Hessian-vector product is wanted as well.
    execution_options
        Keyword arguments of the QNode such as ``mcm_method``.
    seed
        For devices that sample, and methods that are random by construction.
    trusted
        Whether class definitions inside the circuit may be executed.
    default_dtype
        Torch's default dtype while it runs, or "" to leave it; under JAX, whether there are arrays of 64 bits.
    repetition
        Tells deliberate repetitions of one request apart, which no cache may answer.
    cheaply
        Whether a route that costs less than the interface's own will do, such as a device's own vector-Jacobian products.
    assumed
        The precision that the device is taken to work in, where the user says it; "" to measure it.
    as_it_stands
        Whether a batch that a method refuses is left refused, instead of being split into its rows.
    graph
        Whether PennyLane's graph of decomposition rules is switched on.
    as_wired
        Whether a Hadamard test that finds no wire to spare on the device is left refused, instead of being given one.
    """

    circuit: Circuit
    method: Method
    interface: str = "torch"
    device_wires: tuple[object, ...] = ()
    cotangents: tuple[tuple[Optional[np.ndarray], ...], ...] = ()
    jacobian: bool = False
    second: bool = False
    execution_options: tuple[tuple[str, Option], ...] = ()
    seed: int = 0
    trusted: bool = False
    default_dtype: str = ""
    repetition: int = 0
    cheaply: bool = False
    assumed: str = ""
    as_it_stands: bool = False
    as_wired: bool = False
    graph: bool = False

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        method: Method,
        surroundings: Surroundings,
        *,
        trusted: bool,
        cotangents: tuple[tuple[Optional[np.ndarray], ...], ...] = (),
        jacobian: bool = False,
        second: bool = False,
        seed: int = 0,
        repetition: int = 0,
    ) -> Request:
        """A request in a call's surroundings: the only place that says what of them an evaluation depends on.

        Parameters
        ----------
        circuit, method
            What, and how.
        surroundings
            The configuration of the call, or a question that varies it.
        trusted, cotangents, jacobian, second, seed, repetition
            As in the class.
        """
        return cls(
            circuit=circuit,
            method=method,
            interface=surroundings.interface,
            device_wires=surroundings.device_wires,
            cotangents=cotangents,
            jacobian=jacobian,
            second=second,
            execution_options=surroundings.execution_options,
            seed=seed,
            trusted=trusted,
            default_dtype=surroundings.default_dtype,
            graph=surroundings.graph,
            repetition=repetition,
            assumed=surroundings.assumed,
        )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a method says about a circuit.

    Parameters
    ----------
    method
        The method.
    outputs
        One array for each output, in order of return; None where it failed before.
    vjps
        For each cotangent, one array for each trainable parameter, in the order of `Circuit.trainable`; with respect to a complex
        number the slope along its real part plus ``i`` times that along its imaginary part, whatever the interface.
    jacobian
        For each output, one array for each trainable parameter, of shape ``output.shape + parameter.shape``; complex where the
        output is.
    hvp
        The derivative of the vector-Jacobian product along the seeded direction, for each trainable parameter.
    warnings
        Texts of the warnings raised.
    seconds
        Processor time.
    failure
        The exception, where it failed; what had been worked out before is kept.
    norms
        For each output, an upper bound of what its observable can give (its operator norm; 1 for probabilities and states):
        the floor of the scale against which differences are measured.
    notes
        What was done to make it run, such as ``rows evaluated one by one``.
    differenced
        Whether PennyLane's shift rules left a trainable number to finite differences, without a word.
    measured
        What the device's own numbers say of it.
    memory
        Bytes that it took beyond what its process had, at most; 0 where nobody knows.
    """

    method: Method
    outputs: Optional[tuple[np.ndarray, ...]] = None
    vjps: tuple[tuple[np.ndarray, ...], ...] = ()
    jacobian: Optional[tuple[tuple[np.ndarray, ...], ...]] = None
    hvp: Optional[tuple[np.ndarray, ...]] = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    failure: Optional[Failure] = None
    norms: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    differenced: bool = False
    measured: Measured = UNKNOWN
    memory: int = 0

    @property
    def takes_differences(self) -> bool:
        """Whether a derivative in it is a difference quotient, by name or without a word."""
        return self.method.diff_method == "finite-diff" or self.differenced

    @property
    def takes_second_differences(self) -> bool:
        """Whether a second derivative in it is a difference quotient of such: it divides rounding by the step twice and says nothing.

        Where finite differences are made for one derivative, it is the zero of a constant, and no noise.
        """
        once = self.method.diff_method == "finite-diff" and ("max_diff", 1) in self.method.gradient_options
        return self.takes_differences and not once


CASTING = "Casting complex values to real"
"""Torch's warning, as far as its versions agree on the words."""


@dataclass(frozen=True)
class Casts:
    """Where torch turned complex numbers into real ones.

    Parameters
    ----------
    forward, backward
        Whether torch warned of it in the call itself, and in its backward pass.
    imaginary, real
        The largest imaginary and real part of the gradients that came back complex to a cast from real to complex.
    """

    forward: bool
    backward: bool
    imaginary: float = 0.0
    real: float = 0.0

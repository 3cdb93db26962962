"""Keys: by what a circuit and a request are known, in files and in memory. Equal keys, equal circuits and equal questions.

A key is the SHA-256 of everything that an evaluation depends on but the stack. Evaluations of earlier runs are stored under these
keys, and a circuit's random cotangents are drawn from its key: what is hashed is written out here and never changes. Circuits and
requests are never changed either, so that a key is worked out once for each of them.
"""

from __future__ import annotations

from typing import Optional
from weakref import WeakKeyDictionary

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import Method
from qdiag.trace import bound
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton

_written: WeakKeyDictionary[Circuit, tuple[str, tuple[np.ndarray, ...]]] = WeakKeyDictionary()
_of_circuits: WeakKeyDictionary[Circuit, str] = WeakKeyDictionary()
_of_requests: WeakKeyDictionary[Request, Optional[str]] = WeakKeyDictionary()


def circuit_key(circuit: Circuit) -> str:
    """The key of a circuit's structure, numbers and notes.

    Raises
    ------
    CircuitFormatError
        If the circuit holds something that no circuit can hold.
    """
    key = _of_circuits.get(circuit)
    if key is None:
        text, numbers = split_circuit(circuit)
        key = _of_circuits[circuit] = bound.sha256(text.encode() + pack(numbers)).hexdigest()
    return key


def request_key(request: Request) -> Optional[str]:
    """The key of a request, or None where its circuit cannot be stored."""
    if request not in _of_requests:
        try:
            _of_requests[request] = _digest(request)
        except CircuitFormatError:
            _of_requests[request] = None
    return _of_requests[request]


def split_circuit(circuit: Circuit) -> tuple[str, tuple[np.ndarray, ...]]:
    """As `skeleton`, worked out once: the requests that are made of one circuit share it."""
    known = _written.get(circuit)
    if known is None:
        if circuit.form is circuit:
            known = skeleton(circuit)
        else:
            known = split_circuit(circuit.form)[0], tuple([parameter.value for parameter in circuit.parameters])
        _written[circuit] = known
    return known


def _digest(request: Request) -> str:
    text, numbers = split_circuit(request.circuit)
    given = [cotangent for cotangents in request.cotangents for cotangent in cotangents]
    arrays = pack([*numbers, *(None if array is None else np.asarray(array) for array in given)])
    counts = [len(cotangents) for cotangents in request.cotangents]
    digest = bound.sha256(f"{_words(request)}{_convention(request)}\n{counts}\n{text}\n".encode())
    digest.update(arrays)
    return digest.hexdigest()


def _convention(request: Request) -> str:
    """Earlier versions kept autograd's convention for complex numbers: what they stored answers another question."""
    given = [cotangent for cotangents in request.cotangents for cotangent in cotangents if cotangent is not None]
    values = [parameter.value for parameter in request.circuit.parameters if parameter.trainable]
    return "torch's convention" if request.interface == "autograd" and any(map(np.iscomplexobj, (*given, *values))) else ""


def _words(request: Request) -> str:
    """All of a request but its arrays. A field that is added later is written only where it is not at its default."""
    return (
        f"Request(circuit=None, method={_method_words(request.method)}, interface={request.interface!r}, "
        f"device_wires={request.device_wires!r}, cotangents=(), jacobian={request.jacobian!r}, second={request.second!r}, "
        f"execution_options={request.execution_options!r}, seed={request.seed!r}, trusted={request.trusted!r}, "
        f"default_dtype={request.default_dtype!r}, repetition={request.repetition!r}{', cheaply=True' if request.cheaply else ''}"
        f"{f', assumed={request.assumed!r}' if request.assumed else ''}{', as_it_stands' if request.as_it_stands else ''}"
        f"{', as_wired' if request.as_wired else ''}{', graph' if request.graph else ''})"
    )


def _method_words(method: Method) -> str:
    return (
        f"Method(device={method.device!r}, diff_method={method.diff_method!r}, precision={method.precision!r}, "
        f"device_precision={method.device_precision!r}, device_options={method.device_options!r}, "
        f"gradient_options={method.gradient_options!r}{f', placement={method.placement!r}' if method.placement else ''}"
        f"{f', compiled={method.compiled!r}' if method.compiled else ''})"
    )

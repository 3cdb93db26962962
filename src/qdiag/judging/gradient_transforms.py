"""Gradients that a script asks for by a transform: ``qml.gradients.finite_diff(circuit)(x)`` gives slopes, and no result.

The trace holds the circuit that was differentiated, and the transform is what a ``diff_method`` does. So such a call is asked about as
one of the same QNode under that method, by all that the circuit counts as trainable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.model.call import Call
from qdiag.model.transform_families import TransformKind
from qdiag.model.variants import as_marked

METHODS = {"finite_diff": "finite-diff", "param_shift": "parameter-shift", "hadamard_grad": "hadamard"}
"""What each transform does, as a ``diff_method``."""


def as_differentiated(call: Call) -> Optional[Call]:
    """A call of a gradient transform as one of its QNode, under the method that works out the same; None for any other call.

    None, too, where parts of the gradient were left out, where nothing counts as trainable, and where the circuit went through other
    transforms that make something else of it.
    """
    configuration = call.configuration
    name, circuit = configuration.remade_by, as_marked(call.written or call.circuit)
    given = {key.partition(".")[2]: value for key, value in configuration.transform_options if value is not None}
    plain = not configuration.transforms_of(TransformKind.CHANGING, TransformKind.UNKNOWN) and "argnum" not in given
    if name not in METHODS or not plain or not circuit.trainable or call.failure is not None:
        return None
    method = METHODS[name]
    options = tuple(sorted(option for option in given.items() if option[0] != "hybrid"))
    bare = replace(configuration, transforms=(), transform_kinds=(), transform_options=())
    asked = replace(bare, requested=method, resolved=method, gradient_options=options)
    return replace(call, circuit=circuit, written=None, configuration=asked, outputs=None, backwards=())

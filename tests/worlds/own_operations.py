"""Operations as a plugin has them: one that is right, and one whose rule for shifts has forgotten a frequency."""

from __future__ import annotations

from typing import Any, ClassVar

import pennylane as qml


class Turned(qml.operation.Operation):
    """A rotation about Y."""

    num_params, num_wires, ndim_params = 1, 1, (0,)
    grad_method = "A"
    parameter_frequencies: ClassVar = [(1,)]

    @staticmethod
    def compute_decomposition(angle: Any, wires: Any) -> list[Any]:
        return [qml.RY(angle, wires=wires)]


class Forgetful(qml.operation.Operation):
    """A controlled rotation, which has two frequencies and says one."""

    num_params, num_wires, ndim_params = 1, 2, (0,)
    grad_method = "A"
    parameter_frequencies: ClassVar = [(1,)]

    @staticmethod
    def compute_decomposition(angle: Any, wires: Any) -> list[Any]:
        return [qml.CRY(angle, wires=wires)]

    @staticmethod
    def compute_matrix(angle: Any) -> Any:
        return qml.CRY.compute_matrix(angle)

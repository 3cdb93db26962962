"""What a transform on a QNode means to do to its circuit: the one table that all rooms ask.

PennyLane says of some transforms that they make results of another kind (`bridges/live/transform_kinds.py` asks); of the others it says
only in which of its packages they live. So the packages, and the names of those whose package holds several kinds, are written down
here, once. `tests/bridge/test_transform_families.py` asks the installed PennyLane about each transform that it ships, so that a new one
is missed by a test before it is missed by a user. What is not PennyLane's is a user's own, about which nothing is known.
"""

from __future__ import annotations

from enum import Enum


class TransformKind(str, Enum):
    """What a transform promises; the value is how a trace says it."""

    PRESERVING = "preserving"
    """The results are those of the circuit as written, and so are their derivatives."""

    CHANGING = "changing"
    """The circuit is meant to be another one: noise, folding, cutting, approximating, renaming of wires."""

    REMAKING = "remaking"
    """The results are of another kind, worked out from circuits of the transform's own: gradients, metric tensors, shadows."""

    INSTRUCTED = "instructed"
    """The same promise, kept by rules that the user's own functions give it."""

    UNKNOWN = "unknown"
    """A user's own."""


PACKAGES = (
    ("pennylane.gradients", TransformKind.REMAKING),
    ("pennylane.fourier", TransformKind.REMAKING),
    ("pennylane.shadows", TransformKind.REMAKING),
    ("pennylane.debugging", TransformKind.REMAKING),
    ("pennylane.noise", TransformKind.CHANGING),
    ("pennylane.qcut", TransformKind.CHANGING),
    ("pennylane.optimize", TransformKind.CHANGING),
    ("pennylane.transforms.qcut", TransformKind.CHANGING),
    ("pennylane.transforms.optimization", TransformKind.PRESERVING),
    ("pennylane.transforms.zx", TransformKind.PRESERVING),
)
"""Packages of PennyLane whose transforms are all of one kind."""

PRESERVING = frozenset(
    ["broadcast_expand", "cancel_inverses", "combine_global_phases", "commute_controlled", "compile"]
    + ["convert_to_numpy_parameters", "decompose", "defer_measurements", "diagonalize_measurements", "dynamic_one_shot"]
    + ["expand_fn", "expand_invalid_trainable", "hamiltonian_expand", "match_controlled_iX_gate", "match_relative_phase_toffoli"]
    + ["merge_amplitude_embedding", "merge_rotations", "pattern_matching_optimization", "remove_barrier", "resolve_dynamic_wires"]
    + ["rowcol", "sign_expand", "simplify", "single_qubit_fusion", "split_non_commuting", "split_to_single_terms", "sum_expand"]
    + ["transpile", "undo_swaps", "unitary_to_rot"]
)
"""Those of other packages, or of traces that do not say which, that leave the results alone."""

CHANGING = frozenset(
    ["add_noise", "apply_controlled_Q", "batch_input", "batch_params", "clifford_t_decomposition", "cut_circuit", "cut_circuit_mc"]
    + ["fold_global", "insert", "map_wires", "mitigate_with_zne", "quantum_monte_carlo", "rz_phase_gradient"]
)
"""Those of other packages that are meant to change the circuit, or what comes of it."""

REMAKING = frozenset(
    ["adjoint_metric_tensor", "circuit_spectrum", "classical_fisher", "metric_tensor", "quantum_fisher", "shadow_expval"]
    + ["shadow_state", "snapshots"]
)
"""Those of other packages, or of other versions, whose results are of another kind."""

METRIC_TENSORS = frozenset({"adjoint_metric_tensor", "metric_tensor"})
"""Their result is the Fubini-Study metric of the circuit's state."""

OF_GRADIENTS = frozenset(
    ["finite_diff", "hadamard_grad", "param_shift", "param_shift_cv", "param_shift_hessian", "spsa_grad", "stoch_pulse_grad"]
)
"""What is called by way of ``qml.gradients``."""


def kind_by_name(name: str, module: str = "pennylane.transforms") -> TransformKind:
    """What a transform means to do, by its name and the module in which it is defined."""
    if module != "pennylane" and not module.startswith("pennylane."):
        return TransformKind.UNKNOWN
    for package, kind in PACKAGES:
        if module == package or module.startswith(f"{package}."):
            return kind
    families = ((PRESERVING, TransformKind.PRESERVING), (CHANGING, TransformKind.CHANGING), (REMAKING, TransformKind.REMAKING))
    return next((kind for family, kind in families if name in family), TransformKind.UNKNOWN)


def spelt(name: str) -> str:
    """A transform of PennyLane's that makes results of another kind, as its user calls it."""
    return f"qml.gradients.{name}" if name in OF_GRADIENTS else f"qml.{name}"

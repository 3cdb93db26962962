"""The passes: what may be tried to make a circuit smaller, most rewarding first. Each only proposes; `search` decides."""

from __future__ import annotations

import math

from qdiag.proving.minimizing.changes import Pass
from qdiag.proving.minimizing.deletion import one_by_one, thin_out, try_all
from qdiag.proving.minimizing.passes.batch_axis import drop_batch_axis, drop_rows, drop_shots
from qdiag.proving.minimizing.passes.parts import delete_operations, drop_measurements, drop_terms, return_plainly
from qdiag.proving.minimizing.passes.rebuild import rebuild
from qdiag.proving.minimizing.passes.simpler_gates import expand, peel, simplify_gates, simplify_observables
from qdiag.proving.minimizing.passes.simpler_numbers import (
    freeze_parameters,
    plain_containers,
    round_numbers,
    set_numbers,
    simplify_matrices,
    simplify_states,
    widen_precision,
)
from qdiag.proving.minimizing.passes.wires import merge_wires, narrow, relabel

PASSES: tuple[Pass, ...] = (
    Pass("cut after and before, delete operations", delete_operations, thin_out),
    Pass("drop measurements", drop_measurements, thin_out),
    Pass("drop rows of the batch", drop_rows, thin_out),
    Pass("drop the batch axis", drop_batch_axis, one_by_one),
    Pass("drop terms and factors", drop_terms, thin_out),
    Pass("turn trainable parameters into constants", freeze_parameters, thin_out),
    Pass("expand templates and decompositions", expand, thin_out, enlarges=True),
    Pass("rebuild around one operation", rebuild, thin_out, enlarges=True),
    Pass("peel adjoint, ctrl, pow, exp", peel, try_all),
    Pass("act on fewer wires", narrow, try_all),
    Pass("replace gates by simpler ones", simplify_gates, try_all),
    Pass("replace observables by Pauli operators", simplify_observables, try_all),
    Pass("merge wires", merge_wires, one_by_one),
    Pass("relabel wires from 0", relabel, one_by_one),
    Pass("drop shots", drop_shots, one_by_one),
    Pass("return a lone measurement as such", return_plainly, one_by_one),
    Pass("use float64", widen_precision, try_all),
    Pass("use plain Python numbers", plain_containers, try_all),
    Pass("replace matrices by the identity", simplify_matrices, one_by_one),
    Pass("replace states by basis states", simplify_states, one_by_one),
    Pass("set numbers to 0", set_numbers(0.0), try_all),
    Pass("set numbers to 1", set_numbers(1.0), try_all),
    Pass("set numbers to -1", set_numbers(-1.0), try_all),
    Pass("set numbers to pi", set_numbers(math.pi), try_all),
    Pass("set numbers to pi/2", set_numbers(math.pi / 2), try_all),
    Pass("set numbers to pi/4", set_numbers(math.pi / 4), try_all),
    Pass("round numbers to 1 digit", round_numbers(1), try_all),
    Pass("round numbers to 2 digits", round_numbers(2), try_all),
    Pass("round numbers to 3 digits", round_numbers(3), try_all),
    Pass("round numbers to 5 digits", round_numbers(5), try_all),
    Pass("round numbers to 8 digits", round_numbers(8), try_all),
)
"""In which order; a new pass is a line here, a function in this package, and a row in its table test."""

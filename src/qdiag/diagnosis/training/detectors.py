"""The detectors of family QD8, in the order in which their remarks are told. Each looks at a whole training after it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from qdiag.diagnosis.causes.around_the_qnode import (
    GRAPHLESS_OUTPUT,
    NO_GRADIENT,
    OTHER_TENSORS,
    PASSED_BY,
    UNTRACKED,
    VANISHING,
    WRONG_SLOPE,
    ZERO_COTANGENT,
)
from qdiag.diagnosis.causes.singular_points import NOT_A_NUMBER
from qdiag.diagnosis.training import (
    axes,
    baked_values,
    graphless_output,
    integer_parameters,
    mapped_rows,
    no_gradient,
    not_finite,
    old_results,
    other_tensors,
    passed_by,
    switched_off,
    trained_data,
    unheld_layer,
    untracked,
    unused_gradient,
    vanishing,
    wrong_slopes,
    zero_cotangents,
)
from qdiag.diagnosis.training.history import History
from qdiag.model.comparison import Verdict
from qdiag.model.remarks import Remark

Detector = Callable[[History], Iterator[Remark]]
"""Looks at a training, and says what is amiss."""

DETECTORS: tuple[Detector, ...] = (
    not_finite.remarks,
    baked_values.remarks,
    mapped_rows.remarks,
    integer_parameters.remarks,
    zero_cotangents.remarks,
    no_gradient.remarks,
    untracked.remarks,
    graphless_output.remarks,
    passed_by.remarks,
    other_tensors.remarks,
    trained_data.remarks,
    unheld_layer.remarks,
    unused_gradient.remarks,
    switched_off.remarks,
    axes.remarks,
    wrong_slopes.remarks,
    old_results.remarks,
    vanishing.remarks,
)
"""Every detector, an entry a line."""

SAYS_MORE: Mapping[str, tuple[str, ...]] = {
    NO_GRADIENT.code: (ZERO_COTANGENT.code, UNTRACKED.code),
    OTHER_TENSORS.code: (PASSED_BY.code,),
    VANISHING.code: (NOT_A_NUMBER.code,),
    WRONG_SLOPE.code: (NO_GRADIENT.code, ZERO_COTANGENT.code),
    GRAPHLESS_OUTPUT.code: (ZERO_COTANGENT.code, NO_GRADIENT.code, UNTRACKED.code),
}
"""Cause → those that say more of the same trouble: where one of them is told of a QNode, the cause itself is not."""


def without_echoes(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """Remarks, each break of a way back told once: by the cause that says most, and an error in any case."""

    def is_echo(remark: Remark) -> bool:
        better = SAYS_MORE.get(remark.diagnosis.code, ())
        about = {*remark.qnodes}
        return remark.verdict is not Verdict.ERROR and any(
            other.diagnosis.code in better and about & {*other.qnodes} for other in remarks
        )

    return tuple(remark for remark in remarks if not is_echo(remark))

"""QD7: two trainings part although every call agrees. Established by twin runs, not by a single call."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Symptoms


def _by_twins_only(_: Symptoms) -> bool:
    """No single call shows it: `qdiag twin` names these causes."""
    return False


AMPLIFIED = Cause(
    code="QD701",
    slug="rounding-amplified",
    title="rounding amplified by training",
    explanation="""Every call agrees to rounding, and yet the losses part: the training multiplies any difference by a constant
        factor a step,
        because its steps are too large for it to be stable. A nudge of one ulp under one and the same method does the same.""",
    example="""
        opt = torch.optim.Adam(model.parameters(), lr=0.01)     # a gap of 1e-7 grows by a quarter each step
        """,
    confirmed_by="""A second training under the same method with one weight nudged by one ulp parts as early and as far; with the
        QNode in
        float64 the other method's training comes back.""",
    remedy="compare methods at fixed points, or in float64, or over several seeds; a smaller learning rate removes the growth",
    applies=_by_twins_only,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
)

NOT_SEEDED = Cause(
    code="QD702",
    slug="script-not-seeded",
    title="script not seeded",
    explanation="""Two runs of the unchanged script differ: a random stream (torch, numpy, Python) starts from somewhere else each
        time.""",
    example="""
        weights = torch.rand(4)                       # without torch.manual_seed
        """,
    confirmed_by="""The unchanged script, run twice, gives other weights or inputs at the first call.""",
    remedy="torch.manual_seed(0); numpy.random.seed(0); random.seed(0) at the top",
    applies=_by_twins_only,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
)

OTHER_DATA = Cause(
    code="QD703",
    slug="runs-saw-different-data",
    title="the runs saw different data",
    explanation="""The two trainings were fed different data, or the same in another order: nothing about methods can be concluded.""",
    example="""
        DataLoader(data, shuffle=True)                # without a generator
        """,
    confirmed_by="""The inputs of the first call that differs are different before any parameter is.""",
    remedy="fix the order and the split of the data: pass a seeded generator",
    applies=_by_twins_only,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
)

CAUSES = (AMPLIFIED, NOT_SEEDED, OTHER_DATA)

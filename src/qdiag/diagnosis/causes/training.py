"""QD7: two trainings part although every call agrees. Established by twin runs, not by a single call."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Place
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.findings import ScriptKind
from qdiag.model.twin_training import PartingCause


def _by_twins_only(_: Symptoms) -> bool:
    """No single call shows it: `qdiag twin` names these causes."""
    return False


AMPLIFIED = Cause(
    code="QD701",
    slug="rounding-amplified",
    title="rounding amplified by training",
    remedy="compare methods at fixed points, or in float64, or over several seeds; a smaller learning rate removes the growth",
    applies=_by_twins_only,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
    sits=Place.TRAINING,
    fileable=False,
    script=ScriptKind.TRAINING_LOOP,
    parting=PartingCause.AMPLIFIED,
)

NOT_SEEDED = Cause(
    code="QD702",
    slug="script-not-seeded",
    title="script not seeded",
    remedy="torch.manual_seed(0); numpy.random.seed(0); random.seed(0) at the top",
    applies=_by_twins_only,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
    sits=Place.TRAINING,
    fileable=False,
    parting=PartingCause.NOT_SEEDED,
)

OTHER_DATA = Cause(
    code="QD703",
    slug="runs-saw-different-data",
    title="the runs saw different data",
    remedy="fix the order and the split of the data: pass a seeded generator",
    applies=_by_twins_only,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
    sits=Place.TRAINING,
    fileable=False,
    parting=PartingCause.OTHER_DATA,
)

CAUSES = (AMPLIFIED, NOT_SEEDED, OTHER_DATA)

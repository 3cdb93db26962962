"""QD4: the parameter and the result are not connected as the user thinks."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Scene, flips, leaves
from qdiag.diagnosis.causes.rules import where_it_is_dropped
from qdiag.diagnosis.experiments import NUDGED_FAR, frozen

DETACHED = Cause(
    code="QD401",
    slug="detached-on-the-way",
    title="detached on the way (user code, layer, or inside an operation)",
    explanation="""The result depends on an argument, but its gradient is cut off before it reaches the circuit: by .item(),
        .detach(), float(),
        numpy, a layer, or the constructor of an operation. Every method agrees, and every method is wrong.""",
    example="""
        @qml.qnode(dev, interface="torch")
        def circuit(x):
            qml.RX(x.item(), wires=0)                 # a Python float from here on
            return qml.expval(qml.PauliZ(0))
        """,
    confirmed_by="""The numerical derivative with respect to the argument (or parameter) is not zero, the methods say exactly zero, and
        no graph leads from the result to it: the circuit holds no trainable parameter that depends on the argument, or the operation's
        matrix is worked out without the interface. Without what cuts the graph the gap is gone; far from the point it stays.""",
    remedy="keep tensors as tensors up to the gate: no .item(), .detach(), float() or numpy on the way",
    applies=lambda scene: scene.signature in ("vjp", "jacobian") and (_argument(scene) or _cut_inside(scene)),
    predicts=lambda scene: (*flips(where_it_is_dropped(scene)), *leaves(NUDGED_FAR)) if _cut_inside(scene) else (),
    because=lambda scene: (
        f"{scene.blamed.name if scene.blamed else 'an operation'} works out its result outside of the interface's graph"
        if _cut_inside(scene)
        else "the QNode's result moves with its argument, but no trainable parameter of the circuit does"
    ),
)


def _argument(scene: Scene) -> bool:
    """Whether the QNode itself was probed, and it is one of its arguments whose gradient is wrong, wherever it stands."""
    elsewhere = "without its transforms" in scene.comparison.detail or "another structure" in scene.divergence.judged
    return "argument" in scene.comparison.element and not elsewhere


def _cut_inside(scene: Scene) -> bool:
    """Backprop has no rule of its own that could be wrong: a gradient of exactly zero means that the graph is cut in the circuit."""
    return bool(scene.lost) and scene.involves("backprop")


TRAINABLE_SETS = Cause(
    code="QD402",
    slug="trainable-sets-differ",
    title="trainable sets differ",
    explanation="""The two methods do not differentiate with respect to the same parameters: one counts a constant (an observable's
        matrix, a
        unitary, data) among the trainable ones, or leaves one out.""",
    example="""
        qml.expval(qml.Hermitian(A, wires=0))         # A = pnp.array(...) has requires_grad=True unless told otherwise
        """,
    confirmed_by="""With the parameters frozen that only one side counts, the gap is gone.""",
    remedy="requires_grad=False on data and observables",
    applies=lambda scene: scene.signature == "shape",
    predicts=lambda scene: (),
    because=lambda scene: "the two methods return gradients for different sets of parameters",
)

NOT_FOLLOWED = Cause(
    code="QD403",
    slug="method-not-followed",
    title="method not followed",
    explanation="""The QNode does not use the differentiation method that was asked for: PennyLane or the device replaced it, or
        'best' was
        resolved to something else than expected.""",
    example="""
        qml.QNode(f, dev, diff_method="best").diff_method
        """,
    confirmed_by="""The method in force at the recorded call is not the one that was requested; under the requested one the call
        gives the
        other result.""",
    remedy="name the method: diff_method=\"adjoint\"",
    applies=lambda scene: bool(scene.call.configuration.requested)
    and scene.call.configuration.requested not in ("best", "device", scene.call.configuration.resolved)
    and scene.numeric,
    predicts=lambda scene: (),
    because=lambda scene: (
        f"{scene.call.configuration.requested} was requested, {scene.call.configuration.resolved} was used"
    ),
)

INVISIBLE = Cause(
    code="QD404",
    slug="parameter-invisible",
    title="parameter invisible to the circuit (hidden in a hyperparameter)",
    explanation="""A trainable number sits inside an operation where PennyLane's tape does not look: the coefficients of an evolution's
        Hamiltonian, an operator inside a template. Methods that work on the tape's parameters do not see it and return zero; backprop
        differentiates through the matrix and is right. Several methods agree and are wrong together.""",
    example="""
        H = qml.dot(couplings, [qml.PauliX(0), qml.PauliZ(0)])      # couplings is trainable
        qml.evolve(H, 0.7)                                          # the tape sees 0.7 only
        """,
    confirmed_by="""The parameter is not among the tape's; with it frozen all methods agree, with all others frozen the gap stays.""",
    remedy="""diff_method="backprop"; or put the coefficients where gates carry them: one gate for each term, qml.TrotterProduct""",
    applies=lambda scene: scene.derivative and bool(set(scene.hidden) & set(scene.apart)),
    predicts=lambda scene: (*flips(frozen("hidden parameters", scene.hidden)), *leaves(NUDGED_FAR)),
    because=lambda scene: (
        f"a trainable parameter of {scene.blamed.name if scene.blamed else 'an operation'} is not among the tape's parameters"
    ),
)

CAUSES = (INVISIBLE, DETACHED, TRAINABLE_SETS, NOT_FOLLOWED)

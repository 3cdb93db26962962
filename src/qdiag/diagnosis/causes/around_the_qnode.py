"""QD8: the training around the QNode, told from recorded losses, optimisers and cotangents; comparing methods shows none of it."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Place
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Verdict


def _by_the_training_only(_: Symptoms) -> bool:
    """No pair of methods shows it: `qdiag.diagnosis.training` names these causes."""
    return False


def _cause(code: str, slug: str, title: str, remedy: str) -> Cause:
    """A cause that lies in the script, and that no experiment on a circuit shows."""
    return Cause(
        code=code,
        slug=slug,
        title=title,
        remedy=remedy,
        applies=_by_the_training_only,
        predicts=lambda symptoms: (),
        because=lambda symptoms: "",
        verdicts=(Verdict.REMARK, Verdict.ERROR),
        sits=Place.SCRIPT,
        fileable=False,
    )


NO_GRADIENT = _cause(
    "QD801",
    "parameter-gets-no-gradient",
    "a parameter of the optimiser gets no gradient",
    "keep the parameter itself in the graph up to the loss: no .detach(), .data, .item(), torch.tensor(...) or numpy on the way",
)
ZERO_COTANGENT = _cause(
    "QD802",
    "cotangent-zero-throughout",
    "the loss sends the QNode no gradient",
    "put the outputs themselves into the loss: sign, round, argmax, clamp and saturated layers have a derivative of zero",
)
UNTRACKED = _cause(
    "QD803",
    "nothing-is-tracked",
    "the QNode is called with untracked numbers throughout",
    "mark what is trained: pennylane.numpy arrays with requires_grad=True, or torch tensors with requires_grad=True",
)
GRAPHLESS_OUTPUT = _cause(
    "QD804",
    "output-without-a-graph",
    "an output without a graph is put into the loss",
    "train on expval, var or probs: samples, counts and measured values carry no gradient",
)
OTHER_TENSORS = _cause(
    "QD805",
    "optimiser-holds-other-tensors",
    "the optimiser holds other tensors than the QNode is called with",
    "make the optimiser after the parameters have their final place, and change them in place",
)
AXES = _cause(
    "QD806",
    "axes-between-data-circuit-and-loss",
    "axes of data, circuit and loss do not fit",
    "give each angle one number a row, and the loss prediction and target of one shape",
)
VANISHING = _cause(
    "QD807",
    "gradient-right-and-vanishing",
    "the gradient is right, and vanishes",
    "measure where the parameter reaches, start near the identity, use fewer layers, or more shots",
)
UNUSED_GRADIENT = _cause(
    "QD808",
    "step-does-not-use-the-gradient",
    "the step does not use the gradient",
    "for each step: optimizer.zero_grad(), loss.backward(), optimizer.step(), with a learning rate above zero",
)
BAKED_IN = _cause(
    "QD809",
    "value-baked-in",
    "a compiled function goes on with a value that has changed since",
    "hand what changes to the compiled function as an argument; what decides which gates there are, as a static one (static_argnames)",
)
MAPPED_ROWS = _cause(
    "QD810",
    "rows-of-a-vmap",
    "rows of a vmap come out otherwise than by themselves",
    "row by row (jax.lax.map, or a loop), or another diff_method; and report it to PennyLane",
)
TRAINED_DATA = _cause(
    "QD811",
    "data-is-trained",
    "the optimiser trains the data, too",
    "requires_grad=False for data and targets, or a cost of the weights alone: opt.step(lambda w: cost(w, X, Y), weights)",
)
WRONG_SLOPE = _cause(
    "QD812",
    "gradient-is-not-the-slope",
    "a gradient is not the slope of its loss",
    "keep tensors as tensors up to the loss: torch.stack and indexing, no .tolist(), numpy or torch.tensor(...) on the way; where "
    "numbers are to be held, .detach() says so",
)
PASSED_BY = _cause(
    "QD813",
    "weights-pass-their-parametrisation-by",
    "what is made of a layer's weights passes its circuit by",
    "a module of your own that holds the weights and calls the QNode with them, circuit(x, self.weights), instead of a TorchLayer; or "
    "make it of them inside the quantum function",
)

CAUSES = (
    NO_GRADIENT,
    ZERO_COTANGENT,
    UNTRACKED,
    GRAPHLESS_OUTPUT,
    OTHER_TENSORS,
    AXES,
    VANISHING,
    UNUSED_GRADIENT,
    BAKED_IN,
    MAPPED_ROWS,
    TRAINED_DATA,
    WRONG_SLOPE,
    PASSED_BY,
)

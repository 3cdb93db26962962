"""Random quantum functions as Python text: templates, chemistry's gates, wraps, broadcasting, measurements of every kind, also midway.

What is drawn is the text that a user would have written, and the numbers it is called with: so one circuit can be printed, run and
repeated alone, by its number. A line of a table below is such a text with holes: ``<a>`` a number, ``<b>`` a number or a batch of
them, ``<t(2,n,3)>`` a tensor of that shape, ``<p>`` a probability, ``<c>`` a constant, ``<0>`` ``<1>`` ... wires in random order,
``<W>`` all of them, ``<O>`` an observable, ``<G>`` another gate. It shares nothing with `tests.benchmarks.healthy`, so that what one
cannot see the other may.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

GATES = """
qml.RX(<b>, wires=<0>)
qml.RY(<b>, wires=<0>)
qml.RZ(<b>, wires=<0>)
qml.PhaseShift(<b>, wires=<0>)
qml.U1(<b>, wires=<0>)
qml.U2(<a>, <a>, wires=<0>)
qml.U3(<a>, <a>, <a>, wires=<0>)
qml.Rot(<a>, <a>, <a>, wires=<0>)
qml.Hadamard(<0>)
qml.SX(<0>)
qml.T(<0>)
qml.GlobalPhase(<a>)
qml.CNOT([<0>, <1>])
qml.CH([<0>, <1>])
qml.SISWAP([<0>, <1>])
qml.ECR([<0>, <1>])
qml.CRX(<b>, wires=[<0>, <1>])
qml.CRY(<b>, wires=[<0>, <1>])
qml.CRZ(<b>, wires=[<0>, <1>])
qml.CRot(<a>, <a>, <a>, wires=[<0>, <1>])
qml.ControlledPhaseShift(<b>, wires=[<0>, <1>])
qml.CPhaseShift01(<b>, wires=[<0>, <1>])
qml.IsingXX(<b>, wires=[<0>, <1>])
qml.IsingYY(<b>, wires=[<0>, <1>])
qml.IsingZZ(<b>, wires=[<0>, <1>])
qml.IsingXY(<b>, wires=[<0>, <1>])
qml.PSWAP(<b>, wires=[<0>, <1>])
qml.SingleExcitation(<b>, wires=[<0>, <1>])
qml.SingleExcitationPlus(<b>, wires=[<0>, <1>])
qml.SingleExcitationMinus(<b>, wires=[<0>, <1>])
qml.FermionicSWAP(<b>, wires=[<0>, <1>])
qml.Toffoli([<0>, <1>, <2>])
qml.CSWAP([<0>, <1>, <2>])
qml.DoubleExcitation(<b>, wires=[<0>, <1>, <2>, <3>])
qml.DoubleExcitationPlus(<b>, wires=[<0>, <1>, <2>, <3>])
qml.DoubleExcitationMinus(<b>, wires=[<0>, <1>, <2>, <3>])
qml.OrbitalRotation(<b>, wires=[<0>, <1>, <2>, <3>])
qml.MultiRZ(<a>, wires=<W>)
qml.PauliRot(<a>, "XY", wires=[<0>, <1>])
qml.PauliRot(<a>, "ZIX", wires=[<0>, <1>, <2>])
qml.PCPhase(<a>, dim=3, wires=[<0>, <1>])
qml.MultiControlledX([<0>, <1>, <2>], control_values=[0, 1])
qml.DiagonalQubitUnitary(qml.math.exp(1j * qml.math.cast(<t(2,)>, "complex128")), wires=<0>)
qml.QubitUnitary(np.array([[0.6, 0.8], [-0.8, 0.6]]), wires=<0>)
qml.ControlledQubitUnitary(np.array([[0.6, 0.8j], [0.8j, 0.6]]), wires=[<0>, <1>])
""".strip().split("\n")

WRAPS = """
qml.adjoint(<G>)
qml.adjoint(qml.adjoint(<G>))
qml.ctrl(<G>, control="c")
qml.ctrl(<G>, control="c", control_values=[0])
qml.ctrl(qml.adjoint(<G>), control=["c", "d"], control_values=[1, 0])
qml.pow(<G>, 2)
qml.pow(<G>, -1)
qml.pow(<G>, 3)
qml.pow(qml.RX(<a>, wires=<0>), 0.5)
qml.pow(qml.IsingZZ(<a>, wires=[<0>, <1>]), 1.5)
qml.prod(<G>, <G>)
qml.adjoint(qml.prod(<G>, <G>))
qml.ctrl(qml.prod(<G>, <G>), control="c")
qml.exp(qml.X(<0>) @ qml.Y(<1>), 1j * <a>)
qml.exp(qml.X(<0>) @ qml.Z(<1>), -0.7j * <a>)
qml.evolve(qml.X(<0>) @ qml.Z(<1>), <a>)
qml.evolve(0.4 * qml.X(<0>) @ qml.Z(<1>) + 0.3 * qml.Y(<0>), <a>)
qml.evolve(qml.dot([<a>, 0.5], [qml.X(<0>), qml.Z(<0>)]), 0.8)
qml.change_op_basis(qml.RY(<a>, wires=<0>), qml.CNOT([<0>, <1>]))
qml.ctrl(qml.evolve(qml.Z(<0>), <a>), control="c")
""".strip().split("\n")

TEMPLATES = """
qml.AngleEmbedding(<t(n,)>, wires=<W>, rotation="Y")
qml.IQPEmbedding(<t(n,)>, wires=<W>, n_repeats=2)
qml.QAOAEmbedding(<t(n,)>, <t(1,2*n if n>2 else (3 if n==2 else 1))>, wires=<W>)
qml.BasicEntanglerLayers(<t(2,n)>, wires=<W>, rotation=qml.RZ)
qml.StronglyEntanglingLayers(<t(1,n,3)>, wires=<W>)
qml.SimplifiedTwoDesign(<t(n,)>, <t(1,n-1,2)>, wires=<W>)
qml.RandomLayers(<t(1,4)>, wires=<W>, seed=7)
qml.ParticleConservingU1(<t(1,n-1,2)>, wires=list(range(len(<W>))), init_state=one(len(<W>)))
qml.ParticleConservingU2(<t(1,2*n-1)>, wires=<W>, init_state=one(len(<W>)))
qml.GateFabric(<t(1,1,2)>, wires=[<0>, <1>, <2>, <3>], init_state=two, include_pi=True)
qml.kUpCCGSD(<t(1,6)>, wires=[<0>, <1>, <2>, <3>], k=1, delta_sz=0, init_state=two)
qml.UCCSD(<t(3,)>, [<0>, <1>, <2>, <3>], [[<0>, <1>, <2>], [<1>, <2>, <3>]], [[[<0>, <1>], [<2>, <3>]]], init_state=two)
qml.AllSinglesDoubles(<t(2,)>, [<0>, <1>, <2>, <3>], hf_state=two, singles=[[<0>, <2>]], doubles=[[<0>, <1>, <2>, <3>]])
qml.FermionicSingleExcitation(<a>, wires=[<0>, <1>, <2>])
qml.FermionicDoubleExcitation(<a>, wires1=[<0>, <1>], wires2=[<2>, <3>])
qml.BasisRotation(wires=[<0>, <1>], unitary_matrix=np.array([[0.6, 0.8], [-0.8, 0.6]]))
qml.ArbitraryUnitary(<t(3,)>, wires=[<0>])
qml.ArbitraryUnitary(<t(15,)>, wires=[<0>, <1>])
qml.ArbitraryStatePreparation(<t(6,)>, wires=[<0>, <1>])
qml.QFT(<W>)
qml.GroverOperator([<0>, <1>])
qml.Permute([<1>, <0>], wires=[<0>, <1>])
qml.Select([qml.RX(<a>, wires=<1>), qml.RY(<a>, wires=<1>)], control=[<0>])
qml.Select([qml.RX(<a>, wires=<2>), qml.X(<2>), qml.RZ(<a>, wires=<2>)], control=[<0>, <1>])
qml.SelectPauliRot(<t(2,)>, control_wires=[<0>], target_wire=<1>, rot_axis="Y")
qml.MottonenStatePreparation(np.array([0.5, 0.5, 0.1, 0.7]) , wires=[<0>, <1>])
qml.ControlledSequence(qml.RX(<a>, wires=<0>), control=[<1>, <2>])
qml.QuantumPhaseEstimation(qml.PhaseShift(<a>, wires=<0>), estimation_wires=[<1>, <2>])
qml.ApproxTimeEvolution(qml.Hamiltonian([0.7, -0.4], [qml.X(<0>), qml.Z(<0>) @ qml.Z(<1>)]), <a>, 2)
qml.CommutingEvolution(qml.Hamiltonian([0.5, -1.0], [qml.X(<0>) @ qml.Y(<1>), qml.Y(<0>) @ qml.X(<1>)]), <a>)
qml.TrotterProduct(qml.dot([<a>, 0.3], [qml.X(<0>), qml.Z(<0>) @ qml.Y(<1>)]), time=0.8, n=2, order=2)
qml.TrotterProduct(qml.dot([0.6, 0.3], [qml.X(<0>), qml.Y(<0>)]), time=<a>, n=1, order=1)
qml.QDrift(qml.dot([0.6, 0.3], [qml.X(<0>), qml.Y(<0>)]), time=0.5, n=2, seed=3)
qml.PrepSelPrep(qml.dot([0.25, 0.75], [qml.Z(<0>), qml.X(<0>)]), control=["e"])
qml.Qubitization(qml.dot([0.4, 0.6], [qml.Z(<0>), qml.X(<0>)]), control=["e"])
qml.FABLE(np.array([[0.3, -0.2], [0.1, 0.4]]), wires=[<0>, <1>, <2>], tol=0)
qml.BlockEncode(<t(1,)>, wires=[<0>])
qml.QSVT(qml.BlockEncode(np.array([0.3]), wires=[<0>]), [qml.PCPhase(<a>, 1, wires=[<0>]), qml.PCPhase(<a>, 1, wires=[<0>])])
qml.Reflection(qml.RX(<a>, wires=<0>), <a>)
qml.AmplitudeAmplification(qml.RY(<a>, wires=<0>), qml.FlipSign(1, wires=<0>), iters=1)
qml.FlipSign(1, wires=[<0>])
qml.HilbertSchmidt(qml.RZ(<a>, wires=<0>), qml.RX(0.3, wires=<1>))
qml.MPS(wires=<W>, n_block_wires=2, block=turned, n_params_block=1, template_weights=<t(n-1,1)>)
qml.TTN(wires=[<0>, <1>, <2>, <3>], n_block_wires=2, block=exchanged, n_params_block=1, template_weights=<t(3,1)>)
qml.layer(lambda w, wires: qml.RX(w, wires=wires), 2, <t(2,)>, wires=<0>)
qml.MERA(wires=[<0>, <1>, <2>, <3>], n_block_wires=2, block=turned, n_params_block=1, template_weights=<t(5,1)>)
""".strip().split("\n")

PREPARATIONS = """
qml.BasisState(one(len(<W>)), wires=<W>)
qml.BasisEmbedding(1, wires=<W>)
qml.StatePrep(np.array([0.6, 0.0, 0.0, 0.8j]), wires=[<0>, <1>])
qml.StatePrep(np.array([0.6, 0.8]), wires=[<0>])
qml.AmplitudeEmbedding(<t(2,)>, wires=[<0>], normalize=True)
qml.AmplitudeEmbedding(<t(3,)>, wires=[<0>, <1>], normalize=True, pad_with=0.2)
qml.MottonenStatePreparation(<t(4,)> / qml.math.linalg.norm(<same>), wires=[<0>, <1>])
qml.Superposition(np.array([0.6, 0.8]), bases=np.array([[1, 1], [0, 0]]), wires=[<0>, <1>], work_wire="e")
qml.CosineWindow([<0>, <1>])
""".strip().split("\n")

CHANNELS = """
qml.DepolarizingChannel(<p>, wires=<0>)
qml.AmplitudeDamping(<p>, wires=<0>)
qml.PhaseDamping(<p>, wires=<0>)
qml.BitFlip(<p>, wires=<0>)
qml.PhaseFlip(<p>, wires=<0>)
qml.GeneralizedAmplitudeDamping(<p>, 0.4, wires=<0>)
qml.ResetError(<p>, 0.2, wires=<0>)
qml.PauliError("XY", <p>, wires=[<0>, <1>])
qml.ThermalRelaxationError(0.1, 1.2, 0.9, 0.3, wires=<0>)
qml.QubitChannel([np.sqrt(0.8) * np.eye(2), np.sqrt(0.2) * np.array([[0, 1], [1, 0]])], wires=<0>)
""".strip().split("\n")

CONDITIONED = """
qml.cond(m0, qml.RX)(<a>, wires=<1>)
qml.cond(m0, qml.RY, qml.RZ)(<a>, wires=<1>)
qml.cond(m0 == 0, qml.IsingXX)(<a>, wires=[<1>, <2>])
qml.cond(m0, qml.adjoint(qml.Rot))(<a>, <a>, <a>, wires=<1>)
qml.cond(m0, qml.X)(<1>)
""".strip().split("\n")

OBSERVABLES = """
qml.X(<0>)
qml.Y(<0>)
qml.Z(<0>)
qml.Hadamard(<0>)
qml.Z(<0>) @ qml.X(<1>)
qml.prod(qml.X(<0>), qml.Y(<1>), qml.Z(<2>))
qml.Hermitian(np.array([[1.0, 0.5 - 0.2j], [0.5 + 0.2j, -0.4]]), wires=<0>)
qml.Hermitian(np.diag([0.3, 1.0, -1.0, 0.7]) + 0.2, wires=[<0>, <1>])
qml.Hermitian(np.eye(2) * 0.7, wires=<0>)
qml.Projector([1], wires=[<0>])
qml.Projector([0, 1], wires=[<0>, <1>])
qml.Projector(np.array([0.6, 0.8j]), wires=[<0>])
qml.Hamiltonian([0.7, -1.3], [qml.Z(<0>), qml.X(<0>) @ qml.Z(<1>)])
qml.Hamiltonian([<a>, -1.3], [qml.Z(<0>), qml.X(<0>)])
qml.dot(<t(2,)>, [qml.Y(<0>), qml.Z(<1>)])
qml.sum(qml.X(<0>), qml.Z(<0>), 0.5 * qml.Y(<1>))
qml.s_prod(<a>, qml.Z(<0>))
qml.s_prod(0.3, qml.prod(qml.Z(<0>), qml.X(<1>)))
<a> * qml.X(<0>) + 0.2 * qml.Z(<0>)
qml.Hamiltonian([1.0, 1.0], [qml.Projector([0], wires=[<0>]), qml.Z(<1>)])
qml.Identity(<0>)
qml.SparseHamiltonian(sparse, wires=[<0>])
qml.X(<0>) ** 2 + qml.Z(<0>)
""".strip().split("\n")

MEASUREMENTS = """
qml.expval(<O>)
qml.expval(<O>)
qml.expval(<O>)
qml.expval(<O>)
qml.var(<O>)
qml.probs(wires=<W>)
qml.probs(wires=[<0>])
qml.probs(wires=[<1>, <0>])
qml.probs(op=qml.X(<0>))
qml.probs(op=qml.Hermitian(np.array([[1.0, 0.5], [0.5, -0.4]]), wires=<0>))
qml.state()
qml.density_matrix([<0>])
qml.density_matrix([<1>, <0>])
qml.purity([<0>])
qml.vn_entropy([<0>])
qml.vn_entropy([<0>], log_base=2)
qml.mutual_info([<0>], [<1>])
qml.purity(wires=[<0>, <1>])
""".strip().split("\n")
OF_OUTCOMES = ("qml.expval(m0)", "qml.probs(op=m0)", "qml.var(m0)")

ANGLES = (0.0, np.pi, -np.pi, np.pi / 2, 2 * np.pi)
SPACE = """
def one(wires):
    return np.array([1] + [0] * (wires - 1))

def turned(weights, wires):
    qml.CRY(weights[0], wires=wires)

def exchanged(weights, wires):
    qml.IsingXY(weights[0], wires=wires)

two = np.array([1, 1, 0, 0])
sparse = csr_matrix(np.array([[0.7, -1.3], [-1.3, -0.7]]))
"""
"""What the texts call, beside ``qml`` and ``np``."""

METHODS = {
    "default.qubit": ("backprop", "adjoint", "parameter-shift", "hadamard", "finite-diff", "best"),
    "default.mixed": ("backprop", "parameter-shift", "finite-diff"),
    "lightning.qubit": ("adjoint", "parameter-shift", "best", "adjoint"),
}


@dataclass
class Drawn:
    """A quantum function as text, what it is called with, and the QNode to make of it."""

    number: int
    source: str
    arguments: dict[str, np.ndarray]
    trainable: tuple[str, ...]
    device: str
    wires: tuple[Any, ...]
    method: str
    methods: tuple[str, ...]
    interface: str
    dtype: str


@dataclass
class Pen:
    """Fills the holes of a line, and keeps the arguments that it made for them."""

    rng: np.random.Generator
    wires: int
    batch: bool
    arguments: dict[str, np.ndarray] = field(default_factory=dict)
    same: str = ""

    def one_of(self, choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def fill(self, line: str) -> str:
        """The line with all holes filled; "" where there are too few wires for it."""
        order = self.rng.permutation(self.wires)
        nested = re.sub("<([GO])>", lambda hole: self._nested(hole[1]), line)
        asked = [int(hole) for hole in re.findall(r"<(\d)>", line)]
        if "<none>" in nested or max(asked, default=0) >= self.wires:
            return ""
        nested = re.sub(r"<(\d)>", lambda hole: str(order[int(hole[1])]), nested)
        nested = nested.replace("<W>", str([int(wire) for wire in order] if self.chance(0.3) else list(range(self.wires))))
        try:
            return re.sub(r"<([abpc]|same|t\(.*?,?\)(?=>))>", lambda hole: self._numbers(hole[1]), nested)
        except ValueError:
            return ""

    def draw(self, table: list[str]) -> str:
        """A line of a table, filled: another one where the first does not fit."""
        return next(filled for filled in (self.fill(self.one_of(table)) for _ in range(200)) if filled)

    def _nested(self, kind: str) -> str:
        return self.draw(GATES if kind == "G" else OBSERVABLES)

    def _numbers(self, hole: str) -> str:
        if hole.startswith("t"):
            self.same = self._tensor(eval(hole[1:], {"n": self.wires}))
            return self.same
        if hole == "same":
            return self.same
        if hole == "b" and self.batch and self.chance(0.4):
            return self.one_of(["data", "data", "2 * data", f"data * {self._scalar()}"])
        number = self._scalar()
        return self.one_of(["0.1", "0.0", f"0.4 * qml.math.sin({number}) ** 2"]) if hole == "p" else number

    def _scalar(self) -> str:
        if self.chance(0.12):
            return self.one_of(["0.7", "np.pi / 2", "0.0", "np.pi"])
        known = [name for name, value in self.arguments.items() if value.size and name != "data"]
        if known and self.chance(0.5):
            name = self.one_of(known)
            place = "".join(f"[{int(self.rng.integers(length))}]" for length in self.arguments[name].shape)
        else:
            shape = self.one_of([(), (), (2,), (2, 2)])
            name, place = self._argument(shape), "".join("[1]" for _ in shape)
        number = f"{name}{place}"
        if self.chance(0.65):
            return number
        other = f"{self.one_of(list(self.arguments))}"
        product = number if other == "data" or self.arguments[other].ndim else f"{number} * {other}"
        forms = ("qml.math.sin({})", "2 * {}", "-{}", "({} + 0.3)", "{} ** 2")
        return str(self.one_of([*(form.format(number) for form in forms), f"({product})"]))

    def _tensor(self, shape: tuple[int, ...]) -> str:
        if 0 in shape:
            raise ValueError("no tensor of this shape")
        kind = self.one_of(["whole", "whole", "whole", "sliced", "function", "constant"])
        if kind == "sliced":
            return f"{self._argument((2, *shape))}[1]"
        if kind == "constant" and self.chance(0.5):
            return f"np.full({shape}, 0.4)"
        name = self._argument(shape)
        return f"qml.math.tanh({name})" if kind == "function" else name

    def _argument(self, shape: tuple[int, ...]) -> str:
        name = f"w{len(self.arguments)}"
        self.arguments[name] = self.values(shape)
        return name

    def values(self, shape: tuple[int, ...]) -> np.ndarray:
        """Angles: any, singular ones, equal ones, all zero, large."""
        kind = self.one_of(["any"] * 7 + ["singular", "mixed", "equal", "zero", "large"])
        free = self.rng.uniform(-3.2, 3.2, shape)
        singular = self.rng.choice(ANGLES, shape)
        chosen = {
            "singular": singular,
            "mixed": np.where(self.rng.random(shape) < 0.5, singular, free),
            "equal": np.full(shape, self.rng.uniform(-3.2, 3.2)),
            "zero": np.zeros(shape),
            "large": 8 * free,
        }
        return np.asarray(chosen.get(kind, free))


def draw(number: int) -> Drawn:
    """The circuit of this number, always the same."""
    rng = np.random.default_rng([number, 20_261_128])
    device = str(rng.choice(list(METHODS), p=[0.6, 0.2, 0.2]))
    pen = Pen(rng, int(rng.choice([1, 2, 3, 4], p=[0.1, 0.35, 0.3, 0.25])), batch=bool(rng.random() < 0.15))
    if pen.batch:
        pen.arguments["data"] = pen.values((3,))
    lines = _operations(pen, device)
    while not any(name.startswith("w") for name in pen.arguments):
        lines.append(pen.fill("qml.RY(<a>, wires=<0>)"))
    measured = _measurements(pen, any(line.startswith("m0") for line in lines))
    trainable = tuple(name for name in pen.arguments if pen.chance(0.3 if name == "data" else 0.88)) or tuple(pen.arguments)[-1:]
    body = "\n".join(f"    {line}" for line in (*lines, f"return {measured}"))
    source = f"def circuit({', '.join(pen.arguments)}):\n{body}\n"
    wires = (*range(pen.wires), "c", "d", "e") if pen.chance(0.4) else ()
    methods = tuple(str(name) for name in rng.permutation(METHODS[device]))
    dtype, interface = "float32" if pen.chance(0.3) else "float64", "torch" if pen.chance(0.55) else "autograd"
    return Drawn(number, source, pen.arguments, trainable, device, wires, methods[0], methods, interface, dtype)


def _operations(pen: Pen, device: str) -> list[str]:
    lines = [pen.draw(PREPARATIONS)] if pen.chance(0.2) else []
    if pen.chance(0.6):
        lines += [f"qml.Hadamard({wire})" if pen.chance(0.7) else f"qml.RY(0.{wire + 4}, wires={wire})" for wire in range(pen.wires)]
    tables = [GATES, GATES, WRAPS, TEMPLATES, *([CHANNELS] if device == "default.mixed" else [])]
    lines += [pen.draw(pen.one_of(tables)) for _ in range(int(pen.rng.integers(1, 6)))]
    lines = [*(f'qml.RY(1.1, wires="{wire}")' for wire in "cd" if any(f'"{wire}"' in line for line in lines)), *lines]
    if pen.wires > 1 and pen.chance(0.2):
        options = pen.one_of(["", "", ", reset=True", ", postselect=0", ", postselect=1"])
        lines.append(f"m0 = qml.measure({int(pen.rng.integers(pen.wires))}{options})")
        lines += [pen.draw(pen.one_of([CONDITIONED, GATES])) for _ in range(int(pen.rng.integers(1, 3)))]
    return lines


def _measurements(pen: Pen, outcomes: bool) -> str:
    if outcomes and pen.chance(0.3):
        return str(pen.one_of(OF_OUTCOMES))
    count = 1 if pen.chance(0.75) else 2
    return ", ".join(pen.draw(MEASUREMENTS) for _ in range(count))

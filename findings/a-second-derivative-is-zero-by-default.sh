#!/usr/bin/env bash
# PennyLane 0.45.1 with jax 0.7.1, autograd 1.8.0 and torch 2.13.0 on Python 3.11: the second derivative of a QNode is zero, without an
# error, unless the QNode is made with max_diff=2. Four of five ways to ask for it say nothing.
#
# A gradient transform, and adjoint, hand the interface a first derivative that does not depend on anything. jax.hessian and
# jax.grad(jax.grad) give 0.0 in eager mode and raise under jax.jit; qml.grad(qml.grad) under autograd gives 0.0 (with a general warning of
# autograd's that an output seems independent of its input); torch.autograd.functional.hessian gives 0.0, and torch.autograd.grad twice
# raises. With max_diff=2 parameter-shift is right in all of them. Adjoint stays at zero with max_diff=2: it is never more than once
# differentiable, and lightning.qubit chooses it by itself where diff_method is left open.
#
# Seen, of RX(0.7), RY(0.4), expval Z, whose second derivative is -cos(0.7) cos(0.4) = -0.7045:
#   parameter-shift             jax 0.0  jax.jit ValueError  autograd 0.0  torch.functional 0.0  torch.grad RuntimeError
#   parameter-shift, max_diff=2 jax -0.7045  jax.jit -0.7045  autograd -0.7045  torch.functional -0.7045  torch.grad -0.7045
#   adjoint, max_diff=2         jax 0.0
#   lightning.qubit             jax 0.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 \
  jax==0.7.1 jaxlib==0.7.1 torch==2.13.0
"$work/venv/bin/python" - 2>/dev/null <<'PY'
import warnings

import jax
import jax.numpy as jnp
import pennylane as qml
import torch
from pennylane import numpy as pnp

warnings.simplefilter("ignore")
jax.config.update("jax_enable_x64", True)


def made(device="default.qubit", **options):
    @qml.qnode(qml.device(device, wires=1), **options)
    def f(x):
        qml.RX(x, wires=0)
        qml.RY(0.4, wires=0)
        return qml.expval(qml.Z(0))

    return f


def twice_by_torch(f):
    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    return torch.autograd.grad(slope, x)[0]


WAYS = {
    "jax": lambda f: jax.hessian(f)(jnp.array(0.7)),
    "jax.jit": lambda f: jax.jit(jax.hessian(f))(jnp.array(0.7)),
    "autograd": lambda f: qml.grad(qml.grad(f))(pnp.array(0.7, requires_grad=True)),
    "torch.functional": lambda f: torch.autograd.functional.hessian(f, torch.tensor(0.7, dtype=torch.float64)),
    "torch.grad": twice_by_torch,
}


def found(way, **options):
    try:
        return f"{float(WAYS[way](made(**options))):.4f}"
    except Exception as error:
        return type(error).__name__


print("PennyLane", qml.__version__, "jax", jax.__version__, "torch", torch.__version__)
once = {way: found(way, diff_method="parameter-shift") for way in WAYS}
twice = {way: found(way, diff_method="parameter-shift", max_diff=2) for way in WAYS}
print("parameter-shift", once)
print("parameter-shift, max_diff=2", twice)
zero = ("0.0000", "-0.0000")
assert all(once[way] in zero for way in ("jax", "autograd", "torch.functional"))
assert (once["jax.jit"], once["torch.grad"]) == ("ValueError", "RuntimeError")
assert set(twice.values()) == {"-0.7045"}
for options in ({"diff_method": "adjoint", "max_diff": 2}, {"device": "lightning.qubit"}):
    print(options, found("jax", **options))
    assert found("jax", **options) in zero
PY
echo "as described"

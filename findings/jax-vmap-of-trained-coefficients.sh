#!/usr/bin/env bash
# PennyLane 0.45.1 with jax 0.10.2 on Python 3.11, x64 on: jax.jit(jax.vmap(qnode)) gives other values than the QNode row by row, silently.
#
# On default.qubit all rows of a vmap arrive as one circuit, in which each angle, and each coefficient of an observable, is an array with a
# number for each row. Of angles that is a batch and right. Of coefficients it is not: with as many rows as terms numbers come out that are
# no row's, and with another number an exception does. Under adjoint and finite-diff it is so; parameter-shift, hadamard, backprop and
# lightning.qubit are right, and so is whatever runs inside of jax.grad.
#
# Seen, of RX, CNOT, RY, expval dot(weights, [Z(0), X(1)]), two rows:
#   one by one, each method              0.8535  0.2271
#   vmap: adjoint, finite-diff           1.0227  0.7176
#   vmap: parameter-shift, backprop      0.8535  0.2271
#   vmap: three rows under adjoint       JaxRuntimeError: operands could not be broadcast together
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 \
  jax==0.10.2 jaxlib==0.10.2
"$work/venv/bin/python" - 2>/dev/null <<'PY'
import warnings

import jax
import jax.numpy as jnp
import pennylane as qml

warnings.simplefilter("ignore")
jax.config.update("jax_enable_x64", True)


def made(method):
    @qml.qnode(qml.device("default.qubit", wires=2), diff_method=method)
    def energy(angles, weights):
        qml.RX(angles[0], wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RY(angles[1], wires=1)
        return qml.expval(qml.dot(weights, [qml.Z(0), qml.X(1)]))

    return energy


angles = jnp.array([[0.4, 0.9], [1.1, 0.2], [0.7, 0.5]])
weights = jnp.array([[0.3, 0.8], [0.6, -0.5], [0.1, 0.4]])
print("PennyLane", qml.__version__, "jax", jax.__version__)
for method in ("backprop", "parameter-shift", "adjoint", "finite-diff"):
    energy = made(method)
    rows = [f"{float(energy(a, w)):.4f}" for a, w in zip(angles[:2], weights[:2])]
    mapped = [f"{float(one):.4f}" for one in jax.jit(jax.vmap(energy))(angles[:2], weights[:2])]
    print(method, "one by one", rows, "vmap", mapped)
    assert rows == ["0.8535", "0.2271"]
    assert mapped == (["1.0227", "0.7176"] if method in ("adjoint", "finite-diff") else rows)
try:
    print(jax.jit(jax.vmap(made("adjoint")))(angles, weights))
except Exception as error:
    print(type(error).__name__, str(error).strip().splitlines()[-1])
    assert "could not be broadcast" in str(error)
else:
    raise SystemExit("three rows no longer raise")
PY
echo "as described"

#!/usr/bin/env bash
# PennyLane 0.45.1 with jax 0.10.2 on Python 3.11: a gradient that works without jax.jit raises IndexError within it.
#
# Under every method but backprop JAX calls PennyLane back for the execution. Without jit PennyLane takes out of the circuit what JAX
# differentiates by, and leaves constants alone. What jit compiles calls back with all numbers of the circuit, and binds all of them anew,
# those of a fixed evolution too; binding those of a sum inside of an evolution raises IndexError. Backprop calls nobody back.
#
# Seen, of RX(x), TrotterProduct(0.3 X(0) + Z(0) X(1), 0.7, n=1), RY(y), expval Z(0), as of qml.evolve(H, 0.7) in its place:
#   adjoint, parameter-shift, hadamard   without jit right; with jit JaxRuntimeError that quotes IndexError
#   backprop                             right either way
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
H = qml.dot([0.3, 1.0], [qml.X(0), qml.Z(0) @ qml.X(1)])


def gradient(method, compile):
    @qml.qnode(qml.device("default.qubit", wires=3), diff_method=method)
    def circuit(w):
        qml.RX(w[0], wires=1)
        qml.TrotterProduct(H, 0.7, n=1)
        qml.RY(w[1], wires=0)
        return qml.expval(qml.Z(0))

    try:
        return f"{float(compile(jax.grad(circuit))(jnp.array([0.4, 0.7]))[1]):.4f}"
    except Exception as error:
        return f"{type(error).__name__}, quoting {str(error).strip().splitlines()[-1]}"


print("PennyLane", qml.__version__, "jax", jax.__version__)
for method in ("backprop", "adjoint", "parameter-shift", "hadamard"):
    plain, compiled = gradient(method, lambda f: f), gradient(method, jax.jit)
    print(method, "plain", plain, "jit", compiled)
    assert plain == "-0.5882"
    assert compiled == "-0.5882" if method == "backprop" else "IndexError" in compiled
PY
echo "as described"

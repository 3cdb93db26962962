#!/usr/bin/env bash
# PennyLane 0.45.1 with jax 0.7.1 on Python 3.11, x64 on: a float32 argument can be differentiated by backprop alone.
#
# With jax_enable_x64 default.qubit gives float64 results. jax.grad of a QNode by a float32 array then works under backprop, and gives a
# float32 gradient. Under adjoint, parameter-shift and finite-diff the tangent that PennyLane hands to JAX is float32 beside a float64
# result, and JAX refuses the rule. The forward pass is fine under each. Features that were loaded as float32 are enough for it, so a
# training breaks when its diff_method is changed.
#
# Seen, jax.grad at 0.4 as float32:
#   backprop         -0.3894
#   adjoint          TypeError: Custom JVP rule must produce primal and tangent outputs with corresponding shapes and dtypes.
#   parameter-shift  the same
#   finite-diff      the same
#   as float64       -0.3894 under each
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 \
  jax==0.7.1 jaxlib==0.7.1
"$work/venv/bin/python" - <<'PY'
import warnings

import jax
import jax.numpy as jnp
import pennylane as qml

warnings.simplefilter("ignore")
jax.config.update("jax_enable_x64", True)


def gradient(method, dtype):
    @qml.qnode(qml.device("default.qubit", wires=1), interface="jax", diff_method=method)
    def circuit(angle):
        qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    try:
        return f"{float(jax.grad(circuit)(jnp.array(0.4, dtype=dtype))):.4f}"
    except TypeError as error:
        return f"TypeError: {str(error).splitlines()[0][:90]}"


print("PennyLane", qml.__version__, "jax", jax.__version__)
for method in ("backprop", "adjoint", "parameter-shift", "finite-diff"):
    single, double = gradient(method, "float32"), gradient(method, "float64")
    print(method, "float32", single, "float64", double)
    assert double == "-0.3894"
    assert single == "-0.3894" if method == "backprop" else single.startswith("TypeError: Custom JVP rule must produce")
PY
echo "as described"

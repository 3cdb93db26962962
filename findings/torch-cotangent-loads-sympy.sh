#!/usr/bin/env bash
# torch 2.13.0 on Python 3.11: the first vector-Jacobian product of a process loads sympy, the first loss.backward() does not.
#
# Where torch.autograd.grad (or Tensor.backward, or torch.autograd.functional.vjp) is handed a cotangent, its shape is compared with the
# output's in a way that is made for symbolic shapes, and for that torch.fx.experimental.symbolic_shapes is imported, and with it sympy:
# some 420 modules and half a second or more, in a process that traces and compiles nothing. Whoever forks a process that has not gone backward
# like this pays it in each fork. The inner product of outputs and cotangents, differentiated without one, gives the same bits and loads
# nothing, as does torch.autograd.functional.jacobian.
#
# Seen (modules of sympy that are loaded afterwards; the seconds are those of one machine):
#   loss.backward()                             0   0.004 s
#   functional.jacobian                         0   0.008 s
#   grad of the inner product                   0   0.002 s
#   grad with a cotangent                     419   1.158 s
#   output.backward(cotangent)                419   0.653 s
#   functional.vjp                            419   0.758 s
#   gradients equal to the last bit          True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import os
import sys
import time

import torch

x = torch.tensor([0.3, 0.7], requires_grad=True)
cotangent = torch.tensor([0.5, -2.0])
WAYS = {
    "loss.backward()": lambda: torch.sin(x).sum().backward(),
    "functional.jacobian": lambda: torch.autograd.functional.jacobian(torch.sin, x),
    "grad of the inner product": lambda: torch.autograd.grad((torch.sin(x) * cotangent).sum(), x),
    "grad with a cotangent": lambda: torch.autograd.grad(torch.sin(x), x, cotangent),
    "output.backward(cotangent)": lambda: torch.sin(x).backward(cotangent),
    "functional.vjp": lambda: torch.autograd.functional.vjp(torch.sin, x, cotangent),
}


def loaded_by(way):
    """Modules of sympy that one way loads in a fork of this process, and the seconds that it takes."""
    read, write = os.pipe()
    if not os.fork():
        began = time.perf_counter()
        way()
        took = time.perf_counter() - began
        os.write(write, f"{sum(name.split('.')[0] == 'sympy' for name in sys.modules)} {took:.3f}".encode())
        os._exit(0)
    os.wait()
    count, took = os.read(read, 100).split()
    return int(count), float(took)


print("torch", torch.__version__)
seen = {}
for name, way in WAYS.items():
    seen[name], took = loaded_by(way)
    print(f"{name:<40} {seen[name]:>4}   {took:.3f} s")
(product,) = WAYS["grad of the inner product"]()
(handed,) = WAYS["grad with a cotangent"]()
print("gradients equal to the last bit         ", torch.equal(product, handed))
assert torch.equal(product, handed)
assert [count > 100 for count in seen.values()] == [False, False, False, True, True, True]
assert not any(list(seen.values())[:3])
PY
echo "as described"

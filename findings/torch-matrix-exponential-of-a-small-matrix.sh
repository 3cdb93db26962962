#!/usr/bin/env bash
# torch 2.13.0 (CPU) with scipy 1.17.1 on Python 3.11: torch.matrix_exp in double precision is a hundred thousand times less exact for a matrix
# of norm 0.049 than for one of norm 0.051.
#
# One expects that small matrices are the easy ones. In float64 and in complex128 the result is right to the last digits from a 1-norm of about
# 0.05 on, and below it is off by as much as 4e-11 (held against scipy.linalg.expm), less for still smaller ones: as if the series
# ended a term too early. Circuits of many short steps (Trotter products) multiply such matrices, and the errors add up.
#
# Seen, the worst of 40 random 4 × 4 matrices each:
#   norm    complex128, skew-Hermitian   float64
#   0.01    2.0e-14                      4.6e-15
#   0.04    1.3e-11                      1.3e-11
#   0.049   4.1e-11                      3.7e-11
#   0.051   4.4e-16                      4.4e-16
#   1       5.0e-16                      6.7e-16
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import numpy as np
import torch
from scipy.linalg import expm

draws = np.random.default_rng(0)


def matrix(norm, skew):
    made = draws.standard_normal((4, 4))
    if skew:
        made = made + 1j * draws.standard_normal((4, 4))
        made = 1j * (made + made.conj().T)
    return made * norm / np.linalg.norm(made, 1)


def worst(norm, skew):
    made = [matrix(norm, skew) for _ in range(40)]
    return max(np.abs(torch.matrix_exp(torch.tensor(one)).numpy() - expm(one)).max() for one in made)


print("torch", torch.__version__)
found = {norm: (worst(norm, True), worst(norm, False)) for norm in (0.01, 0.04, 0.049, 0.051, 1.0)}
for norm, (skew, real) in found.items():
    print(f"{norm:<6} {skew:.1e} {real:.1e}")
assert min(found[0.049]) > 1e-11
assert max(found[0.051]) < 1e-14
PY
echo "as described"

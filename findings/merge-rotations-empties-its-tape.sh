#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11: qml.transforms.merge_rotations takes the operations out of the tape that it is given.
#
# A transform of a tape returns new tapes and leaves the one that it was given as it is, as cancel_inverses does.
# merge_rotations merges inside of the given tape's own list: afterwards that tape has no operations left.
# Whoever kept the tape as the circuit as it was written (to draw, to cache, to run it beside the merged one) holds an empty circuit.
#
# Seen:
#   cancel_inverses  the given tape has 3 operations before, 3 after
#   merge_rotations  the given tape has 3 operations before, 0 after
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml


def seen(transform):
    tape = qml.tape.QuantumScript([qml.RX(0.1, 0), qml.RX(0.2, 0), qml.Hadamard(0)], [qml.expval(qml.Z(0))])
    before = len(tape.operations)
    transform(tape)
    return before, len(tape.operations)


print("PennyLane", qml.__version__)
for transform in (qml.transforms.cancel_inverses, qml.transforms.merge_rotations):
    print("operations of the given tape before and after:", *seen(transform))
assert seen(qml.transforms.cancel_inverses) == (3, 3)
assert seen(qml.transforms.merge_rotations) == (3, 0)
PY
echo "as described"

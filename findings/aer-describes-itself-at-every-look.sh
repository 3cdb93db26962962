#!/usr/bin/env bash
# qiskit-aer 0.17.2 with qiskit 2.3.0 on Python 3.11: transpiling a circuit for AerSimulator takes some ten times as long as it need.
#
# `AerSimulator.target` is made anew at each access, and `transpile(circuit, backend)` accesses it more than a hundred times for one circuit,
# while it works out the basis gates. With the target handed over once, `transpile(circuit, target=target)`, the result is the same circuit.
# Whoever runs many small circuits (parameter-shift through pennylane-qiskit, which transpiles each) spends most of the time there.
#
# Seen, a circuit of seven gates on three qubits: 136 accesses, and 77 ms of processor time against 6 ms with the target handed over.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet qiskit==2.3.0 qiskit-aer==0.17.2 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" -W ignore - <<'PY'
import time

import qiskit
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator, __version__
from qiskit_aer.backends.aerbackend import AerBackend

backend = AerSimulator(method="statevector")
circuit = QuantumCircuit(3)
for wire in range(3):
    circuit.ry(0.3 + wire, wire)
    circuit.rx(0.2, wire)
circuit.cx(0, 1)

described = AerBackend.target.fget
accesses = []


def counted(self):
    accesses.append(1)
    return described(self)


def seconds(**where):
    transpile(circuit, **where)
    begun = time.process_time()
    for _ in range(5):
        transpile(circuit, **where)
    return (time.process_time() - begun) / 5


AerBackend.target = property(counted)
transpile(circuit, backend)
print("qiskit", qiskit.__version__, "qiskit-aer", __version__, "accesses", len(accesses))
assert len(accesses) > 100
assert backend.target is not backend.target
AerBackend.target = property(described)
target = backend.target
slow, fast = seconds(backend=backend), seconds(target=target)
print(f"{slow * 1e3:.0f} ms, with the target handed over {fast * 1e3:.0f} ms")
assert transpile(circuit, backend) == transpile(circuit, target=target)
assert slow > 3 * fast
PY
echo "as described"

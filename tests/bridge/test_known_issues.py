"""Every entry of the table of known issues shows on the versions that it names, and on no later one than it says."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.report.content.known_issues import KNOWN_ISSUES, KnownIssue

qml = pytest.importorskip("pennylane")
torch = pytest.importorskip("torch")

from packaging.version import Version  # noqa: E402 - after the guard, which skips where there is no PennyLane

pytestmark = pytest.mark.stack


def qnode(function, method: str, **options):
    return qml.QNode(function, qml.device("default.qubit", wires=2), diff_method=method, interface="torch", **options)


def hermitian_under_adjoint_is_shifted() -> bool:
    def circuit(x):
        qml.RY(x[0], wires=0)
        qml.RY(x[1], wires=1)
        return qml.expval(qml.Hermitian(np.diag([1.0, -1.0]), wires=[0]))

    gradients = []
    for method in ("backprop", "adjoint"):
        x = torch.ones(2, dtype=torch.float64, requires_grad=True)
        gradients.append(torch.autograd.grad(qnode(circuit, method)(x), x)[0].tolist())
    return not np.allclose(*gradients)


def parameter_shift_refuses_a_trainable_batch() -> bool:
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    x = torch.rand(3, dtype=torch.float64, requires_grad=True)
    try:
        qnode(circuit, "parameter-shift")(x).sum().backward()
    except NotImplementedError as error:
        return "broadcasted tapes" in str(error)
    return False


def adjoint_leaves_out_half_of_the_second_derivative() -> bool:
    def circuit(x):
        qml.RY(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(qnode(circuit, "adjoint", max_diff=2)(x**2), x, create_graph=True)
    (second,) = torch.autograd.grad(slope, x)
    return not np.isclose(float(second), -2 * np.sin(0.49) - 4 * 0.49 * np.cos(0.49))


SHOWS = {
    2434: hermitian_under_adjoint_is_shifted,
    4462: parameter_shift_refuses_a_trainable_batch,
    9901: adjoint_leaves_out_half_of_the_second_derivative,
}


def test_every_entry_can_be_reproduced() -> None:
    assert {issue.number for issue in KNOWN_ISSUES} == set(SHOWS)


@pytest.mark.parametrize("issue", KNOWN_ISSUES, ids=lambda issue: str(issue.number))
def test_an_issue_shows_where_the_table_says_so(issue: KnownIssue) -> None:
    installed = Version(qml.__version__)
    if Version(issue.affected[0]) <= installed <= Version(issue.affected[1]):
        assert SHOWS[issue.number]()
    elif issue.fixed and installed >= Version(issue.fixed):
        assert not SHOWS[issue.number]()
    else:
        pytest.skip(f"nothing is claimed about PennyLane {installed}")

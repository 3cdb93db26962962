"""The program that evaluates in another environment, run by this one: it gives what is given here, whatever anybody prints."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from qdiag.bisecting.installers import clean_environment
from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.other_stack import OtherStack
from tests.worlds.locks import asked
from tests.worlds.methods import ADJOINT
from tests.worlds.sameness import same
from tests.worlds.scripted import call
from tests.worlds.small_circuits import circuit, gate

pytestmark = pytest.mark.stack


def test_it_gives_what_is_given_here_and_goes_on_after_a_failure() -> None:
    made = call(0, circuit(gate("RY", 0.3, trainable=True), gate("RX", 0.4, trainable=True)), ADJOINT)
    unknown = call(0, circuit(gate("NoSuchGate", 0.3)))
    with OtherStack(sys.executable, clean_environment(os.environ)) as other:
        assert other.environment.version("pennylane")
        assert other.evaluate(asked(unknown)).failure is not None
        found = other.evaluate(asked(made))
    here = evaluate(asked(made))
    assert same(found.outputs, here.outputs)
    assert np.allclose(found.vjps, here.vjps, rtol=1e-15)

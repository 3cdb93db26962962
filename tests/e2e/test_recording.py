"""What a recorded run leaves in the trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qdiag.errors import OutputError, UsageError
from qdiag.evaluation.evaluate import evaluate
from qdiag.model.call import Call, Script
from qdiag.model.coverage import Gap, gap_of
from qdiag.model.evaluation import Request
from qdiag.recording import launcher, words_left
from qdiag.trace.reader import Trace

SCRIPTS = Path(__file__).with_name("scripts")
BRIEFLY = """
import pennylane as qml
import torch

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def circuit(x):
    qml.RX(2 * x, wires=0)
    return qml.expval(qml.PauliZ(0))


x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
"""

stack = [pytest.mark.stack, pytest.mark.slow]


def calls_of(path: Path) -> list[Call]:
    with Trace.open(path) as trace:
        return list(trace.calls())


def record(tmp_path: Path, source: str, *argv: str) -> tuple[Script, list[Call]]:
    script = tmp_path / "script.py"
    script.write_text(source)
    ended = launcher.run(Script(str(script), tuple(argv)), tmp_path / "trace.qdiag")
    return ended, calls_of(tmp_path / "trace.qdiag")


def test_a_script_without_a_qnode_leaves_an_empty_trace(tmp_path: Path) -> None:
    ended, calls = record(tmp_path, "import sys\nsys.exit(int(sys.argv[1]))", "6")
    assert ended.exit_code == 6
    assert ended.argv == ("6",)
    assert calls == []


def test_a_script_that_dies_of_a_signal_says_which(tmp_path: Path) -> None:
    ended, _ = record(tmp_path, "import os\nos.kill(os.getpid(), 9)")
    assert ended.exit_code == -signal.SIGKILL


def test_a_missing_script_is_a_usage_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no script"):
        launcher.run(Script(str(tmp_path / "no.py")), tmp_path / "trace.qdiag")
    assert not list(tmp_path.iterdir())


def test_an_unwritable_folder_is_an_output_error_before_the_script_runs(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(OutputError):
        launcher.run(Script(str(script)), tmp_path / "no folder" / "trace.qdiag")
    assert not (tmp_path / "ran").exists()


def test_something_else_can_be_done_while_the_script_runs(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import time\ntime.sleep(1)")
    times: list[float] = []
    launcher.run(Script(str(script)), tmp_path / "t", launcher.Onlooker(meanwhile=lambda: bool(times.append(time.time()))))
    assert len(times) >= 3


def test_a_request_to_end_reaches_the_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    handler = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(33))\n"
    script.write_text(handler + "print('ready', flush=True)\ntime.sleep(60)")
    launch = (
        "import sys; from pathlib import Path; from qdiag.model.call import Script; from qdiag.recording import launcher\n"
        "sys.exit(launcher.run(Script(sys.argv[1]), Path(sys.argv[2])).exit_code)"
    )
    with subprocess.Popen([sys.executable, "-c", launch, str(script), str(tmp_path / "t")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 33


class TestWithPennyLane:
    pytestmark = stack

    def test_results_in_containers_inside_a_dictionary_are_replayed(self, tmp_path: Path) -> None:
        returned = "return {'a': qml.purity(0), 'b': [qml.probs(0), qml.expval(qml.PauliZ(0))]}"
        nested = BRIEFLY.replace("return qml.expval(qml.PauliZ(0))", returned)
        _, (call,) = record(tmp_path, f"{nested}\nassert circuit(x)['b'][1] < 1")
        found = evaluate(Request(call.circuit, call.method, "torch"))
        assert [output.shape for output in call.outputs or ()] == [output.shape for output in found.outputs or ()] == [(), (2,), ()]

    def test_a_call_that_checkpointing_leaves_early_has_not_failed(self, tmp_path: Path) -> None:
        again = "from torch.utils.checkpoint import checkpoint\ncheckpoint(circuit, x, use_reentrant=False).backward()"
        _, calls = record(tmp_path, f"{BRIEFLY}{again}\nassert x.grad is not None")
        assert calls
        assert not any(call.failure for call in calls)

    def test_a_call_holds_what_was_seen(self, tmp_path: Path) -> None:
        _, (call,) = record(tmp_path, BRIEFLY + "circuit(x).backward()\nprint(x.grad)")
        configuration = call.configuration
        assert (configuration.qnode, configuration.source.path, configuration.device) == ("circuit", "script.py", "default.qubit")
        assert (configuration.interface, configuration.requested, configuration.resolved) == ("torch", "backprop", "backprop")
        assert (call.source.path, call.source.line) == ("script.py", 15)
        (argument,) = call.arguments
        assert (argument.name, argument.container, argument.dtype, argument.trainable) == ("x", "torch", "float64", True)
        (parameter,) = call.circuit.parameters
        assert (parameter.container, parameter.trainable, float(parameter.value)) == ("torch", True, 0.6)
        assert call.outputs is not None
        np.testing.assert_allclose(call.outputs[0], np.cos(0.6), atol=1e-12)
        (backward,) = call.backwards
        assert backward.exact == (True,)
        np.testing.assert_allclose(backward.cotangents[0], 1.0)
        np.testing.assert_allclose(backward.gradients[0], -np.sin(0.6), atol=1e-12)

    def test_steps_and_losses_are_counted(self, tmp_path: Path) -> None:
        loop = "opt = torch.optim.SGD([x], 0.1)\nfor _ in range(3):\n    opt.zero_grad()\n    circuit(x).backward()\n    opt.step()\n"
        _, calls = record(tmp_path, BRIEFLY + loop)
        assert [call.step for call in calls] == [0, 1, 2]
        with Trace.open(tmp_path / "trace.qdiag") as trace:
            events = [event for event in trace.events if event.kind in ("loss", "step")]
        assert [event.kind for event in events] == ["loss", "step"] * 3
        assert [event.number for event in events[::2]] == [float(call.outputs[0]) for call in calls if call.outputs]

    def test_a_call_that_raises_is_kept_with_its_circuit(self, tmp_path: Path) -> None:
        broken = "@qml.qnode(dev, interface='torch')\ndef wrong(x):\n    qml.RX(x, wires=0)\n    qml.CNOT(wires=[0, 7])\n"
        ended, (call,) = record(tmp_path, BRIEFLY + broken + "    return qml.expval(qml.PauliZ(0))\nwrong(x)")
        assert ended.exit_code == 1
        assert ended.failure is not None
        assert call.failure is not None
        assert call.failure.type == ended.failure.type
        assert call.outputs is None
        assert [node.name for node in call.circuit.operations] == ["RX", "CNOT"]
        frames = " ".join((*call.failure.frames, *ended.failure.frames))
        assert "qdiag" not in frames
        assert str(tmp_path) not in frames

    def test_a_warning_in_a_backward_pass_is_an_event_of_the_call_that_the_pass_reached(self, tmp_path: Path) -> None:
        source = BRIEFLY + "import warnings\ny, z = circuit(x), circuit(x + 1)\nwarnings.warn('in none')\n"
        source += "z.register_hook(lambda given: warnings.warn('on the way'))\nz.backward()\nwarnings.warn('in none, again')"
        record(tmp_path, source)
        with Trace.open(tmp_path / "trace.qdiag") as trace:
            (event,) = [event for event in trace.events if event.kind == "backward warning"]
        assert (event.text, event.after, event.number) == ("UserWarning: on the way", 2, 1)

    def test_a_rule_that_raises_on_the_way_back_is_the_calls_failure(self, tmp_path: Path) -> None:
        source = "import pennylane as qml\nimport torch\n\n\nclass Odd(qml.RX):\n    @property\n    def parameter_frequencies(self):\n"
        source += "        raise OverflowError('on the way back')\n\n\n"
        source += "@qml.qnode(qml.device('default.qubit', wires=1), diff_method='parameter-shift')\ndef circuit(x):\n"
        source += "    Odd(x, wires=0)\n    return qml.expval(qml.PauliZ(0))\n\n\n"
        source += "x = torch.tensor(0.4, requires_grad=True)\ncircuit(x)\ncircuit(x).backward()"
        ended, calls = record(tmp_path, source)
        assert ended.failure is not None
        assert ended.failure.type == "OverflowError"
        assert [call.failure is not None and call.failure.stage == "backward" for call in calls].count(True) == 1

    def test_a_hook_of_the_scripts_that_raises_there_is_no_calls_failure(self, tmp_path: Path) -> None:
        source = BRIEFLY.replace('"backprop"', '"parameter-shift"') + "y = circuit(x)\n"
        source += "def refuse(g):\n    raise OverflowError('on the way back')\n"
        source += "z = circuit(x)\nz.register_hook(refuse)\n(y + z).backward()"
        ended, calls = record(tmp_path, source)
        assert ended.failure is not None
        assert ended.failure.type == "OverflowError"
        assert [call.failure for call in calls] == [None, None]

    def test_a_killed_script_leaves_every_finished_call(self, tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(BRIEFLY + "print('ready', flush=True)\nwhile True:\n    circuit(x).backward()\n")
        launch = (
            "import sys; from pathlib import Path; from qdiag.model.call import Script; from qdiag.recording import launcher\n"
            "print(launcher.run(Script(sys.argv[1]), Path(sys.argv[2])).exit_code)"
        )
        path = tmp_path / "trace.qdiag"
        with subprocess.Popen([sys.executable, "-c", launch, str(script), str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            deadline = time.time() + 60
            while len(calls_of(path)) < 10 and time.time() < deadline:
                time.sleep(0.2)
            child = int(subprocess.check_output(["ps", "-o", "pid=", "--ppid", str(process.pid)]))
            os.kill(child, signal.SIGKILL)
            assert process.stdout.read() == b"-9\n"
        calls = calls_of(path)
        assert len(calls) >= 10
        assert all(call.outputs is not None for call in calls)
        assert all(call.backwards for call in calls[:-1])
        assert sorted(os.listdir(tmp_path)) == ["script.py", "trace.qdiag"]

    def test_a_trace_whose_launcher_was_killed_too_opens(self, tmp_path: Path) -> None:
        _, calls = record(tmp_path, BRIEFLY + "circuit(x)\ncircuit(x)\nimport os\nos._exit(0)")
        assert len(calls) == 2

    def test_a_full_disk_ends_the_recording_and_not_the_script(self, tmp_path: Path) -> None:
        full = "import sqlite3\nfrom qdiag.trace import writer\n"
        full += "def full(*_):\n    raise sqlite3.OperationalError('database or disk is full')\n"
        late = "circuit(x)\nwriter.TraceWriter.append = full\nprint(circuit(x))\nprint(circuit(x))\n"
        ended, calls = record(tmp_path, BRIEFLY + full + late)
        assert ended.exit_code == 0
        assert len(calls) == 1
        with Trace.open(tmp_path / "trace.qdiag") as trace:
            assert "disk is full" in trace.events[-1].text
        assert not words_left.read_link(tmp_path / "trace.qdiag")

    @pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
    def test_calls_of_a_pool_are_all_there(self, tmp_path: Path, how: str) -> None:
        """The script itself calls nothing before the workers do."""
        work = "def work(angle):\n    return float(circuit(torch.tensor(angle)))\n"
        pool = f"with multiprocessing.get_context({how!r}).Pool(2) as pool:\n        print(pool.map(work, [0.1, 0.2, 0.3], 1))\n"
        source = f"import multiprocessing\n{BRIEFLY}\n{work}\nif __name__ == '__main__':\n    {pool}    work(0.4)\n"
        ended, calls = record(tmp_path, source)
        assert ended.exit_code == 0
        assert sorted(float(call.circuit.parameters[0].value) for call in calls) == pytest.approx([0.2, 0.4, 0.6, 0.8])
        assert calls[0].process == 0
        with Trace.open(tmp_path / "trace.qdiag") as trace:
            assert {gap_of(event.kind) for event in trace.events} <= {None}
            assert sum(process.calls for process in trace.processes) == 4

    def test_a_script_that_starts_anew_goes_on_in_its_trace(self, tmp_path: Path) -> None:
        anew = "import os, sys\nif len(sys.argv) == 1:\n    os.execv(sys.executable, [sys.executable, *sys.argv, 'again'])\n"
        _, calls = record(tmp_path, f"{anew}{BRIEFLY}\ncircuit(x)\n")
        assert [call.process for call in calls] == [0]

    def test_and_beside_it_where_it_had_called_before(self, tmp_path: Path) -> None:
        anew = "import os, sys\nif len(sys.argv) == 1:\n    os.execv(sys.executable, [sys.executable, *sys.argv, 'again'])\n"
        _, calls = record(tmp_path, f"{BRIEFLY}\ncircuit(x)\n{anew}")
        assert [call.process for call in calls] == [0, 1]

    def test_calls_of_forked_processes_are_numbered(self, tmp_path: Path) -> None:
        ended = launcher.run(Script(str(SCRIPTS / "qnode_workers.py")), tmp_path / "t")
        assert ended.exit_code == 0
        calls = calls_of(tmp_path / "t")
        assert [call.index for call in calls] == list(range(11))
        assert [call.process for call in calls][:4] == [0, 0, 0, 0]
        assert {call.process for call in calls} == {0, 1, 2, 3}
        assert {call.thread for call in calls if call.process == 0} != {0}
        with Trace.open(tmp_path / "t") as trace:
            # one after another is no harm
            assert not any(gap_of(event.kind) is Gap.THREADS for event in trace.events)
        assert os.listdir(tmp_path) == ["t"]

    def test_a_qnode_inside_another_names_its_parent(self, tmp_path: Path) -> None:
        nested = "@qml.qnode(dev, interface='torch')\ndef outer(x):\n    qml.RX(circuit(x), wires=0)\n"
        _, calls = record(tmp_path, BRIEFLY + nested + "    return qml.expval(qml.PauliZ(0))\nouter(x)\ncircuit(x)")
        assert [(call.configuration.qnode, call.parent) for call in calls] == [("outer", None), ("circuit", 0), ("circuit", None)]

    def test_autograd_gives_cotangents_and_gradients(self, tmp_path: Path) -> None:
        source = BRIEFLY.replace('interface="torch", ', "") + "from pennylane import numpy as np\n"
        source += "print(qml.grad(lambda x: 3 * circuit(x))(np.array(0.3, requires_grad=True)))"
        _, (call,) = record(tmp_path, source)
        assert (call.configuration.interface, call.output_container) == ("autograd", "autograd")
        (backward,) = call.backwards
        np.testing.assert_allclose(backward.cotangents[0], 3.0)
        np.testing.assert_allclose(backward.gradients[0], -3 * np.sin(0.6), atol=1e-12)

    def test_no_tensor_lives_longer_because_it_was_watched(self, tmp_path: Path) -> None:
        source = BRIEFLY + "import gc, weakref\ngc.disable()\ny = circuit(x)\ny.backward()\n"
        source += "seen = weakref.ref(y)\ndel y\nassert seen() is None"
        ended, _ = record(tmp_path, source)
        assert ended.exit_code == 0

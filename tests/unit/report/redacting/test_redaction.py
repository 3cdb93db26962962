"""What must not leave with a report does not, and what a maintainer needs stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

import pytest

from qdiag.model.call import Script
from qdiag.model.findings import Reproducer
from qdiag.report.outline import Code
from qdiag.report.redacting.redaction import Secrets, redact, secrets_of, secrets_of_this_machine

ARGUMENTS = (
    "default.qubit",
    "--token=swordfish",
    "--password",
    "correct-horse",
    "--api-key=k3y",
    "WANDB_API_KEY=battery",
    "--user=carol",
    "--epochs=3",
    "-v",
)
VARIABLES = {
    "HF_TOKEN": "stapler",
    "DATABASE_URL": "postgres-on-shelf-7",
    "SLURM_JOB_PARTITION": "gpu-long-A",
    "LD_LIBRARY_PATH": "/opt/cuda-12/lib64:/opt/secret-lab/lib",
    "OMP_NUM_THREADS": "1",
    "LANG": "C",
    "DEVICE": "default.qubit",
    "MY_SECRET": "tiny",
}

SECRETS = secrets_of(
    Script("train.py", ARGUMENTS),
    users=["alice", "root"],
    hosts=["gpu-node17.physics.example.edu", "gpu-node17"],
    folders={"/home/alice/moons": ".", "/home/alice": "<home>"},
    variables=VARIABLES,
)

KNOWN = [
    ("alice ran it", "alice"),
    ("by alice, at night", "alice"),
    ("--token=swordfish", "swordfish"),
    ("RuntimeError: login with swordfish failed", "swordfish"),
    ("password was correct-horse", "correct-horse"),
    ("got k3y back", "k3y"),
    ("battery", "battery"),
    ("--user=carol", "carol"),
    ("token stapler", "stapler"),
    ("connect to postgres-on-shelf-7", "postgres-on-shelf-7"),
    ("partition gpu-long-A", "gpu-long-A"),
    ("tiny", "tiny"),
    ("/opt/secret-lab/lib/libcustom.so.1", "secret-lab"),
    ("on gpu-node17:8888", "gpu-node17"),
    ("gpu-node17.physics.example.edu", "physics.example.edu"),
    ("/home/alice/moons/data/patients.csv", "alice"),
    ("/home/alice/other project/x.py", "alice"),
]


@pytest.mark.parametrize(("text", "secret"), KNOWN)
def test_what_this_machine_and_the_arguments_give_away_is_replaced(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in SECRETS.clean_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "default.qubit/backprop and lightning.qubit/adjoint differ from call 0 on, never by more than float32 explains.",
        "gap 6.0e-08 → 2.2e-16 (float64 parameters), still 6.0e-08 (back in float32)",
        "d output[1][0, 2] / d StronglyEntanglingLayers#0[1, 2, 0]",
        "0: ─H─RZ(0.31)─╭●─RY(1.27)─┤ ⟨Z⟩",
        "qml.expval(qml.Z(0) @ qml.X(1)), X@Y, A@B",
        "https://github.com/PennyLaneAI/pennylane/issues/2434",
        "x = torch.tensor([0.28366217182961, -1.2345678901234567e-05], requires_grad=True)",
        "def f(x): return x / 2 / 3 and/or 1/2",
        "pennylane 0.45.1, torch 2.13.0, numpy 1.22.2, lightning 0.45.0, Python 3.11.7",
        "train.py:31, models/quantum.py:7",
        "torch.set_default_dtype(torch.float64)",
        "max_abs and max_rel",
        "qml.device('default.qubit', wires=2)",
        "import pennylane as qml\nif __name__ == '__main__':\n    raise SystemExit(1 / 1)",
        "the tokenizer tokenizes; authors author",
        "rotations are 2*np.pi/3, x//2 and -x/np.sqrt(2)",
        "@qml.qnode(dev, interface='torch')",
        "qdiag-runs/train-1/: trace.qdiag findings.json",
        "pennylane.gradients.parameter_shift:_expval_param_shift:412",
        "QD101 float32-parameters, needs 1e-7/1e-16",
        "m = torch.nn.Linear(2, 256)",
        "tokenizer = 3; authors = 4; a /b and x /2",
        "a ratio of <b>/c and </b>",
        "w.T@x, M@v.T and U@state are products, H@qml.PauliX too",
        "a batch of 241 calls, step 512, off by 0.48213",
        "torch.nn.functional.relu and scipy.sparse.linalg.eigsh",
        "tokens = 3; max_tokens: 512; monkey = 2; keyword=3",
        "https://<host>",
        "train.py -p 0.3 -p 5",
    ],
)
def test_what_a_maintainer_needs_stays(text: str) -> None:
    assert SECRETS.clean_text(text) == text


def test_a_file_of_the_project_is_named_relative_to_it() -> None:
    assert SECRETS.clean_text("/home/alice/moons/src/train.py:31") == "./src/train.py:31"


def test_a_folder_whose_name_begins_like_the_projects_is_another_one() -> None:
    assert SECRETS.clean_text("wrote /home/alice/moons-runs/train-1/") == "wrote <home>/moons-runs/train-1/"
    assert SECRETS.clean_text("in /home/alice/moons.") == "in .."
    assert SECRETS.clean_text("/home/alice/moons.old/train.py") == "<home>/moons.old/train.py"


def test_names_are_replaced_only_as_whole_words() -> None:
    secrets = secrets_of(Script("x.py"), users=["max"])
    assert secrets.clean_text("max said max_abs is the maximum") == "<user> said max_abs is the maximum"


def test_names_that_identify_nobody_are_left() -> None:
    assert secrets_of(Script("x.py"), users=["root"]).clean_text("the root of the tree") == "the root of the tree"


def test_this_machine_gives_its_folder_away_and_it_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_SECRET_TOKEN", "swordfish")
    cleaned = secrets_of_this_machine(Script("x.py")).clean_text(f"{tmp_path}/train.py and swordfish")
    assert cleaned == "./train.py and <variable>"


@dataclass(frozen=True)
class Leaf:
    text: str
    others: tuple[str, ...] = ()
    inner: Optional[Leaf] = None


# --- the script's arguments and the environment ---------------------------------------------------------------------------


def test_words_of_results_stay_what_they_are_whatever_variables_say() -> None:
    variables = {"STUDY": "second-derivative", "LAST": "inconclusive", "OWN": "third-derivative"}
    secrets = secrets_of(Script("train.py"), variables=variables)
    assert secrets.clean_text("second-derivative inconclusive third-derivative") == "second-derivative inconclusive <variable>"


def test_a_device_that_a_variable_names_is_named() -> None:
    secrets = secrets_of(Script("train.py"), variables={"DEVICE": "cirq.simulator", "API_KEY": "kohl.rabi-77"})
    shown = secrets.but_names(["cirq.simulator"]).clean_text("cirq.simulator and kohl.rabi-77")
    assert shown == "cirq.simulator and <variable>"


def test_a_short_number_and_a_word_of_every_report_are_secrets_in_their_own_places_only() -> None:
    script = Script("train.py", ("--password", "1", "--api-key=adjoint", "--pass=no", "-p", "sin", "--host", "default.qubit"))
    variables = {"MAX_TOKENS": "512", "XDG_SESSION_ID": "241", "AUTH": "none", "PIN": "48213", "DB_PASS": "kohlrabi"}
    secrets = secrets_of(script, variables=variables)
    text = "512 of 241 calls under adjoint on default.qubit: 1 of them, none sin, no 0.48213"
    assert secrets.clean_text(text) == text
    assert secrets.clean_text("PIN 48213 and kohlrabi") == "PIN <variable> and <variable>"


def test_a_long_name_is_found_in_any_case_and_inside_words_that_underscores_join() -> None:
    secrets = secrets_of(Script("x.py"), users=["marlene"])
    text = "Marlene's train_for_marlene.py, marlene_wire; marlenes"
    assert secrets.clean_text(text) == "<user>'s train_for_<user>.py, <user>_wire; marlenes"


def test_an_address_goes_as_a_whole_though_a_name_stands_in_it() -> None:
    secrets = secrets_of(Script("x.py"), users=["marlene"], hosts=["klaus"])
    for address in ("postgres://marlene:x@klaus/d", "https://git.klaus.org/marlene/geheimrepo", "https://marlene.example.org/secret"):
        cleaned = secrets.clean_text(address)
        assert cleaned == f"{address.partition('://')[0]}://<host>"
        assert secrets.clean_text(cleaned) == cleaned


@pytest.mark.parametrize(
    "arguments", [(), ("--user", "dorothea"), ("--login=dorothea",), ("--token", "dorothea"), ("--user", "Dorothea")]
)
def test_an_argument_never_loosens_what_is_redacted_anyway(arguments: tuple[str, ...]) -> None:
    secrets = secrets_of(Script("train.py", arguments), users=["dorothea"])
    text = "train_dorothea.py, circuit_dorothea, DOROTHEA: dorothea"
    assert secrets.clean_text(text) == "train_<user>.py, circuit_<user>, <user>: <user>"


def test_a_user_who_is_only_named_by_an_argument_is_found_inside_names_as_well() -> None:
    secrets = secrets_of(Script("train.py", ("--user", "dorothea", "--host=casaubon")))
    assert secrets.clean_text("train_dorothea.py on casaubon_gpu") == "train_<user>.py on <host>_gpu"


def test_whoever_a_trace_of_another_machine_names_by_a_home_folder_is_found_inside_names_as_well() -> None:
    row = {"source": "/home/dorothea/qml/train_dorothea.py:3", "qnode": "circuit_dorothea", "call": 0, "note": "adjoint"}
    assert redact(row, Secrets()) == {"source": "<path>/train_<user>.py:3", "qnode": "circuit_<user>", "call": 0, "note": "adjoint"}


@pytest.mark.parametrize("owner", ["adjoint", "default", "runner", "user", "al"])
def test_a_home_folder_that_is_called_like_a_word_of_ours_takes_no_word_away(owner: str) -> None:
    assert redact([f"/home/{owner}/x.py", f"{owner} and all the rest"], Secrets())[1] == f"{owner} and all the rest"


# --- a whole document ---------------------------------------------------------------------------------------------------


def test_code_inside_a_tree_is_cleaned_as_code_and_an_exception_as_text() -> None:
    script, traceback = Code("repro.py", "w.T@x; tokens = auth"), Code("", "token = auth", "text")
    assert redact((script, traceback), SECRETS) == (script, replace(traceback, text="token = <secret>"))
    assert redact(Reproducer("x = 'alice'", output="by alice"), SECRETS) == Reproducer("x = '<user>'", output="by <user>", cleaned=True)


def test_every_text_of_a_tree_is_cleaned() -> None:
    secrets = Secrets((("swordfish", "<secret>"),))
    leaf = Leaf("swordfish", ("a swordfish",), Leaf("swordfish"))
    tree = {"swordfish": [leaf], "number": 3}
    assert redact(tree, secrets) == {"<secret>": [Leaf("<secret>", ("a <secret>",), Leaf("<secret>"))], "number": 3}

"""What must not leave with a report does not, and what a maintainer needs stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import pytest

from qdiag.model.call import Script
from qdiag.model.findings import Reproducer
from qdiag.report.content.outline import Code
from qdiag.report.redacting.code import LEFT_OUT
from qdiag.report.redacting.patterns import without_patterns
from qdiag.report.redacting.redaction import Secrets, redacted, secrets_of, secrets_of_this_machine

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

PATTERNS = [
    ('File "/home/bob/projects/model.py", line 3', "bob"),
    ("File '/data/group of bob/run 7/model.py', line 3", "bob"),
    ("see /Users/bob/Desktop/x.txt", "bob"),
    ("~bob/notes.md", "bob"),
    ("(/scratch/bob/run)", "bob"),
    ("path=/scratch/bob/run", "bob"),
    ("/scratch/bob", "bob"),
    ("file:///home/bob/x.py", "bob"),
    ("C:\\Users\\Bob Smith\\x.py", "Smith"),
    ("D:\\data\\bob\\x.py", "bob"),
    ("D:/data/bob/x.py", "bob"),
    ("\\\\fileserver\\bob\\x.py", "fileserver"),
    ("[/mnt/projectx/a.npy, /mnt/projectx/b.npy]", "projectx"),
    ("import from '/etc/projectx/conf.toml'", "projectx"),
    ("bob.smith@example.org", "bob"),
    ("Author: Bob <bob@lab.example.ac.uk>", "lab.example"),
    ("bob@gpu-node3:~$", "gpu-node3"),
    ("ssh bob@cluster.example.edu", "cluster"),
    ("connecting to 10.1.2.3:5432", "10.1.2.3"),
    ("listening on 192.168.17.4", "192.168.17.4"),
    ("host db7.internal refused", "db7"),
    ("node-4.cluster timed out", "node-4"),
    ("http://jupyter.example.edu:8888/?token=abcdef", "abcdef"),
    ("http://jupyter.example.edu:8888/?token=abcdef", "jupyter.example.edu"),
    ("https://bob:hunter2@github.com/x/y.git", "hunter2"),
    ("postgres://bob:hunter2@db/train", "hunter2"),
    ("https://github.com/x?access_token=zzz111", "zzz111"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefgh"),
    ("github_pat_11ABCDEFG0abcdefghijklmnop", "11ABCDEFG0"),
    ("glpat-abcdefghij0123456789", "abcdefghij"),
    ("sk-proj-abcdefghijklmnop0123", "abcdefghijkl"),
    ("hf_AbCdEfGhIjKlMnOpQrStUv", "AbCdEf"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "SyA1234"),
    ("xoxb-123456789012-abcdefghij", "123456789012"),
    ("pypi-AgEIcHlwaS5vcmcCJGFiY2RlZg", "AgEIcHlwaS5"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def", "eyJzdWIi"),
    ("Authorization: Bearer abc.def-ghi_jkl", "abc.def"),
    ("Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("password = 'hunter2'", "hunter2"),
    ('{"api_key": "hunter2"}', "hunter2"),
    ("client_secret: hunter2", "hunter2"),
    ("--auth-token hunter2", "hunter2"),
    ("export WANDB_API_KEY=hunter2", "hunter2"),
    ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00"),
    ("550e8400-e29b-41d4-a716-446655440000", "e29b-41d4"),
    ("key dGhpc0lzQVNlY3JldEtleTEyMzQ1Njc4OTA=", "dGhpc0lz"),
    ("https://git.klaus.org/bob/geheimrepo", "geheimrepo"),
    ("sk_live_abcdefgh12345678", "abcdefgh12345678"),
    ("dckr_pat_abcdefghij0123456789", "abcdefghij"),
    ("bot 123456789:AAH4Gd0aBcDeFgHiJkLmNoPqRsTuVwXyZ12", "AAH4Gd0"),
    ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "K7MDENG"),
    ("AccountKey=abc123def", "abc123def"),
    ("wandb_key=0a1b2c3d", "0a1b2c3d"),
    ("DB_PASS: kohlrabi", "kohlrabi"),
    ("circuit_hf_AbCdEfGhIjKlMnOpQrStUv", "AbCdEf"),
    ("git@git.klaus.org:klausbarbara/thesis.git", "klausbarbara"),
    ("андрей@пример.рф", "андрей"),
    ("jäger@example.org", "jäger"),
    ("2001:db8:85a3:0:0:8a2e:370:7334", "8a2e"),
    ("fe80::1ff:fe23:4567:890a", "fe23"),
    ("gpu-node-17.hpc.uni-bonn.de refused", "uni-bonn"),
    ("C:\\\\Users\\\\Klaus Barbara\\\\x.py", "Barbara"),
    ("on //server/share/x", "server"),
    ("failed with -p Schnurrbart77, again", "Schnurrbart77"),
    ("on host gpu-node-17", "gpu-node-17"),
    ("../home/klaus-geheim/proj/t.py:3", "klaus-geheim"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
]


@pytest.mark.parametrize(("text", "secret"), KNOWN)
def test_what_this_machine_and_the_arguments_give_away_is_replaced(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in SECRETS.cleaned(text)


@pytest.mark.parametrize(("text", "secret"), PATTERNS)
def test_what_looks_like_a_secret_is_replaced_wherever_the_trace_comes_from(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in without_patterns(text)


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
    assert SECRETS.cleaned(text) == text


def test_a_file_inside_a_library_keeps_its_place_there() -> None:
    path = "/home/bob/env/lib/python3.11/site-packages/pennylane/qnode.py"
    assert without_patterns(f'File "{path}", line 7') == 'File "pennylane/qnode.py", line 7'


def test_a_file_of_the_project_is_named_relative_to_it() -> None:
    assert SECRETS.cleaned("/home/alice/moons/src/train.py:31") == "./src/train.py:31"


def test_a_folder_whose_name_begins_like_the_projects_is_another_one() -> None:
    assert SECRETS.cleaned("wrote /home/alice/moons-runs/train-1/") == "wrote <home>/moons-runs/train-1/"
    assert SECRETS.cleaned("in /home/alice/moons.") == "in .."
    assert SECRETS.cleaned("/home/alice/moons.old/train.py") == "<home>/moons.old/train.py"


def test_names_are_replaced_only_as_whole_words() -> None:
    secrets = secrets_of(Script("x.py"), users=["max"])
    assert secrets.cleaned("max said max_abs is the maximum") == "<user> said max_abs is the maximum"


def test_names_that_identify_nobody_are_left() -> None:
    assert secrets_of(Script("x.py"), users=["root"]).cleaned("the root of the tree") == "the root of the tree"


def test_this_machine_gives_its_folder_away_and_it_is_replaced(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_SECRET_TOKEN", "swordfish")
    cleaned = secrets_of_this_machine(Script("x.py")).cleaned(f"{tmp_path}/train.py and swordfish")
    assert cleaned == "./train.py and <secret>" or "swordfish" not in cleaned
    assert str(tmp_path) not in cleaned


@dataclass(frozen=True)
class Leaf:
    text: str
    others: tuple[str, ...] = ()
    inner: Optional[Leaf] = None


# --- the script's arguments and the environment ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (("--max-tokens", "0", "--host", "1"), ("--max-tokens", "0", "--host", "<secret>")),
        (("-p", "Shortoption4", "-p", "0.3"), ("-p", "<secret>", "-p", "0.3")),
        (("--pass", "Passoption6", "--wandb-key=Wandbkey5"), ("--pass", "<secret>", "--wandb-key=<secret>")),
        (("Authorization: Bearer", "Bearer888"), ("Authorization: Bearer", "<secret>")),
        (("--pin=4", "--keyword", "x", "--key", "7"), ("--pin=<secret>", "--keyword", "x", "--key", "7")),
        (("--user-name", "klaus", "--hostname=h1"), ("--user-name", "<secret>", "--hostname=<secret>")),
        (("TOKEN=t", "backprop"), ("TOKEN=<secret>", "backprop")),
    ],
)
def test_an_argument_is_hidden_in_its_place(argv: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert redacted(Script("train.py", argv), Secrets()).argv == shown


def test_a_short_number_and_a_word_of_every_report_are_secrets_in_their_own_places_only() -> None:
    script = Script("train.py", ("--password", "1", "--api-key=adjoint", "--pass=no", "-p", "sin", "--host", "default.qubit"))
    variables = {"MAX_TOKENS": "512", "XDG_SESSION_ID": "241", "AUTH": "none", "PIN": "48213", "DB_PASS": "kohlrabi"}
    secrets = secrets_of(script, variables=variables)
    text = "512 of 241 calls under adjoint on default.qubit: 1 of them, none sin, no 0.48213"
    assert secrets.cleaned(text) == text
    assert secrets.cleaned("PIN 48213 and kohlrabi") == "PIN <variable> and <variable>"


def test_a_long_name_is_found_in_any_case_and_inside_words_that_underscores_join() -> None:
    secrets = secrets_of(Script("x.py"), users=["marlene"])
    text = "Marlene's train_for_marlene.py, marlene_wire; marlenes"
    assert secrets.cleaned(text) == "<user>'s train_for_<user>.py, <user>_wire; marlenes"


def test_an_address_goes_as_a_whole_though_a_name_stands_in_it() -> None:
    secrets = secrets_of(Script("x.py"), users=["marlene"], hosts=["klaus"])
    for address in ("postgres://marlene:x@klaus/d", "https://git.klaus.org/marlene/geheimrepo", "https://marlene.example.org/secret"):
        cleaned = secrets.cleaned(address)
        assert cleaned == f"{address.partition('://')[0]}://<host>"
        assert secrets.cleaned(cleaned) == cleaned


# --- code -------------------------------------------------------------------------------------------------------------------

CODE = """
def circuit_of_alice(tokens, scale, w, x):  # by alice@lab.example.org
    token_angles = tokens * scale.item()
    pw = "Schnurrbart77"
    login(password='hunter2', auth=None, user="alice")
    os.environ["HF_TOKEN"] = f"very {scale} secret"
    settings = {"api_key": "k3yk3y", "wires": ["alice_wire", 0]}
    return w.T@x + len(tokens), "/home/alice/moons/data.npy", 48213
"""

CLEANED = """
def circuit_of_user(tokens, scale, w, x):  # by <user>@<host>
    token_angles = tokens * scale.item()
    pw = "<secret>"
    login(password='<secret>', auth=None, user="<user>")
    os.environ["HF_TOKEN"] = f"<secret>"
    settings = {"api_key": "<secret>", "wires": ["<user>_wire", 0]}
    return w.T@x + len(tokens), "./data.npy", 48213
"""


def test_code_keeps_its_names_and_numbers_and_loses_what_its_strings_and_comments_give_away() -> None:
    assert SECRETS.code(CODE) == CLEANED
    assert SECRETS.code(CLEANED) == CLEANED


@pytest.mark.parametrize(
    "source", ["", "x = 1\n", "# a comment", "def f():\n    return f'{1:>{2}}' 'a' r'\\d', b'c'", "if x:\n\ty = '''a\nb'''\n"]
)
def test_code_without_a_secret_stays_as_it_is(source: str) -> None:
    assert SECRETS.code(source) == source


def test_what_is_no_code_is_left_out() -> None:
    assert SECRETS.code("def f(:\n    'alice'") == LEFT_OUT


def test_code_inside_a_tree_is_cleaned_as_code_and_an_exception_as_text() -> None:
    script, traceback = Code("repro.py", "w.T@x; tokens = auth"), Code("", "token = auth", "text")
    assert redacted((script, traceback), SECRETS) == (script, replace(traceback, text="token = <secret>"))
    assert redacted(Reproducer("x = 'alice'", output="by alice"), SECRETS) == Reproducer(
        "x = '<user>'", output="by <user>", cleaned=True
    )


def test_every_text_of_a_tree_is_cleaned() -> None:
    secrets = Secrets((("swordfish", "<secret>"),))
    tree = {"swordfish": [Leaf("swordfish", ("a swordfish",), Leaf("swordfish"))], "number": 3}
    assert "swordfish" not in repr(redacted(tree, secrets))
    assert redacted(replace(tree["swordfish"][0], inner=None), secrets).others == ("a <secret>",)

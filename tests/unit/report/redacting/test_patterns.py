"""What looks like a secret, a path, a host or an address is found by its form alone; what only resembles one stays."""

from __future__ import annotations

import random
import re
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.report.redacting.patterns import PUBLIC_HOSTS, SECRET_NAME, owners_in, without_addresses, without_patterns, without_tokens

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


@pytest.mark.parametrize(("text", "secret"), PATTERNS)
def test_what_looks_like_a_secret_is_replaced_wherever_the_trace_comes_from(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in without_patterns(text)


@pytest.mark.parametrize("text", [text for text, _ in PATTERNS])
def test_what_is_clean_stays_clean(text: str) -> None:
    # a report is cleaned before and after it is made
    once = without_patterns(text)
    assert without_patterns(once) == once


@pytest.mark.parametrize("text", [text for text, _ in PATTERNS])
@pytest.mark.parametrize("around", ["see {}", "{} failed", "first line\n{}\nlast line", "({})"])
def test_a_secret_is_found_wherever_it_stands(text: str, around: str) -> None:
    secret = dict(PATTERNS)[text]
    assert secret not in without_patterns(around.format(text))


def test_a_file_inside_a_library_keeps_its_place_there() -> None:
    path = "/home/bob/env/lib/python3.11/site-packages/pennylane/qnode.py"
    assert without_patterns(f'File "{path}", line 7') == 'File "pennylane/qnode.py", line 7'


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/bob/train.py", "<path>/train.py"),
        ("/home/bob/notebook.ipynb", "<path>/notebook.ipynb"),
        ("/home/bob/results/", "<path>"),
        ("/home/bob/my secret model", "<path> secret model"),
        ("C:\\Users\\bob\\train.py", "<home>\\train.py"),
        ("D:\\work\\train.py", "<path>/train.py"),
        ("../../bob/train.py", "<path>/train.py"),
        ("/usr/lib/python3/dist-packages/numpy/core.py", "numpy/core.py"),
        ("C:\\env\\Lib\\site-packages\\torch\\nn.py", "torch/nn.py"),
    ],
)
def test_of_a_path_only_the_name_of_a_file_of_code_stays(path: str, shown: str) -> None:
    assert without_patterns(path) == shown


@pytest.mark.parametrize(
    "name",
    [
        "token", "TOKEN", "hf_token", "access_token", "password", "passwd", "passphrase", "pwd", "secret", "client_secret", "api_key",
        "api-key", "APIKEY", "private_key", "shared-key", "wandb_key", "credential", "credentials", "auth", "oauth", "session_id",
        "cookie", "db_pass", "my_pat", "card-pin", "pass", "pin",
    ],
)  # fmt: skip
def test_names_of_what_is_secret(name: str) -> None:
    assert re.fullmatch(SECRET_NAME, name, re.IGNORECASE)
    assert without_patterns(f"{name} = 'hunter2x'") == f"{name} = <secret>"


@pytest.mark.parametrize(
    "name",
    ["tokens", "tokenizer", "tokenize", "tokenise", "author", "authors", "monkey", "keyword", "key", "compass", "pattern", "spin"],
)
def test_names_that_only_begin_or_end_like_it(name: str) -> None:
    assert not re.fullmatch(SECRET_NAME, name, re.IGNORECASE)
    assert without_patterns(f"{name} = 3") == f"{name} = 3"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("10.0.0.7", "<host>"),
        ("127.0.0.1", "<host>"),
        ("172.16.4.1", "<host>"),
        ("8.8.200.8", "<host>"),
        ("1.22.2.0", "1.22.2.0"),
        ("0.45.1.2", "0.45.1.2"),
        ("300.1.1.1", "300.1.1.1"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_an_address_is_told_from_a_version(address: str, shown: str) -> None:
    assert without_patterns(f"with {address}, then") == f"with {shown}, then"


@pytest.mark.parametrize("host", sorted(PUBLIC_HOSTS))
def test_addresses_that_anybody_may_know_stay_without_their_query(host: str) -> None:
    assert without_patterns(f"see https://{host}/a/b#c for more") == f"see https://{host}/a/b#c for more"
    assert without_patterns(f"see https://{host}/a?token=abc for more") == f"see https://{host}/a for more"


@pytest.mark.parametrize(
    "text", ["https://github.com.evil.example/x", "https://user:pw@github.com/x", "ftp://git.example.org", "redis://db:6379/0"]
)
def test_any_other_address_keeps_its_scheme_alone(text: str) -> None:
    assert without_patterns(text) == f"{text.partition('://')[0]}://<host>"


@pytest.mark.parametrize(
    "text", ["qml.Z(0)@qml.PauliX(1)", "Z@qml.PauliX", "w.T @ x", "backprop@float64", "lightning.qubit/adjoint@float32"]
)
def test_products_and_precisions_are_no_logins(text: str) -> None:
    assert without_patterns(text) == text


# --- by form, whatever the letters ---------------------------------------------------------------------------------------

ALNUM = string.ascii_letters + string.digits
WORDS = st.sampled_from(["", "loading with ", "got '", "x=", "(", "see: ", "first line\n"])
ENDS = st.sampled_from(["", " failed", "'", ")", ", then", "\nlast line"])


def letters(least: int, most: int, alphabet: str = ALNUM) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(alphabet), min_size=least, max_size=most)


TOKENS = st.one_of(
    st.builds("{}_{}".format, st.sampled_from(["ghp", "gho", "ghu", "ghs", "ghr"]), letters(36, 36)),
    st.builds("glpat-{}".format, letters(20, 20)),
    st.builds("hf_{}".format, letters(34, 34)),
    st.builds("sk-{}".format, letters(32, 48)),
    st.builds("{}_{}_{}".format, st.sampled_from(["sk", "rk", "pk"]), st.sampled_from(["live", "test"]), letters(16, 24)),
    st.builds("{}{}".format, st.sampled_from(["AKIA", "ASIA"]), letters(16, 16, string.ascii_uppercase + string.digits)),
    st.builds("AIza{}".format, letters(35, 35)),
    st.builds("npm_{}".format, letters(36, 36)),
    st.builds("pypi-{}".format, letters(40, 60)),
    st.builds("eyJ{}.{}.{}".format, letters(20, 30), letters(20, 30), letters(20, 30)),
    st.uuids().map(str),
)


@given(WORDS, TOKENS, ENDS)
def test_tokens_of_services_never_stay(before: str, token: str, after: str) -> None:
    assert without_tokens(before + token + after) == f"{before}<secret>{after}"


NAMES = letters(2, 12, string.ascii_lowercase)


@given(WORDS.filter(lambda word: word != "x="), NAMES, NAMES, st.sampled_from(["com", "org", "de", "edu"]), ENDS)
def test_e_mails_never_stay(before: str, user: str, domain: str, top: str, after: str) -> None:
    cleaned = without_patterns(f"{before}{user}.q1@{domain}.{top}{after}")
    assert f"@{domain}" not in cleaned
    assert f"{user}.q1" not in cleaned


@given(
    st.tuples(NAMES, NAMES, NAMES),
    st.sampled_from(["/home/", "/Users/", "/scratch/", "file:///srv/"]),
    st.sampled_from([":31", "", " not found", "'"]),
)
def test_folders_of_people_never_stay(names: tuple[str, str, str], root: str, after: str) -> None:
    person, project, file = (name + "q7" for name in names)
    cleaned = without_patterns(f"cannot read {root}{person}/{project}/{file}.csv{after}")
    assert person not in cleaned
    assert project not in cleaned
    assert file not in cleaned


@given(st.lists(st.integers(0, 255), min_size=2, max_size=2), st.sampled_from(["10.0", "192.168", "172.16"]))
def test_private_addresses_never_stay(ends: list[int], net: str) -> None:
    address = f"{net}.{ends[0]}.{ends[1]}"
    assert without_patterns(f"connecting to {address}:5432") == "connecting to <host>:5432"


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10**12))
def test_numbers_always_stay(number: float, count: int) -> None:
    text = f"worst element {number!r} of {count} calls, {number:.3e}"
    assert without_patterns(text) == text


@given(st.text(max_size=200))
def test_any_text_is_clean_after_once(text: str) -> None:
    once = without_tokens(without_addresses(text))
    assert without_tokens(once) == once


# --- time ----------------------------------------------------------------------------------------------------------------

HOSTILE = [
    *["x", "1", "a.", "a-", "a+", "a_", "a/", "/a", "-/a", "@a", "a@", "a@b.", "a:b", "../", "x=", "\\", "::", "0:", "~a", " ~a"],
    *[
        "-~a",
        "'",
        "'/",
        '"/a',
        "a/b ",
        "--key ",
        "--token",
        "token",
        "token-",
        "token=",
        "token='",
        "x token = ",
        "-p ",
        "-p 1",
        "bearer ",
    ],
    *["eyJ", "eyJ-", "eyJa.", "ghp_", "sk-", "-----BEGIN A", "-----BEGIN A-----", "http", "a://", "file:", "file:///", "//a"],
    *[
        "node-1-",
        "C:\\Users\\",
        "C:\\",
        "/site-packages/",
        "/home/",
        "a/home/b",
        "aA1",
        "aA1+",
        "f0",
        "f0-",
        "f0:",
        "\n",
        "\t ",
        "é",
        "1.1.",
    ],
]


def seconds_for(text: str) -> float:
    start = time.process_time()
    without_patterns(text)
    owners_in(text)
    return time.process_time() - start


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_makes_it_slow(unit: str) -> None:
    # what grew with the square of the length took more than a second
    assert seconds_for((unit * 16_000)[:16_000]) < 0.4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map("".join), st.sampled_from(HOSTILE), st.sampled_from(HOSTILE))
def test_nor_does_any_mixture(unit: str, before: str, after: str) -> None:
    assert seconds_for(before + (unit * 16_000)[:16_000] + after) < 0.4


# --- what nothing announces ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "aB3dE5fG7hI9jK1lM3nO5pQ7r",
        "1aGWtgxV3HppuxQAdddyPrs74",
        "tGtecpHBPwGlkQ043pddkKb3PU",
        "Zq8vT2mR5xW9kL4nB7cJ1dF6h",
        "OM0jvwB8jIp57ZJjtNEZ",
    ],
)
@pytest.mark.parametrize("around", ["{}", "comet says {}", "('{}',)", "x={}, y", "run_{}"])
def test_a_word_that_nobody_would_write_is_a_secret(secret: str, around: str) -> None:
    assert secret not in without_patterns(around.format(secret))


def test_most_random_words_are_found() -> None:
    rng = random.Random(0)
    words = ["".join(rng.choice(ALNUM) for _ in range(25)) for _ in range(400)]
    assert sum("<secret>" in without_patterns(word) for word in words) > 340


@pytest.mark.parametrize(
    "word",
    [
        "X0Y1Z2X3Z4Y5X6Y7Z8X9X10Z11", "PauliX0PauliY1PauliZ2PauliX3", "RX0RY1CNOT01RZ2RX3RY4CZ34", "StronglyEntanglingLayers",
        "0.45.1.dev20261128", "2.13.0+cpu", "v0.45.1-12-gb70688b", "b70688b", "3.14159265358979323846264338", "0x1950A86A20F9469CFC6C",
        "qaoaMaxCut3Regular10NodesGraph", "circuit_2layers_4qubits_64bit", "TestHadamard2WithAdjoint3", "backprop@float64",
        "20261128T103145Z", "12345678901234567890123456", "ClassicalShadowWith1000Snapshots4Wires", "float32complex64float64complex128",
    ],
)  # fmt: skip
def test_names_numbers_versions_and_words_of_operators_are_none(word: str) -> None:
    assert without_patterns(f"in {word}, then") == f"in {word}, then"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("eth0 00:1a:2B:3c:4d:5e up", "eth0 <host> up"),
        ("00-1a-2b-3c-4d-5e", "<host>"),
        ("cisco 001a.2b3c.4d5e", "cisco <host>"),
        ("eui 00:1a:2b:ff:fe:3c:4d:5e", "eui <host>"),
        ("12:34:56 and 10-20-30-40-50-60", "12:34:56 and 10-20-30-40-50-60"),
        ("3.1415.9265 and 0123.4567.8901", "3.1415.9265 and 0123.4567.8901"),
        ("ab:cd", "ab:cd"),
    ],
)
def test_the_address_of_a_network_card_is_told_from_times_and_rows_of_numbers(text: str, shown: str) -> None:
    assert without_patterns(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cd ~dorothea", "cd <home>"),
        ("home of '~dorothea'.", "home of '<home>'."),
        ("~dorothea: no such user", "<home>: no such user"),
        ("about ~5 and ~eps, x[~mask], ~f(x) and ~x", "about ~5 and ~eps, x[~mask], ~f(x) and ~x"),
    ],
)
def test_somebodys_home_folder_is_told_from_what_is_about_or_not(text: str, shown: str) -> None:
    assert without_patterns(text) == shown


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("/home/dorothea/x.py", {"dorothea"}),
        ("'/Users/dorothea/x'", {"dorothea"}),
        ("at /nfs/lab/home/dorothea/x", {"dorothea"}),
        ("C:\\Users\\Dorothea Brooke\\x.py", {"Dorothea Brooke"}),
        ("~dorothea/x.py", {"dorothea"}),
        ("/homework/x, /opt/home, x/home/y and C:\\Users", set()),
    ],
)
def test_whose_home_folder_a_path_is_in(text: str, owners: set[str]) -> None:
    assert owners_in(text) == owners

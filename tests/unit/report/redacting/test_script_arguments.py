"""Which of a script's arguments are secrets: options tell, and a number that may mean something else stays."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.report.redacting.script_arguments import hide_secrets, secret_arguments


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
    assert hide_secrets(argv) == shown


@pytest.mark.parametrize(
    "name", ["--token", "--api-key", "--hf_token", "--password", "--auth", "-secret", "--wandb-key", "--Client-Secret"]
)
@pytest.mark.parametrize("content", ["swordfish", "12345678", "0", "a=b", "with space"])
def test_what_an_option_of_secrets_holds_is_one_whatever_it_is(name: str, content: str) -> None:
    assert hide_secrets((name, content, "next")) == (name, "<secret>", "next")
    assert hide_secrets((f"{name}={content}", "next")) == (f"{name}=<secret>", "next")
    assert secret_arguments((name, content)) == secret_arguments((f"{name}={content}",)) == [content]


@pytest.mark.parametrize("name", ["--user", "--login", "--email", "--host", "--hostname", "--db-user", "-user-name"])
def test_names_of_people_and_hosts_are_too(name: str) -> None:
    assert hide_secrets((name, "klaus")) == (name, "<secret>")


@pytest.mark.parametrize("name", ["--key", "-p"])
def test_an_option_that_may_mean_anything_hides_words_and_shows_numbers(name: str) -> None:
    assert hide_secrets((name, "0.3")) == (name, "0.3")
    assert hide_secrets((name, "-1e-3")) == (name, "-1e-3")
    assert hide_secrets((name, "Schnurrbart")) == (name, "<secret>")
    # it is not looked for elsewhere: "-p sin" must not cost us every sine
    assert secret_arguments((name, "Schnurrbart")) == []


@pytest.mark.parametrize(
    "argv",
    [
        ("--epochs", "3", "--lr=0.1", "backprop"),
        ("--tokens", "512", "--max-tokens=8", "--author", "x", "--keyword=y"),
        ("default.qubit", "adjoint", "-v", "--verbose"),
        ("--token", "--password", "-v"),
        ("--key=0.5", "-p", "3"),
        (),
    ],
)
def test_anything_else_stays(argv: tuple[str, ...]) -> None:
    assert hide_secrets(argv) == argv
    assert secret_arguments(argv) == []


def test_an_option_without_a_value_does_not_reach_over_the_next_option() -> None:
    assert hide_secrets(("--token", "--epochs", "3")) == ("--token", "--epochs", "3")


def test_an_option_with_its_value_in_it_does_not_reach_further() -> None:
    assert hide_secrets(("--token=a1b2", "adjoint")) == ("--token=<secret>", "adjoint")


def test_a_header_in_one_argument_hides_the_next() -> None:
    assert hide_secrets(("-H", "Authorization: Basic", "dXNlcjpw")) == ("-H", "Authorization: Basic", "<secret>")


NAMES = st.sampled_from(["--token", "--api-key", "--password=", "--user", "-p", "--epochs", "--lr=", "HF_TOKEN="])
CONTENTS = st.text(st.sampled_from(string.ascii_letters + string.digits), min_size=6, max_size=12)


@given(st.lists(st.one_of(NAMES, CONTENTS, st.builds("{}{}".format, NAMES, CONTENTS)), max_size=8))
def test_hiding_keeps_the_number_of_arguments_and_is_done_once(argv: list[str]) -> None:
    shown = hide_secrets(argv)
    assert len(shown) == len(argv)
    assert hide_secrets(shown) == shown
    for given_, after in zip(argv, shown):
        # what is shown is what was there, up to a secret at its end
        assert after == given_ or (after.endswith("<secret>") and given_.startswith(after[: -len("<secret>")]))


@given(st.lists(CONTENTS, min_size=1, max_size=4, unique=True), st.sampled_from(["--token", "--password", "--wandb-key"]))
def test_every_secret_is_gone(secrets: list[str], option: str) -> None:
    argv = [part for secret in secrets for part in (option, secret)]
    assert not set(secrets) & set(hide_secrets(argv))
    assert secret_arguments(argv) == secrets

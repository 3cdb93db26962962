"""``assert_methods_agree``: what passes, what fails with which words, and what is handed on to `qdiag.check`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag import testing
from qdiag.errors import UsageError
from qdiag.model.findings import Reproducer
from tests.unit.test_api import checked


class TestAssertion:
    def test_its_message_holds_the_report_and_the_reproducer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sick = checked("shifted")
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: sick)
        with pytest.raises(AssertionError) as raised:
            testing.assert_methods_agree(print)
        assert str(raised.value).startswith(str(sick))
        assert isinstance(sick.findings[0].reproducer, Reproducer)
        assert str(sick.reproducer) in str(raised.value)

    def test_what_could_not_be_compared_does_not_pass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: checked("noisy"))
        with pytest.raises(AssertionError, match="INCONCLUSIVE"):
            testing.assert_methods_agree(print)
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: checked("moons"))
        testing.assert_methods_agree(print)

    def test_without_anything_tracked_it_does_not_pass_as_if_gradients_agreed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: replace(checked("moons"), tracked=False))
        with pytest.raises(UsageError, match="no gradient was compared"):
            testing.assert_methods_agree(print)
        testing.assert_methods_agree(print, gradients=False)

    def test_hands_everything_on_to_the_check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given: list[Any] = []

        def check(*args: Any, **kwargs: Any) -> Any:
            given.append((args, kwargs))
            return checked("healthy")

        monkeypatch.setattr(testing, "check", check)
        testing.assert_methods_agree(print, 1, 2, methods=["adjoint"], tolerance=0.1, scale=3)
        assert given == [((print, 1, 2), {"methods": ["adjoint"], "tolerance": 0.1, "scale": 3})]

    def test_without_a_reproducer_its_message_is_the_report(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sick = checked("raising")
        monkeypatch.setattr(testing, "check", lambda *args, **kwargs: sick)
        with pytest.raises(AssertionError) as raised:
            testing.assert_methods_agree(print)
        assert str(raised.value) == str(sick)

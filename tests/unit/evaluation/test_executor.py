"""Who evaluates, by what was asked: no cluster is reached here."""

from __future__ import annotations

import sys

import pytest

from qdiag.errors import UsageError
from qdiag.evaluation.executor import check_cluster, open_evaluator
from qdiag.evaluation.workers import Workers


def test_without_a_cluster_workers_of_this_machine_evaluate():
    with open_evaluator(jobs=1) as found:
        assert isinstance(found, Workers)


@pytest.mark.parametrize("address", ["local", "local:0", "local:two", "127.0.0.1", "tcp://", "tcp:// a"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UsageError, match="is no cluster") as caught:
        check_cluster(address)
    assert "tcp://HOST:PORT" in caught.value.cure


@pytest.mark.parametrize("address", ["local:2", "tcp://10.0.0.1:8786", "tls://scheduler:8786"])
def test_where_dask_is_not_installed_is_said_with_what_to_do(address, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="needs Dask") as caught:
        open_evaluator(address)
    assert caught.value.cure == "pip install 'qdiag[cluster]'"


def test_this_machine_needs_no_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with open_evaluator("", 1):
        pass

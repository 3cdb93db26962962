"""Where evaluations are made: by workers on this machine, or by those of a cluster. Whoever judges sees an `Evaluator` either way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Optional

from qdiag.errors import UsageError
from qdiag.evaluation.cluster_address import ADDRESS, LOCAL
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.limits import SECONDS
from qdiag.evaluation.workers import Workers


def open_evaluator(
    cluster: str = "",
    jobs: Optional[int] = None,
    limit: float = SECONDS,
    *,
    forked: bool = False,
    beside: str = "",
    tell: Callable[[str], None] = lambda text: None,
) -> AbstractContextManager[Evaluator]:
    """Who evaluates, as a context manager.

    Parameters
    ----------
    cluster
        The address of a Dask scheduler, or ``local:N``; "" for workers on this machine.
    jobs, forked, beside
        Of workers on this machine: see `Workers`.
    limit
        Processor time for one evaluation, in seconds.
    tell
        Told what else is to be known of the cluster.

    Raises
    ------
    UsageError
        If the cluster is none, or Dask is not installed.
    """
    if not cluster:
        return Workers(jobs, limit, forked=forked, beside=beside)
    check_cluster(cluster)
    from qdiag.evaluation.cluster import Cluster

    return Cluster(cluster, limit, tell)


def check_cluster(cluster: str) -> None:
    """Refuse what is no cluster before anything else is done.

    Raises
    ------
    UsageError
        If it is none, or Dask is not installed.
    """
    if not (LOCAL.fullmatch(cluster) or ADDRESS.fullmatch(cluster)):
        raise UsageError(f"'{cluster}' is no cluster", "write tcp://HOST:PORT of a Dask scheduler, or local:N for N workers here")
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(f"--cluster needs Dask, which cannot be loaded ({error})", "pip install 'qdiag[cluster]'") from None

"""A cluster of two worker processes, one for all the tests that need no worker to die."""

from __future__ import annotations

import logging
from contextlib import contextmanager

import pytest


@contextmanager
def cluster_of(threads: int):
    """Run a cluster of two processes with so many slots each; gives its client."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=threads,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            memory_limit=0,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    """A cluster's client; its workers know no key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPENAI_API_KEY", raising=False)
        with cluster_of(4) as running:
            yield running

"""The workspace that tests share when they change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_client import Client, serve


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """One workspace for the tests of a module that change nothing."""
    with serve(contacts=700, conversations=300, tickets=120, companies=250, rate_limit=0) as client:
        yield client

"""Fixtures of the tests of ``api``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airbyte_cdk.sources.streams import call_rate
from api_helpers import FakeTime, make_client, make_transport

from source_intercom.api import client as client_module
from source_intercom.api import tally as tally_module
from source_intercom.api import transport as transport_module
from source_intercom.api.client import Client, Transport


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Fake time, also for whoever would really sleep: the client's retries, the session's patience, the budget."""
    fake = FakeTime()
    for module in (call_rate, client_module, transport_module, tally_module):
        monkeypatch.setattr(module, "time", fake)
    # Waits after a 429 without the part that sets the workers apart.
    monkeypatch.setattr(transport_module.random, "random", lambda: 0.0)
    monkeypatch.delenv("INTERCOM_API_URL", raising=False)
    return fake


@pytest.fixture
def transport(time: FakeTime) -> Iterator[Transport]:
    made = make_transport(time, num_workers=4)
    yield made
    made.close()


@pytest.fixture
def client(transport: Transport) -> Client:
    return make_client(transport)

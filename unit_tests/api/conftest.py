"""Fixtures of the tests of ``api``."""

from __future__ import annotations

from collections.abc import Iterator

import backoff._sync
import pytest
from airbyte_cdk.sources.streams import call_rate
from api_helpers import FakeTime, make_client, make_transport

from source_intercom.api import client as client_module
from source_intercom.api.client import Client, Transport


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Fake time, also for whoever would really sleep: the CDK's retries, its budget, and the client's patience."""
    fake = FakeTime()
    for module in (backoff._sync, call_rate, client_module):
        monkeypatch.setattr(module, "time", fake)
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

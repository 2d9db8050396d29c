"""A workspace made of answers, at a moment that stands still."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests_mock
from source_reads import NOW, Workspace

from source_intercom.engine import begin


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(begin, "time", lambda: float(NOW))
    monkeypatch.delenv("INTERCOM_API_URL", raising=False)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with requests_mock.Mocker() as network:
        yield Workspace(network)

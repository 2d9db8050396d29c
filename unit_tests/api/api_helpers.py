"""What the tests of ``api`` share: time that does not pass, answers made by hand, and a client over both."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict

from source_intercom.api.budget import CallBudget, WindowPolicy
from source_intercom.api.client import Client, Transport
from source_intercom.config import Config

TOKEN = "5up3r-s3cr3t-t0k3n"
HOST = "https://api.intercom.io"
PERMISSION = "Read some things"
LOGGER = logging.getLogger("airbyte")


@dataclass
class FakeTime:
    """Time that passes only while somebody sleeps. Stands in for the module ``time`` too."""

    now: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds


def answer(status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> requests.Response:
    """An answer as the session hands it on. ``body`` is bytes as they are, or what becomes JSON."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers = CaseInsensitiveDict(headers or {})
    return response


def fault(code: str, message: str = "", request_id: str | None = "req-1") -> dict[str, Any]:
    """Intercom's error envelope."""
    return {"type": "error.list", "request_id": request_id, "errors": [{"code": code, "message": message}]}


def window(limit: int | None, left: int | None, reset: int | None, date: float | None = None) -> dict[str, str]:
    """The rate-limit headers of an answer, and its ``Date``."""
    headers = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset}
    given = {name: str(value) for name, value in headers.items() if value is not None}
    return given if date is None else {**given, "Date": formatdate(int(date), usegmt=True)}


def make_transport(time: FakeTime, **options: Any) -> Transport:
    """A transport whose budget lives in ``time``."""
    config = Config.load({"access_token": TOKEN, **options})
    transport = Transport(config)
    transport.budget = CallBudget(WindowPolicy(config.api_rate_limit, clock=time.time))
    return transport


def make_client(transport: Transport, **options: Any) -> Client:
    return Client("things", transport, LOGGER, permission=PERMISSION, **options)

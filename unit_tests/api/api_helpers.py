"""What the tests of ``api`` share: time that does not pass, answers made by hand, and a client over both."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict

from source_intercom.api.budget import CallBudget, WindowPolicy
from source_intercom.api.client import Client, Transport
from source_intercom.options.config import Config

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
    transport.budget = CallBudget(WindowPolicy(config.api_rate_limit, clock=time.time, scale=transport.time_scale))
    return transport


def make_client(transport: Transport, **options: Any) -> Client:
    return Client("things", transport, LOGGER, permission=PERMISSION, **options)


GOOD: dict[str, Any] = {"json": {"type": "list", "data": [{"id": "1"}]}}
BODY = GOOD["json"]
NGINX_502 = "<html><head><title>502 Bad Gateway</title></head></html>"

# What passes when it is asked again.
HICCUPS: dict[str, dict[str, Any]] = {
    "500": {"status_code": 500, "json": fault("server_error")},
    "500 without a body": {"status_code": 500},
    "502 with a page": {"status_code": 502, "text": NGINX_502},
    "503": {"status_code": 503, "json": fault("service_unavailable")},
    "504": {"status_code": 504},
    "408": {"status_code": 408, "json": fault("request_timeout")},
    "409": {"status_code": 409, "json": fault("conflict")},
    "empty 200": {"text": ""},
    "page of a gateway": {"text": "<html>Just a moment</html>"},
    "cut short": {"text": '{"data": [{"id": "1"}, {"i'},
    "cut short behind a brace": {"text": '{"data": [{"id": "1"}'},
    "connect timeout": {"exc": requests.ConnectTimeout},
    "read timeout": {"exc": requests.ReadTimeout},
    "reset": {"exc": requests.ConnectionError},
    "broken stream": {"exc": requests.exceptions.ChunkedEncodingError},
    "bad certificate": {"exc": requests.exceptions.SSLError},
}


class FullDisk(io.RawIOBase):
    """A file on a full disk. Between it and whoever writes stands a buffer, which fails again when it is closed."""

    def __init__(self) -> None:
        self._size = 0

    def readable(self) -> bool:
        return True

    writable = seekable = readable

    def write(self, _content: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def seek(self, offset: int, _whence: int = 0) -> int:
        return offset

    def truncate(self, size: int | None = None) -> int:
        return size or 0

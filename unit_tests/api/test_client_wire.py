"""The client over a real connection, to a server that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from api_helpers import BODY, NGINX_502, TOKEN, FakeTime, make_client, make_transport

from source_intercom.api.client import API_VERSION, Client
from source_intercom.api.errors import Unavailable

Answer = Callable[[BaseHTTPRequestHandler], None]


def plain(status: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


class Handler(BaseHTTPRequestHandler):
    """Gives the answers of a list, one after the other, and keeps what was asked."""

    answers: ClassVar[list[Answer]] = []
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers.items())))
        self.answers.pop(0)(self)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@contextmanager
def serving(*answers: Answer) -> Iterator[str]:
    """The base URL of a server on this machine that gives the answers."""
    Handler.answers[:] = answers
    Handler.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def wired(time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Client]:
    """Makes a client of a base URL."""

    def make(url: str) -> Client:
        monkeypatch.setenv("INTERCOM_API_URL", url)
        return make_client(make_transport(time))

    return make


OK = plain(200, json.dumps(BODY).encode())


def test_on_the_wire(wired: Callable[[str], Client]) -> None:
    with serving(plain(502, NGINX_502.encode()), OK) as url:
        client = wired(url)
        assert client.get("/things", {"page": 2}) == BODY
        client._transport.close()

    assert [path for path, _ in Handler.asked] == ["/things?page=2"] * 2
    for _, headers in Handler.asked:
        assert headers["Intercom-Version"] == API_VERSION
        assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_no_cookie_is_kept(wired: Callable[[str], Client]) -> None:
    sticky = plain(200, b"{}", {"Set-Cookie": "session=abc; Path=/"})
    with serving(sticky, OK, OK) as url:
        client = wired(url)
        client.get("/things")
        client.get("/things")
        client.get("/things", retry=False)
        client._transport.close()

    assert len(Handler.asked) == 3
    assert not any("Cookie" in headers for _, headers in Handler.asked)


def test_a_body_shorter_than_it_says_is_asked_for_again(wired: Callable[[str], Client]) -> None:
    short = plain(200, b'{"data": []}', {"Content-Length": "5000"})
    with serving(short, OK) as url:
        client = wired(url)
        assert client.get("/things") == BODY
        client._transport.close()


def test_a_redirect_elsewhere_does_not_carry_the_token(wired: Callable[[str], Client]) -> None:
    with serving(OK) as url:
        # Another name for this machine is another host.
        elsewhere = url.replace("127.0.0.1", "localhost")
        Handler.answers.insert(0, plain(302, b"", {"Location": f"{elsewhere}/other"}))
        client = wired(url)
        client.get("/things")
        client._transport.close()

    assert [path for path, _ in Handler.asked] == ["/things", "/other"]
    assert "Authorization" in Handler.asked[0][1]
    assert "Authorization" not in Handler.asked[1][1]
    assert client.tally.calls == 2  # both have cost a call of the allowance


def test_a_refused_connection_is_unavailable(wired: Callable[[str], Client], time: FakeTime) -> None:
    with serving() as url:
        pass
    client = wired(url)

    with pytest.raises(Unavailable) as caught:
        client.get("/things")
    assert "ConnectionError" in str(caught.value.internal_message)
    assert time.slept == [1, 2, 4, 8, 16]
    client._transport.close()

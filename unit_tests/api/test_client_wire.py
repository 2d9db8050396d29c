"""The client over a real connection, to a server that answers as it is told."""

from __future__ import annotations

import gzip
import json
import threading
import time as clock
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from api_helpers import BODY, NGINX_502, TOKEN, FakeTime, make_client, make_transport

from source_intercom.api import pace, transport
from source_intercom.api.client import API_VERSION, Client
from source_intercom.api.errors import RETRIES, GatewayAnswer, TooLarge, Unavailable
from source_intercom.api.memory import MemoryBudget
from source_intercom.api.pace import Patience
from source_intercom.api.wire import read_body

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


@pytest.mark.complaint(105)
@pytest.mark.parametrize("place", ["elsewhere", "here", "scheme"])
def test_a_redirect_is_not_followed(wired: Callable[[str], Client], place: str) -> None:
    """What stands elsewhere is no answer of Intercom; its data would become rows."""
    with serving(OK) as url:
        # Another name for this machine is another host.
        target = {"elsewhere": url.replace("127.0.0.1", "localhost"), "here": "", "scheme": "//127.0.0.1"}[place]
        Handler.answers.insert(0, plain(302, b"", {"Location": f"{target}/other"}))
        client = wired(url)
        with pytest.raises(GatewayAnswer, match="HTTP 302"):
            client.get("/things", retry=False)
        client._transport.close()

    assert [path for path, _ in Handler.asked] == ["/things"]


def chunked(*pieces: bytes) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    return send


BYTES = json.dumps(BODY).encode()
PACKED = {
    "plain": OK,
    "gzip": plain(200, gzip.compress(BYTES), {"Content-Encoding": "gzip"}),
    "deflate": plain(200, zlib.compress(BYTES), {"Content-Encoding": "deflate"}),
    "chunked": chunked(BYTES[:5], BYTES[5:]),
    "without a length": plain(200, BYTES, {"Content-Length": ""}),
}


@pytest.mark.parametrize("way", PACKED)
def test_however_it_is_packed(wired: Callable[[str], Client], way: str) -> None:
    with serving(PACKED[way], PACKED[way]) as url:
        client = wired(url)
        assert client.get("/things") == client.get("/things") == BODY
        client._transport.close()


def test_a_large_answer_is_whole(wired: Callable[[str], Client]) -> None:
    records = [{"id": str(number), "text": "x" * 1000} for number in range(5000)]
    with serving(
        plain(200, gzip.compress(json.dumps({"data": records}).encode()), {"Content-Encoding": "gzip"})
    ) as url:
        client = wired(url)
        assert client.get("/things")["data"] == records
        client._transport.close()


@pytest.mark.complaint(104)
@pytest.mark.parametrize("way", ["gzip", "plain"])
def test_a_bomb_does_not_go_off(wired: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A megabyte of gzip took 4 to 6 GB."""
    monkeypatch.setattr(read_body, "__defaults__", (4 << 20,))
    bomb = b'{"data": "' + b"x" * (64 << 20) + b'"}'
    sent = gzip.compress(bomb) if way == "gzip" else bomb
    with serving(plain(200, sent, {"Content-Encoding": "gzip"} if way == "gzip" else {}), OK) as url:
        client = wired(url)
        tracemalloc.start()
        with pytest.raises(TooLarge, match="answer to GET /things is larger than") as kept:
            client.get("/things?page=7")
        now, peak = tracemalloc.get_traced_memory()
        assert peak < 40 << 20
        # Errors of many records are kept until their stream ends: without the answers.
        assert now < 2 << 20
        del kept
        tracemalloc.stop()
        # The connection is not blocked.
        assert client.get("/things") == BODY
        client._transport.close()


def dripping(head: bytes, drops: int) -> Answer:
    """Sends something every twentieth of a second, so that no socket ever times out."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
        try:
            for _ in range(drops):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                clock.sleep(0.05)
        except OSError:
            pass

    return send


def silent(_: BaseHTTPRequestHandler) -> None:
    clock.sleep(1.5)


NEVER_ENDING = {
    "headers": dripping(b"X-Drip: ", 100),
    "body": dripping(b"Content-Length: 5000\r\n\r\n", 100),
    "chunks": dripping(b"Transfer-Encoding: chunked\r\n\r\n1388\r\n", 100),
    "nothing": silent,
}


@pytest.mark.complaint(99)
@pytest.mark.parametrize("kind", NEVER_ENDING)
def test_no_answer_takes_for_ever(wired: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(pace, "PATIENT", Patience(0.4, 0.4, answers=1000.0, rate_limit=1.0, retry_after=0.0))
    with serving(NEVER_ENDING[kind], OK) as url:
        client = wired(url)
        began = clock.monotonic()
        assert client.get("/things") == BODY
        assert clock.monotonic() - began < 2
        client._transport.close()


def test_a_slow_line_is_not_cut_off(wired: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come gives time for more."""
    monkeypatch.setattr(pace, "PATIENT", Patience(0.4, 0.4, answers=1000.0, rate_limit=1.0, retry_after=0.0))
    body = json.dumps({"data": ["x" * 20_000] * 8}).encode()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 10_000):
            handler.wfile.write(body[start : start + 10_000])
            clock.sleep(0.05)

    with serving(slowly) as url:
        client = wired(url)
        assert len(client.get("/things")["data"]) == 8
        client._transport.close()


def test_retries_end_when_answers_take_too_long(
    wired: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "time", clock)
    monkeypatch.setattr(pace, "PATIENT", Patience(0.2, 0.2, answers=0.5, rate_limit=1.0, retry_after=0.0))
    with serving(*[silent] * 6) as url:
        client = wired(url)
        with pytest.raises(Unavailable):
            client.get("/things")
        assert len(Handler.asked) == 3
        client._transport.close()


@pytest.mark.complaint(99)
@pytest.mark.parametrize(("retries", "most"), [(RETRIES, 300.0), (2, 60.0)])
def test_a_server_that_never_answers_is_told_in_time(retries: int, most: float) -> None:
    patience = pace.patience_for(retries)
    seconds, tries = 0.0, 0
    while tries <= retries and seconds < patience.answers:
        seconds += patience.answer
        tries += 1
    assert seconds + sum(2.0**number for number in range(tries - 1)) < most


def test_a_refused_connection_is_unavailable(wired: Callable[[str], Client], time: FakeTime) -> None:
    with serving() as url:
        pass
    client = wired(url)

    with pytest.raises(Unavailable) as caught:
        client.get("/things")
    assert "ConnectionError" in str(caught.value.internal_message)
    assert time.slept == [1, 2, 4, 8, 16]
    client._transport.close()


def test_an_answer_without_room_is_refused_by_name(wired: Callable[[str], Client]) -> None:
    with serving(PACKED["gzip"], OK) as url:
        client = wired(url)
        shared = client._transport
        shared.memory = MemoryBudget(most_read=10, longest=0)
        with shared.memory.share() as other:
            other.take(100)
            with pytest.raises(TooLarge, match="answer to GET /things does not fit into memory beside others"):
                client.get("/things?page=7")
        # There is room again, and the connection is not blocked.
        assert client.get("/things") == BODY
        shared.close()


def test_an_answer_that_does_not_fit_is_not_kept_by_its_error(wired: Callable[[str], Client]) -> None:
    body = b'{"data": "' + b"x" * (8 << 20) + b'"}'
    with serving(plain(200, gzip.compress(body), {"Content-Encoding": "gzip"})) as url:
        client = wired(url)
        client._transport.memory = MemoryBudget(most_resident=1, longest=0)
        tracemalloc.start()
        with pytest.raises(TooLarge, match="does not fit into memory") as kept:
            client.get("/things")
        now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert now < 2 << 20 < 8 << 20 < peak
        del kept
        client._transport.close()

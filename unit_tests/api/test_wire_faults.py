"""What ends an answer early, on the wire or on this machine's disk, is told by its kind."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3
from api_helpers import FakeTime, FullDisk, make_client, make_transport
from requests_mock import Mocker
from test_client_wire import OK, Handler, plain, serving

from source_intercom.api import wire
from source_intercom.api.errors import DiskFull
from source_intercom.api.wire import TimedAdapter, _InTime, _TimedResponse, read_body


class Breaking:
    """The raw side of an answer, which breaks when it is read."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read1(self, *_: Any, **__: Any) -> bytes:
        raise self._error

    def close(self) -> None:
        pass

    release_conn = drain_conn = close


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (urllib3.exceptions.DecodeError("not gzip"), requests.exceptions.ContentDecodingError),
        (TimeoutError("too slow"), requests.exceptions.ReadTimeout),
        (urllib3.exceptions.SSLError(ssl.SSLError("bad record")), requests.exceptions.SSLError),
        (ConnectionResetError("gone"), requests.exceptions.ChunkedEncodingError),
    ],
)
def test_an_answer_that_breaks_off_is_an_error_of_its_kind(error: Exception, kind: type[Exception]) -> None:
    response = requests.Response()
    response.raw = Breaking(error)
    with pytest.raises(kind):
        read_body(response, lambda _size: None)


def test_a_page_of_a_gateway_is_no_file(time: FakeTime, requests_mock: Mocker) -> None:
    """Sent with status 200 while Intercom is down: as a file it would be an export of another shape."""
    page = {"text": "<html>maintenance</html>", "headers": {"Content-Type": "text/html; charset=utf-8"}}
    requests_mock.get("https://api.intercom.io/download/1", [page, page, {"content": b"a file"}])
    file = io.BytesIO()
    make_client(make_transport(time)).download("/download/1", file, 1000)
    assert file.getvalue() == b"a file"
    assert requests_mock.call_count == 3


def test_a_disk_without_room_is_named(time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get("https://api.intercom.io/download/1", content=b"a file")
    client = make_client(make_transport(time))
    with pytest.raises(DiskFull, match=r"kept on this machine .No space left on device.: .* TMPDIR"):
        client.download("/download/1", io.BufferedRandom(FullDisk()), 1000)
    client._transport.close()


class Unwritable(io.BytesIO):
    """A file that cannot even be emptied: what it holds does not fit onto the disk any more."""

    def seek(self, *_: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("file", [Unwritable, lambda: io.BufferedRandom(FullDisk())], ids=["at once", "later"])
def test_an_answer_that_cannot_be_saved_gives_its_connection_back(
    time: FakeTime, monkeypatch: pytest.MonkeyPatch, file: Callable[[], io.BufferedIOBase]
) -> None:
    """Errors are kept until their stream ends. With one worker the next request waited for ever for a connection."""
    with serving(plain(200, b"x" * 100_000)) as url:
        monkeypatch.setenv("INTERCOM_API_URL", url)
        transport = make_transport(time, num_workers=1)
        with pytest.raises(DiskFull) as kept:
            make_client(transport).download("/download/1", file(), 1_000_000)  # type: ignore[arg-type]
        pools = transport.adapter.poolmanager.pools
        free = [pools[key].pool.qsize() for key in pools.keys()]  # noqa: SIM118  # it cannot be iterated
        assert free == [1], f"kept by {kept.value}"
        transport.close()


@pytest.mark.parametrize("proxied", [False, True], ids=["directly", "through a proxy"])
@pytest.mark.parametrize("timeout", [5, None])
def test_answers_are_timed_however_they_come(proxied: bool, timeout: int | None) -> None:
    """Also where nobody has set a time, which reads as long as it takes."""
    with serving(OK) as url, requests.Session() as session:
        session.trust_env = False
        session.mount("http://", TimedAdapter())
        session.proxies = {"http": url} if proxied else {}
        asked = "http://intercom.example/things" if proxied else f"{url}/things"
        response = session.get(asked, stream=True, timeout=timeout)
        assert isinstance(response.raw._original_response, _TimedResponse)
        read_body(response, lambda _size: None)
        assert response.json()["data"]
    assert Handler.asked[0][0] == (asked if proxied else "/things")


class OtherSocket:
    """A socket of another kind, as that of TLS within TLS is."""

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))


def test_a_socket_of_another_kind_keeps_its_own_timeouts() -> None:
    response = _TimedResponse(OtherSocket())
    response.begin()
    assert (response.status, response.read()) == (200, b"{}")


def test_an_answer_takes_no_longer_than_its_size_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends a byte now and then keeps within the socket's timeout, and would never end."""
    clock = FakeTime()
    monkeypatch.setattr(wire.time, "monotonic", clock.monotonic)

    class Drip(io.RawIOBase):
        def readinto(self, buffer: Any) -> int:
            clock.now += 4
            buffer[:1] = b"x"
            return 1

    here, there = socket.socketpair()
    with here, there:
        here.settimeout(10)
        timed = _InTime(Drip(), here)
        read = [timed.readinto(bytearray(8)) for _ in range(3)]
        with pytest.raises(TimeoutError, match="too long for its size"):
            timed.readinto(bytearray(8))
    assert read == [1, 1, 1]


def test_a_proxy_of_another_kind_keeps_its_own_connections() -> None:
    """What is spoken to a SOCKS proxy, only its own connections can speak."""

    class SocksManager(urllib3.ProxyManager):
        pass

    kept = SocksManager("http://127.0.0.1:9")
    before = kept.pool_classes_by_scheme
    adapter = TimedAdapter()
    adapter.proxy_manager["socks5://127.0.0.1:9"] = kept
    assert adapter.proxy_manager_for("socks5://127.0.0.1:9") is kept
    assert kept.pool_classes_by_scheme is before
    assert adapter.proxy_manager_for("http://127.0.0.1:9").pool_classes_by_scheme is not before


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
IN_VAIN = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "lines behind the last chunk": (b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: yes\r\n"),
    "gzip of nothing": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    "chunks of a byte": (b"HTTP/1.1 200 OK\r\n" + CHUNKED, b"1;of=no-use\r\n \r\n"),
}


@pytest.mark.parametrize("kind", IN_VAIN)
def test_an_answer_that_brings_nothing_ends(kind: str) -> None:
    """It was read on for ever, as the time for an answer grows with what comes."""
    head, more = IN_VAIN[kind]
    sent = 0

    def send(handler: Any) -> None:
        nonlocal sent
        handler.wfile.write(head)
        with contextlib.suppress(OSError):
            while sent < 32 << 20:
                sent += handler.wfile.write(more * 5000)

    with serving(send) as url:
        session = requests.Session()
        session.mount(url, TimedAdapter(max_retries=0))
        with pytest.raises(requests.exceptions.RequestException, match="brings nothing"):
            read_body(session.get(url, stream=True, timeout=20), lambda _size: None)
        session.close()
    assert sent < 16 << 20

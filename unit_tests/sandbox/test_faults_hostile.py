"""Faults that try whoever reads: slow, silent, without end, too large, or with headers that make no sense."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_client import Client, error_of, serve

from sandbox.faults import KINDS, parse_fault


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=5, conversations=5, tickets=5, companies=5, tags=2) as made:
        yield made


def raw(client: Client, path: str, seconds: float) -> bytes:
    """All bytes that come within some seconds."""
    where = urlsplit(client.sandbox.url)
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=5) as link:
        link.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer sandbox-token\r\n"
            "Intercom-Version: 2.15\r\nConnection: close\r\n\r\n".encode()
        )
        until, got = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                piece = link.recv(1 << 16)
            except TimeoutError:
                break
            if not piece:
                break
            got += piece
    return got


def test_a_body_that_drips(client: Client) -> None:
    whole = client.get("/tags").content
    client.sandbox.fault("GET /tags", "drip:0.05")
    body = raw(client, "/tags", 0.6).partition(b"\r\n\r\n")[2]
    assert 5 <= len(body) <= 14
    assert whole.startswith(body)
    client.sandbox.clear_faults()
    client.sandbox.fault("GET /tags", "drip:0")
    assert client.get("/tags").content == whole


def test_headers_that_drip(client: Client) -> None:
    whole = client.get("/tags").content
    client.sandbox.fault("GET /tags", "drip-headers:0.05", times=1)
    assert b"HTTP/1.1 200"[:8] == raw(client, "/tags", 0.6)[:8]
    client.sandbox.fault("GET /tags", "drip-headers:0", times=1)
    answer = client.get("/tags")
    assert (answer.status_code, answer.content) == (200, whole)
    assert client.get("/tags").content == whole


def test_a_server_that_never_answers(client: Client) -> None:
    client.sandbox.fault("GET /tags", "silent", times=1)
    assert raw(client, "/tags", 0.5) == b""
    assert client.get("/tags").status_code == 200
    assert client.sandbox.calls()["by_status"] == {"silent": 1, "200": 1}


@pytest.mark.parametrize(
    ("what", "header", "wanted"),
    [("same", "X-RateLimit-Reset", "1700000000"), ("digits", "X-RateLimit-Reset", "9" * 400),
     ("digits", "X-RateLimit-Limit", "9" * 400), ("zero", "X-RateLimit-Limit", "0"),
     ("none", "X-RateLimit-Reset", None), ("after", "Retry-After", "2"), ("after-86400", "Retry-After", "86400"),
     ("after-soon", "Retry-After", "soon")],
)  # fmt: skip
def test_a_429_that_says_odd_things(client: Client, what: str, header: str, wanted: str | None) -> None:
    client.sandbox.fault("GET /tags", f"limit:{what}")
    answers = [client.get("/tags") for _ in range(2)]
    for answer in answers:
        assert error_of(answer) == (429, "rate_limit_exceeded")
        assert answer.headers.get(header) == wanted
    assert client.sandbox.calls()["rate_limited"] == 2


@pytest.mark.parametrize(("what", "low", "high"), [("past", -90, -30), ("now", -5, 5), ("ms", 1e12, 1e14)])
def test_a_429_whose_reset_is_of_another_time(client: Client, what: str, low: float, high: float) -> None:
    client.sandbox.fault("GET /tags", f"limit:{what}")
    reset = int(client.get("/tags").headers["X-RateLimit-Reset"])
    assert low <= (reset if what == "ms" else reset - time.time()) <= high


def test_a_gzip_bomb(client: Client) -> None:
    client.sandbox.fault("GET /tags", "bomb:40")
    answer = client.session.get(client.sandbox.url + "/tags", stream=True, timeout=10)
    packed = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) > 40 << 20


def test_a_record_that_is_too_big(client: Client) -> None:
    client.sandbox.fault("GET /tags", "big:3")
    assert len(client.get("/tags").json()["data"][0]["name"]) == 3 << 20


def test_a_flood_of_headers(client: Client) -> None:
    client.sandbox.fault("GET /tags", "header-flood:500")
    assert raw(client, "/tags", 2).count(b"X-Flood-") == 500


def test_a_redirect_to_another_host(client: Client) -> None:
    with serve(tags=7, token="sandbox-token") as other:
        client.sandbox.fault("GET /tags", f"redirect:{other.sandbox.url}")
        answer = client.session.get(client.sandbox.url + "/tags?a=1", allow_redirects=False, timeout=5)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{other.sandbox.url}/tags?a=1")


def test_an_error_that_quotes_the_token(client: Client) -> None:
    client.sandbox.fault("GET /tags", "quote-token")
    assert "sandbox-token" in client.get("/tags").json()["errors"][0]["message"]


@pytest.mark.parametrize("status", [300, 304, 599, 999])
def test_statuses_that_mean_nothing(client: Client, status: int) -> None:
    client.sandbox.fault("GET /tags", f"status:{status}")
    assert client.session.get(client.sandbox.url + "/tags", allow_redirects=False, timeout=5).status_code == status


@pytest.mark.parametrize(
    "kind", ["drip", "limit:soon", "bomb:much", "redirect:/tags", "silent:3", "status:20", "hang:x"]
)
def test_faults_without_what_they_need(kind: str) -> None:
    with pytest.raises(ValueError, match=f"{kind.partition(':')[0]} needs {KINDS[kind.partition(':')[0]][1][:20]}"):
        parse_fault(f"GET /tags={kind}")


def test_a_redirect_as_text() -> None:
    rule = parse_fault("GET /tags=redirect:http://127.0.0.1:9/x:times=1")
    assert (rule.kind, rule.times) == ("redirect:http://127.0.0.1:9/x", 1)


def test_the_server_lives_on(client: Client) -> None:
    client.sandbox.fault("GET /tags", "drip:5")
    for _ in range(3):
        with pytest.raises(requests.RequestException):
            client.session.get(client.sandbox.url + "/tags", timeout=0.1)
    client.sandbox.clear_faults()
    assert client.get("/tags").status_code == 200

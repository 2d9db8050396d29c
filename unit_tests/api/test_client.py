"""The client: what goes out with every request, what is retried, what is waited for, and what people read after."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import requests
from api_helpers import HOST, PERMISSION, TOKEN, FakeTime, fault, make_client, make_transport, window
from requests_mock import Mocker

from source_intercom.api.client import API_VERSION, HOSTS, BearerToken, Client, Tally, Transport, api_host
from source_intercom.api.errors import (
    AccessDenied,
    IntercomError,
    RecordGone,
    RequestRefused,
    ScrollLost,
    ScrollTaken,
    TokenRejected,
    Unavailable,
)
from source_intercom.config import Config, ConfigError

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


# --- What goes out ----------------------------------------------------------------------------------


def test_a_get(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", **GOOD)

    assert client.get("/things", {"page": 2, "model": "contact"}) == BODY
    (request,) = requests_mock.request_history
    assert request.url == f"{HOST}/things?page=2&model=contact"
    assert request.body is None


def test_a_post(client: Client, requests_mock: Mocker) -> None:
    requests_mock.post(f"{HOST}/things/search", **GOOD)

    assert client.post("/things/search", {"query": {"value": 1}}) == BODY
    (request,) = requests_mock.request_history
    assert request.json() == {"query": {"value": 1}}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("version", [None, "2.16"])
@pytest.mark.parametrize("hiccup", ["500", "connect timeout", "empty 200"])
def test_every_try_carries_version_token_and_timeouts(
    transport: Transport, requests_mock: Mocker, hiccup: str, version: str | None
) -> None:
    client = make_client(transport, **({} if version is None else {"version": version}))
    requests_mock.get(f"{HOST}/things", [HICCUPS[hiccup], HICCUPS[hiccup], GOOD])
    requests_mock.post(f"{HOST}/things", **GOOD)

    client.get("/things")
    client.get("/things", retry=False)
    client.post("/things", {"a": 1})
    assert requests_mock.call_count == 5
    for request in requests_mock.request_history:
        assert request.headers["Intercom-Version"] == (version or API_VERSION)
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.headers["Accept"] == "application/json"
        timeout: Any = request.timeout
        connect, read = timeout
        assert 0 < connect <= 30
        assert 60 <= read <= 120  # a heavy search thinks for a minute


def test_the_version_is_a_string_that_no_rounding_has_touched() -> None:
    assert API_VERSION == "2.15"


def test_two_streams_of_one_transport_keep_their_versions(transport: Transport, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", **GOOD)
    old, new = make_client(transport), make_client(transport, version="2.16")
    for client in (old, new, old):
        client.get("/things")

    assert [r.headers["Intercom-Version"] for r in requests_mock.request_history] == ["2.15", "2.16", "2.15"]


def test_the_token_shows_in_no_representation(transport: Transport, client: Client) -> None:
    for thing in (transport.auth, transport, client, client.tally, BearerToken(TOKEN)):
        assert TOKEN not in repr(thing)
        assert TOKEN not in str(thing)


# --- Hosts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us", "https://api.intercom.io"),
        ("eu", "https://api.eu.intercom.io"),
        ("au", "https://api.au.intercom.io"),
    ],
)
def test_each_region_has_its_host(time: FakeTime, requests_mock: Mocker, region: str, url: str) -> None:
    transport = make_transport(time, region=region)
    requests_mock.get(f"{url}/me", **GOOD)

    make_client(transport).get("/me")
    assert transport.base_url == url
    assert url.endswith(f"//{transport.host}")
    transport.close()


@pytest.mark.parametrize("override", ["", "/"])
def test_an_empty_override_is_none(monkeypatch: pytest.MonkeyPatch, override: str) -> None:
    monkeypatch.setenv("INTERCOM_API_URL", override)

    assert api_host("eu") == HOSTS["eu"]


@pytest.mark.parametrize(
    ("override", "base"),
    [
        ("https://proxy.example", "https://proxy.example"),
        ("https://proxy.example:8443/", "https://proxy.example:8443"),
        ("https://proxy.example/intercom/", "https://proxy.example/intercom"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_whoever_runs_the_process_may_set_the_host(monkeypatch: pytest.MonkeyPatch, override: str, base: str) -> None:
    monkeypatch.setenv("INTERCOM_API_URL", override)

    for region in HOSTS:
        assert api_host(region) == base


@pytest.mark.parametrize(
    "override",
    [
        "http://api.intercom.io",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://localhost.evil.example:80",
        "http://0.0.0.0:8080",
        "http://192.168.1.7:8080",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "api.intercom.io",
        "127.0.0.1:8080",
        "https://",
        "http://",
        " ",
        "https://[::1",
        "https://[not-an-address]",
    ],
)
def test_the_token_goes_to_no_host_in_the_clear(monkeypatch: pytest.MonkeyPatch, override: str) -> None:
    monkeypatch.setenv("INTERCOM_API_URL", override)

    with pytest.raises(ConfigError, match="INTERCOM_API_URL must be an https:// address") as caught:
        Transport(Config.load({"access_token": TOKEN}))
    assert TOKEN not in str(caught.value)


# --- Retries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("hiccup", HICCUPS)
def test_what_passes_later_is_asked_again(
    client: Client, time: FakeTime, requests_mock: Mocker, hiccup: str, method: str
) -> None:
    requests_mock.register_uri(method, f"{HOST}/things", [HICCUPS[hiccup], HICCUPS[hiccup], GOOD])

    assert (client.get("/things") if method == "GET" else client.post("/things", {"a": 1})) == BODY
    assert requests_mock.call_count == 3
    assert time.slept == [1, 2]
    if method == "POST":
        assert [request.json() for request in requests_mock.request_history] == [{"a": 1}] * 3


@pytest.mark.parametrize("hiccup", HICCUPS)
def test_what_never_passes_is_unavailable(
    client: Client, time: FakeTime, requests_mock: Mocker, caplog: pytest.LogCaptureFixture, hiccup: str
) -> None:
    requests_mock.get(f"{HOST}/things", [HICCUPS[hiccup]])
    private = "jo@example.com"

    with pytest.raises(Unavailable) as caught:
        client.get("/things?page=3", {"email": private})
    assert requests_mock.call_count == 6
    assert time.slept == [1, 2, 4, 8, 16]
    text = f"{caught.value.message} {caught.value.internal_message} {caught.value.as_airbyte_message()} {caplog.text}"
    assert TOKEN not in text
    assert private not in text
    assert "jo%40example" not in text
    assert "GET /things: " in str(caught.value.internal_message)


def test_the_log_of_a_failure_says_which_one(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", [{"status_code": 503, "json": fault("service_unavailable", "Soon", "r-77")}])

    with pytest.raises(Unavailable) as caught:
        client.get("/things")
    assert "HTTP 503, service_unavailable, Soon, request r-77" in str(caught.value.internal_message)


@pytest.mark.parametrize("hiccup", HICCUPS)
def test_without_retries_the_first_failure_is_the_last(
    client: Client, time: FakeTime, requests_mock: Mocker, hiccup: str
) -> None:
    requests_mock.get(f"{HOST}/things", [HICCUPS[hiccup], GOOD])

    with pytest.raises(Unavailable):
        client.get("/things", retry=False)
    assert requests_mock.call_count == 1
    assert time.slept == []


def test_the_number_of_retries_can_be_chosen(transport: Transport, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", [HICCUPS["500"]])

    with pytest.raises(Unavailable):
        make_client(transport, retries=2).get("/things")
    assert requests_mock.call_count == 3
    assert time.slept == [1, 2]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, fault("unauthorized"), TokenRejected),
        (401, fault("token_unauthorized"), AccessDenied),
        (403, fault("forbidden"), AccessDenied),
        (404, fault("not_found"), RecordGone),
        (410, fault("contact_merged"), RecordGone),
        (400, fault("bad_request"), RequestRefused),
        (400, fault("scroll_exists"), ScrollTaken),
        (422, fault("data_invalid"), RequestRefused),
        (500, fault("server_error", "Please restart the scroll operation."), ScrollLost),
    ],
)
@pytest.mark.parametrize("retry", [True, False])
def test_what_will_not_change_is_asked_once(
    client: Client,
    time: FakeTime,
    requests_mock: Mocker,
    status: int,
    body: Any,
    kind: type[IntercomError],
    retry: bool,
) -> None:
    requests_mock.get(f"{HOST}/things", status_code=status, json=body)

    with pytest.raises(kind) as caught:
        client.get("/things?page=2", retry=retry)
    assert requests_mock.call_count == 1
    assert time.slept == []
    assert f"GET /things: HTTP {status}" in str(caught.value.internal_message)
    assert TOKEN not in f"{caught.value.internal_message} {caught.value.as_airbyte_message()}"


def test_errors_know_the_permission_and_the_host(time: FakeTime, requests_mock: Mocker) -> None:
    transport = make_transport(time, region="eu")
    client = make_client(transport)
    requests_mock.get(
        "https://api.eu.intercom.io/things",
        [
            {"status_code": 403, "json": fault("forbidden")},
            {"status_code": 401, "json": fault("unauthorized")},
        ],
    )

    with pytest.raises(AccessDenied, match=f'"{PERMISSION}"'):
        client.get("/things")
    with pytest.raises(TokenRejected, match=r"api\.eu\.intercom\.io"):
        client.get("/things")
    transport.close()


# --- The budget -------------------------------------------------------------------------------------


def test_a_429_is_waited_out_and_is_no_failure(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    reset = (int(time.now) // 10 + 1) * 10
    limited = {"status_code": 429, "json": fault("rate_limit_exceeded"), "headers": window(5, 0, reset, time.now)}
    requests_mock.get(f"{HOST}/things", [limited, GOOD])

    assert client.get("/things", retry=False) == BODY
    assert time.slept == [pytest.approx(10.0)]
    assert time.now >= reset
    assert client.tally.calls == 2


def test_many_429s_cost_no_retry(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    limited = {"status_code": 429, "json": fault("rate_limit_exceeded")}
    requests_mock.get(f"{HOST}/things", [*[limited] * 20, GOOD])

    assert client.get("/things", retry=False) == BODY
    assert time.slept == [pytest.approx(11.0)] * 20


def test_endless_429s_end(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", status_code=429, json=fault("rate_limit_exceeded"))

    with pytest.raises(Unavailable):
        client.get("/things", retry=False)
    assert 900 <= sum(time.slept) <= 930


def test_the_quota_of_exports_is_not_the_window(client: Client, requests_mock: Mocker) -> None:
    quota = fault("rate_limit_exceeded", "Exceeded rate limit of 1 pending message data export jobs")
    requests_mock.get(f"{HOST}/things", status_code=429, json=quota)

    with pytest.raises(Unavailable) as caught:
        client.get("/things", retry=False)
    assert "export jobs" in str(caught.value.internal_message)
    assert requests_mock.call_count == 1


def test_a_spent_window_holds_every_stream(transport: Transport, time: FakeTime, requests_mock: Mocker) -> None:
    reset = (int(time.now) // 10 + 1) * 10
    requests_mock.get(f"{HOST}/things", **GOOD, headers=window(9, 0, reset, time.now))
    first, second = make_client(transport), make_client(transport)

    first.get("/things")
    assert time.slept == []
    second.get("/things")
    assert time.slept == [pytest.approx(10.0)]


def test_calls_without_an_answer_are_not_under_way_for_ever(
    transport: Transport, time: FakeTime, requests_mock: Mocker
) -> None:
    client = make_client(transport, retries=0)
    reset = (int(time.now) // 10 + 1) * 10
    good = {**GOOD, "headers": window(3, 2, reset, time.now)}
    requests_mock.get(f"{HOST}/things", [good, *[{"exc": requests.ReadTimeout}] * 2, good, good, good])

    client.get("/things")
    for _ in range(2):
        with pytest.raises(Unavailable):
            client.get("/things")
    assert time.slept == []
    for _ in range(3):
        client.get("/things")
    assert time.slept == [pytest.approx(10.0)]


class Slept(Exception):
    """Somebody would have slept."""


def test_the_cap_of_the_option_reaches_the_budget(monkeypatch: pytest.MonkeyPatch, requests_mock: Mocker) -> None:
    def sleep(seconds: float) -> None:
        raise Slept(seconds)

    monkeypatch.delenv("INTERCOM_API_URL", raising=False)
    monkeypatch.setattr("airbyte_cdk.sources.streams.call_rate.time.sleep", sleep)
    transport = Transport(Config.load({"access_token": TOKEN, "api_rate_limit": 12}))
    client = make_client(transport)
    requests_mock.get(f"{HOST}/things", **GOOD)

    client.get("/things")
    client.get("/things")
    with pytest.raises(Slept):
        client.get("/things")
    transport.close()


# --- Answers ----------------------------------------------------------------------------------------


def test_a_bare_list_becomes_an_object(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", json=[{"id": 1}])

    assert client.get("/things") == {"data": [{"id": 1}]}


def test_numbers_and_words_arrive_as_they_are(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", content='{"id": 9007199254740993, "name": "Zoë 🙂", "x": null}'.encode())

    assert client.get("/things") == {"id": 9007199254740993, "name": "Zoë 🙂", "x": None}


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        (formatdate(1_600_000_000, usegmt=True), 1_600_000_000),
        ("Sun, 13 Sep 2020 14:26:40 +0200", 1_600_000_000),
        (None, 1_700_000_000),
        ("", 1_700_000_000),
        ("yesterday", 1_700_000_000),
    ],
)
def test_the_time_of_intercom(client: Client, requests_mock: Mocker, date: str | None, moment: int) -> None:
    requests_mock.get(f"{HOST}/me", json={"type": "admin"}, headers={} if date is None else {"Date": date})

    answer, seconds = client.server_time()
    assert answer == {"type": "admin"}
    assert seconds == moment
    assert type(seconds) is int


def test_who_am_i_fails_like_any_other_call(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/me", status_code=401, json=fault("unauthorized"))

    with pytest.raises(TokenRejected, match="does not accept the access token"):
        client.server_time()


# --- The tally --------------------------------------------------------------------------------------


def test_every_call_is_counted_whatever_becomes_of_it(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/a", [HICCUPS["500"], HICCUPS["read timeout"], GOOD])
    requests_mock.get(f"{HOST}/b", status_code=404)

    client.get("/a")
    with pytest.raises(RecordGone):
        client.get("/b", retry=False)
    assert client.tally.calls == 4


def test_each_stream_has_its_own_tally(transport: Transport, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/a", **GOOD)
    first, second = make_client(transport), make_client(transport)
    first.get("/a")

    assert (first.tally.calls, second.tally.calls) == (1, 0)


def test_a_tally_adds_up() -> None:
    tally = Tally()
    tally.add(calls=2, records=30)
    tally.add(gone=1)
    tally.add(capped=4, records=5, expected=40)
    tally.add(expected=2)

    assert (tally.calls, tally.records, tally.gone, tally.capped, tally.expected) == (2, 35, 1, 4, 42)


def test_a_tally_knows_how_long_it_took(time: FakeTime) -> None:
    tally = Tally()
    time.now += 100  # nothing has been asked yet
    assert tally.seconds == 0
    tally.add(calls=1)
    assert tally.seconds == 0
    time.now += 7
    tally.add(records=150)
    time.now += 100
    assert tally.seconds == 7


# --- Threads ----------------------------------------------------------------------------------------


def test_each_keeps_the_order_of_the_items(client: Client) -> None:
    """The first waits for the last: with one thread, or with the order of the answers, this fails."""
    last_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert last_is_done.wait(10)
        if number == 9:
            last_is_done.set()
        return number * number

    assert list(client.each(work, range(10))) == [number * number for number in range(10)]


def test_each_drops_what_is_not_begun_when_one_fails(client: Client) -> None:
    begun: list[int] = []
    may_go = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise RecordGone("gone")
        if number > 1:
            assert may_go.wait(10)
        return number

    results = client.each(work, range(100))
    try:
        assert next(results) == 0
        with pytest.raises(RecordGone):
            next(results)
    finally:
        may_go.set()
    client._transport.threads.shutdown(wait=True)
    # Four threads: 0 and 1 are done, and at most what four threads held had begun.
    assert len(begun) <= 2 + 4


def test_each_drops_what_is_not_begun_when_nobody_reads_on(client: Client) -> None:
    begun: list[int] = []
    may_go = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number > 0:
            assert may_go.wait(10)
        return number

    results = client.each(work, range(100))
    assert next(results) == 0
    assert isinstance(results, Generator)
    results.close()
    may_go.set()
    client._transport.threads.shutdown(wait=True)
    assert len(begun) <= 1 + 4


def test_each_of_nothing_is_nothing(client: Client) -> None:
    assert list(client.each(str, [])) == []


@pytest.mark.parametrize("workers", [1, 7, 100])
def test_there_are_as_many_connections_as_workers(time: FakeTime, workers: int) -> None:
    transport = make_transport(time, num_workers=workers)
    request = requests.Request("GET", f"{HOST}/me").prepare()
    connections: Any = transport.adapter.get_connection_with_tls_context(request, verify=True)

    assert connections.pool.maxsize == workers
    assert connections.block is True
    assert transport.workers == workers
    assert transport.threads._max_workers == workers
    for client in (make_client(transport), make_client(transport)):
        for http in (client.http, client._http_once):
            assert http._session.get_adapter(HOST) is transport.adapter
            assert http._session.get_adapter("http://127.0.0.1:1") is transport.adapter
    transport.close()


def test_a_closed_transport_takes_no_more_work(time: FakeTime) -> None:
    transport = make_transport(time)
    transport.close()

    with pytest.raises(RuntimeError):
        list(make_client(transport).each(str, [1]))


# --- Over a real connection -------------------------------------------------------------------------

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

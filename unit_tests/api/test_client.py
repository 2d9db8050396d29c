"""The client: what goes out with every request, what comes of the answers, and what people read after."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import certifi
import pytest
from api_helpers import BODY, GOOD, HICCUPS, HOST, TOKEN, FakeTime, fault, make_client, make_transport
from requests_mock import Mocker

from source_intercom.api.client import API_VERSION, Client, Tally, Transport
from source_intercom.api.errors import RecordGone, RequestRefused, TokenRejected
from source_intercom.api.hosts import HOSTS, api_host
from source_intercom.api.transport import BearerToken
from source_intercom.options.config import Config, ConfigError

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


@pytest.mark.complaint(43)
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


def test_an_empty_list_that_says_nothing_is_no_list_without_records(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", json=[])
    with pytest.raises(RequestRefused, match="another shape"):
        client.get("/things")


PAGE_404 = {"status_code": 404, "text": "<html><center>nginx</center></html>"}


class TestARecordThatAGatewayDoesNotFind:
    """A page of HTML with 404 is how archived companies answer, and what gateways show for a moment."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_is_asked_for_once_more(self, client: Client, requests_mock: Mocker, method: str, time: FakeTime) -> None:
        requests_mock.request(method, f"{HOST}/things", [PAGE_404, GOOD])
        assert (client.get("/things") if method == "GET" else client.post("/things", {})) == BODY
        assert time.slept == [1]

    def test_is_gone_when_it_is_not_found_again(self, client: Client, requests_mock: Mocker) -> None:
        requests_mock.get(f"{HOST}/things", [PAGE_404, PAGE_404, GOOD])
        with pytest.raises(RecordGone):
            client.get("/things")
        assert requests_mock.call_count == 2

    @pytest.mark.parametrize("retry", [True, False])
    def test_is_gone_at_once_where_intercom_says_so(self, client: Client, requests_mock: Mocker, retry: bool) -> None:
        said: dict[str, Any] = {"status_code": 404, "json": fault("not_found")} if retry else PAGE_404
        requests_mock.get(f"{HOST}/things", [said, GOOD])
        with pytest.raises(RecordGone):
            client.get("/things", retry=retry)
        assert requests_mock.call_count == 1


@pytest.mark.complaint(48)
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


@pytest.mark.complaint(54)
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


@pytest.mark.complaint(106)
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

    answer, seconds = client.get_with_time("/me")
    assert answer == {"type": "admin"}
    assert seconds == moment
    assert type(seconds) is int


@pytest.mark.parametrize(
    ("date", "reset", "moment"),
    [
        pytest.param(1_700_000_000 - 90_000, 1_700_000_010, 1_700_000_000, id="a date of yesterday"),
        pytest.param(1_700_000_000 + 90_000, 1_700_000_010, 1_700_000_000, id="a date of tomorrow"),
        pytest.param(1_700_000_005, 1_700_200_000, 1_700_000_005, id="a window that ends in days"),
        pytest.param(1_699_990_000, 1_700_000_010, 1_699_990_000, id="hours apart: our own clock is wrong"),
    ],
)
def test_where_two_words_of_its_clock_differ_by_a_day_the_nearer_one_holds(
    client: Client, requests_mock: Mocker, date: int, reset: int, moment: int
) -> None:
    """A cache on the way can give an old answer with its old date, and windows would end there."""
    headers = {"Date": formatdate(date, usegmt=True), "X-RateLimit-Reset": str(reset)}
    requests_mock.get(f"{HOST}/me", json={"type": "admin"}, headers=headers)
    assert client.get_with_time("/me")[1] == moment


def test_who_am_i_fails_like_any_other_call(client: Client, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/me", status_code=401, json=fault("unauthorized"))

    with pytest.raises(TokenRejected, match="does not accept the access token"):
        client.get_with_time("/me")


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


class TestTheEnvironment:
    """Requests go through the proxy and trust the certificates that the environment names, as other programs do."""

    NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

    @pytest.mark.parametrize(
        ("environment", "proxy", "verify"),
        [
            ({}, None, True),
            ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128", True),
            ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "intercom.io"}, None, True),
            ({"REQUESTS_CA_BUNDLE": certifi.where()}, None, certifi.where()),
            ({"CURL_CA_BUNDLE": certifi.where()}, None, certifi.where()),
        ],
    )
    def test_is_obeyed(
        self,
        environment: dict[str, str],
        proxy: str | None,
        verify: str | bool,
        time: FakeTime,
        requests_mock: Mocker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in self.NAMES:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        requests_mock.get(f"{HOST}/tags", json=BODY)
        transport = make_transport(time)
        make_client(transport).get("/tags")
        transport.close()
        (sent,) = requests_mock.request_history
        assert sent.proxies.get("https") == proxy
        assert sent.verify == verify

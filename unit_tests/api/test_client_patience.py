"""The client: what it asks for again, and what it waits for."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from api_helpers import (
    BODY,
    GOOD,
    HICCUPS,
    HOST,
    PERMISSION,
    TOKEN,
    FakeTime,
    fault,
    make_client,
    make_transport,
    window,
)
from requests_mock import Mocker

from source_intercom.api.client import Client, Transport
from source_intercom.api.errors import (
    AccessDenied,
    ExportTaken,
    IntercomError,
    RateLimited,
    RecordGone,
    RequestRefused,
    ScrollLost,
    ScrollTaken,
    TokenRejected,
    Unavailable,
)
from source_intercom.api.pages import search_answers
from source_intercom.options.config import Config

# --- Retries ----------------------------------------------------------------------------------------


@pytest.mark.complaint(44)
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
    assert sum(time.slept) == pytest.approx(20 * 11.0)


@pytest.mark.complaint(100)
@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Reset": "1"}, {"X-RateLimit-Limit": "0"}], ids=str)
def test_endless_429s_end(
    client: Client, time: FakeTime, requests_mock: Mocker, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    requests_mock.get(f"{HOST}/things", status_code=429, json=fault("rate_limit_exceeded"), headers=headers)

    with pytest.raises(RateLimited, match="rate limit"), caplog.at_level("INFO"):
        client.get("/things")
    # One bound for all retries together.
    assert 900 <= sum(time.slept) <= 930
    assert requests_mock.call_count <= 930 / 10
    # The log says for what it waits, once a minute.
    assert 10 <= caplog.text.count("rate limit (GET /things: HTTP 429") <= 16


@pytest.mark.complaint(100)
def test_a_search_is_not_halved_for_the_rate_limit(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.post(f"{HOST}/things/search", status_code=429, json=fault("rate_limit_exceeded"))

    with pytest.raises(RateLimited):
        list(search_answers(client, "/things/search", {}, "updated_at", "things"))
    assert {request.json()["pagination"]["per_page"] for request in requests_mock.request_history} == {150}
    assert sum(time.slept) <= 930


def test_who_checks_waits_less(transport: Transport, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", status_code=429, json=fault("rate_limit_exceeded"))

    with pytest.raises(RateLimited):
        make_client(transport, retries=2).get("/things")
    assert sum(time.slept) <= 70


NOW = 1_700_000_000
HEADERS = {
    "the reset is now": window(100, 0, NOW, NOW),
    "the reset is past": window(100, 0, NOW - 3600, NOW),
    "the reset never moves": window(100, 0, NOW + 10, NOW),
    "the reset is in milliseconds": window(100, 0, (NOW + 10) * 1000, NOW),
    "the reset is a year ahead": window(100, 0, NOW + 31_000_000, NOW),
    "the reset is no number": {"X-RateLimit-Reset": "soon"},
    "the reset has 400 digits": {"X-RateLimit-Reset": "9" * 400},
    "the limit is 0": window(0, 0, NOW + 10, NOW),
    "the limit has 5,000 digits": {"X-RateLimit-Limit": "1" * 5000, "X-RateLimit-Remaining": "2" * 5000},
    "no header": {},
    "retry at once": {"Retry-After": "0"},
    "retry in a year": {"Retry-After": "31000000"},
    "retry then": {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
}


@pytest.mark.complaint(97)
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("message", ["rate_limit_exceeded", "too_many_requests"])
def test_every_429_waits(
    client: Client, time: FakeTime, requests_mock: Mocker, headers: dict[str, str], message: str
) -> None:
    """It was 5,632 requests in 6 seconds."""
    limited = {"status_code": 429, "json": fault(message), "headers": headers}
    requests_mock.get(f"{HOST}/things", [*[limited] * 8, GOOD])
    began = time.now

    assert client.get("/things", retry=False) == BODY
    assert 8 <= time.now - began <= 8 * 13
    # And what came after is as free as before.
    slept = len(time.slept)
    for _ in range(20):
        client.get("/things")
    assert sum(time.slept[slept:]) <= 12


def test_an_overloaded_resource_holds_up_nobody_else(
    transport: Transport, time: FakeTime, requests_mock: Mocker
) -> None:
    limited = {"status_code": 429, "json": fault("too_many_requests")}
    requests_mock.get(f"{HOST}/heavy", [limited, GOOD])
    requests_mock.get(f"{HOST}/things", **GOOD)
    client = make_client(transport)

    client.get("/heavy")
    assert time.slept == [1.0]
    client.get("/things")
    assert time.slept == [1.0]


def test_the_quota_of_exports_is_not_the_window(client: Client, requests_mock: Mocker) -> None:
    quota = fault("rate_limit_exceeded", "Exceeded rate limit of 1 pending message data export jobs")
    requests_mock.get(f"{HOST}/things", status_code=429, json=quota)

    with pytest.raises(ExportTaken) as caught:
        client.get("/things")
    assert "export jobs" in str(caught.value.internal_message)
    assert requests_mock.call_count == 1


@pytest.mark.complaint(47)
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

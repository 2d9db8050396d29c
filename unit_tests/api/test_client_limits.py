"""How long requests wait for the rate limit: all together, and as long as an answer asks for."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from api_helpers import BODY, GOOD, HOST, FakeTime, fault, make_client
from requests_mock import Mocker

from source_intercom.api.client import Client
from source_intercom.api.errors import IntercomError, RateLimited
from source_intercom.api.transport import Transport


@pytest.mark.complaint(100)
def test_all_requests_together_have_one_bound(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    """A read asks for one thing after another. Each of them waited for a quarter of an hour."""
    requests_mock.get(f"{HOST}/things", status_code=429, json=fault("rate_limit_exceeded"))
    requests_mock.get(f"{HOST}/others", json=BODY)
    for _ in range(5):
        with pytest.raises(RateLimited):
            client.get("/things")
    assert 900 <= sum(time.slept) <= 1000

    # Where one passes, the next one waits again.
    client.get("/others")
    with pytest.raises(RateLimited):
        client.get("/things")
    assert sum(time.slept) >= 1800


AN_OLD_CLOCK = 1_700_000_000
SENT = {"Date": formatdate(AN_OLD_CLOCK, usegmt=True)}


@pytest.mark.complaint(97)
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "37"},
        {"Retry-After": " 37 "},
        {"Retry-After": formatdate(AN_OLD_CLOCK + 37, usegmt=True), **SENT},
    ],
    ids=["seconds", "with spaces", "moment of a clock that is behind"],
)
def test_a_retry_after_is_obeyed(
    client: Client, time: FakeTime, requests_mock: Mocker, headers: dict[str, str]
) -> None:
    limited = {"status_code": 429, "json": fault("rate_limit_exceeded"), "headers": headers}
    requests_mock.get(f"{HOST}/things", [limited, GOOD])

    assert client.get("/things", retry=False) == BODY
    assert sum(time.slept) == pytest.approx(37.0)


@pytest.mark.complaint(97)
@pytest.mark.parametrize(
    ("status", "body"),
    [(503, "<html>Maintenance</html>"), (429, fault("too_many_requests")), (500, fault("server_error"))],
    ids=["gateway", "overloaded resource", "Intercom's own fault"],
)
def test_a_retry_after_of_any_fault_is_obeyed(
    client: Client, time: FakeTime, requests_mock: Mocker, status: int, body: object
) -> None:
    requests_mock.get(f"{HOST}/things", [{"status_code": status, "json": body, "headers": {"Retry-After": "45"}}, GOOD])

    assert client.get("/things") == BODY
    assert sum(time.slept) == pytest.approx(45.0)


@pytest.mark.parametrize("asked", ["0", "-5", "121", "31000000", "soon", "9" * 400])
def test_a_retry_after_that_makes_no_sense_is_not(
    client: Client, time: FakeTime, requests_mock: Mocker, asked: str
) -> None:
    requests_mock.get(f"{HOST}/things", [{"status_code": 503, "headers": {"Retry-After": asked}}, GOOD])

    assert client.get("/things") == BODY
    assert time.slept == [1.0]


def test_long_waits_that_answers_ask_for_have_one_bound(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", status_code=503, headers={"Retry-After": "100"})

    with pytest.raises(IntercomError):
        client.get("/things")
    assert 100 + 2 + 4 + 8 + 16 <= sum(time.slept) <= 150


@pytest.mark.parametrize("status", [429, 503])
def test_who_checks_waits_for_no_long_retry_after(
    transport: Transport, time: FakeTime, requests_mock: Mocker, status: int
) -> None:
    body = fault("rate_limit_exceeded" if status == 429 else "server_error")
    requests_mock.get(f"{HOST}/things", status_code=status, json=body, headers={"Retry-After": "100"})

    with pytest.raises(IntercomError):
        make_client(transport, retries=2).get("/things")
    assert sum(time.slept) <= 60

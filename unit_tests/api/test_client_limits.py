"""How long requests wait for the rate limit: all together, and as long as an answer asks for."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from api_helpers import BODY, GOOD, HOST, FakeTime, fault
from requests_mock import Mocker

from source_intercom.api.client import Client
from source_intercom.api.errors import RateLimited


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

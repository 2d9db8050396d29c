"""Waits: the real ones by default, shorter ones where a test asks for them on this machine itself."""

from __future__ import annotations

import pytest
import requests
from api_helpers import GOOD, HICCUPS, HOST, LOGGER, FakeTime, fault, make_client, make_transport
from requests_mock import Mocker

from source_intercom.api.errors import RETRIES, IntercomError, RateLimited, ScrollTaken
from source_intercom.api.pace import HASTY, PATIENT, patience_for, time_scale
from source_intercom.api.scroll import CompanyScroll

LOCAL = "http://127.0.0.1:8080"


@pytest.fixture
def scaled(time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> str:
    """An API on this machine, and time a hundred times as fast."""
    monkeypatch.setenv("INTERCOM_API_URL", LOCAL)
    monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", "0.01")
    assert time.slept == []
    return LOCAL


@pytest.mark.parametrize("base", [LOCAL, "http://localhost:1", "http://[::1]:1", "https://127.0.0.2/x"])
@pytest.mark.parametrize(("text", "scale"), [("0.01", 0.01), ("2", 2.0), ("1", 1.0)])
def test_a_scale_holds_on_loopback(monkeypatch: pytest.MonkeyPatch, base: str, text: str, scale: float) -> None:
    monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", text)
    assert time_scale(base) == scale


@pytest.mark.parametrize(
    "base", [HOST, "https://api.eu.intercom.io", "https://proxy.example", "https://127.0.0.1.example"]
)
def test_and_nowhere_else(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", "0.01")
    assert time_scale(base) == 1.0


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e9"])
def test_nonsense_is_real_time(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", text)
    assert time_scale(LOCAL) == 1.0


def test_without_the_setting_time_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_INTERCOM_TIME_SCALE", raising=False)
    assert time_scale(LOCAL) == 1.0


def test_retries_are_scaled(scaled: str, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{scaled}/things", [*[HICCUPS["500"]] * 5, GOOD])
    make_client(make_transport(time)).get("/things")
    assert time.slept == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.16])


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "too_many_requests"])
def test_waits_for_the_rate_limit_are_scaled(scaled: str, time: FakeTime, requests_mock: Mocker, code: str) -> None:
    requests_mock.get(f"{scaled}/things", status_code=429, json=fault(code))
    with pytest.raises(RateLimited):
        make_client(make_transport(time)).get("/things")
    assert sum(time.slept) < 10


def test_a_scroll_is_scaled(scaled: str, time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{scaled}/companies/scroll", status_code=400, json=fault("scroll_exists"))
    scroll = CompanyScroll(make_client(make_transport(time)), LOGGER, sleep=time.sleep, clock=time.monotonic)
    with pytest.raises(ScrollTaken):
        list(scroll.pages())
    assert set(time.slept) == {0.15}
    assert 6 <= sum(time.slept) <= 6.3


@pytest.mark.parametrize(("retries", "patience"), [(RETRIES, PATIENT), (0, PATIENT), (2, HASTY)])
def test_whose_patience(retries: int, patience: object, time: FakeTime, requests_mock: Mocker) -> None:
    assert patience_for(retries) is patience
    requests_mock.get(f"{HOST}/things", **GOOD)
    make_client(make_transport(time), retries=retries).get("/things")
    timeout: object = requests_mock.request_history[0].timeout
    assert timeout == (patience_for(retries).connect, patience_for(retries).answer)


# --- TLS and versions ---------------------------------------------------------------------------------


def certificate_error() -> requests.exceptions.SSLError:
    """As requests raises it: urllib3's error in it, and the system's in that."""
    import ssl

    import urllib3

    cause = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    cause.verify_message = "self-signed certificate"
    pool = urllib3.HTTPSConnectionPool("api.intercom.io")
    reason = urllib3.exceptions.MaxRetryError(pool, "/things", urllib3.exceptions.SSLError(cause))
    return requests.exceptions.SSLError(reason)


@pytest.mark.complaint(108)
def test_a_certificate_that_is_not_trusted_is_said_at_once(time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", exc=certificate_error())
    with pytest.raises(IntercomError, match=r"certificate of api\.intercom\.io is not trusted .*self-signed") as caught:
        make_client(make_transport(time)).get("/things")
    assert caught.value.final
    assert time.slept == []


@pytest.mark.complaint(108)
def test_other_faults_of_tls_are_tried_again_and_named(time: FakeTime, requests_mock: Mocker) -> None:
    requests_mock.get(f"{HOST}/things", exc=requests.exceptions.SSLError("EOF occurred in violation of protocol"))
    with pytest.raises(IntercomError, match=r"No secure connection to api\.intercom\.io") as caught:
        make_client(make_transport(time)).get("/things")
    assert not caught.value.final
    assert caught.value.explains_itself
    assert len(time.slept) == RETRIES


@pytest.mark.complaint(43, 91)
def test_another_version_than_asked_for_is_said_once(
    time: FakeTime, requests_mock: Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    requests_mock.get(f"{HOST}/things", **GOOD, headers={"Intercom-Version": "2.14"})
    transport = make_transport(time)
    for version in ("2.15", "2.16", "2.15", "2.14"):
        make_client(transport, version=version).get("/things")
    assert caplog.text.count("serves API version '2.14'") == 2
    assert "asks for 2.15" in caplog.text
    assert "asks for 2.16" in caplog.text


def test_the_version_asked_for_is_no_news(
    time: FakeTime, requests_mock: Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    requests_mock.get(f"{HOST}/things", [{**GOOD, "headers": {"Intercom-Version": "2.15"}}, GOOD])
    client = make_client(make_transport(time))
    client.get("/things")
    client.get("/things")
    assert "serves" not in caplog.text

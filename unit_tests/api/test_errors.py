"""Errors: every answer of the catalogue (notes §5), what it means, and what people read about it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from api_helpers import answer, fault
from hypothesis import given, settings
from hypothesis import strategies as st

from source_intercom.api.errors import (
    DEVELOPER_HUB,
    RETRIES,
    AccessDenied,
    Failure,
    IntercomError,
    Meaning,
    RecordGone,
    RequestRefused,
    RetryPolicy,
    ScrollLost,
    ScrollTaken,
    TokenRejected,
    Unavailable,
    error_for,
    is_window_limit,
    meaning_of,
    unavailable,
)

NGINX_404 = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center>nginx</center></body>\r\n</html>"
NGINX_502 = b"<html><head><title>502 Bad Gateway</title></head></html>"
RESTART = "Request failed due to an internal network error. Please restart the scroll operation."

CATALOGUE: list[tuple[int, Any, Meaning]] = [
    # 200
    (200, {"type": "list", "data": []}, Meaning.OK),
    (200, [{"id": 1}], Meaning.OK),
    (200, {}, Meaning.OK),
    (200, b'{"data": []}\r\n', Meaning.OK),
    (200, b'\n  {"data": []}', Meaning.OK),
    (200, b"", Meaning.RETRY),
    (200, b"   ", Meaning.RETRY),
    (200, b"null", Meaning.RETRY),
    (200, b'"OK"', Meaning.RETRY),
    (200, b"17", Meaning.RETRY),
    (200, b"<html>Please wait</html>", Meaning.RETRY),
    (200, b'{"data": [{"id": "1"}, {"id"', Meaning.RETRY),
    (204, b"", Meaning.RETRY),
    # 400
    *((400, fault(code), Meaning.REFUSED) for code in ("parameter_invalid", "bad_request", "client_error")),
    *((400, fault(code), Meaning.REFUSED) for code in ("invalid_field", "invalid_sort_order", "type_mismatch")),
    *((400, fault(code), Meaning.REFUSED) for code in ("parameter_not_found", "missing_parameter")),
    (400, fault("bad_request", "page limit reached, please use scroll API"), Meaning.REFUSED),
    (400, fault("bad_request", "scroll already exists for this workspace"), Meaning.REFUSED),
    (400, fault("intercom_version_invalid"), Meaning.REFUSED),
    (400, fault("conversation_id_limit_exceeded"), Meaning.REFUSED),
    (400, fault("scroll_exists", "scroll already exists for this workspace"), Meaning.SCROLL_TAKEN),
    (400, NGINX_404, Meaning.REFUSED),
    (400, b"", Meaning.REFUSED),
    # 401
    *((401, fault(code), Meaning.TOKEN) for code in ("unauthorized", "token_not_found", "token_revoked")),
    *((401, fault(code), Meaning.TOKEN) for code in ("token_expired", "token_blocked", "missing_authorization")),
    (401, b"", Meaning.TOKEN),
    (401, NGINX_404, Meaning.TOKEN),
    (401, {"type": "error", "message": "Access Token Invalid"}, Meaning.TOKEN),
    (401, fault("token_unauthorized", "Not authorized to access resource"), Meaning.ACCESS),
    (401, fault("some_code_of_tomorrow"), Meaning.ACCESS),
    # 402, 403
    (402, b"", Meaning.ACCESS),
    (402, fault("whatever"), Meaning.ACCESS),
    (403, fault("api_plan_restricted", "Active subscription needed."), Meaning.ACCESS),
    (403, fault("forbidden"), Meaning.ACCESS),
    (403, fault("action_forbidden", "You do not have the required scope (read_conversations)"), Meaning.ACCESS),
    (403, b"", Meaning.ACCESS),
    # 404, 410
    *((404, fault(code), Meaning.GONE) for code in ("not_found", "company_not_found", "conversation_not_found")),
    *((404, fault(code), Meaning.GONE) for code in ("admin_not_found", "ticket_not_found", "user_not_found")),
    (404, NGINX_404, Meaning.GONE),
    (404, b"", Meaning.GONE),
    (410, fault("contact_merged"), Meaning.GONE),
    # The rest of 4xx
    (405, b"", Meaning.REFUSED),
    (406, fault("unsupported"), Meaning.REFUSED),
    (415, fault("unsupported"), Meaning.REFUSED),
    (422, fault("parameter_invalid"), Meaning.REFUSED),
    (422, fault("data_invalid"), Meaning.REFUSED),
    (422, fault("field_not_found"), Meaning.REFUSED),
    (418, fault("some_code_of_tomorrow"), Meaning.REFUSED),
    (408, fault("request_timeout"), Meaning.RETRY),
    (409, fault("conflict"), Meaning.RETRY),
    (409, fault("resource_conflict"), Meaning.RETRY),
    (429, fault("rate_limit_exceeded", "Exceeded rate limit of 167 in 10_seconds"), Meaning.RETRY),
    (429, fault("too_many_requests"), Meaning.RETRY),
    (429, b"", Meaning.RETRY),
    # 5xx
    (500, fault("server_error"), Meaning.RETRY),
    (500, fault(""), Meaning.RETRY),
    (500, b"", Meaning.RETRY),
    (500, fault("server_error", RESTART), Meaning.SCROLL_LOST),
    (500, fault("server_error", RESTART.upper()), Meaning.SCROLL_LOST),
    (500, {"type": "error", "request_id": "r", "message": RESTART}, Meaning.SCROLL_LOST),
    (502, NGINX_502, Meaning.RETRY),
    (503, fault("service_unavailable"), Meaning.RETRY),
    (503, fault("server_error", RESTART), Meaning.RETRY),
    (504, b"", Meaning.RETRY),
    (529, b"", Meaning.RETRY),
]


@pytest.mark.parametrize(("status", "body", "meaning"), CATALOGUE)
def test_meaning(status: int, body: Any, meaning: Meaning) -> None:
    assert meaning_of(answer(status, body)) is meaning


@pytest.mark.parametrize(
    ("body", "code", "message", "request_id"),
    [
        (fault("not_found", "Nobody here"), "not_found", "Nobody here", "req-1"),
        (fault("not_found", request_id=None), "not_found", "", ""),
        ({"errors": [{"code": "a"}, {"code": "b"}]}, "a", "", ""),
        ({"type": "error.list", "errors": [{"code": "a", "field": "per_page"}]}, "a", "", ""),
        ({"type": "error", "request_id": "r", "message": "No such ruleset"}, "", "No such ruleset", "r"),
        ({"code": "a", "message": "b"}, "a", "b", ""),
        ({"errors": [], "message": "b"}, "", "b", ""),
        ({"errors": None, "message": "b"}, "", "b", ""),
        ({"errors": {"code": "a"}, "message": "b"}, "", "b", ""),
        ({"errors": ["sorry"], "message": "b"}, "", "b", ""),
        ({"errors": [{"code": None, "message": None}]}, "", "", ""),
        ({"errors": [{"code": 17, "message": ["x"]}], "request_id": 5}, "17", "['x']", "5"),
        (["sorry"], "", "", ""),
        ("sorry", "", "", ""),
        (17, "", "", ""),
        (None, "", "", ""),
        (b"", "", "", ""),
        (b"\xff\xfe", "", "", ""),
        (b"{", "", "", ""),
        (NGINX_502, "", "", ""),
    ],
)
def test_what_an_error_says_of_itself(body: Any, code: str, message: str, request_id: str) -> None:
    assert Failure.of(answer(400, body)) == Failure(400, code, message, request_id)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["errors", "code", "message", "request_id", "type"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.integers(400, 599), JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20))
def test_no_error_body_is_too_strange(status: int, body: bytes) -> None:
    response = answer(status, body)

    meaning = meaning_of(response)
    assert meaning is not Meaning.OK
    error = error_for(meaning, Failure.of(response), endpoint="GET /x", permission="P", host="H")
    assert isinstance(error, IntercomError)


def test_a_failure_in_words() -> None:
    assert str(Failure(500)) == "HTTP 500"
    assert str(Failure(404, "not_found", "", "r-9")) == "HTTP 404, not_found, request r-9"
    assert str(Failure(400, "bad_request", "No", "r-9")) == "HTTP 400, bad_request, No, request r-9"


# --- From meaning to error --------------------------------------------------------------------------

TOKEN_CODES = [fault("unauthorized", "Access Token Invalid"), fault("token_revoked"), b""]


def error_of(status: int, body: Any) -> IntercomError:
    response = answer(status, body)
    return error_for(
        meaning_of(response),
        Failure.of(response),
        endpoint="GET /things",
        permission="Read things",
        host="api.eu.intercom.io",
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "failure", "final"),
    [
        (401, fault("unauthorized"), TokenRejected, FailureType.config_error, True),
        (401, fault("token_unauthorized"), AccessDenied, FailureType.config_error, True),
        (402, b"", AccessDenied, FailureType.config_error, True),
        (403, fault("forbidden"), AccessDenied, FailureType.config_error, True),
        (403, fault("api_plan_restricted"), AccessDenied, FailureType.config_error, True),
        (404, NGINX_404, RecordGone, FailureType.system_error, False),
        (410, fault("contact_merged"), RecordGone, FailureType.system_error, False),
        (400, fault("bad_request"), RequestRefused, FailureType.system_error, True),
        (422, fault("data_invalid"), RequestRefused, FailureType.system_error, True),
        (400, fault("scroll_exists"), ScrollTaken, FailureType.transient_error, True),
        (500, fault("server_error", RESTART), ScrollLost, FailureType.transient_error, True),
        (500, b"", Unavailable, FailureType.transient_error, False),
        (429, fault("rate_limit_exceeded"), Unavailable, FailureType.transient_error, False),
    ],
)
def test_error_class(status: int, body: Any, kind: type[IntercomError], failure: FailureType, final: bool) -> None:
    error = error_of(status, body)

    assert type(error) is kind
    assert isinstance(error, AirbyteTracedException)
    assert error.failure_type is failure
    assert error.final is final
    assert error.message
    assert error.message.endswith(".")
    # Who reads the log needs the endpoint and the status, who reads the form does not.
    assert f"GET /things: HTTP {status}" in str(error.internal_message)
    assert error.message in str(error.internal_message)
    assert repr(error) == error.message


@pytest.mark.parametrize("body", TOKEN_CODES)
def test_a_rejected_token_is_told_with_host_and_region(body: Any) -> None:
    message = str(error_of(401, body).message)

    assert "api.eu.intercom.io" in message
    assert "region" in message
    assert DEVELOPER_HUB in message
    assert "permission" not in message


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, fault("token_unauthorized")), (403, fault("forbidden")), (403, fault("action_forbidden")), (403, b"")],
)
def test_a_missing_permission_is_named(status: int, body: Any) -> None:
    message = str(error_of(status, body).message)

    assert '"Read things"' in message
    assert DEVELOPER_HUB in message
    assert "plan" not in message


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, fault("api_plan_restricted", "Active subscription needed."), "Active subscription needed."),
        (403, fault("api_plan_restricted"), "api_plan_restricted"),
        (402, fault("", "Your trial has ended"), "Your trial has ended"),
        (402, b"", "payment required"),
    ],
)
def test_a_plan_is_called_a_plan(status: int, body: Any, said: str) -> None:
    message = str(error_of(status, body).message)

    assert "plan does not include" in message
    assert said in message
    assert "permission" not in message


def test_a_refused_request_quotes_intercom() -> None:
    message = str(error_of(400, fault("invalid_field", "No such field", "r-42")).message)

    assert "HTTP 400, invalid_field, No such field, request r-42" in message


def test_what_kept_failing_says_how_in_the_log_only() -> None:
    error = unavailable("GET /things: HTTP 502")

    assert isinstance(error, Unavailable)
    assert "502" not in str(error.message)
    assert "GET /things: HTTP 502" in str(error.internal_message)


def test_an_error_without_detail_has_no_empty_brackets() -> None:
    assert IntercomError("Something.").internal_message == "Something."


# --- 429 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "window"),
    [
        (429, fault("rate_limit_exceeded", "Exceeded rate limit of 167 in 10_seconds"), True),
        (429, fault("too_many_requests"), True),
        (429, b"", True),
        (429, NGINX_502, True),
        (
            429,
            fault("rate_limit_exceeded", "Exceeded rate limit of 1 pending message data export jobs"),
            False,
        ),
        (503, fault("rate_limit_exceeded"), False),
        (200, {}, False),
    ],
)
def test_which_429_is_the_window(status: int, body: Any, window: bool) -> None:
    assert is_window_limit(answer(status, body)) is window


# --- What is retried --------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "body", "meaning"), CATALOGUE)
def test_only_what_may_pass_later_is_retried(status: int, body: Any, meaning: Meaning) -> None:
    resolution = RetryPolicy().interpret_response(answer(status, body))

    expected = ResponseAction.RETRY if meaning is Meaning.RETRY else ResponseAction.SUCCESS
    assert resolution.response_action is expected


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer(502, NGINX_502), "HTTP 502"),
        (answer(500, fault("server_error", "Sorry", "r-1")), "HTTP 500, server_error, Sorry, request r-1"),
        (answer(200, b""), "HTTP 200 with an unreadable body"),
        (requests.ConnectTimeout("https://api/x?token=5up3r"), "ConnectTimeout"),
        (requests.ReadTimeout("5up3r"), "ReadTimeout"),
        (requests.ConnectionError("5up3r"), "ConnectionError"),
        (requests.exceptions.ChunkedEncodingError("5up3r"), "ChunkedEncodingError"),
    ],
)
def test_a_retry_is_transient_and_says_why_without_quoting(response: Any, reason: str) -> None:
    resolution = RetryPolicy().interpret_response(response)

    assert resolution.response_action is ResponseAction.RETRY
    assert resolution.failure_type is FailureType.transient_error
    assert resolution.error_message == reason


def test_how_often_and_how_long() -> None:
    assert RetryPolicy().max_retries == RETRIES == 5
    assert RetryPolicy(0).max_retries == 0
    assert RetryPolicy().max_time == 600

"""Answers: what each of the catalogue becomes, and which of them are asked for again."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers import ResponseAction
from api_helpers import answer, fault

from source_intercom.api.answers import (
    RetryPolicy,
    error_class_of,
    failure_of,
    is_retried,
    is_window_limit,
)
from source_intercom.api.errors import (
    RETRIES,
    AccessDenied,
    GatewayAnswer,
    IntercomError,
    RateLimited,
    RecordGone,
    RequestRefused,
    ScrollLost,
    ScrollTaken,
    TokenRejected,
    Unavailable,
    VersionRefused,
)

NGINX_404 = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center>nginx</center></body>\r\n</html>"
NGINX_502 = b"<html><head><title>502 Bad Gateway</title></head></html>"
RESTART = "Request failed due to an internal network error. Please restart the scroll operation."

CATALOGUE: list[tuple[int, Any, type[IntercomError] | None]] = [
    # 200
    (200, {"type": "list", "data": []}, None),
    (200, [{"id": 1}], None),
    (200, {}, None),
    (200, b'{"data": []}\r\n', None),
    (200, b'\n  {"data": []}', None),
    (200, b"", Unavailable),
    (200, b"   ", Unavailable),
    (200, b"null", Unavailable),
    (200, b'"OK"', Unavailable),
    (200, b"17", Unavailable),
    (200, b"<html>Please wait</html>", Unavailable),
    (200, b'{"data": [{"id": "1"}, {"id"', Unavailable),
    (204, b"", Unavailable),
    # No success, though requests takes it for one
    (302, b"", GatewayAnswer),
    (300, {"data": []}, GatewayAnswer),
    (999, {"data": []}, Unavailable),
    # 400
    *((400, fault(code), RequestRefused) for code in ("parameter_invalid", "bad_request", "client_error")),
    *((400, fault(code), RequestRefused) for code in ("invalid_field", "invalid_sort_order", "type_mismatch")),
    *((400, fault(code), RequestRefused) for code in ("parameter_not_found", "missing_parameter")),
    (400, fault("bad_request", "page limit reached, please use scroll API"), RequestRefused),
    (400, fault("bad_request", "Scroll already exists for this workspace"), ScrollTaken),
    (400, fault("intercom_version_invalid"), VersionRefused),
    (400, fault("conversation_id_limit_exceeded"), RequestRefused),
    (400, fault("scroll_exists", "scroll already exists for this workspace"), ScrollTaken),
    (400, NGINX_404, GatewayAnswer),
    (400, b"", GatewayAnswer),
    # 401
    *((401, fault(code), TokenRejected) for code in ("unauthorized", "token_not_found", "token_revoked")),
    *((401, fault(code), TokenRejected) for code in ("token_expired", "token_blocked", "missing_authorization")),
    (401, b"", GatewayAnswer),
    (401, NGINX_404, GatewayAnswer),
    (401, {"type": "error", "message": "Access Token Invalid"}, TokenRejected),
    (401, fault("token_unauthorized", "Not authorized to access resource"), AccessDenied),
    (401, fault("some_code_of_tomorrow"), AccessDenied),
    # 402, 403
    (402, b"", GatewayAnswer),
    (402, fault("whatever"), AccessDenied),
    (403, fault("api_plan_restricted", "Active subscription needed."), AccessDenied),
    (403, fault("forbidden"), AccessDenied),
    (403, fault("action_forbidden", "You do not have the required scope (read_conversations)"), AccessDenied),
    (403, b"", GatewayAnswer),
    (403, NGINX_404, GatewayAnswer),
    (403, {"message": "Forbidden"}, GatewayAnswer),
    (403, {"type": "error", "message": "No"}, AccessDenied),
    # 404, 410
    *((404, fault(code), RecordGone) for code in ("not_found", "company_not_found", "conversation_not_found")),
    *((404, fault(code), RecordGone) for code in ("admin_not_found", "ticket_not_found", "user_not_found")),
    (404, NGINX_404, RecordGone),
    (404, b"", RecordGone),
    (410, fault("contact_merged"), RecordGone),
    # The rest of 4xx
    (405, b"", GatewayAnswer),
    (405, b"<html>Are you a robot?</html>", GatewayAnswer),
    (406, fault("unsupported"), RequestRefused),
    (415, fault("unsupported"), RequestRefused),
    (422, fault("parameter_invalid"), RequestRefused),
    (422, fault("data_invalid"), RequestRefused),
    (422, fault("field_not_found"), RequestRefused),
    (418, fault("some_code_of_tomorrow"), RequestRefused),
    (408, fault("request_timeout"), Unavailable),
    (409, fault("conflict"), Unavailable),
    (409, fault("resource_conflict"), Unavailable),
    (429, fault("rate_limit_exceeded", "Exceeded rate limit of 167 in 10_seconds"), RateLimited),
    (429, fault("too_many_requests"), RateLimited),
    (429, b"", RateLimited),
    # 5xx
    (500, fault("server_error"), Unavailable),
    (500, fault(""), Unavailable),
    (500, b"", Unavailable),
    (500, fault("server_error", RESTART), ScrollLost),
    (500, fault("server_error", RESTART.upper()), ScrollLost),
    (500, {"type": "error", "request_id": "r", "message": RESTART}, ScrollLost),
    (502, NGINX_502, Unavailable),
    (503, fault("service_unavailable"), Unavailable),
    (503, fault("server_error", RESTART), Unavailable),
    (504, b"", Unavailable),
    (529, b"", Unavailable),
]


@pytest.mark.complaint(78, 86)
@pytest.mark.parametrize(("status", "body", "kind"), CATALOGUE)
def test_what_an_answer_becomes(status: int, body: Any, kind: type[IntercomError] | None) -> None:
    assert error_class_of(answer(status, body)) is kind


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
    failure = failure_of(answer(400, body))
    assert (failure.code, failure.message, failure.request_id) == (code, message, request_id)


@pytest.mark.parametrize(
    ("body", "is_intercoms"),
    [
        (fault("not_found"), True),
        ({"type": "error", "message": "No such ruleset"}, True),
        ({"errors": []}, True),
        ({"message": "Forbidden"}, False),
        ({"type": "about:blank", "title": "Forbidden"}, False),
        (["errors"], False),
        (NGINX_502, False),
    ],
)
def test_whose_words_they_are(body: Any, is_intercoms: bool) -> None:
    assert failure_of(answer(400, body)).is_intercoms is is_intercoms


def test_long_words_are_cut() -> None:
    assert len(str(failure_of(answer(400, fault("x" * 10_000, "y" * 10_000))))) < 2_000


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


RETRIED = (Unavailable, RateLimited, GatewayAnswer)


@pytest.mark.parametrize(("status", "body", "kind"), CATALOGUE)
def test_only_what_may_pass_later_is_retried(status: int, body: Any, kind: type[IntercomError] | None) -> None:
    resolution = RetryPolicy().interpret_response(answer(status, body))

    expected = ResponseAction.RETRY if kind in RETRIED else ResponseAction.SUCCESS
    assert resolution.response_action is expected
    assert is_retried(kind) is (kind in RETRIED)


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

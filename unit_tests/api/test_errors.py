"""Errors: what people read about an answer that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from api_helpers import answer, fault
from hypothesis import given, settings
from hypothesis import strategies as st

from source_intercom.api import errors
from source_intercom.api.answers import (
    error_at_last,
    error_class_of,
    failure_of,
)
from source_intercom.api.errors import (
    DEVELOPER_HUB,
    AccessDenied,
    Asked,
    CursorRefused,
    Failure,
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
    unavailable,
)

NGINX_404 = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center>nginx</center></body>\r\n</html>"
NGINX_502 = b"<html><head><title>502 Bad Gateway</title></head></html>"
RESTART = "Request failed due to an internal network error. Please restart the scroll operation."

TOKEN_CODES = [fault("unauthorized", "Access Token Invalid"), fault("token_revoked"), b""]
ASKED = Asked("GET /things", "Read things", "api.eu.intercom.io")


def error_of(status: int, body: Any, *, token_worked: bool = False) -> IntercomError:
    response = answer(status, body)
    kind = error_class_of(response)
    assert kind is not None
    failure = failure_of(response)
    return error_at_last(failure, kind, token_worked=token_worked).told(failure, ASKED)


@pytest.mark.parametrize(
    ("status", "body", "kind", "failure", "final"),
    [
        (401, fault("unauthorized"), TokenRejected, FailureType.config_error, True),
        (401, fault("token_unauthorized"), AccessDenied, FailureType.config_error, True),
        (402, fault(""), AccessDenied, FailureType.config_error, True),
        (403, b"", GatewayAnswer, FailureType.transient_error, False),
        (400, fault("intercom_version_invalid"), VersionRefused, FailureType.config_error, True),
        (403, fault("forbidden"), AccessDenied, FailureType.config_error, True),
        (403, fault("api_plan_restricted"), AccessDenied, FailureType.config_error, True),
        (404, NGINX_404, RecordGone, FailureType.system_error, False),
        (410, fault("contact_merged"), RecordGone, FailureType.system_error, False),
        (400, fault("bad_request"), RequestRefused, FailureType.system_error, True),
        (422, fault("data_invalid"), RequestRefused, FailureType.system_error, True),
        (400, fault("scroll_exists"), ScrollTaken, FailureType.transient_error, True),
        (500, fault("server_error", RESTART), ScrollLost, FailureType.transient_error, True),
        (500, b"", Unavailable, FailureType.transient_error, False),
        (429, fault("rate_limit_exceeded"), RateLimited, FailureType.transient_error, False),
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
    [(401, fault("token_unauthorized")), (403, fault("forbidden")), (403, fault("action_forbidden"))],
)
def test_a_missing_permission_is_named(status: int, body: Any) -> None:
    message = str(error_of(status, body).message)

    assert '"Read things"' in message
    assert DEVELOPER_HUB in message
    assert "plan" not in message


@pytest.mark.complaint(45)
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, fault("api_plan_restricted", "Active subscription needed."), "Active subscription needed."),
        (403, fault("api_plan_restricted"), "api_plan_restricted"),
        (402, fault("", "Your trial has ended"), "Your trial has ended"),
    ],
)
def test_a_plan_is_called_a_plan(status: int, body: Any, said: str) -> None:
    message = str(error_of(status, body).message)

    assert "plan does not include" in message
    assert said in message
    assert "permission" not in message


def test_intercoms_own_words_stand_beside_ours() -> None:
    """A 403 names the scope, and its name may be newer than ours."""
    message = str(error_of(403, fault("action_forbidden", "Missing scope (read_brands)")).message)
    assert '"Read things" (Intercom says: "Missing scope (read_brands)"): grant it' in message
    assert "{hub} {0}" in str(error_of(403, fault("forbidden", "{hub} {0}")).message)


@pytest.mark.complaint(79)
@pytest.mark.parametrize("code", ["unauthorized", "missing_authorization", "", "token_unauthorized", "of_tomorrow"])
def test_after_the_token_worked_a_401_is_about_one_resource(code: str) -> None:
    assert type(error_of(401, fault(code), token_worked=True)) is AccessDenied
    assert type(error_of(401, NGINX_404, token_worked=True)) is AccessDenied


@pytest.mark.parametrize("code", ["token_revoked", "token_expired", "token_blocked", "token_not_found"])
def test_a_token_that_is_revoked_meanwhile_is_said_so(code: str) -> None:
    assert type(error_of(401, fault(code), token_worked=True)) is TokenRejected


def test_what_may_be_about_one_record() -> None:
    """One conversation of three hundred can answer 403 or 400 for ever; a child reads the others."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, IntercomError)]
    assert {kind.__name__ for kind in kinds if kind.may_be_of_one} == {
        *("AccessDenied", "GatewayAnswer", "RecordGone", "RequestRefused", "TlsFailed", "TooLarge", "Unavailable")
    }


def test_only_a_bare_failure_does_not_explain_itself() -> None:
    assert not Unavailable.explains_itself
    assert RateLimited.explains_itself
    assert GatewayAnswer.explains_itself
    assert CursorRefused.explains_itself


def test_the_rate_limit_is_named() -> None:
    message = str(error_of(429, fault("rate_limit_exceeded", "Exceeded rate limit of 167 in 10_seconds")).message)
    assert "rate limit" in message
    assert "Exceeded rate limit of 167" in message


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


def test_a_failure_in_words() -> None:
    assert str(Failure(500)) == "HTTP 500"
    assert str(Failure(404, "not_found", "", "r-9")) == "HTTP 404, not_found, request r-9"
    assert str(Failure(400, "bad_request", "No", "r-9")) == "HTTP 400, bad_request, No, request r-9"


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
    error = error_of(status, body)
    assert isinstance(error, IntercomError)
    assert str(error.message).endswith(".")


def test_what_is_not_found_is_named() -> None:
    """Where it ends a stream, it is no record that is gone."""
    error = RecordGone.told(Failure(404, "not_found", "Resource Not Found"), Asked("GET /admins/activity_logs"))
    assert str(error.message).startswith(
        'Intercom does not find GET /admins/activity_logs (HTTP 404) (Intercom says: "'
    )

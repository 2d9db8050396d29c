"""Which answer is good, which one is asked for again, and which error the others become.

Sources of the codes: Intercom's OpenAPI files and field reports, listed in docs/intercom-api.md under "Errors".
"""

from collections.abc import Callable

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers import ErrorHandler, ErrorResolution, ResponseAction

from source_intercom.api.bodies import body_of
from source_intercom.api.errors import (
    RETRIES,
    AccessDenied,
    ExportTaken,
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
)
from source_intercom.api.masking import shortened

# Codes that speak of the token whatever came before.
_TOKEN_IS_BAD = frozenset({"token_not_found", "token_revoked", "token_expired", "token_blocked"})
# Codes that a token gets that is bad, and at times one that may not read one resource.
_TOKEN_MAY_BE_BAD = frozenset({"unauthorized", "missing_authorization", ""})
_TRANSIENT_STATUSES = frozenset({408, 409, 425})
# Quotas of export jobs have the status and the code of the rate limit, and last for minutes
# (docs/intercom-api.md#rate-export).
_EXPORT_QUOTA = "export job"
_LONGEST = 500  # characters of Intercom's words that go into an error

# What an answer becomes: the first class whose question is answered with yes, or else ``RequestRefused``.
_TABLE: tuple[tuple[Callable[[Failure], bool], type[IntercomError]], ...] = (
    # Intercom asks for a new scroll in the message only; the code is that of any other 500.
    (lambda it: it.status == 500 and "restart the scroll" in it.message.lower(), ScrollLost),
    (lambda it: it.status in (409, 429) and _EXPORT_QUOTA in it.message.lower(), ExportTaken),
    (lambda it: it.status == 429, RateLimited),
    (lambda it: it.status >= 500 or it.status in _TRANSIENT_STATUSES, Unavailable),
    # Also as a bare page of nginx: that is how archived companies answer.
    (lambda it: it.status in (404, 410), RecordGone),
    # All that follows is a verdict, and Intercom gives those in its own envelope only.
    (lambda it: not it.is_intercoms or it.status < 400, GatewayAnswer),
    # One scroll a workspace: 400 alone means many things. Others tell it by the message, so both count.
    (lambda it: it.code == "scroll_exists" or "scroll already exists" in it.message.lower(), ScrollTaken),
    (lambda it: it.code == "intercom_version_invalid", VersionRefused),
    (lambda it: it.status == 401 and it.code in _TOKEN_IS_BAD | _TOKEN_MAY_BE_BAD, TokenRejected),
    (lambda it: it.status in (401, 402, 403), AccessDenied),
)


def error_class_of(response: requests.Response) -> type[IntercomError] | None:
    """What an answer becomes, None when it is good."""
    if 200 <= response.status_code < 300:
        # A gateway can answer 200 with nothing or with a page of its own.
        return None if isinstance(body_of(response), (dict, list)) else Unavailable
    failure = failure_of(response)
    return next((kind for question, kind in _TABLE if question(failure)), RequestRefused)


def is_retried(kind: type[IntercomError] | None) -> bool:
    """Whether an answer of this class is asked for again."""
    return kind is not None and issubclass(kind, Unavailable)


def is_doubtful(response: requests.Response) -> bool:
    """Whether a record may be there although an answer says that it is gone: a page without Intercom's envelope, which
    a gateway shows for a moment, and nginx for good where a company is archived. So it is asked for once more.
    """
    return error_class_of(response) is RecordGone and not failure_of(response).is_intercoms


def error_at_last(failure: Failure, kind: type[IntercomError], *, token_worked: bool) -> type[IntercomError]:
    """The class for good, when the retries are over and with what is known of the token.

    After a call was accepted, a 401 is about one resource and not about the token: Intercom answered so with several
    codes and with none (intercom-ruby 323, 345 and 364, airbyte 64110).
    """
    is_bare_401 = kind is GatewayAnswer and failure.status == 401
    if kind is TokenRejected or is_bare_401:
        return AccessDenied if token_worked and failure.code not in _TOKEN_IS_BAD else TokenRejected
    return kind


def failure_of(response: requests.Response) -> Failure:
    """Read the error envelope; never raises, whatever the body is."""
    body = body_of(response)
    if not isinstance(body, dict):
        return Failure(response.status_code)
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else body
    return Failure(
        response.status_code,
        code=_text(first.get("code")),
        message=_text(first.get("message")),
        request_id=_text(body.get("request_id")),
        is_intercoms=isinstance(errors, list) or str(body.get("type")).startswith("error"),
    )


def _text(value: object) -> str:
    return shortened(str(value or ""), _LONGEST)


def is_window_limit(response: requests.Response) -> bool:
    """Whether a 429 is the ten-second window."""
    return response.status_code == 429 and error_class_of(response) is RateLimited


class RetryPolicy(ErrorHandler):
    """Tells the CDK's HttpClient what to retry. All else passes, to be judged once by the caller.

    Five retries wait 1, 2, 4, 8 and 16 seconds, as the CDK's exponential backoff has it, or longer where
    ``Retry-After`` asks for it.
    """

    def __init__(self, retries: int = RETRIES) -> None:
        self._retries = retries

    @property
    def max_retries(self) -> int:
        return self._retries

    @property
    def max_time(self) -> int:
        # Bounded by the session, which knows what of it was spent waiting for the rate limit.
        return 3600

    def interpret_response(self, response: requests.Response | Exception | None) -> ErrorResolution:
        if isinstance(response, requests.Response):
            if not is_retried(error_class_of(response)):
                return ErrorResolution(ResponseAction.SUCCESS)
            good = 200 <= response.status_code < 300
            reason = f"HTTP {response.status_code} with an unreadable body" if good else str(failure_of(response))
        else:
            # The exception's own text may quote the URL and headers of the request; its kind is enough.
            reason = type(response).__name__
        return ErrorResolution(ResponseAction.RETRY, FailureType.transient_error, reason)

"""What an answer of Intercom means, and what it becomes when it cannot be retried.

    IntercomError
    +-- TokenRejected        the access token itself is not accepted
    +-- AccessDenied         the token is good, but a permission or a plan is missing
    +-- RequestRefused       a request that Intercom will refuse every time: our fault
    +-- RecordGone           404 or 410: deleted, merged or archived
    +-- ScrollTaken          another company scroll is open in this workspace
    +-- ScrollLost           our company scroll has expired or died, the walk must start again
    +-- Unavailable          still failing after every retry

Every error is an ``AirbyteTracedException``, so that the CDK prints it as a trace of its stream. ``message`` is
one sentence for the person at the form; ``internal_message`` has the endpoint, status, code and request id.
The catalogue of codes is notes §5.
"""

from dataclasses import dataclass
from enum import Enum, auto

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers import ErrorHandler, ErrorResolution, ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

DEVELOPER_HUB = "https://app.intercom.com/a/apps/_/developer-hub"

# Credential problems; every other 401 is about one resource, not about the token.
_TOKEN_CODES = frozenset(
    {
        "unauthorized",
        "token_not_found",
        "token_revoked",
        "token_expired",
        "token_blocked",
        "missing_authorization",
    }
)
RETRIES = 5
_TRANSIENT_STATUSES = frozenset({408, 409, 429})


class Meaning(Enum):
    """What to do with an answer."""

    OK = auto()
    RETRY = auto()
    TOKEN = auto()
    ACCESS = auto()
    GONE = auto()
    SCROLL_TAKEN = auto()
    SCROLL_LOST = auto()
    REFUSED = auto()


@dataclass(frozen=True)
class Failure:
    """What an error answer says of itself. Fields are empty where the body is HTML, empty or of another shape."""

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""

    @classmethod
    def of(cls, response: requests.Response) -> "Failure":
        """Read the error envelope of notes §5; never raises, whatever the body is."""
        body = body_of(response)
        if not isinstance(body, dict):
            return cls(response.status_code)
        errors = body.get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else body
        return cls(
            response.status_code,
            code=str(first.get("code") or ""),
            message=str(first.get("message") or ""),
            request_id=str(body.get("request_id") or ""),
        )

    def __str__(self) -> str:
        parts = [f"HTTP {self.status}", self.code, self.message]
        if self.request_id:
            parts.append(f"request {self.request_id}")
        return ", ".join(part for part in parts if part)


class IntercomError(AirbyteTracedException):
    """Base of all that can go wrong between us and Intercom.

    ``final`` errors would come back for every other request of the stream, so that trying on is of no use.
    """

    failure: FailureType = FailureType.system_error
    final = True

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(
            internal_message=f"{message} [{detail}]" if detail else message,
            message=message,
            failure_type=self.failure,
        )

    def __repr__(self) -> str:
        # The CDK's closing line of a failed read lists the errors by their repr, and people read that line first.
        return str(self.message)


class TokenRejected(IntercomError):
    failure = FailureType.config_error


class AccessDenied(IntercomError):
    failure = FailureType.config_error

    def __init__(self, message: str, detail: str = "", *, by_plan: bool = False) -> None:
        super().__init__(message, detail)
        self.by_plan = by_plan  # the workspace has not bought it; no permission helps


class RequestRefused(IntercomError):
    pass


class RecordGone(IntercomError):
    final = False


class ScrollTaken(IntercomError):
    failure = FailureType.transient_error


class ScrollLost(IntercomError):
    failure = FailureType.transient_error


class Unavailable(IntercomError):
    failure = FailureType.transient_error
    final = False


def body_of(response: requests.Response) -> object:
    """The parsed body of an answer, None when it is not JSON. Parsed once: what is retried for is what is read."""
    known = vars(response)
    if "parsed_body" not in known:
        try:
            known["parsed_body"] = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            known["parsed_body"] = None
    return known["parsed_body"]


def meaning_of(response: requests.Response) -> Meaning:
    """Classify an answer by its class and code, as notes §5 tabulates; unknown codes go by their HTTP class."""
    if response.ok:
        # A gateway can answer 200 with nothing or with a page of its own (notes §5, peers #44).
        return Meaning.OK if isinstance(body_of(response), (dict, list)) else Meaning.RETRY
    failure = Failure.of(response)
    if is_scroll_restart(failure):
        return Meaning.SCROLL_LOST
    if failure.status >= 500 or failure.status in _TRANSIENT_STATUSES:
        return Meaning.RETRY
    if failure.status == 401:
        return Meaning.TOKEN if failure.code in _TOKEN_CODES or not failure.code else Meaning.ACCESS
    if failure.status in (402, 403):
        return Meaning.ACCESS
    if failure.status in (404, 410):
        return Meaning.GONE
    return Meaning.SCROLL_TAKEN if is_scroll_taken(failure) else Meaning.REFUSED


def is_scroll_taken(failure: Failure) -> bool:
    """One scroll a workspace: told by its code, because 400 alone means many things (peers #36)."""
    return failure.code == "scroll_exists"


def is_scroll_restart(failure: Failure) -> bool:
    """Intercom asks for a new scroll in the message only; the code is that of any other 500 (notes §4.7)."""
    return failure.status == 500 and "restart the scroll" in failure.message.lower()


def is_window_limit(response: requests.Response) -> bool:
    """Whether a 429 is the ten-second window; export jobs use 429 for quotas that last minutes (notes §3)."""
    return response.status_code == 429 and "export jobs" not in Failure.of(response).message


def error_for(meaning: Meaning, failure: Failure, *, endpoint: str, permission: str, host: str) -> IntercomError:
    """The error that an answer becomes.

    ``permission`` is the Developer Hub's name of what the endpoint needs, ``host`` the host that was asked.
    """
    detail = f"{endpoint}: {failure}"
    if meaning is Meaning.TOKEN:
        return TokenRejected(
            f"Intercom's host {host} does not accept the access token: copy it again from the Developer Hub "
            f"({DEVELOPER_HUB}), and choose the region in which your workspace is hosted.",
            detail,
        )
    if meaning is Meaning.ACCESS:
        if failure.code == "api_plan_restricted" or failure.status == 402:
            return AccessDenied(
                f"This Intercom workspace's plan does not include this data (Intercom says: "
                f"{failure.message or failure.code or 'payment required'}): leave the stream out, or upgrade the plan.",
                detail,
                by_plan=True,
            )
        if not permission:
            return AccessDenied(
                f"Intercom does not let this access token ask for its own workspace ({failure}): check the app in "
                f"the Developer Hub ({DEVELOPER_HUB}).",
                detail,
            )
        return AccessDenied(
            f'The access token lacks the permission "{permission}": grant it to your app in the Developer Hub '
            f"({DEVELOPER_HUB}) under Authentication, then sync again.",
            detail,
        )
    if meaning is Meaning.GONE:
        return RecordGone("Intercom does not have this record any more.", detail)
    if meaning is Meaning.SCROLL_TAKEN:
        return ScrollTaken("Another scroll over companies is open in this workspace.", detail)
    if meaning is Meaning.SCROLL_LOST:
        return ScrollLost("Intercom ended the scroll over companies.", detail)
    if meaning is Meaning.RETRY:
        return unavailable(detail)
    return RequestRefused(
        f"Intercom refused a request of this connector ({failure}); please report this to its maintainers.",
        detail,
    )


def strange(detail: str) -> RequestRefused:
    """The error of an answer in a shape that nobody has seen; reading on could leave records out unseen."""
    return RequestRefused(
        "Intercom's answer has another shape than this connector knows; please report this to its maintainers.",
        detail,
    )


def unavailable(detail: str) -> Unavailable:
    """The error of a request that kept failing; ``detail`` says how."""
    return Unavailable(
        "Intercom could not answer after several tries. The sync goes on where it stopped when it is run again.",
        detail,
    )


class RetryPolicy(ErrorHandler):
    """Tells the CDK's HttpClient what to retry. All else passes, to be judged once by the caller.

    Five retries wait 1, 2, 4, 8 and 16 seconds, as the CDK's exponential backoff has it.
    """

    def __init__(self, retries: int = RETRIES) -> None:
        self._retries = retries

    @property
    def max_retries(self) -> int:
        return self._retries

    @property
    def max_time(self) -> int:
        return 600

    def interpret_response(self, response: requests.Response | Exception | None) -> ErrorResolution:
        if isinstance(response, requests.Response):
            if meaning_of(response) is not Meaning.RETRY:
                return ErrorResolution(ResponseAction.SUCCESS)
            reason = str(Failure.of(response)) if not response.ok else "HTTP 200 with an unreadable body"
        else:
            # The exception's own text may quote the URL and headers of the request; its kind is enough.
            reason = type(response).__name__
        return ErrorResolution(ResponseAction.RETRY, FailureType.transient_error, reason)

"""What can go wrong between us and Intercom.

    IntercomError
    +-- TokenRejected        the access token itself is not accepted
    +-- AccessDenied         the token is good, but a permission or a plan is missing
    +-- VersionRefused       the API version that a stream needs is not served
    +-- NotOffered           404 for a whole collection: the workspace does not have it
    +-- RequestRefused       a request that Intercom will refuse every time: our fault
    |   +-- CursorRefused    a page cursor that Intercom has just given and does not take
    +-- RecordGone           404 or 410: deleted, merged or archived
    +-- ScrollTaken          another company scroll is open in this workspace
    +-- ScrollLost           our scroll over companies has ended early and must start again
    +-- ExportTaken          another export job is under way in this workspace
    +-- DiskFull             this machine's disk has no room for a file of Intercom
    +-- CertificateRejected  the host's certificate is not trusted here
    +-- Unavailable          still failing after every retry
        +-- RateLimited      the rate limit stood in the way for longer than anybody should wait
        +-- GatewayAnswer    something between us and Intercom refuses, and not in Intercom's words
        +-- TlsFailed        no secure connection came about
        +-- TooLarge         an answer of more bytes than memory is meant for
        +-- ExportEnded      an export job that gave no file

Which answer becomes which error is one table, in ``answers``. Each class says in ``told`` what people read.

Every error is an ``AirbyteTracedException``, so that the CDK prints it as a trace of its stream. ``message`` is one
sentence for the person at the form; ``internal_message`` has the endpoint, status, code and request id.
"""

from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom.options.home import REPORT

DEVELOPER_HUB = "https://app.intercom.com/a/apps/_/developer-hub"
RETRIES = 5


@dataclass(frozen=True)
class Failure:
    """What an error answer says of itself. Fields are empty where the body is HTML, empty or of another shape.

    ``is_intercoms`` says whether it came in Intercom's own envelope. Gateways before it answer with pages of HTML.
    """

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    is_intercoms: bool = False

    @property
    def words(self) -> str:
        """What Intercom says, for people."""
        return self.message or self.code

    def __str__(self) -> str:
        parts = [f"HTTP {self.status}", self.code, self.message]
        if self.request_id:
            parts.append(f"request {self.request_id}")
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Asked:
    """What was asked: the endpoint, the Developer Hub's name of the permission that it needs, and the host."""

    endpoint: str
    permission: str = ""
    host: str = "Intercom"


class IntercomError(AirbyteTracedException):
    """Base of all that can go wrong between us and Intercom.

    ``final`` errors would come back for every other request of the stream, so that trying on is of no use.
    ``may_be_of_one`` errors can be about the one record that was asked for, also when they are final for a whole list:
    one conversation of three hundred can answer 403 or 400 for ever. A child that fails so says nothing of the others.
    ``explains_itself`` errors name their cause; the others only say that no answer came.
    """

    failure: ClassVar[FailureType] = FailureType.system_error
    final: ClassVar[bool] = True
    may_be_of_one: ClassVar[bool] = False
    explains_itself: ClassVar[bool] = True
    # What people read of an answer that became this error.
    sentence: ClassVar[str] = "Intercom answered with an error ({failure})."

    def __init__(self, message: str, detail: str = "") -> None:
        # A server can quote what it was sent.
        message, detail = filter_secrets(message), filter_secrets(detail)
        super().__init__(
            internal_message=f"{message} [{detail}]" if detail else message,
            message=message,
            failure_type=self.failure,
        )
        # The moment of the answer on Intercom's clock, in Unix seconds; None where there was no answer.
        self.answered_at: int | None = None

    def __repr__(self) -> str:
        # The CDK's closing line of a failed read lists the errors by their repr, and people read that line first.
        return str(self.message)

    @classmethod
    def told(cls, failure: Failure, asked: Asked) -> "IntercomError":
        """The error of an answer, in words for people."""
        return cls(cls.in_words(cls.sentence, failure, asked), f"{asked.endpoint}: {failure}")

    @staticmethod
    def in_words(sentence: str, failure: Failure, asked: Asked) -> str:
        """A sentence with its gaps filled in."""
        # A 403 names the scope that is missing, and Intercom's names may be newer than ours.
        said = f' (Intercom says: "{failure.words}")' if failure.words else ""
        return sentence.format(
            endpoint=asked.endpoint,
            host=asked.host,
            permission=asked.permission,
            status=failure.status,
            said=said,
            failure=failure,
            hub=DEVELOPER_HUB,
        )


class TokenRejected(IntercomError):
    failure = FailureType.config_error
    sentence = (
        "Intercom's host {host} does not accept the access token: copy it again from the Developer Hub ({hub}), and "
        "choose the region in which your workspace is hosted."
    )


class AccessDenied(IntercomError):
    failure = FailureType.config_error
    may_be_of_one = True
    sentence = (
        'The access token lacks the permission "{permission}"{said}: grant it to your app in the Developer Hub ({hub}) '
        "under Authentication, then sync again."
    )
    _of_the_workspace = (
        "Intercom does not let this access token ask for its own workspace ({failure}): check the app in the Developer "
        "Hub ({hub})."
    )
    _by_plan = (
        "This Intercom workspace's plan does not include this data{said}: leave the stream out, or upgrade the plan."
    )

    def __init__(self, message: str, detail: str = "", *, by_plan: bool = False) -> None:
        super().__init__(message, detail)
        self.by_plan = by_plan  # the workspace has not bought it; no permission helps

    @classmethod
    def told(cls, failure: Failure, asked: Asked) -> "AccessDenied":
        by_plan = failure.code == "api_plan_restricted" or failure.status == 402
        sentence = cls.sentence if asked.permission else cls._of_the_workspace
        return cls(
            cls.in_words(cls._by_plan if by_plan else sentence, failure, asked),
            f"{asked.endpoint}: {failure}",
            by_plan=by_plan,
        )


class VersionRefused(IntercomError):
    """400 ``intercom_version_invalid``: costs the streams that need this version, and no others."""

    failure = FailureType.config_error
    sentence = (
        "Intercom does not serve this data in the API version that the connector asks for{said}: leave the stream out, "
        "or look for a newer version of the connector."
    )


class RequestRefused(IntercomError):
    may_be_of_one = True
    sentence = f"Intercom refused a request of this connector ({{failure}}). {REPORT}"


class CursorRefused(RequestRefused):
    """The cursor of the page that comes next is not accepted, though Intercom has given it.

    Seen in the field (intercom-node issue 509, January 2026). The search can go on from the last time it reached.
    """

    final = False
    may_be_of_one = False

    @classmethod
    def of(cls, error: IntercomError) -> "CursorRefused":
        return cls("Intercom refuses a page cursor that it has just given.", str(error.internal_message))


class RecordGone(IntercomError):
    final = False
    may_be_of_one = True
    # As the error of a stream it is about more than a record: a whole area of the API that is not there.
    sentence = (
        "Intercom does not find {endpoint} (HTTP {status}){said}: the record is gone, or this workspace does not offer "
        "the data."
    )


class NotOffered(IntercomError):
    """404 for a whole collection: a feature that this workspace does not have, or an area that is switched off."""

    failure = FailureType.config_error

    @classmethod
    def of(cls, error: IntercomError, path: str) -> "NotOffered":
        return cls(
            f"This Intercom workspace does not offer {path}: its plan or its settings lack the feature. Leave the "
            "stream out, or ask Intercom for the feature.",
            str(error.internal_message),
        )


class ScrollTaken(IntercomError):
    failure = FailureType.transient_error
    sentence = "Another scroll over companies is open in this workspace."


class ScrollLost(IntercomError):
    failure = FailureType.transient_error
    sentence = "Intercom ended the scroll over companies."


class ExportTaken(IntercomError):
    """Intercom makes one export of a kind at a time."""

    failure = FailureType.transient_error
    sentence = "Another export is under way in this workspace{said}."


class DiskFull(IntercomError):
    failure = FailureType.config_error

    @classmethod
    def of(cls, reason: str, detail: str) -> "DiskFull":
        return cls(
            f"A file from Intercom cannot be kept on this machine ({reason}): give its temporary folder more room, or "
            "name another folder in the environment variable TMPDIR.",
            detail,
        )


class CertificateRejected(IntercomError):
    """A certificate that is not trusted stays so; nothing was sent."""

    failure = FailureType.config_error


class Unavailable(IntercomError):
    failure = FailureType.transient_error
    final = False
    may_be_of_one = True
    explains_itself = False
    sentence = "Intercom could not answer after several tries. Sync again: it continues where it stopped."


class RateLimited(Unavailable):
    """The rate limit stood in the way for longer than anybody should wait."""

    may_be_of_one = False
    explains_itself = True
    sentence = (
        "Intercom's rate limit leaves no room for this request{said}: other apps of the workspace may use it up. "
        "Sync again: it continues where it stopped."
    )


class GatewayAnswer(Unavailable):
    """A refusal without Intercom's envelope: a load balancer, proxy or firewall on the way (seen: 403, 405)."""

    explains_itself = True
    sentence = (
        "Something between this machine and Intercom answers HTTP {status} with a page of its own, also after several "
        "tries. If it happens in each sync, check the proxy or firewall here, and the IP addresses that the workspace "
        "allows."
    )


class TlsFailed(Unavailable):
    explains_itself = True


class TooLarge(Unavailable):
    """An answer of more bytes than this process has memory for. Smaller pages may fit, one record may not."""

    explains_itself = True


class ExportEnded(Unavailable):
    """An export job that failed or was canceled."""

    may_be_of_one = False
    explains_itself = True


def strange(detail: str) -> RequestRefused:
    """The error of an answer in a shape that nobody has seen; reading on could leave records out unseen."""
    return RequestRefused(
        f"Intercom's answer has another shape than this connector knows. {REPORT}",
        detail,
    )


def unavailable(detail: str) -> Unavailable:
    """The error of a request that kept failing; ``detail`` says how."""
    return Unavailable(Unavailable.sentence, detail)

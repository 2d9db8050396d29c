"""Single records that Intercom refuses or cannot give, when a stream asks for what hangs on each of them."""

from collections.abc import Mapping

from source_intercom.api.errors import AccessDenied, IntercomError, Unavailable

# So many parents of a page, and no fewer than all of them, must be refused to mean that the stream is.
_MANY = 3
_NAMED = 20


def is_of_one(error: Exception) -> bool:
    """Whether an error is about the one parent. What the plan of the workspace lacks, no other record has either."""
    return (
        isinstance(error, IntercomError)
        and error.may_be_of_one
        and not (isinstance(error, AccessDenied) and error.by_plan)
    )


def refusal_of_all(unread: Mapping[str, IntercomError], asked: int) -> IntercomError | None:
    """The refusal of the stream itself, where all parents that were asked, and not only a few, are refused for good."""
    refused = [error for error in unread.values() if error.final]
    return refused[0] if len(refused) == asked and asked >= _MANY else None


def incomplete(stream: str, unread: Mapping[str, IntercomError]) -> Unavailable:
    """The error that names parents, by their ids, whose rows were not given."""
    named = ", ".join(list(unread)[:_NAMED]) + (" and more" if len(unread) > _NAMED else "")
    reason = next(iter(unread.values()))
    count = "1 record" if len(unread) == 1 else f"{len(unread)} records"
    return Unavailable(
        f"Intercom did not give the {stream} of {count}: {named}. All others were read; the next sync tries "
        f"again. The first reason: {reason.message}",
        str(reason.internal_message),
    )

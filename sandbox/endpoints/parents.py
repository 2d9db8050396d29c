"""The record that a path names, or the 404 it answers; also for what hangs on the record."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ApiError, BareNotFound, not_found
from ..permissions import Permission
from ..quirks.world_of import hides, is_ticket
from ..router import Call


def contact_of(call: Call, message: str = "User Not Found") -> int:
    number = call.ws.contacts.find(call.params["id"])
    if number is None:
        raise not_found("not_found", message)
    return number


def company_of(call: Call) -> int:
    """A company that is gone may still be listed; its children are 404, sometimes nginx's own."""
    return _unless_vanished(call, "companies", not_found("company_not_found", "Company Not Found"))


def conversation_of(call: Call) -> int:
    """It may be gone although a search has just shown it."""
    number = _unless_vanished(call, "conversations", not_found())
    keep = visible(call, "conversations")
    if keep is not None and not keep(number):
        raise ApiError(403, "action_forbidden", f"The required scope ({Permission.READ_TICKETS.scope}) is missing")
    return number


def visible(call: Call, kind: str) -> Callable[[int], bool] | None:
    """Which records of a kind the token may see, or None for all."""
    if kind != "conversations" or not hides(call.ws, call.granted):
        return None
    return lambda number: not is_ticket(call.ws, number)


def of(call: Call, kind: str, error: ApiError | None = None) -> int:
    """A record of one of the kinds that never vanish."""
    number = call.ws.collection(kind).find(call.params["id"])
    if number is None:
        raise error or not_found()
    return number


def _unless_vanished(call: Call, kind: str, error: ApiError) -> int:
    number = of(call, kind, error)
    if call.ws.vanished(kind, number):
        raise BareNotFound if call.ws.vanishes_bare(kind, number) else error
    return number

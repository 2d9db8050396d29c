"""Which fields and operators searches take, of those that the connector uses."""

from __future__ import annotations

from functools import partial

from source_intercom.api.errors import RequestRefused
from source_intercom.api.queries import Query, equals, one_of
from source_intercom.streams.contacts import Segments
from source_intercom.streams.workspace import Admins, Tags
from tools.contract.belief import Answer, Belief, not_seen, told
from tools.contract.lists import list_of
from tools.contract.searches import CONTACTS, CONVERSATIONS, TICKETS, Kind, search
from tools.contract.workspace import Refused, Workspace

_NOBODY = "nobody@example.invalid"
_STATES = ("submitted", "in_progress", "waiting_on_customer", "resolved")


def _all_taken(ws: Workspace, kind: Kind, terms: dict[str, Query]) -> Answer:
    refused: list[str] = []
    for name, term in terms.items():
        try:
            search(ws, kind, term)
        except Refused as refusal:
            if not isinstance(refusal.cause, RequestRefused):
                raise
            refused.append(f"{name} ({refusal.words})")
    return told(not refused, unless=f"refused: {', '.join(refused)}")


def _an_id(ws: Workspace, kind: type[Segments] | type[Tags] | type[Admins]) -> str | None:
    """The id of some segment, tag or admin."""
    try:
        found = list_of(ws, kind).objects
    except Refused:
        return None
    return next((str(one["id"]) for one in found if one.get("id") is not None), None)


def _contacts(ws: Workspace) -> Answer:
    terms = {"role": equals("role", "user"), "email": one_of("email", [_NOBODY])}
    for name, kind in (("segment_id", Segments), ("tag_id", Tags)):
        known = _an_id(ws, kind)
        if known:
            terms[name] = equals(name, known)
    return _all_taken(ws, CONTACTS, terms)


def _conversations(ws: Workspace) -> Answer:
    admin = _an_id(ws, Admins) or "0"
    terms = {"state": equals("state", "open"), "admin_assignee_id": equals("admin_assignee_id", int(admin))}
    return _all_taken(ws, CONVERSATIONS, terms)


def _tickets(ws: Workspace) -> Answer:
    terms = {"open": equals("open", True), **{f"state={state}": equals("state", state) for state in _STATES}}
    return _all_taken(ws, TICKETS, terms)


def _membership(ws: Workspace) -> Answer:
    admin = _an_id(ws, Admins) or "0"
    terms = {
        "state": one_of("state", ["open", "snoozed"]),
        "admin_assignee_id": one_of("admin_assignee_id", [int(admin)]),
    }
    return _all_taken(ws, CONVERSATIONS, terms)


def _finds_open(ws: Workspace) -> Answer:
    opened = search(ws, TICKETS, equals("open", True), per_page=150, order="descending")
    if not opened.records:
        return not_seen("no ticket is open")
    closed = [ticket for ticket in opened.records if ticket.get("open") is False]
    return told(not closed, unless=f"{len(closed)} of {len(opened.records)} are not open")


_REFUSED_HERE = "It applies the filter of the options itself, and says so once."

BELIEFS = (
    Belief(
        "search-fields-contacts",
        "Can contacts be searched by role, email (`IN`), segment and tag?",
        "yes",
        "Filters of the options and the stream `counts` use these.",
        "A figure of `counts` is left out with a warning. Role and email are then compared here; a filter by segment "
        "or tag ends the stream with Intercom's words.",
        "search-operators",
        _contacts,
    ),
    Belief(
        "search-fields-conversations",
        "Can conversations be searched by state and by assigned admin?",
        "yes",
        "Filters of the options and the stream `counts` use these.",
        f"A figure of `counts` is left out with a warning. {_REFUSED_HERE}",
        "search-refused-filter",
        _conversations,
    ),
    Belief(
        "search-fields-tickets",
        "Can tickets be searched by `open` and by each state?",
        "yes",
        "Open tickets are looked at in each sync, and `counts` counts by state.",
        "A figure of `counts` is left out with a warning. Without `open`, a part that does not change its ticket's "
        "`updated_at` comes when the ticket changes again, and the log says so.",
        "search-refused-filter",
        _tickets,
    ),
    Belief(
        "search-in",
        "Does the search of conversations take `IN` for state and assigned admin?",
        "either",
        "It is not needed: each value is a filter of its own.",
        "It is not needed: each value is a filter of its own.",
        "conflict-in",
        _membership,
    ),
    Belief(
        "search-open-tickets",
        "Does a search for open tickets give open ones only?",
        "yes",
        "Among them it looks for parts that are newer than their ticket's `updated_at`.",
        "The same; more pages are read.",
        "ticket-parts-later",
        partial(_finds_open),
    ),
)

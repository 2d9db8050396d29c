"""What is attached to contacts and companies: tags, notes, events and so on."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlencode

import orjson

from ..collection import Record
from ..errors import ApiError, bad_cursor, bad_parameter, not_found
from ..permissions import Permission
from ..records import activities, contacts, events, merges, notes, subscriptions
from ..router import Call, Reply, Router
from ..world import World
from .parents import company_of, contact_of
from .shapes import Paged, plain_list
from .versions import reshape

EVENTS_AT_MOST = 100
"""However many are asked for: no limit is stated, so none may be relied on."""

NOTES = Paged(50)


def _of_contact(records: Callable[[World, int], Sequence[Record]], call: Call) -> Sequence[Record]:
    return records(call.ws, contact_of(call))


def add(router: Router) -> None:
    people = Permission.READ_PEOPLE
    for what, records in CONTACT_LISTS.items():
        plain_list(router, f"/contacts/{{id}}/{what}", key="data", list_type="list", permission=people,
                   records=partial(_of_contact, records))  # fmt: skip
    router.get("/contacts/activities", people, since="2.17")(contact_activities)
    router.get("/contacts/{id}/companies", people)(contact_companies)
    router.get("/contacts/{id}/notes", people)(contact_notes)
    router.get("/contacts/{id}/merge_history", people, since="2.16")(merge_history)
    router.get("/companies/{id}/contacts", people)(company_contacts)
    router.get("/companies/{id}/notes", people, since="2.15")(company_notes)
    router.get("/notes/{id}", people)(note)
    router.get("/events", Permission.READ_EVENTS)(list_events)


def _segments(ws: World, contact: int) -> Sequence[Record]:
    return [ws.segments.body(number) for number in contacts.segment_numbers(ws, contact)]


def _subscriptions(ws: World, contact: int) -> Sequence[Record]:
    return subscriptions.subscriptions(ws, contact)


CONTACT_LISTS: dict[str, Callable[[World, int], Sequence[Record]]] = {
    "tags": contacts.tags, "segments": _segments, "subscriptions": _subscriptions,
}  # fmt: skip


ACTIVITIES_AT_MOST = 150


def contact_activities(call: Call) -> Reply:
    """What happened to contacts, oldest first. Each page that has events has a cursor, and the last page has none.

    The cursor is the id of an event, which need not be there any more.
    """
    raw = re.match(r"0*[1-9]\d*", call.query.get("per_page") or "50")
    if raw is None:
        raise ApiError(400, "invalid_per_page", "per_page must be a positive integer")
    per_page = min(ACTIVITIES_AT_MOST, int(raw[0]))
    events, after, start = call.ws.activities.events(), call.query.get("starting_after"), 0
    if after:
        place = re.fullmatch(r"(\d{13})\.([0-9a-f]{6,12})", after)
        if place is None:
            raise bad_cursor()
        start = bisect_right(events, (int(place[1]), int(place[2], 16)), key=lambda event: event[:2])
    shown = events[start : start + per_page]
    pages: Record = {"type": "pages", "per_page": per_page}
    if shown:
        pages["next"] = {"starting_after": shown[-1].id}
    body = {"type": "list", "data": [activities.shown(event) for event in shown], "pages": pages}
    return Reply(orjson.dumps(body), ids=[event.id for event in shown])


def contact_companies(call: Call) -> Reply:
    """Whole companies, under `data` as in the example."""
    numbers = contacts.company_numbers(call.ws, contact_of(call))
    return Paged(50, 60).reply(call, numbers, call.ws.companies.body)


def contact_notes(call: Call) -> Reply:
    return NOTES.reply(call, notes.notes(call.ws, "contacts", contact_of(call)), lambda one: one)


def company_notes(call: Call) -> Reply:
    return NOTES.reply(call, notes.notes(call.ws, "companies", company_of(call)), lambda one: one)


def company_contacts(call: Call) -> Reply:
    ws = call.ws
    numbers = ws.membership.of_company(company_of(call))
    return Paged(50).reply(call, numbers, lambda number: reshape(call, "contacts", ws.contacts.body(number)))


def note(call: Call) -> Reply:
    place = notes.locate(call.ws, call.params["id"])
    if place is None:
        raise not_found()
    return Reply(orjson.dumps(notes.build(call.ws, *place)), ids=[call.params["id"]])


def merge_history(call: Call) -> Reply:
    """Of users only; a cursor of its own kind, newest first unless told otherwise."""
    number = contact_of(call, "Contact not found")
    if not contacts.is_user(call.ws, number):
        raise not_found("not_found", "Contact not found")
    found = merges.history(call.ws, number)
    order = call.query.get("order") or "desc"
    if order not in ("asc", "desc"):
        raise bad_parameter("order must be asc or desc", "order")
    if order == "asc":
        found.reverse()
    per_page, start = call.number("per_page", 50, high=150), 0
    if call.query.get("cursor"):
        try:
            start = int(base64.b64decode(call.query["cursor"], validate=True).decode().removeprefix("at:"))
        except (binascii.Error, ValueError) as error:
            raise bad_cursor() from error
        if start < 0:
            raise bad_cursor()
    end = start + per_page
    more = end < len(found)
    following = base64.b64encode(f"at:{end}".encode()).decode() if more else None
    return Reply(orjson.dumps({"type": "list", "data": found[start:end], "next_cursor": following, "has_more": more}))


def list_events(call: Call) -> Reply:
    """Newest first, no older than ninety days; cursors are milliseconds, the events' own times seconds."""
    if call.query.get("type") != "user":
        raise bad_parameter("type must be user", "type")
    contact = _whose(call)
    who = events.owner(call.ws.contacts.body(contact))
    if call.flag("summary"):
        return Reply(orjson.dumps({"type": "event.summary", "events": events.summaries(call.ws, contact), **who}))
    per_page = min(EVENTS_AT_MOST, call.number("per_page", 50))
    before, since = call.number("before", 1 << 53), call.number("since", 0, low=0)
    found = [(at, moment) for at, moment in events.listed(call.ws, contact) if since <= moment < before]
    shown = found[:per_page]
    query = {"per_page": per_page, "intercom_user_id": who["intercom_user_id"], "type": "user"}
    pages: Record = {}
    if len(found) > per_page:
        kept = {"since": since} if since else {}
        pages["next"] = f"{call.url}?{urlencode({'before': shown[-1][1], **query, **kept})}"
    if shown:
        pages["since"] = f"{call.url}?{urlencode({**query, 'since': shown[0][1] + 1})}"
    listed = [events.build(call.ws, contact, at, moment, who) for at, moment in shown]
    body = {"type": "event.list", "events": listed, "pages": pages}
    return Reply(orjson.dumps(body), ids=[str(one["id"]) for one in listed])


def _whose(call: Call) -> int:
    """The contact of a call for events: by Intercom's id, the customer's own, or an address."""
    ws, number = call.ws, None
    if "intercom_user_id" in call.query:
        number = ws.contacts.find(call.query["intercom_user_id"])
    elif "user_id" in call.query:
        number = _with(ws, "external_id", call.query["user_id"], r"(\d+)", contacts.FIRST_EXTERNAL_ID)
    elif "email" in call.query:
        number = _with(ws, "email", call.query["email"], r"person(\d+)@.*", 0)
    else:
        raise ApiError(400, "parameter_not_found", "one of intercom_user_id, user_id and email is needed")
    if number is None:
        raise not_found("not_found", "User Not Found")
    return number


def _with(ws: World, field: str, value: str, pattern: str, base: int) -> int | None:
    """The living contact with a value from which its number can be read."""
    found = re.fullmatch(pattern, value)
    number = int(found[1]) - base if found else -1
    if not 0 <= number < len(ws.contacts.created) or not ws.contacts.alive(number):
        return None
    return number if ws.contacts.body(number)[field] == value else None

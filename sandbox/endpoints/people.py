"""Contacts and companies."""

from __future__ import annotations

import orjson

from ..collection import Record
from ..errors import ApiError, not_found
from ..permissions import Permission
from ..records import companies, notes
from ..router import Call, Reply, Router
from .parents import company_of, contact_of
from .shapes import cursor_list, numbered_list
from .versions import SINCE, whole

LIST_CAP = 10_000
"""How far `/companies/list` can be paged."""

NOTES_SHOWN = 10
"""How many notes a company shows, as a contact does; Intercom's text tells no number."""


def add(router: Router) -> None:
    router.get("/contacts", Permission.READ_PEOPLE)(list_contacts)
    router.get("/contacts/{id}", Permission.READ_PEOPLE)(contact)
    router.get("/companies/scroll", Permission.READ_PEOPLE)(scroll)
    router.post("/companies/list", Permission.WRITE_PEOPLE)(list_companies)
    router.get("/companies/{id}", Permission.READ_PEOPLE)(company)
    router.get("/companies/{id}/segments", Permission.READ_PEOPLE)(company_segments)


def list_contacts(call: Call) -> Reply:
    return cursor_list(call, call.ws.contacts, key="data", list_type="list", default=10, by="created_at")


def contact(call: Call) -> Reply:
    return Reply(orjson.dumps(whole(call, "contacts", contact_of(call))), ids=[call.params["id"]])


def scroll(call: Call) -> Reply:
    """100 companies a page (airbyte issue 69151) under one constant token; `pages` and `total_count` are null."""
    token, numbers = call.ws.scroll.page(call.query.get("scroll_param") or None)
    records = call.ws.companies
    body = {
        "type": "list",
        "data": [_company(call, number) for number in numbers] if call.at_least(SINCE) else records.fragments(numbers),
        "pages": None,
        "total_count": None,
        "scroll_param": token,
    }
    return Reply(orjson.dumps(body), ids=[records.id(number) for number in numbers])


def list_companies(call: Call) -> Reply:
    """By number of page, last seen first, without companies that have no users, no deeper than 10,000."""
    page = call.number("page", 1)
    per_page = call.number("per_page", 15, high=60)
    if (page - 1) * per_page >= LIST_CAP:
        raise ApiError(400, "bad_request", "page limit reached, please use scroll API")
    ws = call.ws
    bodies = [ws.companies.body(number) for number in ws.companies if companies.has_users(ws, number)]
    bodies.sort(key=_last_seen, reverse=call.query.get("order") != "asc")
    return numbered_list(call, bodies, key="data", list_type="list", default=15, high=60)


def _last_seen(record: Record) -> tuple[int, str]:
    seen = record.get("last_request_at")
    return (seen if isinstance(seen, int) else 0, str(record["id"]))


def company(call: Call) -> Reply:
    number = call.ws.companies.find(call.params["id"])
    if number is None:
        raise not_found("company_not_found", "Company Not Found")
    return Reply(orjson.dumps(_company(call, number)), ids=[call.params["id"]])


def _company(call: Call, number: int) -> Record:
    """A company in the shape of the version: from 2.16 on with its newest notes, and how many there are."""
    record = call.ws.companies.body(number)
    if call.at_least(SINCE):
        found = notes.notes(call.ws, "companies", number)
        record["notes"] = {"type": "note.list", "data": found[:NOTES_SHOWN], "url": f"/companies/{record['id']}/notes",
                           "total_count": len(found), "has_more": len(found) > NOTES_SHOWN}  # fmt: skip
    return record


def company_segments(call: Call) -> Reply:
    ws = call.ws
    found = [ws.segments.body(one) for one in companies.segment_numbers(ws, company_of(call))]
    return Reply(orjson.dumps({"type": "list", "data": found}), ids=[call.params["id"]])

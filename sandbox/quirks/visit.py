"""What a quirk is given of a call, and the few things that most quirks do with an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import orjson

from ..collection import Record
from ..errors import ApiError
from ..router import Call, Reply

Go = Callable[[Call], Reply]
"""Answers a call as if the quirk were not there."""

SEARCHES = frozenset({"POST /contacts/search", "POST /conversations/search", "POST /tickets/search"})
BY_CURSOR = SEARCHES | {
    "GET /contacts", "GET /contacts/activities", "GET /conversations", "GET /macros", "GET /data_connectors",
    "GET /data_connectors/{id}/execution_results",
}  # fmt: skip
"""Endpoints whose `pages.next` is an object with a cursor."""


@dataclass(frozen=True)
class Visit:
    """A call that comes by: which endpoint it is for, and what the quirk was told and remembers."""

    endpoint: str
    call: Call
    value: str
    memory: Counter[str]
    """Of this quirk on this server."""

    @property
    def is_search(self) -> bool:
        return self.endpoint in SEARCHES

    def strikes(self) -> bool:
        """Count a chance to go wrong, and say whether to take it: once for each endpoint unless told otherwise."""
        self.memory[self.endpoint] += 1
        return self.value == "always" or self.memory[self.endpoint] <= int(self.value or 1)


Quirk = Callable[[Visit, Go], Reply]


def opened(reply: Reply) -> Record | None:
    """The body of a good answer, or None for any other."""
    if reply.status != 200 or reply.content_type != "application/json":
        return None
    body = orjson.loads(reply.body)
    return body if isinstance(body, dict) else None


def closed(reply: Reply, body: Record) -> Reply:
    return replace(reply, body=orjson.dumps(body))


def list_of(body: Record) -> tuple[str, list[object]] | None:
    """The key and the records of a list."""
    for key, value in body.items():
        if isinstance(value, list):
            return key, value
    return None


def pages_of(body: Record) -> Record:
    pages = body.get("pages")
    return pages if isinstance(pages, dict) else {}


def asked(call: Call) -> Record:
    """The request's body, or nothing where there is none or none that can be read."""
    try:
        return call.json() if call.body else {}
    except ApiError:
        return {}


def pagination_of(call: Call) -> Record:
    found = asked(call).get("pagination")
    return found if isinstance(found, dict) else {}


def cursor_of(visit: Visit) -> str | None:
    """The cursor that a call brings."""
    found = pagination_of(visit.call).get("starting_after") if visit.is_search else (
        visit.call.query.get("starting_after") or visit.call.query.get("cursor")
    )  # fmt: skip
    return str(found) if found else None


def without_cursor(visit: Visit) -> Call:
    """The same call for the first page."""
    if visit.is_search:
        return with_pagination(visit.call, {"starting_after": None})
    kept = {name: value for name, value in visit.call.query.items() if name not in ("starting_after", "cursor", "page")}
    return replace(visit.call, query=kept)


def with_pagination(call: Call, values: Mapping[str, object]) -> Call:
    body = asked(call)
    kept = {name: value for name, value in {**pagination_of(call), **values}.items() if value is not None}
    return replace(call, body=orjson.dumps({**body, "pagination": kept}))

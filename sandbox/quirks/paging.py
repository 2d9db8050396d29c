"""Quirks of lists and searches, page by page."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import orjson

from ..collection import Record
from ..errors import ApiError
from ..router import Call, Reply
from .visit import (
    BY_CURSOR,
    Go,
    Visit,
    asked,
    closed,
    cursor_of,
    list_of,
    opened,
    pages_of,
    pagination_of,
    with_pagination,
    without_cursor,
)  # fmt: skip

AGAIN = "YWdhaW4"
"""How the cursors begin that lead back to the first page."""
WRONG_BY = 5


def text_page_counters(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply)
    if body is None or visit.endpoint in BY_CURSOR:
        return reply
    holder = pages_of(body) or body
    if "page" not in holder or "per_page" not in holder:
        return reply
    for name in ("page", "per_page"):
        if name in visit.call.query:
            holder[name] = str(holder[name])
    holder.pop("next", None)
    return closed(reply, body)


def _has_more(body: Record) -> bool:
    """A page of several records with more behind it; probes that ask for one record are left alone."""
    found = list_of(body)
    return bool(pages_of(body).get("next")) and found is not None and len(found[1]) > 1


def search_ends_early(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.is_search else None
    if body is None or not _has_more(body) or not visit.strikes():
        return reply
    del pages_of(body)["next"]
    return closed(reply, body)


def no_pages(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.is_search else None
    if body is None or not _has_more(body) or not visit.strikes():
        return reply
    del body["pages"]
    return closed(reply, body)


def repeated_page(visit: Visit, go: Go) -> Reply:
    if not visit.is_search or cursor_of(visit) is None or not visit.strikes():
        return go(visit.call)
    reply = go(without_cursor(visit))
    body = opened(reply)
    if body is None:
        return reply
    pages_of(body).pop("next", None)
    return closed(reply, body)


def empty_last_page(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.is_search and cursor_of(visit) is not None else None
    found = list_of(body) if body else None
    if body is None or found is None or not visit.strikes():
        return reply
    body[found[0]] = []
    pages_of(body).pop("next", None)
    return closed(reply, body)


def empty_activities(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.endpoint == "GET /contacts/activities" else None
    if body is None:
        return reply
    visit.memory["answers"] += 1
    if visit.memory["answers"] < int(visit.value or 1):
        return reply
    pages_of(body).pop("next", None)
    return closed(reply, {**body, "data": []})


def wrong_total(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.is_search else None
    if body is None:
        return reply
    body["total_count"] = int(str(body["total_count"])) + int(visit.value or WRONG_BY)
    return closed(reply, body)


def short_pages(visit: Visit, go: Go) -> Reply:
    """Two thirds of what was asked for; the counters speak of the page that was asked for."""
    if visit.endpoint not in BY_CURSOR:
        return go(visit.call)
    raw = pagination_of(visit.call).get("per_page") if visit.is_search else visit.call.query.get("per_page")
    size = int(str(raw)) if raw and str(raw).isdecimal() else 0
    if size < 2:
        return go(visit.call)
    less = size * 2 // 3
    call = with_pagination(visit.call, {"per_page": less}) if visit.is_search else replace(
        visit.call, query={**visit.call.query, "per_page": str(less)}
    )  # fmt: skip
    reply = go(call)
    body = opened(reply)
    if body is None:
        return reply
    pages_of(body)["per_page"] = size
    return closed(reply, body)


def null_next(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.endpoint in BY_CURSOR else None
    pages = pages_of(body) if body else {}
    if body is None or not pages or pages.get("next"):
        return reply
    pages["next"] = {"starting_after": None}
    return closed(reply, body)


def endless_paging(visit: Visit, go: Go) -> Reply:
    if visit.value and visit.value != visit.endpoint:
        return go(visit.call)
    if visit.endpoint in BY_CURSOR:
        back = (cursor_of(visit) or "").startswith(AGAIN)
        reply = go(without_cursor(visit) if back else visit.call)
        body = opened(reply)
        if body is None or not pages_of(body) or pages_of(body).get("next"):
            return reply
        visit.memory["cursors"] += 1
        pages_of(body)["next"] = {"starting_after": f"{AGAIN}{visit.memory['cursors']:08d}"}
        return closed(reply, body)
    return _endless_links(visit, go)


def _endless_links(visit: Visit, go: Go) -> Reply:
    """Everything that is not paged by a cursor in `pages.next`: by links, counters, a cursor beside, or the scroll."""
    cursor = cursor_of(visit) or ""
    reply = go(without_cursor(visit) if cursor.startswith(AGAIN) else visit.call)
    body = opened(reply)
    found = list_of(body) if body else None
    if body is None or found is None:
        return reply
    if visit.endpoint == "GET /companies/scroll":
        return go(_without_scroll(visit.call)) if visit.value and not found[1] else reply
    visit.memory["cursors"] += 1
    fresh = f"{AGAIN}{visit.memory['cursors']:08d}"
    if "has_more" in body:
        return reply if body["has_more"] else closed(reply, {**body, "has_more": True, "next_cursor": fresh})
    if body.get("type") == "event.list":
        return _again_from_the_newest(visit, reply, body, fresh)
    holder = pages_of(body) or body
    if "total_pages" not in holder:
        return reply
    page = int(visit.call.query.get("page") or 1)
    beyond = not found[1] and page > 1
    if beyond:
        reply = go(without_cursor(visit))
        body = opened(reply) or {}
        holder = pages_of(body) or body
    if not beyond and page < int(str(holder["total_pages"])):
        return reply
    holder["page"] = page
    if "next" in holder:
        holder["next"] = f"{visit.call.url}?{urlencode({**visit.call.query, 'page': page + 1})}"
    else:
        holder["total_pages"] = page + 1
    return closed(reply, body)


def _again_from_the_newest(visit: Visit, reply: Reply, body: Record, fresh: str) -> Reply:
    """Events: the link behind the oldest leads back to the newest."""
    pages = pages_of(body)
    if pages.get("next"):
        return reply
    query = {name: value for name, value in visit.call.query.items() if name != "before"}
    return closed(
        reply, {**body, "pages": {**pages, "next": f"{visit.call.url}?{urlencode({**query, 'again': fresh})}"}}
    )


def _without_scroll(call: Call) -> Call:
    return replace(call, query={name: value for name, value in call.query.items() if name != "scroll_param"})


def refused_cursor(visit: Visit, go: Go) -> Reply:
    cursor = cursor_of(visit)
    if cursor is None or cursor.startswith(AGAIN):
        return go(visit.call)
    seen = f"{visit.endpoint} {cursor}"
    visit.memory[seen] += 1
    if (visit.value == "always" and visit.is_search) or (visit.value != "always" and visit.memory[seen] == 1):
        raise ApiError(400, "invalid_param", "Invalid starting_after param")
    return go(visit.call)


def ignored_sort(visit: Visit, go: Go) -> Reply:
    return go(_without_sort(visit.call) if visit.is_search else visit.call)


def _without_sort(call: Call) -> Call:
    body = asked(call)
    body.pop("sort", None)
    return replace(call, body=orjson.dumps(body)) if body else call


def scroll_conflict_message(visit: Visit, go: Go) -> Reply:
    try:
        return go(visit.call)
    except ApiError as error:
        if error.code != "scroll_exists":
            raise
        raise ApiError(error.status, "bad_request", error.message) from error

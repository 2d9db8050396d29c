"""Quirks of what is refused, to whom, and with which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..errors import ApiError, not_found
from ..html import page
from ..router import Call, Reply
from .visit import SEARCHES, Go, Visit, asked
from .world_of import refused_conversation_id

DAYS = 30 * 86_400
LOGS_AT_MOST = 50
LOGS = ("GET /admins/activity_logs", "POST /admins/activity_logs/search")
WITHOUT_IN = ("state", "admin_assignee_id")


def refused_conversation(visit: Visit, go: Go) -> Reply:
    if visit.endpoint.startswith("GET /conversations/{id}") and (
        visit.call.params["id"] == refused_conversation_id(visit.call.ws)
    ):
        status = int(visit.value or 403)
        code = "action_forbidden" if status == 403 else "bad_request"
        raise ApiError(status, code, "This conversation cannot be read")
    return go(visit.call)


def resource_401(visit: Visit, go: Go) -> Reply:
    if visit.endpoint == (visit.value or "GET /tags"):
        raise ApiError(401, "unauthorized", "Not authorized to access resource")
    return go(visit.call)


def me_refused(visit: Visit, go: Go) -> Reply:
    if visit.endpoint == "GET /me":
        raise ApiError(403, "action_forbidden", "You do not have the required scope for this action")
    return go(visit.call)


def probe_errors(visit: Visit, go: Go) -> Reply:
    status, _, endpoint = (visit.value or "500:GET /segments").partition(":")
    if visit.endpoint == endpoint:
        raise ApiError(int(status), "not_found" if status == "404" else "server_error", "This endpoint fails")
    return go(visit.call)


def missing_endpoint(visit: Visit, go: Go) -> Reply:
    if visit.endpoint == (visit.value or "GET /news/newsfeeds"):
        raise not_found()
    return go(visit.call)


def html_403(visit: Visit, go: Go) -> Reply:
    visit.memory["calls"] += 1
    nth = max(2, int(visit.value or 7))
    call = visit.call
    # Asked again, it is gone: of many requests side by side, one could meet every seventh call time after time.
    request = f"{visit.endpoint} {call.url} {dict(call.query)} {call.body!r}"
    is_asked_again = visit.memory.pop(request, None) is not None
    if visit.memory["calls"] % nth == 0 and not is_asked_again:
        visit.memory[request] = 1
        return page(405 if visit.memory["calls"] // nth % 2 == 0 else 403)
    return go(visit.call)


def version_refused(visit: Visit, go: Go) -> Reply:
    if visit.call.version == (visit.value or "2.16"):
        raise ApiError(400, "intercom_version_invalid",
                       f"The requested version {visit.call.version} could not be found")  # fmt: skip
    return go(visit.call)


def activity_log_range(visit: Visit, go: Go) -> Reply:
    if visit.endpoint not in LOGS:
        return go(visit.call)
    call = visit.call
    bounds = call.query if visit.endpoint.startswith("GET") else asked(call)
    now = call.ws.clock()
    after, before = (int(str(bounds.get(name, default))) for name, default in (
        ("created_at_after", now - DAYS), ("created_at_before", now)))  # fmt: skip
    if min(before, now) - after > DAYS or int(call.query.get("per_page") or 20) > LOGS_AT_MOST:
        raise ApiError(int(visit.value or 422), "parameter_invalid", "The range or the page is too large")
    return go(call)


def _filters(query: object) -> Iterator[dict[str, object]]:
    if not isinstance(query, dict):
        return
    members = query.get("value")
    if "field" in query:
        yield query
    elif isinstance(members, list):
        for member in members:
            yield from _filters(member)


def refused_in_operator(visit: Visit, go: Go) -> Reply:
    for one in _filters(asked(visit.call).get("query")) if visit.endpoint in SEARCHES else ():
        if one.get("operator") in ("IN", "NIN") and one["field"] in WITHOUT_IN:
            raise ApiError(400, visit.value or "data_invalid", f"{one['field']} does not support this operator")
    return go(visit.call)


def refused_field(visit: Visit, go: Go) -> Reply:
    kind, _, field = (visit.value or "tickets.state").partition(".")
    if visit.endpoint == f"POST /{kind}/search":
        for one in _filters(asked(visit.call).get("query")):
            if one["field"] == field:
                raise ApiError(400, "invalid_field", f"{field!r} is not a valid field", field)
    return go(visit.call)


def no_merge_history(visit: Visit, go: Go) -> Reply:
    return go(_without(visit.call, "include_merge_history"))


def _without(call: Call, name: str) -> Call:
    return replace(call, query={key: value for key, value in call.query.items() if key != name})

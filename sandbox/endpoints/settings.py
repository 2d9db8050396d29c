"""What describes the workspace itself: admins, teams, tags, segments, attributes, activity."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import orjson

from ..collection import NUMBER_MASK, Record, key_of
from ..errors import ApiError, bad_parameter
from ..permissions import Permission
from ..records import activity, small
from ..records.attributes import CUSTOM, attributes
from ..router import Call, Reply, Router, whole_number
from .shapes import numbered_pages, plain_list

DEFAULT_ACTIVITY_DAYS = 30


def add(router: Router) -> None:
    router.get("/me", None)(lambda call: Reply(orjson.dumps(small.me(call.ws))))
    plain_list(
        router, "/admins", key="admins", list_type="admin.list", permission=Permission.READ_ADMINS, records=admins
    )
    plain_list(router, "/teams", key="teams", list_type="team.list", permission=Permission.READ_ADMINS, records=teams)
    plain_list(router, "/tags", key="data", list_type="list", permission=Permission.READ_TAGS, records=tags)
    plain_list(router, "/segments", key="segments", list_type="segment.list", permission=Permission.READ_PEOPLE,
               records=segments)  # fmt: skip
    plain_list(router, "/data_attributes", key="data", list_type="list", permission=Permission.READ_PEOPLE,
               records=data_attributes)  # fmt: skip
    router.get("/admins/activity_logs", Permission.READ_ACTIVITY_LOGS)(activity_logs)
    router.post("/admins/activity_logs/search", Permission.READ_ACTIVITY_LOGS, since="2.16")(search_activity_logs)


def admins(call: Call) -> Sequence[Record]:
    """The avatar is there only when asked for."""
    found = [call.ws.admins.body(number) for number in call.ws.admins]
    if call.flag("display_avatar"):
        for number, record in enumerate(found):
            record["avatar"] = f"https://static.example.com/admins/{number}.png"
    return found


def teams(call: Call) -> Sequence[Record]:
    return [call.ws.teams.body(number) for number in call.ws.teams]


def tags(call: Call) -> Sequence[Record]:
    return [call.ws.tags.body(number) for number in call.ws.tags]


def segments(call: Call) -> Sequence[Record]:
    build = small.counted_segment if call.flag("include_count") else small.segment
    return [build(call.ws, number) for number in call.ws.segments]


def data_attributes(call: Call) -> Sequence[Record]:
    """Without a model, those of people and companies. Conversations have moved away in 2.16."""
    model = call.query.get("model")
    archived = call.flag("include_archived")
    if model is None:
        return [*attributes(call.ws, "contact", archived), *attributes(call.ws, "company", archived)]
    if model == "conversation" and call.at_least("2.16"):
        raise ApiError(422, "parameter_invalid", "model must be contact or company", "model")
    if model not in CUSTOM:
        raise bad_parameter("model must be contact or company", "model")
    return attributes(call.ws, model, archived)


def activity_logs(call: Call) -> Reply:
    """Newest first; without `created_at_after` the last thirty days. Both bounds are included."""
    now = call.ws.clock()
    after = call.number("created_at_after", now - DEFAULT_ACTIVITY_DAYS * 86_400, low=0)
    return _activity(call, after, call.number("created_at_before", now, low=0))


def search_activity_logs(call: Call) -> Reply:
    """The same by a body, which may also narrow the types of activity."""
    body = call.json()
    if "created_at_after" not in body:
        raise ApiError(400, "parameter_not_found", "created_at_after is missing", "created_at_after")
    after = whole_number(body["created_at_after"], "created_at_after", 0, None)
    before = whole_number(body.get("created_at_before", call.ws.clock()), "created_at_before", 0, None)
    kinds = body.get("event_types")
    if kinds is None:
        return _activity(call, after, before)
    if not isinstance(kinds, list) or not set(map(str, kinds)) <= set(activity.EVENT_TYPES):
        raise bad_parameter("event_types must be a list of types of activity", "event_types")
    return _activity(call, after, before, frozenset(kinds))


def _activity(call: Call, after: int, before: int, kinds: frozenset[str] | None = None) -> Reply:
    logs, page = call.ws.activity_logs, call.number("page", 1)
    per_page = call.number("per_page", 20, high=250)
    keys = logs.by_created[bisect_left(logs.by_created, key_of(after, 0)) :
                           bisect_left(logs.by_created, key_of(before + 1, 0))][::-1]  # fmt: skip
    numbers: Sequence[int] = keys
    if kinds is not None:
        numbers = [key for key in keys if activity.kind_of(call.ws, key & NUMBER_MASK) in kinds]
    shown = [key & NUMBER_MASK for key in numbers[(page - 1) * per_page : page * per_page]]
    answer = {
        "type": "activity_log.list",
        "pages": numbered_pages(call, len(numbers), page, per_page),
        "activity_logs": logs.fragments(shown),
    }
    return Reply(orjson.dumps(answer), ids=[logs.id(number) for number in shown])

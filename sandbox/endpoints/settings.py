"""What describes the workspace itself: admins, teams, tags, segments, attributes, activity (notes §1b)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import orjson

from ..collection import NUMBER_MASK, Record, key_of
from ..errors import ApiError, bad_parameter
from ..permissions import Permission
from ..records import small
from ..records.attributes import CUSTOM, attributes
from ..router import Call, Reply, Router
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
    """Without a model, those of people and companies. Conversations have moved away in 2.16 (notes §1b)."""
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
    """Newest first; without `created_at_after` the last thirty days (notes §1b). Both bounds are included."""
    logs, now = call.ws.activity_logs, call.ws.clock()
    after = call.number("created_at_after", now - DEFAULT_ACTIVITY_DAYS * 86_400, low=0)
    before = call.number("created_at_before", now, low=0)
    page = call.number("page", 1)
    per_page = call.number("per_page", 20, high=250)
    start = bisect_left(logs.by_created, key_of(after, 0))
    end = max(start, bisect_left(logs.by_created, key_of(before + 1, 0)))
    last = end - (page - 1) * per_page
    numbers = [logs.by_created[at] & NUMBER_MASK for at in range(last - 1, max(start, last - per_page) - 1, -1)]
    answer = {
        "type": "activity_log.list",
        "pages": numbered_pages(call, end - start, page, per_page),
        "activity_logs": logs.fragments(numbers),
    }
    return Reply(orjson.dumps(answer), ids=[logs.id(number) for number in numbers])

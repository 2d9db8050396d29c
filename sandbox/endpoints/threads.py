"""What hangs on conversations, and what tickets and calls are made of."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ..collection import Record
from ..errors import ApiError, bad_parameter
from ..permissions import Permission
from ..quirks.world_of import scrambled
from ..records import phone, threads, tickets
from ..records.workplace import attribute_archived
from ..router import Call, Reply, Router
from .parents import conversation_of
from .shapes import Paged, in_no_order, paged, plain_list

MOST_CONVERSATIONS = 20
SIDE = Paged(25, 50, "side_conversations", "side_conversation.list", counters="pages without next")
DELETED = Paged(20, 60, "conversations", "conversations.list")


def add(router: Router) -> None:
    read = Permission.READ_CONVERSATIONS
    router.get("/conversations/{id}/handling_events", read, since="2.15")(handling_events)
    router.get("/conversations/{id}/side_conversations", read, since="2.16")(side_conversations)
    router.get("/conversations/deleted", read, since="2.16")(deleted)
    plain_list(router, "/conversations/attributes", key="data", list_type="list", permission=read,
               records=attributes, since="2.16")  # fmt: skip
    plain_list(router, "/ticket_types", key="data", list_type="list", permission=Permission.READ_TICKETS,
               records=lambda call: tickets.types(call.ws))  # fmt: skip
    plain_list(router, "/ticket_states", key="data", list_type="list", permission=Permission.READ_TICKETS,
               records=lambda call: tickets.states(call.ws), since="2.12")  # fmt: skip
    paged(router, "/calls", "calls", read, "2.14", Paged(25, 25))
    router.post("/calls/search", read, since="2.14")(search_calls)


def handling_events(call: Call) -> Reply:
    """The one list without a `type`."""
    return Reply(orjson.dumps({"handling_events": threads.handling_events(call.ws, conversation_of(call))}))


def side_conversations(call: Call) -> Reply:
    return SIDE.reply(call, threads.side_conversations(call.ws, conversation_of(call)), lambda one: one)


def deleted(call: Call) -> Reply:
    order = call.query.get("order") or "desc"
    if order not in ("asc", "desc"):
        raise bad_parameter("order must be asc or desc", "order")
    found = threads.deleted(call.ws)
    if in_no_order(call, "conversations_deleted"):
        found.sort(key=lambda one: scrambled(int(str(one["id"]))))
    return DELETED.reply(call, found[::-1] if order == "desc" else found, lambda one: one)


def attributes(call: Call) -> Sequence[Record]:
    records, archived = call.ws.collection("conversation_attributes"), call.flag("include_archived")
    return [records.body(number) for number in records if archived or not attribute_archived(number)]


def search_calls(call: Call) -> Reply:
    """Calls of up to twenty conversations, with what was said."""
    names = call.json().get("conversation_ids")
    if not isinstance(names, list) or not 0 < len(names) <= MOST_CONVERSATIONS:
        raise ApiError(400, "conversation_id_limit_exceeded", "A list of up to 20 conversation IDs is required")
    ws = call.ws
    asked = dict.fromkeys(ws.conversations.number_of(str(name)) for name in names)
    found = [phone.with_transcript(ws, number) for one in asked if one is not None
             for number in ws.membership.calls_of(one)]  # fmt: skip
    return Reply(orjson.dumps({"type": "list", "data": found}), ids=[str(one["id"]) for one in found])

"""Conversations and tickets, other than their search."""

from __future__ import annotations

import orjson

from ..errors import not_found
from ..permissions import Permission
from ..records import conversations
from ..router import Call, Reply, Router
from .parents import conversation_of, visible
from .plaintext import plain
from .shapes import cursor_list
from .versions import reshape


def add(router: Router) -> None:
    router.get("/conversations", Permission.READ_CONVERSATIONS)(list_conversations)
    router.get("/conversations/{id}", Permission.READ_CONVERSATIONS)(conversation)
    router.get("/tickets/{id}", Permission.READ_TICKETS)(ticket)


def list_conversations(call: Call) -> Reply:
    records = call.ws.conversations
    return cursor_list(call, records, key="conversations", list_type="conversation.list", default=20, by="updated_at",
                       keep=visible(call, "conversations"))  # fmt: skip


def conversation(call: Call) -> Reply:
    """With its newest 500 parts. It may be gone although a search has just shown it."""
    ws = call.ws
    number = conversation_of(call)
    record = reshape(call, "conversations", conversations.build_full(ws, number))
    if call.query.get("display_as") == "plaintext":
        plain(record)
    return Reply(orjson.dumps(record), ids=[call.params["id"]])


def ticket(call: Call) -> Reply:
    number = call.ws.tickets.find(call.params["id"])
    if number is None:
        raise not_found("ticket_not_found", "Ticket not found")
    return Reply(orjson.dumps(reshape(call, "tickets", call.ws.tickets.body(number))), ids=[call.params["id"]])

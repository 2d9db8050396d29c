"""What hangs on a conversation beside its parts: handling events, side conversations."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..times import iso
from ..world import World
from .small import admin_name
from .words import text

SIDE_ROOM = 64
"""Ids of side conversations and of their parts are reserved in blocks of this size."""


def handling_events(ws: World, number: int) -> list[Record]:
    """Pauses and resumptions, oldest first; each change of a conversation that has any brings one more."""
    dice = roll(ws.seed, "handling-events", number)
    if dice[0] >= 60:
        return []
    created, history = ws.conversations.created[number], ws.conversations.history(number)
    count = 1 + dice[1] % 5
    moments = [created + at + (history.first_updated - created) * (at + 1) // count for at in range(count)]
    return [_handling(ws, dice, at, moment) for at, moment in enumerate([*moments, *history.moments])]


def _handling(ws: World, dice: bytes, at: int, moment: int) -> Record:
    admin = dice[2 + at % 30] % max(1, ws.laid_out("admins"))
    paused = at % 2 == 0
    event: Record = {
        "teammate": {
            "type": "admin", "id": ws.admin_number(admin), "name": admin_name(ws, admin),
            "email": f"admin{admin}@example.com" if dice[33] < 220 else None,
        },
        "type": "paused" if paused else "resumed",
        "timestamp": iso(moment),
    }  # fmt: skip
    if paused:
        event["reason"] = "Away" if dice[34] < 128 else None
    return event


def side_conversations(ws: World, number: int) -> list[Record]:
    """Threads of teammates beside a conversation, each with its messages."""
    dice = roll(ws.seed, "side-conversations", number)
    count = 0 if dice[0] >= 40 else 26 + dice[1] % 35 if dice[0] < 3 else 1 + dice[1] % 3
    return [_side(ws, number, at, dice) for at in range(count)]


def _side(ws: World, number: int, at: int, dice: bytes) -> Record:
    name = number * SIDE_ROOM + at
    created, last = ws.conversations.created[number], ws.conversations.history(number).first_updated
    parts: list[Record] = []
    for place in range(1 + dice[2 + at % 32] % 3):
        admin = dice[34 + place] % max(1, ws.laid_out("admins"))
        moment = min(last, created + 60 * (place + 1))
        parts.append({
            "type": "conversation_part", "id": str(900_000_000_000 + name * SIDE_ROOM + place), "part_type": "comment",
            "body": text(dice, 40 + place),
            "author": {"type": "admin", "id": str(ws.admin_number(admin)), "name": admin_name(ws, admin),
                       "email": f"admin{admin}@example.com"},
            "created_at": moment, "updated_at": moment,
        })  # fmt: skip
    return {"side_conversation_id": str(700_000_000 + name), "conversation_parts": parts, "total_count": len(parts)}


def deleted(ws: World) -> list[Record]:
    """`GET /conversations/deleted`, oldest first: some gone before our time, then what `change` has deleted."""
    total = ws.settings.deleted_conversations
    span = ws.settings.history_days * 86_400
    found: list[Record] = [
        {"type": "conversation", "id": str(215_000_000_000 + number),
         "metrics_retained": roll(ws.seed, "deleted", number)[0] < 128,
         "deleted_at": ws.began + span * (number + 1) // (total + 1)}
        for number in range(total)
    ]  # fmt: skip
    found += [
        {"type": "conversation", "id": ws.conversations.id(number), "metrics_retained": number % 2 == 0,
         "deleted_at": moment}
        for moment, number in ws.deleted_conversations
    ]  # fmt: skip
    return found

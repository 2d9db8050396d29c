"""Quirks that choose among the records of the workspace: the same choice for answers and for the truth."""

from __future__ import annotations

from collections.abc import Collection as Some
from zlib import crc32

from ..dice import roll
from ..permissions import Permission
from ..world import World


def refused_conversation_id(ws: World) -> str | None:
    """The conversation that `refused-conversation` refuses: the one in the middle of those laid out."""
    middle = ws.laid_out("conversations") // 2
    return ws.conversations.id(middle) if ws.laid_out("conversations") else None


def refuses(ws: World, number: int) -> bool:
    return ws.settings.quirk("refused-conversation") is not None and ws.conversations.id(
        number
    ) == refused_conversation_id(ws)


def is_ticket(ws: World, number: int) -> bool:
    """Whether a conversation is a ticket too: one in four."""
    return roll(ws.seed, "conversation-is-ticket", number)[0] < 64


def hides(ws: World, granted: Some[Permission]) -> bool:
    """Whether conversations that are tickets are hidden from a token with these permissions."""
    return ws.settings.quirk("hidden-tickets") is not None and Permission.READ_TICKETS not in granted


def scrambled(number: int) -> int:
    """A place in no order at all, for lists that are not sorted."""
    return crc32(str(number).encode()) >> 1

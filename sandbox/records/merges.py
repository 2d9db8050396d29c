"""Contacts that were merged into others, and so are gone. Only users have a history of merges."""

from __future__ import annotations

from ..collection import HexIds, Record
from ..dice import roll
from ..world import World
from .contacts import is_user


def history(ws: World, contact: int) -> list[Record]:
    """Merges into a user, newest first."""
    if not is_user(ws, contact):
        return []
    dice = roll(ws.seed, "contact-merges", contact)
    count = 0 if dice[0] >= 24 else 2 + dice[1] % 70 if dice[0] < 2 else 1 + dice[1] % 3
    created, last = ws.contacts.created[contact], ws.contacts.history(contact).first_updated
    gone = HexIds(ws.contacts_salt ^ 0xFF)
    found: list[Record] = []
    for at in range(count):
        moment = created + (last - created) * (at + 1) // count
        found.append({
            "type": "merge_history",
            "source_contact_id": gone.make(created - 60, (contact * 128 + at) & 0xFFFFFF),
            "source_contact_role": "lead" if dice[2 + at % 60] < 200 else "user",
            "merged_at": moment if dice[2 + at % 60] < 250 else None,
        })  # fmt: skip
    for second, source in ws.merged.get(contact, ()):
        role = "user" if is_user(ws, source) else "lead"
        found.append({"type": "merge_history", "source_contact_id": ws.contacts.id(source),
                      "source_contact_role": role, "merged_at": second})  # fmt: skip
    return found[::-1]

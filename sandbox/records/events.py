"""Events: what users and leads did, listed for ninety days and counted for ever."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timezone

from ..collection import Record
from ..dice import roll, wide
from ..world import World

KEPT_SECONDS = 90 * 86_400
SPAN = 60 * 86_400
"""How long before the contact's last change its oldest event may lie."""
NAMES = ("placed-order", "invited-friend", "logged-in", "exported report 📄")


def moments(ws: World, contact: int) -> list[int]:
    """Times of all events of a contact in milliseconds, in the order in which they came, each once. Three contacts in
    four have none."""
    dice = roll(ws.seed, "contact-events", contact)
    count = 0 if dice[0] >= 64 else 30 + dice[1] if dice[0] < 3 else 1 + dice[1] % 6
    created, last = ws.contacts.created[contact], ws.contacts.history(contact).first_updated
    start = max(created, last - SPAN)
    step = (last - start) * 1000 // (count + 1)
    # Two in a row may share a second, never a millisecond: a cursor could not tell them apart.
    laid_out = [start * 1000 + step * (at + 1) - (step - 7 if at % 5 == 4 and step > 7 else 0) for at in range(count)]
    laid_out = [moment + at for at, moment in enumerate(laid_out)]
    return laid_out + [second * 1000 + at for at, second in enumerate(ws.added("contact_events", contact))]


def _in_order(ws: World, contact: int) -> list[tuple[int, int]]:
    """Place and time of all events, oldest first; those that came late keep the place at which they came."""
    return sorted(enumerate(moments(ws, contact)), key=lambda one: one[1])


def listed(ws: World, contact: int) -> list[tuple[int, int]]:
    """Place and time of the events that can still be listed, newest first."""
    edge = (ws.clock() - KEPT_SECONDS) * 1000
    return [(at, moment) for at, moment in reversed(_in_order(ws, contact)) if moment >= edge]


def owner(record: Record) -> Record:
    """How an event says whose it is: a lead has no id of the customer's own."""
    told: Record = {"intercom_user_id": record["id"]}
    if record["external_id"] is not None:
        told["user_id"] = record["external_id"]
    if record["email"]:
        told["email"] = record["email"]
    return told


def _name(ws: World, contact: int, at: int) -> str:
    return NAMES[roll(ws.seed, "event", contact << 12 | at)[0] % len(NAMES)]


def build(ws: World, contact: int, at: int, moment: int, who: Record) -> Record:
    dice = roll(ws.seed, "event", contact << 12 | at)
    metadata: Record = {}
    if dice[1] < 128:
        metadata = {"invite_code": f"CODE{dice[2]}", "price": str(wide(dice, 3) % 10_000)}
    return {
        "type": "event",
        "id": str(uuid.UUID(bytes=dice[16:32], version=4)),
        "event_name": _name(ws, contact, at),
        "created_at": moment // 1000,
        **who,
        "metadata": metadata,
    }


def events(ws: World, contact: int) -> Iterator[Record]:
    found = listed(ws, contact)
    who = owner(ws.contacts.body(contact)) if found else {}
    for at, moment in found:
        yield build(ws, contact, at, moment, who)


def summaries(ws: World, contact: int) -> list[Record]:
    """One entry a name; events too old to be listed are still counted."""
    by_name: dict[str, list[int]] = {}
    for at, moment in _in_order(ws, contact):
        by_name.setdefault(_name(ws, contact, at), []).append(moment)
    # The blank behind `last` is Intercom's.
    return [{"name": name, "first": _text(found[0]), "last": _text(found[-1]) + " ", "count": len(found),
             "description": f"What {name} means"} for name, found in sorted(by_name.items())]  # fmt: skip


def _text(moment: int) -> str:
    when = datetime.fromtimestamp(moment // 1000, timezone.utc)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{moment % 1000:03d}+00:00"

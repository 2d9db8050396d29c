"""The feed of what happened to contacts: made, given another role, merged, deleted. Oldest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..collection import HexIds, Record
from ..dice import roll
from ..feed import Event
from ..world import World
from . import merges
from .contacts import is_user

KINDS = ("created", "role_updated", "merged", "merge_failed", "deleted")
GONE_FROM = 1 << 28
"""Where their numbers begin, behind those of all contacts."""
GONE_ONE_IN = 20
"""Of so many contacts that are there, one more was deleted before the workspace was laid out."""


class Activities:
    """All events. They are put together when first asked for, and again when contacts have come or gone."""

    def __init__(self, ws: World) -> None:
        self._ws = ws
        self._known: tuple[int, ...] = ()
        self._events: list[Event] = []

    def events(self) -> Sequence[Event]:
        ws = self._ws
        happened = (len(ws.contacts.created), len(ws.deleted_contacts), sum(map(len, ws.merged.values())))
        if self._known != happened:
            self._events, self._known = sorted(self._all()), happened
        return self._events

    def _all(self) -> list[Event]:
        ws, contacts = self._ws, self._ws.contacts
        found: list[Event] = []
        taken: Counter[int] = Counter()

        def add(number: int, second: int, kind: str, contact: str, role: str | None, source: str = "",
                target: str = "") -> None:  # fmt: skip
            # An event may come to lie before those of the same second that were there before it, as in any real feed.
            taken[number] += 1
            moment = second * 1000 + KINDS.index(kind)
            found.append(Event(moment, number << 8 | taken[number], kind, contact, role, source, target))

        for number in range(len(contacts.created)):
            name, user, dice = contacts.id(number), is_user(ws, number), roll(ws.seed, "contact-activities", number)
            created, last = contacts.created[number], contacts.history(number).first_updated
            changes = user and dice[0] < 60
            add(number, created, "created", name, "user" if user and not changes else "lead")
            if changes:
                add(number, (created + last) // 2, "role_updated", name, "user")
            if dice[1] < 6:
                add(number, last, "merge_failed", name, None, name, contacts.id(dice[2] % len(contacts.created)))
            for merge in merges.history(ws, number):
                if isinstance(merge["merged_at"], int):
                    add(number, merge["merged_at"], "merged", name, "user", str(merge["source_contact_id"]), name)
        for second, number in ws.deleted_contacts:
            add(number, second, "deleted", contacts.id(number), "user" if is_user(ws, number) else "lead")
        gone, count = HexIds(ws.contacts_salt ^ 0xFE), ws.laid_out("contacts") // GONE_ONE_IN
        for at in range(count):
            created, name = ws.began + at, gone.make(ws.began + at, at)
            add(GONE_FROM + at, created, "created", name, "lead")
            deleted = ws.began + (ws.laid_out_at - ws.began) * (at + 1) // (count + 1)
            add(GONE_FROM + at, deleted, "deleted", name, "lead")
        return found


def shown(event: Event) -> Record:
    """An event as the API shows it: keys that it has no value for are left out."""
    record: Record = {
        "type": "contact_activity",
        "id": event.id,
        "event_type": f"contact.{event.kind}",
        "contact_id": event.contact,
        "created_at": event.moment // 1000,
    }
    if event.role is not None:
        record["role"] = event.role
    if event.source:
        record.update(merge_source_id=event.source, merge_target_id=event.target)
    if event.kind == "merge_failed":
        record["failure_reason"] = "Merge source_user cannot have role='user_role'"
    return record

"""What may happen to a workspace while it runs: records change, come, go, and are linked anew."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .collection import NUMBER_MASK, Collection
from .kinds import CHANGEABLE
from .records import contacts, notes, subscriptions, tickets
from .workspace import Workspace

ATTACHED = {"contact_notes": "contacts", "company_notes": "companies", "contact_events": "contacts",
            "contact_merge_history": "contacts", "contact_tags": "contacts", "contact_companies": "contacts",
            "contact_subscriptions": "contacts", "article_statistics": "articles"}  # fmt: skip
"""What can be added to a record, and to which kind of record; it has no life of its own."""
LINKED: dict[str, tuple[str, Callable[[Workspace, int], list[int]]]] = {
    "contact_tags": ("tags", contacts.tag_numbers),
    "contact_companies": ("companies", contacts.company_numbers),
    "contact_subscriptions": ("subscription_types", subscriptions.numbers),
}
"""Of these the ones that are links: to which kind, and which of them a contact has."""
TOUCHED = ("contacts", "conversations", "tickets", "companies")
"""What `touch_every` touches, one of each in turn."""
LATE_SECONDS = 2 * 86_400
"""How much older than the moment of its coming an event is that comes late."""
QUIET = "quiet-contact-changes"

Done = dict[str, list[str]]


def verbs_of(kind: str) -> tuple[str, ...]:
    """What can be done to records of a kind. Raises ValueError for a kind that cannot be changed."""
    if kind == "contact_events":
        return ("create", "create_late")
    if kind in LINKED or kind in ("contact_notes", "company_notes"):
        return ("create", "delete")
    if kind in ATTACHED:
        return ("create",)
    if kind == "tickets":
        return ("update", "create", "delete", "assign_quietly")
    if kind not in CHANGEABLE:
        raise ValueError(f"{kind!r} cannot be changed; there are: {', '.join((*CHANGEABLE, *ATTACHED))}")
    return ("update", "create", "delete")


class Changes:
    """Seeded chance chooses whom they strike."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._random = Random(f"{ws.seed}|changes")
        self._touches = 0

    def change(self, kind: str, update: int = 0, create: int = 0, delete: int = 0, assign_quietly: int = 0,
               create_late: int = 0) -> Done:  # fmt: skip
        """Remove, touch and add records of a kind; the ids of those struck, by verb, none of them twice."""
        if kind in ATTACHED:
            return self._attach(kind, create, delete, create_late)
        ws, records, now = self._ws, self._ws.collection(kind), self._ws.clock()
        done: Done = {"update": [], "create": [], "delete": []}
        for number in self._some(records, delete):
            done["delete"].append(records.id(number))
            records.delete(number)
            if kind == "conversations":
                ws.deleted_conversations.append((now, number))
            if kind == "contacts":
                ws.deleted_contacts.append((now, number))
        for number in self._some(records, update):
            self._update(kind, number, now)
            done["update"].append(records.id(number))
        for _ in range(create):
            done["create"].append(records.id(records.create(now)))
        if assign_quietly:
            done["assign_quietly"] = [records.id(number) for number in self._open_tickets(assign_quietly)
                                      if self._assign_quietly(number, now)]  # fmt: skip
        return done

    def touch(self) -> None:
        """One step of the change that goes on while somebody reads (`touch_every`)."""
        kind = TOUCHED[self._touches % len(TOUCHED)]
        self._touches += 1
        for number in self._some(self._ws.collection(kind), 1):
            self._update(kind, number, self._ws.clock())

    def _update(self, kind: str, number: int, now: int) -> None:
        if kind == "tickets" and self._ws.settings.quirk("late-ticket-parts") is not None and self._is_open(number):
            self._assign_quietly(number, now)
        else:
            self._ws.collection(kind).update(number, now)

    # Tickets that get a part and keep their time of change.

    def _is_open(self, number: int) -> bool:
        return tickets.STATES[tickets.state_of(self._ws, number)] != "resolved"

    def _open_tickets(self, count: int) -> list[int]:
        found = [number for number in self._ws.tickets if self._is_open(number)]
        return self._random.sample(found, min(count, len(found)))

    def _assign_quietly(self, number: int, now: int) -> bool:
        self._ws.add("ticket_parts", number, max(now, self._ws.tickets.updated[number] + 1))
        self._ws.tickets.changed_quietly()
        return True

    # What is attached to a record.

    def _attach(self, kind: str, create: int, delete: int, late: int) -> Done:
        """Add something to some records or take it away; the ids of these records. They are touched by it, too,
        unless the quirk says that Intercom does not move their time for that."""
        records, now = self._ws.collection(ATTACHED[kind]), self._ws.clock()
        done: Done = {"update": [], "create": [], "delete": []}
        if kind == "contact_merge_history":
            # Not everybody can be merged into: draw more than are wanted.
            found = (number for number in self._some(records, create * 8) if self._merge(number, now))
            for _, number in zip(range(create), found, strict=False):
                records.update(number, now)
                done["create"].append(records.id(number))
            return done
        for number in self._able(kind, records, delete, self._take):
            self._moved(kind, records, number, now)
            done["delete"].append(records.id(number))
        if kind == "contact_events":
            late += create if self._ws.settings.quirk("late-events") is not None else 0
            create = 0 if self._ws.settings.quirk("late-events") is not None else create
            for number in self._some(records, late):
                self._ws.add(kind, number, now - LATE_SECONDS)
                records.changed_quietly()
                done.setdefault("create_late", []).append(records.id(number))
        for number in self._able(kind, records, create, self._give):
            self._moved(kind, records, number, now)
            done["create"].append(records.id(number))
        return done

    def _moved(self, kind: str, records: Collection, number: int, now: int) -> None:
        if kind == "article_statistics":
            # A view is no change of the article.
            return
        if ATTACHED[kind] == "contacts" and kind != "contact_events" and self._ws.settings.quirk(QUIET) is not None:
            records.changed_quietly()
        else:
            records.update(number, now)

    def _able(self, kind: str, records: Collection, count: int, act: Callable[[str, int], bool]) -> list[int]:
        """So many records as can be struck, of all, in the order of chance."""
        if not count:
            return []
        found: list[int] = []
        for number in self._some(records, len(records) if act == self._take or kind in LINKED else count):
            if len(found) < count and act(kind, number):
                found.append(number)
        return found

    def _give(self, kind: str, number: int) -> bool:
        ws = self._ws
        if kind not in LINKED:
            ws.add(kind, number, ws.clock())
            return True
        target_kind, held = LINKED[kind]
        free = sorted(set(ws.collection(target_kind)) - set(held(ws, number)))
        free = [target for target in free if target < ws.laid_out(target_kind)]
        if not free:
            return False
        ws.links.link(kind, number, self._random.choice(free), ws.clock())
        return True

    def _take(self, kind: str, number: int) -> bool:
        ws = self._ws
        if kind in LINKED:
            held = LINKED[kind][1](ws, number)
            if held:
                ws.links.cut(kind, number, self._random.choice(held))
            return bool(held)
        places = notes.places(ws, ATTACHED[kind], number)
        if places:
            ws.remove(kind, number, self._random.choice(places))
        return bool(places)

    def _merge(self, number: int, now: int) -> bool:
        """Merge some other contact into this one, if this one is a user and still there."""
        ws = self._ws
        others = [one for one in self._some(ws.contacts, 2) if one != number]
        if not others or not ws.contacts.alive(number) or not contacts.is_user(ws, number):
            return False
        ws.contacts.delete(others[0])
        ws.merged.setdefault(number, []).append((now, others[0]))
        return True

    def _some(self, records: Collection, count: int) -> list[int]:
        chosen = self._random.sample(range(len(records)), min(count, len(records)))
        return [records.by_created[at] & NUMBER_MASK for at in chosen]

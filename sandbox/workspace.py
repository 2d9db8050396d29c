"""The workspace: its collections, its clock, its scroll. Nothing here knows HTTP."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from random import Random

from .collection import Collection, HexIds, NumberIds, Record, UuidIds
from .dice import roll
from .records import activity, attributes, companies, contacts, conversations, small, tickets
from .scroll import Scroll
from .settings import Settings
from .times import DAY, spread

CHANGEABLE = (
    "contacts",
    "companies",
    "conversations",
    "tickets",
    "admins",
    "teams",
    "tags",
    "segments",
    "activity_logs",
)
TOUCHED = ("contacts", "conversations", "tickets", "companies")
"""What `touch_every` touches, one of each in turn."""


class Workspace:
    """One Intercom workspace, built from its settings; the same settings and `now` give the same workspace."""

    note_base = 30_000_000

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seed = settings.seed
        self._started = time.time()
        self.laid_out_at = int(self._started) if settings.now is None else settings.now
        self.began = self.laid_out_at - settings.history_days * DAY
        self.app_id = f"sandbox{settings.seed:05d}"
        salt = int.from_bytes(roll(settings.seed, "salt", 0)[:4], "big")
        self._counts = {kind: int(getattr(settings, kind)) for kind in CHANGEABLE}
        self._random = Random(f"{settings.seed}|changes")
        self._touches = 0
        self.contacts = self._lay("contacts", HexIds(salt << 8 | 1), lambda n: contacts.build(self, n))
        self.companies = self._lay("companies", HexIds(salt << 8 | 2), lambda n: companies.build(self, n))
        self.conversations = self._lay(
            "conversations", NumberIds(215_470_000_000), lambda n: conversations.build(self, n)
        )
        self.tickets = self._lay("tickets", NumberIds(6_330_000_000), lambda n: tickets.build(self, n))
        self.admins = self._lay("admins", NumberIds(991_267_000), lambda n: small.admin(self, n))
        self.teams = self._lay("teams", NumberIds(814_860), lambda n: small.team(self, n))
        self.tags = self._lay("tags", NumberIds(1_000_102), lambda n: small.tag(self, n))
        self.segments = self._lay("segments", HexIds(salt << 8 | 3), lambda n: small.segment(self, n))
        self.activity_logs = self._lay("activity_logs", UuidIds(salt), lambda n: activity.build(self, n))
        self.scroll = Scroll(self)

    def _lay(self, kind: str, ids: HexIds | NumberIds | UuidIds, build: Callable[[int], Record]) -> Collection:
        created, updated = spread(kind, self._counts[kind], self.settings, self.laid_out_at)
        if kind == "activity_logs":  # a log entry never changes
            updated = array("q", created)
        return Collection(kind, ids, created, updated, build)

    def collection(self, kind: str) -> Collection:
        if kind not in CHANGEABLE:
            raise KeyError(kind)
        found = getattr(self, kind)
        assert isinstance(found, Collection)
        return found

    @property
    def revision(self) -> int:
        """Grows with every change, of whatever kind."""
        return sum(self.collection(kind).revision for kind in CHANGEABLE)

    def laid_out(self, kind: str) -> int:
        """How many records the workspace began with: links between records are drawn from these only."""
        return self._counts[kind]

    def admin_number(self, chance: int) -> int:
        """The id, as an integer, of one of the admins."""
        return int(self.admins.ids.make(0, chance % max(1, self._counts["admins"])))

    def clock(self) -> int:
        """The current second. It runs on from `now` when the settings fix that."""
        if self.settings.now is None:
            return int(time.time())
        return self.laid_out_at + int(time.time() - self._started)

    # Children that are gone.

    def vanished(self, kind: str, number: int) -> bool:
        """Whether a record's children (companies) or the record itself (conversations) answer 404."""
        percent = self.settings.vanished_percent
        if not percent:
            return False
        dice = roll(self.seed, f"vanished-{kind}", number)
        return (dice[0] << 8 | dice[1]) < percent * 655.36

    def vanishes_bare(self, kind: str, number: int) -> bool:
        """Whether the 404 is nginx's own page instead of JSON (notes §5)."""
        return roll(self.seed, f"vanished-{kind}", number)[2] < 128

    # Changes.

    def change(self, kind: str, update: int = 0, create: int = 0, delete: int = 0) -> dict[str, list[str]]:
        """Remove, touch and add records of a kind, chosen by seeded chance; the ids, none of them twice."""
        records, now = self.collection(kind), self.clock()
        done: dict[str, list[str]] = {"update": [], "create": [], "delete": []}
        for number in self._some(records, delete):
            done["delete"].append(records.id(number))
            records.delete(number)
        for number in self._some(records, update):
            records.update(number, now)
            done["update"].append(records.id(number))
        for _ in range(create):
            done["create"].append(records.id(records.create(now)))
        return done

    def _some(self, records: Collection, count: int) -> list[int]:
        chosen = self._random.sample(range(len(records)), min(count, len(records)))
        return [records.by_created[at] & 0xFFFFFFFF for at in chosen]

    def touch(self) -> None:
        """One step of the change that goes on while somebody reads (`touch_every`)."""
        kind = TOUCHED[self._touches % len(TOUCHED)]
        self._touches += 1
        records = self.collection(kind)
        for number in self._some(records, 1):
            records.update(number, self.clock())

    # The truth.

    def truth(self, kind: str) -> Iterator[Record]:
        """Every record of a kind, just as the API would show it."""
        if kind == "conversation_parts":
            for number in list(self.conversations):
                if not self.vanished("conversations", number):
                    name = self.conversations.id(number)
                    for part in conversations.parts(self, number):
                        yield {"conversation_id": name, "part": part}
        elif kind == "company_segments":
            for number in list(self.companies):
                if not self.vanished("companies", number):
                    name = self.companies.id(number)
                    for other in companies.segment_numbers(self, number):
                        yield {"company_id": name, "segment": self.segments.body(other)}
        elif kind in ("contact_attributes", "company_attributes"):
            yield from attributes.attributes(self, kind.partition("_")[0], include_archived=True)
        elif kind == "segments":
            yield from (small.counted_segment(self, number) for number in list(self.segments))
        else:
            records = self.collection(kind)
            yield from (records.body(number) for number in list(records))

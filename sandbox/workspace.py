"""The workspace: its collections, its clock, its scroll. Nothing here knows HTTP."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from .collection import NUMBER_MASK, Collection, HexIds, IdScheme, NumberIds, Record, UuidIds
from .dice import roll
from .kinds import KINDS
from .records import activity, companies, contacts, conversations, small, tickets
from .records.membership import Membership
from .scroll import Scroll
from .settings import Settings
from .times import DAY, spread

CORE = ("contacts", "companies", "conversations", "tickets", "admins", "teams", "tags", "segments", "activity_logs")
CHANGEABLE = (*CORE, *KINDS)
ATTACHED = {"contact_notes": "contacts", "company_notes": "companies", "contact_events": "contacts",
            "contact_merge_history": "contacts"}  # fmt: skip
"""What can be added to a record, and to which kind of record; it has no life of its own."""
TOUCHED = ("contacts", "conversations", "tickets", "companies")
"""What `touch_every` touches, one of each in turn."""


class Workspace:
    """One Intercom workspace, built from its settings; the same settings and `now` give the same workspace."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seed = settings.seed
        self._started = settings.clock()
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
        self.activity_logs = self._lay("activity_logs", UuidIds(salt), partial(activity.build, self), fixed=True)
        self._collections: dict[str, Collection] = {kind: getattr(self, kind) for kind in CORE}
        for kind, how in KINDS.items():
            self._collections[kind] = self._lay(kind, how.ids(self), partial(how.build, self), how.fixed)
        self._added: dict[str, dict[int, list[int]]] = {}
        self.contacts_salt = salt << 8 | 1
        self.merged: dict[int, list[tuple[int, int]]] = {}
        """Second and number of the contacts merged into a contact since the workspace was laid out."""
        self.deleted_conversations: list[tuple[int, int]] = []
        """Second and number of the conversations deleted since then, oldest first."""
        self.membership = Membership(self)
        self.scroll = Scroll(self)

    def _lay(self, kind: str, ids: IdScheme, build: Callable[[int], Record], fixed: bool = False) -> Collection:
        created, updated = spread(kind, self._counts[kind], self.settings, self.laid_out_at)
        return Collection(kind, ids, created, array("q", created) if fixed else updated, build)

    def collection(self, kind: str) -> Collection:
        return self._collections[kind]

    @property
    def revision(self) -> int:
        """Grows with every change of what can be searched or shows in what can."""
        return sum(self._collections[kind].revision for kind in CORE)

    def added(self, what: str, number: int) -> Sequence[int]:
        """Seconds at which something was added to a record since the workspace was laid out."""
        return self._added.get(what, {}).get(number, ())

    def laid_out(self, kind: str) -> int:
        """How many records the workspace began with: links between records are drawn from these only."""
        return self._counts[kind]

    def admin_number(self, chance: int) -> int:
        """The id, as an integer, of one of the admins."""
        return int(self.admins.ids.make(0, chance % max(1, self._counts["admins"])))

    def clock(self) -> int:
        """The current second. It runs on from `now` when the settings fix that."""
        if self.settings.now is None:
            return int(self.settings.clock())
        return self.laid_out_at + int(self.settings.clock() - self._started)

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
        if kind in ATTACHED:
            return self._attach(kind, create)
        records, now = self.collection(kind), self.clock()
        done: dict[str, list[str]] = {"update": [], "create": [], "delete": []}
        for number in self._some(records, delete):
            done["delete"].append(records.id(number))
            records.delete(number)
            if kind == "conversations":
                self.deleted_conversations.append((now, number))
        for number in self._some(records, update):
            records.update(number, now)
            done["update"].append(records.id(number))
        for _ in range(create):
            done["create"].append(records.id(records.create(now)))
        return done

    def _attach(self, kind: str, count: int) -> dict[str, list[str]]:
        """Add one thing each to some records, which are touched by it; the ids of these records."""
        records, now = self.collection(ATTACHED[kind]), self.clock()
        merge = kind == "contact_merge_history"
        done: list[str] = []
        # Not everybody can be merged into: draw more than are wanted.
        for number in self._some(records, count * 8 if merge else count):
            if len(done) == count or (merge and not self._merge(number, now)):
                continue
            if not merge:
                self._added.setdefault(kind, {}).setdefault(number, []).append(now)
            records.update(number, now)
            done.append(records.id(number))
        return {"update": [], "create": done, "delete": []}

    def _merge(self, number: int, now: int) -> bool:
        """Merge some other contact into this one, if this one is a user and still there."""
        others = [one for one in self._some(self.contacts, 2) if one != number]
        if not others or not self.contacts.alive(number) or not contacts.is_user(self, number):
            return False
        self.contacts.delete(others[0])
        self.merged.setdefault(number, []).append((now, others[0]))
        return True

    def _some(self, records: Collection, count: int) -> list[int]:
        chosen = self._random.sample(range(len(records)), min(count, len(records)))
        return [records.by_created[at] & NUMBER_MASK for at in chosen]

    def touch(self) -> None:
        """One step of the change that goes on while somebody reads (`touch_every`)."""
        kind = TOUCHED[self._touches % len(TOUCHED)]
        self._touches += 1
        records = self.collection(kind)
        for number in self._some(records, 1):
            records.update(number, self.clock())

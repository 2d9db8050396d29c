"""The workspace: its collections, its clock, its scroll. Nothing here knows HTTP."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from .collection import Collection, HexIds, IdScheme, NumberIds, Record, UuidIds
from .dice import roll
from .exports import CONTENT, REPORTING, ExportJobs
from .kinds import CHANGEABLE, CORE, KINDS
from .links import Links
from .records import activity, companies, contacts, conversations, small, tickets
from .records.activities import Activities
from .records.membership import Membership
from .scroll import Scroll
from .settings import Settings
from .times import DAY, spread


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
        self._removed: dict[str, dict[int, set[int]]] = {}
        self.links = Links()
        self.contacts_salt = salt << 8 | 1
        self.merged: dict[int, list[tuple[int, int]]] = {}
        """Second and number of the contacts merged into a contact since the workspace was laid out."""
        self.deleted_conversations: list[tuple[int, int]] = []
        """Second and number of the conversations deleted since then, oldest first."""
        self.deleted_contacts: list[tuple[int, int]] = []
        """Second and number of the contacts deleted since then, oldest first."""
        self.activities = Activities(self)
        self.membership = Membership(self)
        self.scroll = Scroll(self)
        self.exports = ExportJobs(settings, CONTENT)
        self.reports = ExportJobs(settings, REPORTING)

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

    def add(self, what: str, number: int, second: int) -> None:
        self._added.setdefault(what, {}).setdefault(number, []).append(second)

    def removed(self, what: str, number: int) -> AbstractSet[int]:
        """Places of what was taken from a record since then."""
        return self._removed.get(what, {}).get(number, frozenset())

    def remove(self, what: str, number: int, place: int) -> None:
        self._removed.setdefault(what, {}).setdefault(number, set()).add(place)

    def relinked(self, what: str, number: int, first: Sequence[int]) -> list[int]:
        """What a contact is linked to now, when `first` is what it was linked to at first."""
        return self.links.now(what, number, first)

    def linked_at(self, what: str, number: int, target: int) -> int | None:
        """The second at which a link was made, if that was since the workspace was laid out."""
        return self.links.since(what, number, target)

    def newly_linked(self, what: str, target: int) -> tuple[set[int], set[int]]:
        """The contacts that were linked to a record since then, and those that no longer are."""
        return self.links.of_target(what, target)

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
        """Whether the 404 is nginx's own page instead of JSON."""
        return roll(self.seed, f"vanished-{kind}", number)[2] < 128

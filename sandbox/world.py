"""What endpoints, records and truths may know of a workspace: its collections, its clock, its changes.

They are written against this description and not against `Workspace`, which is built from them: else every file
would lead back to every other, and none could be read or changed alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from .collection import Collection
from .exports import ExportJobs
from .feed import Event
from .settings import Settings


class Members(Protocol):
    """Links read backwards."""

    def of_company(self, number: int) -> list[int]: ...

    def of_segment(self, number: int) -> int: ...

    def calls_of(self, conversation: int) -> list[int]: ...


class Feed(Protocol):
    """What happened to contacts, oldest first."""

    def events(self) -> Sequence[Event]: ...


class CompanyScroll(Protocol):
    """The one walk over all companies."""

    def page(self, token: str | None) -> tuple[str, list[int]]: ...

    def die(self) -> None: ...


class World(Protocol):
    """One Intercom workspace."""

    seed: int
    laid_out_at: int
    began: int
    app_id: str
    contacts_salt: int

    @property
    def settings(self) -> Settings: ...
    @property
    def contacts(self) -> Collection: ...
    @property
    def companies(self) -> Collection: ...
    @property
    def conversations(self) -> Collection: ...
    @property
    def tickets(self) -> Collection: ...
    @property
    def admins(self) -> Collection: ...
    @property
    def teams(self) -> Collection: ...
    @property
    def tags(self) -> Collection: ...
    @property
    def segments(self) -> Collection: ...
    @property
    def activity_logs(self) -> Collection: ...
    @property
    def membership(self) -> Members: ...
    @property
    def activities(self) -> Feed: ...
    @property
    def scroll(self) -> CompanyScroll: ...
    @property
    def exports(self) -> ExportJobs: ...
    @property
    def reports(self) -> ExportJobs: ...
    @property
    def merged(self) -> Mapping[int, Sequence[tuple[int, int]]]:
        """Second and number of the contacts merged into a contact since the workspace was laid out."""
        ...

    @property
    def deleted_contacts(self) -> Sequence[tuple[int, int]]:
        """Second and number of the contacts deleted since then, oldest first."""
        ...

    @property
    def deleted_conversations(self) -> Sequence[tuple[int, int]]:
        """Second and number of the conversations deleted since then, oldest first."""
        ...

    @property
    def revision(self) -> int:
        """Grows with every change of what can be searched or shows in what can."""
        ...

    def clock(self) -> int:
        """The current second."""
        ...

    def collection(self, kind: str) -> Collection:
        """The collection of a kind."""
        ...

    def laid_out(self, kind: str) -> int:
        """How many records of a kind the workspace began with."""
        ...

    def admin_number(self, chance: int) -> int:
        """The id, as an integer, of one of the admins."""
        ...

    def added(self, what: str, number: int) -> Sequence[int]:
        """Seconds at which something was added to a record since the workspace was laid out."""
        ...

    def removed(self, what: str, number: int) -> AbstractSet[int]:
        """Places of what was taken from a record since then."""
        ...

    def linked_at(self, what: str, number: int, target: int) -> int | None:
        """The second at which a link was made, if that was since the workspace was laid out."""
        ...

    def relinked(self, what: str, number: int, first: Sequence[int]) -> list[int]:
        """What a contact is linked to now, when `first` is what it was linked to at first."""
        ...

    def newly_linked(self, what: str, target: int) -> tuple[set[int], set[int]]:
        """The contacts that were linked to a record since then, and those that no longer are."""
        ...

    def vanished(self, kind: str, number: int) -> bool:
        """Whether a record's children (companies) or the record itself (conversations) answer 404."""
        ...

    def vanishes_bare(self, kind: str, number: int) -> bool:
        """Whether that 404 is the web server's own page instead of JSON."""
        ...

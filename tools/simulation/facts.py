"""What the simulation knows of each stream: by which time it goes, and whose time that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Coercion, Record, coercion
from source_intercom.shapes.export import Exported
from source_intercom.shapes.lists import NewestFirstStream, WalkedStream
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import CATALOGUE
from source_intercom.streams.contacts import Contacts, ContactSegments

Key: TypeAlias = tuple[object, ...]
HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True)
class Facts:
    """One stream.

    ``owner`` is the stream whose records its rows belong to and ``owner_key`` the field that names one of them.
    ``moves_with_owner`` says that its windows go by the owner's time; ``own_time`` is the field of the row itself
    that they go by otherwise, "" where every sync brings all rows. ``shows`` is the field of a delivered row in which
    the time stands that windows go by, "" where it shows none.
    """

    name: str
    key: tuple[str, ...]
    cursor: str
    owner: str
    owner_key: str
    moves_with_owner: bool
    own_time: str
    shows: str
    is_searched: bool
    is_compared_whole: bool
    is_costly: bool
    is_resumable: bool
    is_nested: bool
    permissions: frozenset[str]
    paths: tuple[str, ...]
    coerce: Coercion

    @property
    def family(self) -> str:
        """The collection whose changes it follows."""
        return self.owner or self.name

    def key_of(self, record: Record) -> Key:
        return tuple(record.get(name) for name in self.key)


def _parent_of(kind: type[IntercomStream]) -> type[IntercomStream] | None:
    """What its rows hang on; that of memberships in segments is no fact of the class, as they are found two ways."""
    return Contacts if kind is ContactSegments else kind.parent


def _owner_of(kind: type[IntercomStream]) -> str:
    parent = _parent_of(kind)
    if parent is None:
        return ""
    owners = [base().name for base in parent.__mro__ if base in CATALOGUE]
    # The ids of all companies come from a source that is no stream.
    return owners[0] if owners else "companies"


def _shown(kind: type[IntercomStream], owner: str, own_time: str) -> str:
    if not owner:
        return own_time
    told = str(getattr(kind, "parent_time", ""))
    if kind.__name__ == "ConversationParts":
        return "conversation_updated_at"
    return told or own_time


def _paths(kind: type[IntercomStream]) -> tuple[str, ...]:
    """The requests of a stream and of what it is made from, such as ``GET /tags``."""
    paths = [getattr(kind, "endpoint", ""), getattr(kind, "child", ""), getattr(kind, "complete", "")]
    parent = _parent_of(kind)
    if parent is not None:
        paths.append(parent.endpoint)
    if kind is ContactSegments:
        paths += ["/segments", "/contacts/{id}/segments"]
    plain = [path.partition("?")[0] for path in paths if path]
    named = [f"{'POST' if path.endswith('/search') else 'GET'} {path}" for path in plain]
    if kind.__name__ == "CallTranscripts":
        named.append("POST /calls/search")
    return tuple(dict.fromkeys(named))


def _facts(kind: type[IntercomStream]) -> Facts:
    stream = kind()
    owner = _owner_of(kind)
    cursor = stream.cursor_field if isinstance(stream.cursor_field, str) else ""
    moves_with_owner = bool(owner) and not kind.every_parent
    # Every sync brings all memberships of companies and all counts of events: Intercom keeps no time of them.
    timeless = not cursor or kind.__name__ in ("CompanySegments", "ContactEventSummaries")
    own_time = "" if timeless or moves_with_owner else (cursor if owner else stream.time_field)
    source = _parent_of(kind) or kind
    owner_keys = {"call_transcripts": "call_id", "contact_segments": "contact_id"}
    return Facts(
        name=stream.name,
        key=stream.key,
        cursor=cursor,
        owner=owner,
        owner_key=owner_keys.get(stream.name, str(getattr(kind, "parent_key", ""))),
        moves_with_owner=moves_with_owner and bool(cursor),
        own_time=own_time,
        shows=_shown(kind, owner, own_time) if cursor and not timeless else "",
        is_searched=issubclass(source, SearchStream),
        is_compared_whole=bool(cursor)
        and issubclass(source, (SearchStream, WalkedStream))
        and not issubclass(source, NewestFirstStream)
        and not stream.is_costly,
        is_costly=stream.is_costly,
        is_resumable=stream.is_resumable,
        is_nested=bool(owner),
        permissions=frozenset({kind.permission, *kind.also_needs}),
        paths=_paths(kind),
        coerce=coercion(stream.get_json_schema()),
    )


# Counts are figures of a moment, and reconciliations are made by the connector: the sandbox has no truth of them.
_NOT_HELD = ("counts", "reconciliations")
FACTS: dict[str, Facts] = {
    facts.name: facts
    for facts in (_facts(kind) for kind in CATALOGUE if not issubclass(kind, Exported))
    if facts.name not in _NOT_HELD
}
"""Every stream of which the sandbox can tell the truth, by name."""

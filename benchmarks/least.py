"""The fewest calls that each stream can be read with, from what the sandbox holds.

A stream costs the pages of the lists it is made from, each as long as its endpoint allows, and the calls for what
hangs on single records: one for each that may have something (more where it fills more than a page), and those that
complete a list that a record cuts at ten. Where a record does not tell whether it has children, it must be asked.
Streams that are read together share their lists, and the calls for single records where they ask the same.
``GET /me`` is left out.

All of it follows from the stream classes, but for ``LONGEST`` and ``OWN``.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from source_intercom.shapes.child import Child
from source_intercom.shapes.content_export import Exported
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import CATALOGUE
from tools.facts import Kind, is_child, name_of, parent_of, tells_of_children

Record = dict[str, Any]

SEARCH = 150
LONGEST = {
    "activity_logs": 250,
    "companies": 100,
    "contact_activities": 150,
    "company_contacts": 150,
    "company_notes": 150,
    "contact_companies": 60,
    "contact_events": 100,
    "contact_notes": 150,
    "content_import_sources": 150,
    "data_connector_execution_results": 30,
    "macros": 150,
}
"""The longest page that a stream's endpoint gives, where its class states none or a shorter one."""

_COUNTED = 2 + 3 + 4
"""Searches of the stream ``counts``, whatever the workspace holds: roles of contacts, states of conversations and of
tickets (docs/streams.md)."""
_EXPORT_DAYS = 90
_EXPORT_CALLS = 3
"""An export of messages is made, asked after and fetched, for so many days at most."""
_TRANSCRIPTS = 20
"""Conversations whose calls one search gives."""


class Held:
    """What the workspace holds, each kind fetched once. ``fetch`` gives the records of a kind."""

    def __init__(self, fetch: Callable[[str], Iterable[Record]]) -> None:
        self._fetch = fetch
        self._kept: dict[str, list[Record]] = {}

    def records(self, kind: str) -> list[Record]:
        if kind not in self._kept:
            self._kept[kind] = list(self._fetch(kind))
        return self._kept[kind]

    def by(self, kind: str, key: str) -> Counter[str]:
        """How many records of a kind there are for each value of a key, such as its parent's id."""
        return Counter(str(record[key]) for record in self.records(kind))


Own = Callable[[Held], int]
"""The calls of a stream beside its lists."""


def _none(_: Held) -> int:
    return 0


@dataclass(frozen=True)
class Way:
    """How a stream is read: the lists that it is made from, by the name of the stream that lists them.

    ``asks`` is equal for streams that are given the same answers of single records.
    """

    lists: tuple[str, ...]
    own: Own = _none
    is_exported: bool = False
    asks: object = None


def pages(count: int, size: int | None) -> int:
    """Calls for a list of ``count`` records: an empty one takes a call too, and one without pages a single one."""
    return max(1, -(-count // size)) if size else 1


def page_size(kind: Kind) -> int | None:
    """The longest page of a stream's list; None for one that comes whole."""
    stated = int(dict(kind.params).get("per_page", 0)) or kind.page_wish
    searched = SEARCH if issubclass(kind, SearchStream) else None
    return LONGEST.get(name_of(kind)) or stated or searched


def list_calls(name: str, held: Held) -> int:
    """Calls for all pages of a stream's list."""
    kind, size = _KINDS[name], LISTS[name]
    # A list that is asked for by type, once for each.
    for key in re.findall(r"{(\w+)}", kind.endpoint):
        return sum(pages(count, size) for count in held.by(name, key).values())
    if size is None:
        return 1
    # A scroll over companies and the feed of contact activities say that they are over by a page that is empty.
    return pages(len(held.records(name)), size) + kind.endpoint.endswith(("/scroll", "/activities"))


def _children(kind: Kind, parents: str) -> Own:
    """A call for every parent that may have children; more for those that fill more than a page."""
    name, stream = name_of(kind), kind()
    stated = int(dict(getattr(stream, "child_params", ())).get("per_page", 0)) or getattr(stream, "child_wish", 0)
    size = LONGEST.get(name) or stated or None
    may_have = _may_have(kind)

    def calls(held: Held) -> int:
        found = held.by(name, stream.parent_key) if size else Counter[str]()
        return sum(pages(found[str(one["id"])], size) for one in held.records(parents) if may_have(one))

    return calls


def _as_child(kind: Kind) -> Child:
    stream = kind()
    assert isinstance(stream, Child)
    return stream


def _may_have(kind: Kind) -> Callable[[Record], bool]:
    """Whether a parent may have children of this kind, as far as it tells."""
    return _as_child(kind).has_children if tells_of_children(kind) else lambda _: True


def _asked_once(names: Sequence[str], held: Held) -> int:
    """A call for every parent that may have children of one of some streams, which are given the same answer."""
    (parents,) = {name for one in names for name in WAYS[one].lists}
    questions = [_may_have(_KINDS[name]) for name in names]
    return sum(any(may_have(one) for may_have in questions) for one in held.records(parents))


def _cut(parents: str, lists: Sequence[str], size: int | None = None) -> Own:
    """Calls that complete nested lists of records, one for all lists that are named."""

    def calls(held: Held) -> int:
        return sum(
            pages(max(record[name]["total_count"] for name in lists), size)
            for record in held.records(parents)
            if any((record.get(name) or {}).get("has_more") for name in lists)
        )

    return calls


def _transcripts(held: Held) -> int:
    conversations = {call["conversation_id"] for call in held.records("calls") if call["conversation_id"]}
    return -(-len(conversations) // _TRANSCRIPTS)


def _exports(held: Held) -> int:
    """Messages and all that came of them are in the same files."""
    moments = [receipt["received_at"] for receipt in held.records("message_receipts")]
    days = (max(moments) - min(moments)) // 86_400 + 1 if moments else 1
    return _EXPORT_CALLS * -(-days // _EXPORT_DAYS)


def _counts(held: Held) -> int:
    """Tags are counted one by one; segments tell their sizes in their list."""
    return _COUNTED + len(held.records("tags"))


def _members(held: Held) -> int:
    """A search for each segment."""
    members = Counter(str(link["record"]["id"]) for link in held.records("contact_segments"))
    return sum(pages(members[str(segment["id"])], SEARCH) for segment in held.records("segments"))


def _noted(held: Held) -> int:
    """The scroll once more, in a version in which companies say how many notes they have; then those that have any."""
    found = held.by("company_notes", "company_id")
    counts = (found[str(company["id"])] for company in held.records("companies"))
    return list_calls("companies", held) + sum(pages(count, LONGEST["company_notes"]) for count in counts if count)


OWN = {
    "call_transcripts": Way(("calls",), _transcripts),
    "contact_segments": Way(("segments",), _members),
    # They lie in the companies' own records.
    "company_segments": Way(("companies",)),
    "company_notes": Way(("companies",), _noted),
    "contact_subscriptions": Way(
        ("contacts",), _cut("contacts", ["opted_in_subscription_types", "opted_out_subscription_types"])
    ),
    "counts": Way(("segments", "tags"), _counts),
    **{name_of(kind): Way((), is_exported=True) for kind in CATALOGUE if issubclass(kind, Exported)},
    # Made by the connector.
    "reconciliations": Way(()),
}
"""Streams that are read in a way of their own."""


def way_of(kind: Kind) -> Way:
    """How a stream is read, by its shape."""
    name, parent = name_of(kind), parent_of(kind)
    if name in OWN:
        return OWN[name]
    if parent is None:
        return Way((name,))
    parents = name_of(parent)
    if is_child(kind):
        return Way((parents,), _children(kind, parents), asks=_as_child(kind).asks)
    if getattr(kind, "complete", ""):
        return Way((parents,), _cut(parents, [kind.nested[0]], LONGEST.get(name)))
    return Way((parents,))


_KINDS = {name_of(kind): kind for kind in CATALOGUE}
LISTS = {name: page_size(kind) for name, kind in _KINDS.items() if name not in OWN and parent_of(kind) is None}
"""Every list that streams are made from, with its longest page; None for those that come whole."""
WAYS = {name: way_of(kind) for name, kind in _KINDS.items()}


def own_calls(streams: Sequence[str], held: Held) -> int:
    """Calls of some streams beside those for their lists, where they are read together."""
    together: dict[object, list[str]] = {}
    for stream in streams:
        together.setdefault(WAYS[stream].asks or stream, []).append(stream)
    return sum(WAYS[some[0]].own(held) if len(some) == 1 else _asked_once(some, held) for some in together.values())


def least_calls(streams: Sequence[str], held: Held) -> int:
    """The fewest calls that bring these streams in one read."""
    lists = {name for stream in streams for name in WAYS[stream].lists}
    exports = _exports(held) if any(WAYS[stream].is_exported for stream in streams) else 0
    return exports + sum(list_calls(name, held) for name in lists) + own_calls(streams, held)

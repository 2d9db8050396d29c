"""The fewest calls that each stream can be read with, from what the sandbox holds.

A stream costs the pages of the lists it is made from, each as long as its endpoint allows, and the calls for what
hangs on single records: one for each that may have something (more where it fills more than a page), and those that
complete a list that a record cuts at ten. Where a record does not tell whether it has children, it must be asked.
Streams that are read together share their lists. ``GET /me`` is left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]

SEARCH = 150
LISTS: dict[str, int | None] = {
    "contacts": SEARCH,
    "conversations": SEARCH,
    "tickets": SEARCH,
    "activity_logs": 250,
    "articles": 150,
    "audiences": 50,
    "calls": 25,
    "collections": 150,
    "companies": 100,
    "content_import_sources": 150,
    "content_snippets": 50,
    "conversations_deleted": 60,
    "custom_object_instances": 150,
    "data_connectors": 50,
    "external_pages": 150,
    "internal_articles": 150,
    "macros": 150,
    "news_items": 150,
    "newsfeeds": 150,
    **dict.fromkeys(
        [
            "activity_log_event_types", "admins", "away_status_reasons", "brands", "company_attributes",
            "contact_attributes", "conversation_attributes", "email_settings", "help_centers",
            "office_hours_schedules", "segments", "subscription_types", "tags", "teams", "ticket_states",
            "ticket_types",
        ]
    ),
}  # fmt: skip
"""Every list that streams are made from, by its kind in the sandbox, with the longest page that its endpoint gives;
None for those that come whole."""

_COUNTED = 2 + 3 + 4
"""Searches of the stream ``counts``, whatever the workspace holds: roles of contacts, states of conversations and of
tickets (docs/streams.md)."""
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


def pages(count: int, size: int | None) -> int:
    """Calls for a list of ``count`` records: an empty one takes a call too, and one without pages a single one."""
    return max(1, -(-count // size)) if size else 1


def list_calls(kind: str, held: Held) -> int:
    """Calls for all pages of a list."""
    size = LISTS[kind]
    if kind == "custom_object_instances":
        return sum(pages(count, size) for count in held.by(kind, "type_identifier").values())
    if size is None:
        return 1
    # A scroll over companies says that it is over by a page that is empty.
    return pages(len(held.records(kind)), size) + (kind == "companies")


def _none(_: Held) -> int:
    return 0


def _every(parents: str, children: str, key: str, size: int | None = None) -> Own:
    """A call for every parent, as none tells whether it has children; more for those that fill more than a page."""

    def calls(held: Held) -> int:
        found = held.by(children, key)
        return sum(pages(found[str(parent["id"])], size) for parent in held.records(parents))

    return calls


def _cut(*lists: str, size: int | None = None) -> Own:
    """Calls that complete nested lists of contacts, one for all lists that are named."""

    def calls(held: Held) -> int:
        return sum(
            pages(max(contact[name]["total_count"] for name in lists), size)
            for contact in held.records("contacts")
            if any(contact[name]["has_more"] for name in lists)
        )

    return calls


def _contact_notes(held: Held) -> int:
    counts = (contact["notes"]["total_count"] for contact in held.records("contacts"))
    return sum(pages(count, 150) for count in counts if count)


def _conversation_parts(held: Held) -> int:
    """A conversation without statistics does not tell, and must be asked."""
    known = (conversation["statistics"] or {} for conversation in held.records("conversations"))
    return sum(statistics.get("count_conversation_parts") != 0 for statistics in known)


def _transcripts(held: Held) -> int:
    conversations = {call["conversation_id"] for call in held.records("calls") if call["conversation_id"]}
    return -(-len(conversations) // _TRANSCRIPTS)


def _counts(held: Held) -> int:
    """Tags are counted one by one; segments tell their sizes in their list."""
    return _COUNTED + len(held.records("tags"))


@dataclass(frozen=True)
class Way:
    """How a stream is read."""

    lists: tuple[str, ...]
    own: Own = _none


def _way(*lists: str, own: Own = _none) -> Way:
    return Way(lists, own)


WAYS: dict[str, Way] = {
    **{kind: _way(kind) for kind in LISTS},
    "contact_tags": _way("contacts", own=_cut("tags")),
    "contact_companies": _way("contacts", own=_cut("companies", size=60)),
    "contact_subscriptions": _way("contacts", own=_cut("opted_in_subscription_types", "opted_out_subscription_types")),
    "contact_notes": _way("contacts", own=_contact_notes),
    "contact_segments": _way("contacts", own=_every("contacts", "contact_segments", "contact_id")),
    "contact_events": _way("contacts", own=_every("contacts", "contact_events", "intercom_user_id", 100)),
    "contact_event_summaries": _way("contacts", own=_every("contacts", "contact_event_summaries", "intercom_user_id")),
    "contact_merge_history": _way("contacts"),
    "company_tags": _way("companies"),
    "company_contacts": _way("companies", own=_every("companies", "company_contacts", "company_id", 150)),
    "company_segments": _way("companies", own=_every("companies", "company_segments", "company_id")),
    "company_notes": _way("companies", own=_every("companies", "company_notes", "company_id", 150)),
    "conversation_parts": _way("conversations", own=_conversation_parts),
    "conversation_contacts": _way("conversations"),
    "conversation_tags": _way("conversations"),
    "conversation_teammates": _way("conversations"),
    "conversation_linked_objects": _way("conversations"),
    "conversation_handling_events": _way(
        "conversations", own=_every("conversations", "conversation_handling_events", "conversation_id")
    ),
    "side_conversations": _way(
        "conversations", own=_every("conversations", "side_conversations", "conversation_id", 50)
    ),
    "call_transcripts": _way("calls", own=_transcripts),
    "ticket_parts": _way("tickets"),
    "ticket_contacts": _way("tickets"),
    "ticket_type_attributes": _way("ticket_types"),
    "team_admins": _way("teams"),
    "office_hours_exceptions": _way(
        "office_hours_schedules",
        own=_every("office_hours_schedules", "office_hours_exceptions", "office_hours_schedule_id"),
    ),
    "data_connector_execution_results": _way(
        "data_connectors", own=_every("data_connectors", "data_connector_execution_results", "data_connector_id", 30)
    ),
    "counts": _way("segments", "tags", own=_counts),
    "help_center_redirects": _way(
        "help_centers", own=_every("help_centers", "help_center_redirects", "help_center_id", 250)
    ),
    "newsfeed_items": _way("newsfeeds", own=_every("newsfeeds", "newsfeed_items", "newsfeed_id", 150)),
}


def least_calls(streams: Sequence[str], held: Held) -> int:
    """The fewest calls that bring these streams in one read."""
    lists = {kind for stream in streams for kind in WAYS[stream].lists}
    return sum(list_calls(kind, held) for kind in lists) + sum(WAYS[stream].own(held) for stream in streams)

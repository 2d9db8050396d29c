"""The truth: for every stream, the records it should end up with.

A record is as the API shows it. Where it does not tell whose it is, it stands in a wrapper beside its parent's
id: `{"contact_id": ..., "record": {...}}`. What a vanished parent had is left out, for nobody can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from .collection import Record
from .kinds import CORE, KINDS
from .quirks.bodies import shown
from .quirks.world_of import hides, is_ticket, refuses
from .records import (
    activities,
    activity,
    automation,
    contacts,
    conversations,
    events,
    help_center,
    merges,
    messages,
    news,
    notes,
    phone,
    reports,
    small,
    subscriptions,
    threads,
    tickets,
    workplace,
)  # fmt: skip
from .records.attributes import attributes
from .world import World

MESSAGE_STATISTICS = {
    "open": "opens", "click": "clicks", "reply": "replies", "completion": "completions",
    "goal_success": "goal_successes", "dismissal": "dismissals", "unsubscribe": "unsubscribes",
    "hard_bounce": "hard_bounces", "answer": "answers",
}  # fmt: skip
"""The name of a statistic's file, and how its stream calls it."""
Truth = Callable[[World], Iterator[Record]]
Children = Callable[[World, int], Iterable[object]]


def _plain(ws: World, kind: str) -> Iterator[Record]:
    records = ws.collection(kind)
    return (shown(ws, kind, records.body(number)) for number in list(records) if not _hidden(ws, kind, number))


def _hidden(ws: World, kind: str, number: int) -> bool:
    """Whether the token of the settings cannot see a record that is there."""
    granted = ws.settings.permissions(ws.settings.token) or frozenset()
    return kind == "conversations" and hides(ws, granted) and is_ticket(ws, number)


def _of(ws: World, kind: str, key: str, name: str, children: Children) -> Iterator[Record]:
    """Children of the living records of a kind, beside the parent's id."""
    parents = ws.collection(kind)
    for number in list(parents):
        if kind in ("companies", "conversations") and ws.vanished(kind, number):
            continue
        if _hidden(ws, kind, number) or (kind == "conversations" and refuses(ws, number)):
            continue
        for child in children(ws, number):
            yield {key: parents.id(number), name: child}


def _nested(kind: str, key: str, *path: str, name: str = "record") -> Truth:
    """What stands in the records of a kind themselves, whether or not these have vanished since."""

    def found(ws: World) -> Iterator[Record]:
        for record in _plain(ws, kind):
            held: object = record
            for step in path:
                held = held.get(step) if isinstance(held, dict) else None
            for one in held if isinstance(held, list) else ():
                yield {key: record["id"], name: one}

    return found


def _children(kind: str, key: str, children: Children, name: str = "record") -> Truth:
    return partial(_of, kind=kind, key=key, name=name, children=children)


def _linked(kind: str, parent_kind: str, key: str, parent_of: Callable[[World, int], int]) -> Truth:
    """Records of a kind that can only be read by way of a parent, which each draws by its own dice."""

    def found(ws: World) -> Iterator[Record]:
        parents, records = ws.collection(parent_kind), ws.collection(kind)
        for number in list(records):
            parent = parent_of(ws, number)
            if parent < len(parents.created) and parents.alive(parent):
                yield {key: parents.id(parent), "record": records.body(number)}

    return found


def _team_admins(ws: World) -> Iterator[Record]:
    for team in _plain(ws, "teams"):
        members = team["admin_ids"]
        assert isinstance(members, list)
        yield from ({"team_id": team["id"], "admin_id": str(admin)} for admin in members)


def _transcripts(ws: World) -> Iterator[Record]:
    """Only calls that belong to a conversation: these are asked for by conversation."""
    for number in list(ws.collection("calls")):
        if phone.conversation_of(ws, number) is not None:
            yield phone.with_transcript(ws, number)


def _instances(ws: World) -> Iterator[Record]:
    records = ws.collection("custom_object_instances")
    for number in list(records):
        yield {"type_identifier": automation.type_of(ws, number), "record": records.body(number)}


_ALL: dict[str, Truth] = {
    **{kind: partial(_plain, kind=kind) for kind in (*CORE, *KINDS)},
    "segments": lambda ws: (small.counted_segment(ws, number) for number in list(ws.segments)),
    "contact_attributes": lambda ws: iter(attributes(ws, "contact", include_archived=True)),
    "company_attributes": lambda ws: iter(attributes(ws, "company", include_archived=True)),
    # Attached to a contact.
    "contact_tags": _children("contacts", "contact_id", contacts.tags),
    "contact_companies": _children("contacts", "contact_id", lambda ws, n: (
        ws.companies.body(one) for one in contacts.company_numbers(ws, n))),
    "contact_segments": _children("contacts", "contact_id", lambda ws, n: (
        ws.segments.body(one) for one in contacts.segment_numbers(ws, n))),
    "contact_subscriptions": _children("contacts", "contact_id", lambda ws, n: (
        subscriptions.subscriptions(ws, n))),
    "contact_notes": _children("contacts", "contact_id", lambda ws, n: notes.notes(ws, "contacts", n)),
    "contact_events": _children("contacts", "intercom_user_id", events.events),
    "contact_event_summaries": _children("contacts", "intercom_user_id", events.summaries),
    "contact_merge_history": _children("contacts", "contact_id", merges.history),
    "contact_activities": lambda ws: (activities.shown(event) for event in ws.activities.events()),
    # Attached to a company.
    "company_segments": _nested("companies", "company_id", "segments", "segments", name="segment"),
    "company_contacts": _children("companies", "company_id", lambda ws, n: (
        ws.contacts.body(one) for one in ws.membership.of_company(n))),
    "company_notes": _children("companies", "company_id", lambda ws, n: notes.notes(ws, "companies", n)),
    "company_tags": _nested("companies", "company_id", "tags", "tags"),
    # Attached to a conversation, a ticket, a team.
    "conversation_parts": _children("conversations", "conversation_id", conversations.parts, name="part"),
    "conversation_attachments": _children("conversations", "conversation_id", conversations.attachments),
    "conversation_contacts": _nested("conversations", "conversation_id", "contacts", "contacts"),
    "conversation_tags": _nested("conversations", "conversation_id", "tags", "tags"),
    "conversation_teammates": _nested("conversations", "conversation_id", "teammates", "admins"),
    "conversation_linked_objects": _nested("conversations", "conversation_id", "linked_objects", "data"),
    "conversation_handling_events": _children("conversations", "conversation_id", threads.handling_events),
    "side_conversations": _children("conversations", "conversation_id", threads.side_conversations),
    "conversations_deleted": lambda ws: iter(threads.deleted(ws)),
    "ticket_parts": _nested("tickets", "ticket_id", "ticket_parts", "ticket_parts"),
    "ticket_contacts": _nested("tickets", "ticket_id", "contacts", "contacts"),
    "ticket_types": lambda ws: iter(tickets.types(ws)),
    "ticket_states": lambda ws: iter(tickets.states(ws)),
    "ticket_type_attributes": lambda ws: (one for kind in tickets.types(ws) for one in tickets.attributes_of(kind)),
    "team_admins": _team_admins,
    "call_transcripts": _transcripts,
    # Reached by way of a parent.
    "office_hours_exceptions": _linked("office_hours_exceptions", "office_hours_schedules", "office_hours_schedule_id",
                                       workplace.schedule_of),
    "data_connector_execution_results": _linked("data_connector_execution_results", "data_connectors",
                                                "data_connector_id", automation.connector_of),
    "help_center_redirects": _linked("help_center_redirects", "help_centers", "help_center_id", help_center.center_of),
    "newsfeed_items": _children("newsfeeds", "newsfeed_id", lambda ws, n: (
        ws.collection("news_items").body(one) for one in news.live_numbers(ws, n))),
    "article_statistics": _children("articles", "article_id", lambda ws, n: (
        [counted] if (counted := help_center.statistics(ws, n)) else [])),
    "article_versions": _children("articles", "article_id", help_center.versions),
    "team_metrics": _children("teams", "team_id", small.team_metrics),
    "custom_object_instances": _instances,
    # Told by the files of the content export.
    **{f"message_{many}": partial(messages.statistic, kind=one) for one, many in MESSAGE_STATISTICS.items()},
    "message_other_statistics": messages.reactions,
    # Told by the files of the reporting export, under the full names of the attributes.
    **{f"report_{name}": partial(reports.report, name=name) for name in reports.DATASETS},
    # The API answers with bare names.
    "activity_log_event_types": lambda _ws: ({"name": name} for name in activity.EVENT_TYPES),
}  # fmt: skip
TRUTHS = tuple(_ALL)


def truth(ws: World, kind: str) -> Iterator[Record]:
    """Every record of a kind, just as the API would show it."""
    return _ALL[kind](ws)

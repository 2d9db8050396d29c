"""What records hold: the types of their fields, and what stands in their lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from source_intercom.shapes.coercion import Record
from source_intercom.streams import IntercomStream
from source_intercom.streams.contacts import Contacts
from source_intercom.streams.conversations import Calls, Conversations
from source_intercom.streams.tickets import Tickets
from tools.contract.belief import Answer, Belief, not_seen, told
from tools.contract.lists import list_of
from tools.contract.searches import CONTACTS, CONVERSATIONS, TICKETS, nested, newest
from tools.contract.workspace import Refused, Workspace

_SEARCHED = ((Contacts, CONTACTS), (Conversations, CONVERSATIONS), (Tickets, TICKETS))
_TIMES = ("waiting_since", "snoozed_until")
_MILLISECONDS = 100_000_000_000
# The lists inside a record, and where their items stand.
_NESTED: tuple[tuple[type[IntercomStream], str, tuple[str, ...]], ...] = (
    (Contacts, "tags", ("data",)),
    (Contacts, "companies", ("data",)),
    (Contacts, "notes", ("data",)),
    (Conversations, "tags", ("tags",)),
    (Conversations, "contacts", ("contacts",)),
    (Conversations, "teammates", ("admins",)),
    (Conversations, "linked_objects", ("data",)),
    (Tickets, "contacts", ("contacts",)),
    (Tickets, "ticket_parts", ("ticket_parts",)),
)


def _samples(ws: Workspace) -> Iterator[tuple[type[IntercomStream], list[Record]]]:
    """Records of the searched collections that this token may read. Raises ``Refused`` when those are none."""
    refusals = []
    for stream, kind in _SEARCHED:
        try:
            yield stream, newest(ws, kind).records
        except Refused as refusal:
            refusals.append(refusal)
    if len(refusals) == len(_SEARCHED):
        raise refusals[0]


def _schema(stream: type[IntercomStream]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = stream().get_json_schema()["properties"]
    return fields


def _single_type(declared: Mapping[str, Any]) -> str | None:
    kinds = [kind for kind in declared.get("type", ()) if kind != "null"]
    return kinds[0] if len(kinds) == 1 else None


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name in _TIMES


def _is_seconds(value: object) -> bool:
    return type(value) is int and abs(value) < _MILLISECONDS


def _is_declared_time(value: object, _: str) -> bool:
    return _is_seconds(value)


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _is_declared_id(value: object, kind: str) -> bool:
    return isinstance(value, str) if kind == "string" else type(value) is int


def _offenders(
    stream: type[IntercomStream], records: list[Record], concerns: Callable[[str, str | None], bool],
    fits: Callable[[object, str], bool],
) -> set[str]:  # fmt: skip
    """Names of the fields of which a record holds a value that does not fit."""
    fields = _schema(stream)
    found = set()
    for name, declared in fields.items():
        kind = _single_type(declared)
        if kind and concerns(name, kind):
            values = [record[name] for record in records if record.get(name) is not None]
            if any(not fits(value, kind) for value in values):
                found.add(f"{stream().name}.{name}")
    return found


def _everywhere(ws: Workspace, faults: Callable[[type[IntercomStream], list[Record]], set[str]]) -> Answer:
    found: set[str] = set()
    seen = 0
    for stream, records in _samples(ws):
        seen += len(records)
        found |= faults(stream, records)
    if not seen:
        return not_seen("there are no records")
    return told(not found, unless=", ".join(sorted(found)))


def _times(ws: Workspace) -> Answer:
    def faults(stream: type[IntercomStream], records: list[Record]) -> set[str]:
        return _offenders(stream, records, lambda name, kind: kind == "integer" and _is_time(name), _is_declared_time)

    return _everywhere(ws, faults)


def _call_times(ws: Workspace) -> Answer:
    calls = list_of(ws, Calls).objects
    if not calls:
        return not_seen("there are no calls")
    found = {
        name
        for call in calls
        for name, value in call.items()
        if _is_time(name) and value is not None and not _is_seconds(value)
    }
    return told(not found, unless=", ".join(sorted(found)))


def _ids(ws: Workspace) -> Answer:
    def faults(stream: type[IntercomStream], records: list[Record]) -> set[str]:
        return _offenders(
            stream, records, lambda name, kind: _is_id(name) and kind in ("string", "integer"), _is_declared_id
        )

    return _everywhere(ws, faults)


def _fields(ws: Workspace) -> Answer:
    def faults(stream: type[IntercomStream], records: list[Record]) -> set[str]:
        known = _schema(stream).keys()
        return {f"{stream().name}.{name}" for record in records for name in record.keys() - known}

    return _everywhere(ws, faults)


def _items(ws: Workspace) -> Answer:
    def faults(stream: type[IntercomStream], records: list[Record]) -> set[str]:
        return {
            f"{stream().name}.{holder}"
            for kind, holder, keys in _NESTED
            if kind is stream
            for record in records
            for item in nested(record, holder, *keys)
            if not isinstance(item, dict) or item.get("id") is None
        }

    return _everywhere(ws, faults)


BELIEFS = (
    Belief("record-times", "Are times whole Unix seconds, where the schema says so?", "yes",
           "They are delivered as they are.",
           "Text, fractions and milliseconds become whole seconds, and nothing is dropped for its time.",
           "record-times", _times),
    Belief("record-call-times", "Are the times of calls numbers?", "either",
           "They are delivered as they are.", "They become whole seconds.", "record-calls-times", _call_times),
    Belief("record-ids", "Do ids come in the type that the schema declares?", "either",
           "They are delivered as they are.", "They become the declared type.", "record-ids", _ids),
    Belief("record-fields", "Does the schema know every field of contacts, conversations and tickets?", "either",
           "Nothing.", "They are delivered too; please report their names.", "record-extra-keys", _fields),
    Belief("record-items", "Is each item of a list inside a record an object with an id?", "yes",
           "Each becomes a row.", "What is no object is left out and counted.", "record-odd-items", _items),
)  # fmt: skip

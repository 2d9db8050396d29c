"""Quirks of what stands in a body: other types, odd items, text that strict JSON refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zlib import crc32

import orjson

from ..collection import Record
from ..router import Reply
from ..times import iso
from ..world import World
from .visit import Go, Visit, closed, list_of, opened

LONG_AGO = 100_000_000
"""Whole numbers under `_at` that are smaller are no times."""
TIMES = frozenset({"waiting_since", "snoozed_until", "timestamp"})
"""Keys of times that do not end in `_at`."""
FREE = frozenset({"custom_attributes", "ticket_attributes", "metadata", "pages", "bodies"})
"""What customers fill themselves: a number there is a number."""
NESTED = (("tags", "tags"), ("contacts", "contacts"), ("teammates", "admins"), ("linked_objects", "data"),
          ("conversation_parts", "conversation_parts"), ("ticket_parts", "ticket_parts"))  # fmt: skip
ODD = {
    # how each stands on the wire
    "surrogate": b'"half of \\ud83d a pair"',
    "nan": b"NaN",
    "huge": b"1e400",
    "latin": b'"caf\xe9"',
    "digits": b"12345678901234567890123",
    "bom": b'"behind a mark"',
    "nesting": b"[" * 1_100 + b"]" * 1_100,
}
READ: dict[str, object] = {
    # and what a reader makes of it who loses nothing that JSON can hold
    "surrogate": "half of \ufffd a pair", "nan": None, "huge": None, "latin": "caf\ufffd",
    "digits": 12_345_678_901_234_567_890_123, "bom": "behind a mark",
}  # fmt: skip
HOLDERS = {"contact": "custom_attributes", "conversation": "custom_attributes", "ticket": "ticket_attributes"}
"""Where odd JSON is put, by type of record."""
COMPANIES = frozenset({"GET /companies/scroll", "POST /companies/list", "GET /companies/{id}"})
ODD_KEY = "odd"


def _records(body: Record) -> Iterator[Record]:
    """The records of an answer: those of its list, or the one that it is."""
    found = list_of(body)
    if "id" in body or found is None:
        yield body
    else:
        yield from (one for one in found[1] if isinstance(one, dict))


def _chance(text: str) -> int:
    return crc32(text.encode())


def _chance_of(name: str) -> int:
    """By the end of an id, the record's number: its beginning, when the record was made, differs in each run."""
    return _chance(name[-6:])


def avatar_text(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply)
    if body is None:
        return reply
    changed = False
    for record in _records(body):
        avatar = record.get("avatar")
        if record.get("type") == "contact" and isinstance(avatar, dict):
            record["avatar"] = avatar["image_url"]
            changed = True
    return closed(reply, body) if changed else reply


def with_open_metadata(record: Record) -> Record:
    """An activity log whose `before` and `after` are objects, where they stand beside what was changed."""
    metadata = record.get("metadata")
    if not isinstance(metadata, dict) or "message" not in metadata:
        return record
    opened_up = {name: {"state": metadata[name], "by": "admin"} for name in ("before", "after")}
    return {**record, "metadata": {**metadata, **opened_up}}


def open_metadata(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if "/admins/activity_logs" in visit.endpoint else None
    if body is None or not isinstance(body.get("activity_logs"), list):
        return reply
    logs = body["activity_logs"]
    assert isinstance(logs, list)
    return closed(reply, {**body, "activity_logs": [with_open_metadata(log) for log in logs]})


def odd_times(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply)
    return reply if body is None else closed(reply, _odd_times(body))


def _odd_times(value: Record) -> Record:
    return {key: _odd_value(key, one) for key, one in value.items()}


def _odd_value(key: str, value: object) -> object:
    if key in FREE:
        return value
    if isinstance(value, dict):
        return _odd_times(value)
    if isinstance(value, list):
        return [_odd_times(one) if isinstance(one, dict) else one for one in value]
    if isinstance(value, int) and value > LONG_AGO and (key.endswith("_at") or key in TIMES):
        # Each way means the same second to whoever cuts off, or rounds, what is smaller than a second.
        text, exact = iso(value), iso(value, milliseconds=True)
        ways: tuple[object, ...] = (value, text, exact, value + 0.25, value * 1_000 + 123, str(value))
        return ways[_chance(f"{key} {value}") % len(ways)]
    return value


def oddity(ws: World, name: str) -> str | None:
    """Which odd JSON the record of an id holds, if any: one record in four does."""
    value = ws.settings.quirk("odd-json")
    if value is None or _chance_of(name) % 4:
        return None
    kinds: Sequence[str] = [value] if value else [kind for kind in ODD if kind != "nesting"]
    return kinds[_chance_of(name) // 4 % len(kinds)]


def odd_json(visit: Visit, go: Go) -> Reply:
    """Put in as a word, and exchanged once the body is bytes: no encoder writes what is wanted here."""
    reply = go(visit.call)
    body = opened(reply)
    if body is None:
        return reply
    kinds: set[str] = set()
    for record in _records(body):
        holder = record.get(HOLDERS.get(str(record.get("type")), ""))
        kind = oddity(visit.call.ws, str(record.get("id")))
        if kind is not None and isinstance(holder, dict):
            holder[ODD_KEY] = f"@@odd {kind}@@"
            kinds.add(kind)
    raw = orjson.dumps(body)
    for kind in kinds:
        raw = raw.replace(f'"@@odd {kind}@@"'.encode(), ODD[kind])
    return replace(reply, body=b"\xef\xbb\xbf" + raw if "bom" in kinds else raw) if kinds else reply


def odd_nested_items(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply)
    if body is None:
        return reply
    ways = [visit.value] if visit.value else ["null", "text", "no-id"]
    if "no-id" in ways and visit.endpoint in ("GET /tags", "GET /segments"):
        found = list_of(body)
        assert found is not None
        body[found[0]] = [*found[1], {"type": "tag", "name": "without id"}]
    items = [item for way, item in (("null", None), ("text", "text")) if way in ways]
    for record in _records(body) if items else ():
        chance = _chance_of(str(record.get("id")))
        for holder, key in NESTED if chance % 3 == 0 else ():
            held = record.get(holder)
            if isinstance(held, dict) and isinstance(held.get(key), list):
                held[key].append(items[chance // 3 % len(items)])
    return closed(reply, body)


def company_segments(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.endpoint in COMPANIES else None
    if body is None:
        return reply
    for record in _records(body):
        _mangle(record, visit.value or "cut")
    return closed(reply, body)


def _mangle(company: Record, way: str) -> None:
    """Show the segments of a company otherwise than they are."""
    held = company.pop("segments")
    if way == "absent":
        return
    assert isinstance(held, dict) and isinstance(held["segments"], list)
    items = held["segments"]
    if way == "thin":
        items = [{"type": one["type"], "id": one["id"]} for one in items]
    elif way == "stale":
        items = [] if _chance_of(str(company["id"])) % 2 == 0 else items
    elif len(items) > 1:
        told = {"has_more": True, "total_count": len(items)} if way == "cut" else {}
        held, items = held | told, items[:1]
    company["segments"] = held | {"segments": items}


def company_notes(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.endpoint in COMPANIES else None
    if body is None:
        return reply
    for record in _records(body):
        held = record.get("notes")
        if visit.value == "zero" and isinstance(held, dict):
            held.update(data=[], total_count=0, has_more=False)
        else:
            record.pop("notes", None)
    return closed(reply, body)


def other_region(visit: Visit, go: Go) -> Reply:
    reply = go(visit.call)
    body = opened(reply) if visit.endpoint == "GET /me" else None
    app = body.get("app") if body else None
    if body is None or not isinstance(app, dict):
        return reply
    app["region"] = visit.value or "EU"
    return closed(reply, body)


def shown(ws: World, kind: str, record: Record) -> Record:
    """A record as the connector should end up with it, when quirks of its body are on."""
    settings = ws.settings
    if kind == "activity_logs" and settings.quirk("open-metadata") is not None:
        return with_open_metadata(record)
    holder = {"contacts": "contact", "conversations": "conversation", "tickets": "ticket"}.get(kind)
    if holder is not None:
        odd = oddity(ws, str(record["id"]))
        if odd is not None and odd in READ:
            held = record[HOLDERS[holder]]
            assert isinstance(held, dict)
            return {**record, HOLDERS[holder]: {**held, ODD_KEY: READ[odd]}}
    return record

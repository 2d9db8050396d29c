"""Ids, times and avatars have one type in a warehouse, though Intercom sends some of them in several.

Seen live: the same id as a number on one row and as text on another (PostHog's source, 2026), a contact's avatar as
text where Intercom's description says object (Nango's fixtures, May 2026), and times as text, floats and milliseconds
(tap-intercom, 2020 to 2022; the description of calls allows numbers and text).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from operator import is_not
from typing import Any, NamedTuple, TypeAlias

from source_intercom.sync.moments import seconds_of

Record: TypeAlias = dict[str, Any]
# Returns the record itself where all is as declared, and a changed copy where not.
Coercion: TypeAlias = Callable[[Record], Record]
_Cast: TypeAlias = Callable[[object], object]

# A row's key for the file that it brings, which leaves beside the row: what Airbyte calls the reference of a file.
FILE = "@file"

_TIMES = ("snoozed_until", "waiting_since")
# Moments from here on are in milliseconds.
_EARLIEST, _LATEST = -100_000_000_000, 100_000_000_000


class _Plan(NamedTuple):
    """What of an object is looked at.

    ``values`` are keys, each with the type that needs no look and with how to make another one fit; ``below`` are keys
    of objects, or of lists of objects, with their own plans.
    """

    values: tuple[tuple[str, type, _Cast], ...]
    below: "tuple[tuple[str, _Plan], ...]"


def coercion(schema: Mapping[str, Any]) -> Coercion:
    """A function that gives ids, times and avatars of a record the types that the stream's schema declares.

    Only these keys are looked at, and only those with a single declared type: the plan is made once for a stream,
    because a validation of each record would cost more than reading it. Nothing is dropped: what cannot be made to
    fit stays as it is. The record that is given is never changed, as other streams may be made from it too.
    """
    plan = _plan(schema)
    return lambda record: _applied(plan, record)


def _plan(schema: Mapping[str, Any]) -> _Plan:
    values: list[tuple[str, type, _Cast]] = []
    below: list[tuple[str, _Plan]] = []
    for key, declared in schema.get("properties", {}).items():
        inner = declared.get("items", declared)
        kinds = [kind for kind in inner.get("type", ()) if kind != "null"]
        if key == "id" or key.endswith(("_id", "_ids")):
            if kinds in (["string"], ["integer"]):
                values.append((key, str, _as_text) if kinds == ["string"] else (key, int, _as_integer))
        elif key.endswith("_at") or key in _TIMES:
            if kinds == ["integer"]:
                values.append((key, int, _as_seconds))
            elif kinds == ["string"] and inner.get("format") == "date-time":
                values.append((key, str, _as_iso))
        elif key == "avatar" and kinds == ["object"]:
            values.append((key, dict, _as_avatar))
        else:
            inside = _plan(inner)
            if inside.values or inside.below:
                below.append((key, inside))
    return _Plan(tuple(values), tuple(below))


def _applied(plan: _Plan, record: Record) -> Record:
    # Each record of a sync passes here with dozens of keys: what needs nothing done costs no call.
    changed: Record | None = None
    values, below = plan
    for key, fits, cast in values:
        value = record.get(key)
        if value is None:
            continue
        kind: type = type(value)
        if kind is fits and (fits is not int or _EARLIEST < value < _LATEST):
            continue
        made = _made(cast, value)
        if made is not value:
            changed = changed or dict(record)
            changed[key] = made
    for key, inside in below:
        value = record.get(key)
        if not value:
            continue
        made = _applied(inside, value) if type(value) is dict else _applied_to_each(inside, value)
        if made is not value:
            changed = changed or dict(record)
            changed[key] = made
    return changed or record


def _applied_to_each(plan: _Plan, value: object) -> object:
    if not isinstance(value, list):
        return value
    for item in value:
        if type(item) is dict and _applied(plan, item) is not item:
            break
    else:
        return value
    return [_applied(plan, item) if type(item) is dict else item for item in value]


def _made(cast: _Cast, value: object) -> object:
    if not isinstance(value, list):
        return cast(value)
    made = [cast(item) for item in value]
    return made if any(map(is_not, made, value)) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_integer(value: object) -> object:
    # Text that is no number stays as it is: a strange id in the warehouse beats a record that is lost.
    try:
        return int(value) if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() else value
    except ValueError:
        return value


def _as_seconds(value: object) -> object:
    if type(value) is int and _EARLIEST < value < _LATEST:
        return value
    moment = seconds_of(value)
    return value if moment is None else moment


def _as_iso(value: object) -> object:
    if isinstance(value, str):
        return value
    moment = seconds_of(value)
    if moment is None:
        return value
    try:
        return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return value


def _as_avatar(value: object) -> object:
    return {"type": "avatar", "image_url": value} if isinstance(value, str) else value

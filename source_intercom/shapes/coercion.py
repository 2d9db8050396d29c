"""Each field has one type in a warehouse, though Intercom sends some in several.

Seen live: the same id as a number on one row and as text on another (PostHog's source, 2026), a contact's avatar as
text where Intercom's description says object (Nango's fixtures, May 2026), and times as text, floats and milliseconds
(tap-intercom, 2020 to 2022; the description of calls allows numbers and text).
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from operator import is_not
from typing import Any, NamedTuple, TypeAlias

from source_intercom.api.bodies import written
from source_intercom.api.misfits import Misfits
from source_intercom.sync.moments import seconds_of

Record: TypeAlias = dict[str, Any]
# Returns the record itself where all is as declared, and a changed copy where not.
Coercion: TypeAlias = Callable[[Record], Record]
_Cast: TypeAlias = Callable[[object], object]

# A row's key for the file that it brings, which leaves beside the row: what Airbyte calls the reference of a file. No
# text, so that no field of Intercom's is taken for it.
FILE: Any = object()

_TIMES = ("snoozed_until", "waiting_since")
# Moments from here on are in milliseconds.
EARLIEST, LATEST = -100_000_000_000, 100_000_000_000
# From here on a float may stand for several whole numbers.
_EXACT = 2**53


class Value(NamedTuple):
    """A value that is no object: the type that it must have, and how to give it that type without a loss."""

    path: str
    kind: type
    cast: _Cast

    @property
    def is_time(self) -> bool:
        """Whether it is a moment in seconds."""
        return self.cast is _as_seconds


class Plan(NamedTuple):
    """What of an object is looked at, each with its key: plain values, times, and what has more values inside.

    ``below`` are objects with their own plans, and lists with the plan of their items; None where anything goes.
    """

    values: "tuple[tuple[str, type, Value], ...]"
    times: "tuple[tuple[str, type, Value], ...]"
    below: tuple[tuple[str, Any, Any, str], ...]


def coercion(schema: Mapping[str, Any], misfits: Misfits | None = None, *, deep: bool = False) -> Coercion:
    """A function that gives the values of a record the types that the stream's schema declares.

    Those are the fields of the record itself, which become columns, and ids and times at any depth; all other values
    inside objects only if ``deep``, which takes three times as long. Keys that the schema declares with several types
    or none are left alone.

    Nothing is lost or dropped: what cannot be made to fit stays as it is, and ``misfits`` hears of it. The plan is made
    once for a stream, because a validation of each record would cost more than reading it. The record that is given is
    never changed, as other streams may be made from it too.
    """
    plan = plan_of(schema, deep=deep)
    heard = misfits or Misfits()
    return lambda record: _applied(plan, record, heard)


def plan_of(schema: Mapping[str, Any], where: str = "", *, deep: bool) -> Plan:
    """What of an object is looked at; ``where`` is the path to it, which ends in a dot."""
    values: list[tuple[str, type, Value]] = []
    times: list[tuple[str, type, Value]] = []
    below: list[tuple[str, Any, Any, str]] = []
    for key, declared in schema.get("properties", {}).items():
        path = where + key
        kind = _kind(declared)
        is_column = deep or not where
        if kind in ("object", "array"):
            inside = _inside(key, path, declared, deep)
            if inside or is_column:
                below.append((key, dict if kind == "object" else list, inside, path))
        elif (value := _value(key, path, declared)) and (is_column or _is_id(key) or _is_time(key)):
            (times if value.is_time else values).append((key, value.kind, value))
    return Plan(tuple(values), tuple(times), tuple(below))


def _inside(key: str, path: str, declared: Mapping[str, Any], deep: bool) -> "Plan | Value | None":
    """What of an object, or of the items of a list, is looked at."""
    items = declared.get("items", {})
    if _kind(declared) == "object" or _kind(items) == "object":
        is_list = _kind(declared) == "array"
        plan = plan_of(items if is_list else declared, f"{path}[]." if is_list else f"{path}.", deep=deep)
        return plan if deep or any(plan) else None
    return _value(key, f"{path}[]", items) if deep or _is_id(key) or _is_time(key) else None


def _is_id(key: str) -> bool:
    return key == "id" or key.endswith(("_id", "_ids"))


def _is_time(key: str) -> bool:
    return key.endswith("_at") or key in _TIMES


def _kind(declared: Mapping[str, Any]) -> str:
    """The one type that is declared beside null; empty where there are several or none."""
    kinds = [kind for kind in declared.get("type", ()) if kind != "null"]
    return kinds[0] if len(kinds) == 1 else ""


def _value(key: str, path: str, declared: Mapping[str, Any]) -> Value | None:
    kind = _kind(declared)
    if _is_time(key):
        if kind == "integer":
            return Value(path, int, _as_seconds)
        if kind == "string" and declared.get("format") == "date-time":
            return Value(path, str, _as_iso)
    if kind == "string":
        return Value(path, str, _as_id if _is_id(key) else _as_text)
    kinds: Mapping[str, tuple[type, _Cast]] = {
        "integer": (int, _as_integer),
        "number": (float, _as_number),
        "boolean": (bool, _as_boolean),
    }
    return Value(path, *kinds[kind]) if kind in kinds else None


def _applied(plan: Plan, record: Record, misfits: Misfits) -> Record:
    # Each record of a sync passes here with dozens of keys: what needs nothing done costs no call.
    changed: Record | None = None
    get = record.get
    value: Any
    made: Any
    values, times, below = plan
    for key, kind, field in values:
        value = get(key)
        if type(value) is kind or value is None:
            continue
        made = _made(field, value, misfits)
        if made is not value:
            changed = changed or dict(record)
            changed[key] = made
    for key, _, field in times:
        value = get(key)
        if value is None or (type(value) is int and EARLIEST < value < LATEST):
            continue
        made = _made(field, value, misfits)
        if made is not value:
            changed = changed or dict(record)
            changed[key] = made
    for key, kind, inside, path in below:
        value = get(key)
        if value is None:
            continue
        if type(value) is kind:
            if not value or inside is None:
                continue
            made = _applied(inside, value, misfits) if kind is dict else _applied_to_each(inside, value, path, misfits)
        else:
            made = _applied_elsewhere(key, inside, value, path, misfits)
            if type(made) is not kind:
                misfits.add(path, value, kind)
        if made is not value:
            changed = changed or dict(record)
            changed[key] = made
    return changed or record


def _applied_to_each(inside: Any, items: list[Any], path: str, misfits: Misfits) -> list[Any]:
    if type(inside) is Value:
        kind = inside.kind
        made = [item if type(item) is kind or item is None else _made(inside, item, misfits) for item in items]
        return made if any(map(is_not, made, items)) else items
    changed: list[Any] | None = None
    for place, item in enumerate(items):
        if type(item) is dict:
            made_of_it = _applied(inside, item, misfits)
            if made_of_it is not item:
                changed = changed or list(items)
                changed[place] = made_of_it
        elif item is not None:
            misfits.add(f"{path}[]", item, dict)
    return changed or items


def _applied_elsewhere(key: str, inside: Any, value: Any, path: str, misfits: Misfits) -> Any:
    """What stands where an object or a list is declared, and is neither or the other one."""
    if type(value) is dict and type(inside) is Plan:
        return _applied(inside, value, misfits)
    if type(value) is list and inside is not None:
        return _applied_to_each(inside, value, path, misfits)
    return {"type": "avatar", "image_url": value} if key == "avatar" and type(value) is str else value


def _made(field: Value, value: object, misfits: Misfits) -> object:
    made = field.cast(value)
    if type(made) is not field.kind and not _is_such_a_number(made, field.kind):
        if isinstance(value, list):
            # One value was expected and several came: each of them gets its type all the same.
            cast = [field.cast(item) for item in value]
            made = cast if any(map(is_not, cast, value)) else value
        misfits.add(field.path, value, field.kind)
    return made


def _is_such_a_number(value: object, kind: type) -> bool:
    """Whether JSON has no two types for them: 12 is a number, and 1e25 is a whole one."""
    if kind is float:
        return type(value) is int
    return kind is int and type(value) is float and value.is_integer()


def _as_id(value: object) -> object:
    """An id as text. What names nothing, such as an object, stays: text would make it look like an id."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_text(value: object) -> object:
    if isinstance(value, str):
        return value
    made = _as_id(value)
    return made if isinstance(made, str) else written(value).decode()


def _as_integer(value: object) -> object:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    # Text that is no number stays as it is: a strange id in the warehouse beats a record that is lost.
    try:
        return int(value) if isinstance(value, str) and value.isascii() and str(int(value)) == value else value
    except ValueError:
        return value


def _as_number(value: object) -> object:
    if not isinstance(value, str):
        return value
    whole = _as_integer(value)
    if whole is not value:
        return whole
    try:
        number = float(value)
    except ValueError:
        return value
    # Only what comes out as it went in: "1.10" may be a version.
    return number if math.isfinite(number) and json.dumps(number) == value else value


def _as_boolean(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _as_seconds(value: object) -> object:
    if type(value) is int and EARLIEST < value < LATEST:
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

"""Ids, times and avatars have one type in a warehouse, though Intercom sends some of them in several.

Seen live: the same id as a number on one row and as text on another (PostHog's source, 2026), a contact's avatar as
text where Intercom's description says object (Nango's fixtures, May 2026), and times as text, floats and milliseconds
(tap-intercom, 2020 to 2022; the description of calls allows numbers and text).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, TypeAlias

from source_intercom.sync.moments import seconds_of

Record: TypeAlias = dict[str, Any]
# Returns the record itself where all is as declared, and a changed copy where not.
Coercion: TypeAlias = Callable[[Record], Record]
_Cast: TypeAlias = Callable[[Any], Any]
# Key of an object -> how to make its value fit, or the same for the object or the list of objects below it.
_Plan: TypeAlias = "dict[str, _Cast | _Plan]"

_TIMES = ("snoozed_until", "waiting_since")
_MILLISECONDS = 100_000_000_000


def coercion(schema: Mapping[str, Any]) -> Coercion:
    """A function that gives ids, times and avatars of a record the types that the stream's schema declares.

    Only these keys are looked at, and only those with a single declared type: the plan is made once for a stream,
    because a validation of each record would cost more than reading it. Nothing is dropped: what cannot be made to
    fit stays as it is. The record that is given is never changed, as other streams may be made from it too.
    """
    plan = _plan(schema)
    return lambda record: _applied(plan, record)


def _plan(schema: Mapping[str, Any]) -> _Plan:
    plan: _Plan = {}
    for key, declared in schema.get("properties", {}).items():
        inner = declared.get("items", declared)
        kinds = [kind for kind in inner.get("type", ()) if kind != "null"]
        if key == "id" or key.endswith(("_id", "_ids")):
            if kinds in (["string"], ["integer"]):
                plan[key] = _as_text if kinds == ["string"] else _as_integer
        elif key.endswith("_at") or key in _TIMES:
            if kinds == ["integer"]:
                plan[key] = _as_seconds
            elif kinds == ["string"] and inner.get("format") == "date-time":
                plan[key] = _as_iso
        elif key == "avatar" and kinds == ["object"]:
            plan[key] = _as_avatar
        elif below := _plan(inner):
            plan[key] = below
    return plan


def _applied(plan: _Plan, record: Record) -> Record:
    changed: Record | None = None
    for key, wanted in plan.items():
        value = record.get(key)
        if value is None:
            continue
        made = _below(wanted, value) if isinstance(wanted, dict) else _made(wanted, value)
        if made is not value:
            if changed is None:
                changed = dict(record)
            changed[key] = made
    return record if changed is None else changed


def _below(plan: _Plan, value: Any) -> Any:
    if isinstance(value, dict):
        return _applied(plan, value)
    if not isinstance(value, list):
        return value
    made = [_applied(plan, item) if isinstance(item, dict) else item for item in value]
    return made if any(new is not old for new, old in zip(made, value, strict=True)) else value


def _made(cast: _Cast, value: Any) -> Any:
    if not isinstance(value, list):
        return cast(value)
    made = [cast(item) for item in value]
    return made if any(new is not old for new, old in zip(made, value, strict=True)) else value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_integer(value: Any) -> Any:
    # Text that is no number stays as it is: a strange id in the warehouse beats a record that is lost.
    try:
        return int(value) if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() else value
    except ValueError:
        return value


def _as_seconds(value: Any) -> Any:
    if type(value) is int and -_MILLISECONDS < value < _MILLISECONDS:
        return value
    moment = seconds_of(value)
    return value if moment is None else moment


def _as_iso(value: Any) -> Any:
    if isinstance(value, str):
        return value
    moment = seconds_of(value)
    if moment is None:
        return value
    try:
        return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return value


def _as_avatar(value: Any) -> Any:
    return {"type": "avatar", "image_url": value} if isinstance(value, str) else value

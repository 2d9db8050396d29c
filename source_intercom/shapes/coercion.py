"""Ids have one type in a warehouse, though Intercom sends some as numbers here and as text there (notes §6)."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Coercion: TypeAlias = Callable[[Record], None]
# Key of an object -> a type to give the value, or the same for the object or the list of objects below it.
_Plan: TypeAlias = "dict[str, type[str] | type[int] | _Plan]"


def id_coercion(schema: Mapping[str, Any]) -> Coercion:
    """A function that gives every id of a record the type that the stream's schema declares, in place.

    Only keys named ``id``, ``*_id`` and ``*_ids`` are looked at, and only those with a single type: the plan is
    made once for a stream, because a validation of each record would cost more than reading it.
    """
    plan = _plan(schema)

    def coerce(record: Record) -> None:
        _apply(plan, record)

    return coerce


def _plan(schema: Mapping[str, Any]) -> _Plan:
    plan: _Plan = {}
    for key, declared in schema.get("properties", {}).items():
        inner = declared.get("items", declared)
        if key == "id" or key.endswith(("_id", "_ids")):
            wanted = [kind for kind in inner.get("type", ()) if kind != "null"]
            if wanted == ["string"]:
                plan[key] = str
            elif wanted == ["integer"]:
                plan[key] = int
        elif below := _plan(inner):
            plan[key] = below
    return plan


def _apply(plan: _Plan, record: Record) -> None:
    for key, wanted in plan.items():
        value = record.get(key)
        if value is None:
            continue
        if isinstance(wanted, dict):
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict):
                    _apply(wanted, item)
        elif isinstance(value, list):
            record[key] = [_cast(item, wanted) for item in value]
        elif type(value) is not wanted:
            record[key] = _cast(value, wanted)


def _cast(value: Any, wanted: type[str] | type[int]) -> Any:
    if wanted is str:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    # Text that is no number stays as it is: a strange id in the warehouse beats a record that is lost.
    try:
        return int(value) if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() else value
    except ValueError:
        return value

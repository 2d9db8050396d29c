"""Does a record match? The slow way, for what the time spans cannot settle."""

from __future__ import annotations

from collections.abc import Callable

from .fields import Type
from .grammar import Filter, Group, Node
from .spans import filter_spans

Lookup = Callable[[str], object]


def matches(node: Node, lookup: Lookup, zone: str | None, inclusive: bool) -> bool:
    """Whether a record whose fields `lookup` tells matches the query."""
    if isinstance(node, Group):
        results = (matches(member, lookup, zone, inclusive) for member in node.members)
        return all(results) if node.operator == "AND" else any(results)
    return _filter_matches(node, lookup(node.field), zone, inclusive)


def _filter_matches(one: Filter, actual: object, zone: str | None, inclusive: bool) -> bool:
    if one.type is Type.DATE:
        return _date_matches(one, actual, zone, inclusive)
    held = actual if isinstance(actual, list) else [actual]
    if one.operator in ("!=", "NIN", "!~"):
        return not any(_holds(one, value) for value in held)
    return any(_holds(one, value) for value in held)


def _date_matches(one: Filter, actual: object, zone: str | None, inclusive: bool) -> bool:
    if not isinstance(actual, int):
        has_null = any(value is None for value in one.values)
        return has_null if one.operator in ("=", "IN") else one.operator in ("!=", "NIN") and not has_null
    return any(low <= actual <= high for low, high in filter_spans(one, zone, inclusive))


def _holds(one: Filter, actual: object) -> bool:
    """The positive sense of an operator: for `!=` whether it is equal, for `!~` whether it contains."""
    if one.operator in ("=", "!=", "IN", "NIN"):
        return any(_equal(actual, value) for value in one.values)
    wanted = one.values[0]
    if actual is None or wanted is None:
        return False
    if one.operator in ("~", "!~", "^", "$"):
        text, part = str(actual).lower(), str(wanted).lower()
        return {"^": text.startswith, "$": text.endswith}.get(one.operator, text.__contains__)(part)
    if isinstance(actual, int | float) and isinstance(wanted, int | float):
        return {">": actual > wanted, "<": actual < wanted, ">=": actual >= wanted, "<=": actual <= wanted}[
            one.operator
        ]
    return False


def _equal(actual: object, wanted: object) -> bool:
    if isinstance(actual, str) and isinstance(wanted, str):
        return actual.lower() == wanted.lower()
    # True is not 1 here, though Python thinks so.
    return actual == wanted and isinstance(actual, bool) == isinstance(wanted, bool)

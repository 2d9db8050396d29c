"""Which seconds a query can match: sorted, disjoint, closed spans of whole seconds.

The spans of a query over one time field hold every record that matches. When nothing else is asked for they
hold only those, and the search needs no look at any record.
"""

from __future__ import annotations

from ..zones import day_bounds
from .grammar import Filter, Group, Node

LOW, HIGH = -(1 << 40), 1 << 40
EVERYTHING = [(LOW, HIGH)]
MILLISECONDS = 100_000_000_000
"""From here on a value is taken for milliseconds, which match nothing, silently."""

Spans = list[tuple[int, int]]


def filter_spans(one: Filter, zone: str | None, inclusive: bool) -> Spans:
    """Seconds that a condition on a time field matches; `zone` is given where whole days are matched."""
    stamps: list[int] = []
    for value in one.values:
        if value is None:
            continue
        second = int(value)
        if abs(second) >= MILLISECONDS:
            return []
        stamps.append(second)
    if one.operator in ("!=", "NIN"):
        return _without(stamps)
    if not stamps:
        return []
    if one.operator == "IN":
        return union([[(stamp, stamp)] for stamp in stamps])
    second = stamps[0]
    if zone is not None:
        start, following = day_bounds(second, zone)
        return {
            "=": [(start, following - 1)],
            ">": [(following, HIGH)],
            "<": [(LOW, start - 1)],
            ">=": [(start, HIGH)],
            "<=": [(LOW, following - 1)],
        }[one.operator]
    edge = 0 if inclusive else 1
    return {
        "=": [(second, second)],
        ">": [(second + edge, HIGH)],
        "<": [(LOW, second - edge)],
        ">=": [(second, HIGH)],
        "<=": [(LOW, second)],
    }[one.operator]


def query_spans(node: Node, field: str, zone: str | None, inclusive: bool) -> tuple[Spans, bool]:
    """The spans of a query over `field`, and whether they say all there is to say."""
    if isinstance(node, Group):
        parts = [query_spans(member, field, zone, inclusive) for member in node.members]
        exact = all(part_exact for _, part_exact in parts)
        spans = [part for part, _ in parts]
        return (intersection(spans) if node.operator == "AND" else union(spans)), exact
    if node.field == field:
        return filter_spans(node, zone, inclusive), True
    return EVERYTHING, False


def union(many: list[Spans]) -> Spans:
    found: Spans = []
    for low, high in sorted(span for spans in many for span in spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def intersection(many: list[Spans]) -> Spans:
    found = EVERYTHING
    for spans in many:
        found = [(max(a, c), min(b, d)) for a, b in found for c, d in spans if max(a, c) <= min(b, d)]
    return found


def _without(stamps: list[int]) -> Spans:
    found, low = [], LOW
    for stamp in sorted(set(stamps)):
        if low <= stamp - 1:
            found.append((low, stamp - 1))
        low = stamp + 1
    return [*found, (low, HIGH)]

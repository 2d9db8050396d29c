"""Finds the records of a query and cuts them into keyset pages.

A query that only bounds the time it is sorted by is answered from the sorted index by bisection. Any other
is answered by looking at the records inside its widest time span, once: the sorted result is kept for the
pages that follow, until a record changes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..collection import NUMBER_MASK, Collection, key_of
from ..world import World
from .cursor import Cursor
from .fields import Grammar
from .grammar import Filter, Group, Node
from .match import matches
from .spans import EVERYTHING, LOW, Spans, intersection, query_spans

Keep = Callable[[int], bool]
KEPT_RESULTS = 64
LAST_SECOND = (1 << 31) - 1


@dataclass(frozen=True)
class Order:
    """How results are sorted. `explicit`: the caller asked for it."""

    field: str
    descending: bool
    explicit: bool


@dataclass(frozen=True)
class Result:
    """One page: how many match in all, which records it holds, and where the next one begins."""

    total: int
    numbers: list[int]
    next: Cursor | None


class Found:
    """Matching records as slices of a sorted array of keys."""

    def __init__(self, keys: array[int], ranges: list[tuple[int, int]]) -> None:
        self.keys = keys
        self.ranges = ranges

    def __len__(self) -> int:
        return sum(end - start for start, end in self.ranges)

    def walk(self, after: int | None, descending: bool) -> Iterator[int]:
        """Keys in order, those beyond `after` only."""
        if descending:
            limit = len(self.keys) if after is None else bisect_left(self.keys, after)
            for start, end in reversed(self.ranges):
                yield from (self.keys[at] for at in range(min(end, limit) - 1, start - 1, -1))
        else:
            first = 0 if after is None else bisect_right(self.keys, after)
            for start, end in self.ranges:
                yield from (self.keys[at] for at in range(max(start, first), end))


class Engine:
    """Search over one workspace."""

    def __init__(self, ws: World) -> None:
        self._ws = ws
        self._kept: OrderedDict[tuple[object, ...], Found] = OrderedDict()

    def page(self, grammar: Grammar, node: Node, order: Order, per_page: int, after: Cursor | None,
             keep: Keep | None = None) -> Result:  # fmt: skip
        """One page of the query, of the records that `keep` accepts.

        Raises ValueError when the cursor stands on no record of this collection.
        """
        records = grammar.collection(self._ws)
        found = self._find(grammar, records, node, order, keep)
        walk = found.walk(None if after is None else self._key_after(records, order, after), order.descending)
        numbers: list[int] = []
        more = False
        for key in walk:
            if len(numbers) == per_page:
                more = True
                break
            numbers.append(key & NUMBER_MASK)
        if not more:
            return Result(len(found), numbers, None)
        last, page = numbers[-1], after.page if after else 1
        second = None if order.field == "id" else self._column(records, order.field)[last]
        return Result(len(found), numbers, Cursor(second, records.id(last), page + 1, order.explicit))

    def _find(self, grammar: Grammar, records: Collection, node: Node, order: Order, keep: Keep | None) -> Found:
        settings = self._ws.settings
        zone = grammar.zone(settings)
        spans = {
            field: query_spans(node, field, zone, settings.inclusive_bounds) for field in ("updated_at", "created_at")
        }
        by_updated = order.field == "updated_at"
        sort_spans, exact = spans["updated_at" if by_updated else "created_at"]
        visible = self._visible()
        if exact and by_updated and keep is None:
            return Found(records.by_updated, ranges(records.by_updated, intersection([sort_spans, visible])))
        if exact and visible == EVERYTHING and keep is None:
            return Found(records.by_created, ranges(records.by_created, sort_spans))
        memo = (grammar.kind, node, order.field, self._ws.revision, zone, settings.inclusive_bounds,
                keep is None)  # fmt: skip
        known = self._kept.get(memo) if visible == EVERYTHING else None
        if known is None:
            known = self._scan(grammar, records, node, order, spans, visible, keep)
            self._kept[memo] = known
            while len(self._kept) > KEPT_RESULTS:
                self._kept.popitem(last=False)
        return known

    def _scan(self, grammar: Grammar, records: Collection, node: Node, order: Order,
              spans: dict[str, tuple[Spans, bool]], visible: Spans, keep: Keep | None) -> Found:  # fmt: skip
        zone = grammar.zone(self._ws.settings)
        inclusive = self._ws.settings.inclusive_bounds
        settled = any(exact for _, exact in spans.values())
        column = self._column(records, order.field)
        keys = []
        for number in self._candidates(records, node, spans):
            if keep is not None and not keep(number):
                continue
            if not all(low <= records.updated[number] <= high for low, high in visible):
                continue
            if not settled and not matches(node, grammar.lookup(self._ws, number), zone, inclusive):
                continue
            keys.append(key_of(column[number], number))
        keys.sort()
        return Found(array("Q", keys), [(0, len(keys))])

    def _candidates(self, records: Collection, node: Node, spans: dict[str, tuple[Spans, bool]]) -> Iterable[int]:
        """Numbers that may match: those of named ids, else those of the narrower time span."""
        named = named_numbers(records, node)
        if named is not None:
            return named
        updated, created = spans["updated_at"], spans["created_at"]
        found = [(records.by_updated, ranges(records.by_updated, updated[0]), updated[1]),
                 (records.by_created, ranges(records.by_created, created[0]), created[1])]  # fmt: skip
        # A span that says it all must be the one used: the others then only hold more.
        keys, slices, _ = min(found, key=lambda one: (not one[2], sum(end - start for start, end in one[1])))
        return (keys[at] & NUMBER_MASK for start, end in slices for at in range(start, end))

    def _visible(self) -> Spans:
        """Which times of change the search index has caught up with."""
        lag = self._ws.settings.index_lag_seconds
        return [(LOW, self._ws.clock() - lag)] if lag else EVERYTHING

    @staticmethod
    def _column(records: Collection, field: str) -> array[int]:
        return records.updated if field == "updated_at" else records.created

    def _key_after(self, records: Collection, order: Order, after: Cursor) -> int:
        number = records.number_of(after.id)
        if number is None or (after.second is None) != (order.field == "id"):
            raise ValueError("the cursor belongs to another search")
        return key_of(records.created[number] if after.second is None else max(0, after.second), number)


def ranges(keys: array[int], spans: Spans) -> list[tuple[int, int]]:
    """Index ranges of the keys whose time lies in the spans."""
    found = []
    for low, high in spans:
        start = bisect_left(keys, key_of(max(0, min(low, LAST_SECOND)), 0)) if low > 0 else 0
        end = bisect_left(keys, key_of(high + 1, 0)) if 0 <= high < LAST_SECOND else (len(keys) if high >= 0 else 0)
        if start < end:
            found.append((start, end))
    return found


def named_numbers(records: Collection, node: Node) -> set[int] | None:
    """The records a query names by id, or None when it does not pin them down."""
    if isinstance(node, Filter):
        if node.field != "id" or node.operator not in ("=", "IN"):
            return None
        found = (records.find(str(value)) for value in node.values if value is not None)
        return {number for number in found if number is not None}
    return _named_in_group(records, node)


def _named_in_group(records: Collection, group: Group) -> set[int] | None:
    members = [named_numbers(records, member) for member in group.members]
    known = [member for member in members if member is not None]
    if group.operator == "AND":
        return set.intersection(*known) if known else None
    return set.union(*known) if len(known) == len(members) else None

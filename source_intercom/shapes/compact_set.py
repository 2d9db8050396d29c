"""A set of millions of items that fits into memory."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable

_HASH = (1 << 64) - 1


class CompactSet:
    """A set that keeps the hash of each item, in eight bytes. Two items with the same hash count as one.

    All items are added, and then ``sort`` is called, before the set is asked for any.
    """

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(256)]

    def add(self, item: Hashable) -> None:
        number = hash(item) & _HASH
        self._buckets[number >> 56].append(number)

    def sort(self) -> None:
        """All have been added."""
        self._buckets = [array("Q", sorted(bucket)) for bucket in self._buckets]

    def __contains__(self, item: Hashable) -> bool:
        return self.count(item) > 0

    def count(self, item: Hashable) -> int:
        """How often an item was added."""
        number = hash(item) & _HASH
        bucket = self._buckets[number >> 56]
        return bisect_right(bucket, number) - bisect_left(bucket, number)

"""Sets of very many texts that fit into memory."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable

_HASH = (1 << 64) - 1


class CompactSet:
    """A set of very many names in eight bytes each. That two of them share a hash is not told apart.

    All are added before the first is asked for.
    """

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(256)]

    def add(self, name: Hashable) -> None:
        number = hash(name) & _HASH
        self._buckets[number >> 56].append(number)

    def sort(self) -> None:
        """All have been added."""
        self._buckets = [array("Q", sorted(bucket)) for bucket in self._buckets]

    def __contains__(self, name: Hashable) -> bool:
        return self.count(name) > 0

    def count(self, name: Hashable) -> int:
        """How often a name was added."""
        number = hash(name) & _HASH
        bucket = self._buckets[number >> 56]
        return bisect_right(bucket, number) - bisect_left(bucket, number)

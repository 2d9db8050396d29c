"""A collection: many records in little memory.

Kept for each record are its two times; its id and its body follow from them, the seed and its number. Numbers
run in the order of creation, and so do ids, therefore "by created_at", "by id" and "by number" are one order.
Two sorted arrays of keys `(time << 32) | number` answer every range question by bisection.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import orjson

Record = dict[str, object]
"""A JSON object of the API."""

NUMBER_BITS = 32
NUMBER_MASK = (1 << NUMBER_BITS) - 1


def key_of(second: int, number: int) -> int:
    return second << NUMBER_BITS | number


class IdScheme(Protocol):
    """How a collection names its records."""

    def make(self, created: int, number: int) -> str: ...

    def number(self, name: str) -> int: ...


@dataclass(frozen=True)
class HexIds:
    """24 hex digits that begin with the time of creation, as Intercom's contacts and companies have."""

    salt: int

    def make(self, created: int, number: int) -> str:
        return f"{created:08x}{self.salt & 0xFFFFFFFFFF:010x}{number:06x}"

    def number(self, name: str) -> int:
        return int(name[18:], 16)


@dataclass(frozen=True)
class NumberIds:
    """A running number as text; the base is wide enough that text order and number order agree."""

    base: int

    def make(self, created: int, number: int) -> str:
        return str(self.base + number)

    def number(self, name: str) -> int:
        return int(name) - self.base


@dataclass(frozen=True)
class UuidIds:
    """UUIDs, as activity logs have; they begin with the time so that they too sort by creation."""

    salt: int

    def make(self, created: int, number: int) -> str:
        salt = self.salt & 0xFFFF
        return f"{created:08x}-{salt:04x}-4{number >> 24 & 0xFFF:03x}-8{salt & 0xFFF:03x}-{number:012x}"

    def number(self, name: str) -> int:
        return int(name[24:], 16)


@dataclass
class History:
    """What happened to a record since the workspace was laid out."""

    first_updated: int
    moments: list[int] = field(default_factory=list)


class Collection:
    """All records of one kind."""

    def __init__(self, kind: str, ids: IdScheme, created: array[int], updated: array[int],
                 build: Callable[[int], Record]) -> None:  # fmt: skip
        self.kind = kind
        self.ids = ids
        self.created = created
        self.updated = updated
        self.revision = 0
        self.by_created = array("Q", (key_of(second, n) for n, second in enumerate(created)))
        self.by_updated = array("Q", sorted(key_of(second, n) for n, second in enumerate(updated)))
        self._build = build
        self._histories: dict[int, History] = {}
        self._deleted: set[int] = set()

    def __len__(self) -> int:
        return len(self.by_created)

    def __iter__(self) -> Iterator[int]:
        """Numbers of the living records, oldest first."""
        return (key & NUMBER_MASK for key in self.by_created)

    def id(self, number: int) -> str:
        return self.ids.make(self.created[number], number)

    def find(self, name: str) -> int | None:
        """The number of a living record, by its id."""
        number = self.number_of(name)
        return None if number is None or number in self._deleted else number

    def number_of(self, name: str) -> int | None:
        """The number of an id, also of a deleted record: a cursor may stand on one."""
        try:
            number = self.ids.number(name)
        except ValueError:
            return None
        return number if 0 <= number < len(self.created) and self.id(number) == name else None

    def alive(self, number: int) -> bool:
        return number not in self._deleted

    def living(self, numbers: list[int]) -> list[int]:
        return [number for number in numbers if number not in self._deleted] if self._deleted else numbers

    def version(self, number: int) -> int:
        """How often the record has changed since the workspace was laid out."""
        history = self._histories.get(number)
        return len(history.moments) if history else 0

    def history(self, number: int) -> History:
        return self._histories.get(number) or History(self.updated[number])

    def body(self, number: int) -> Record:
        return self._build(number)

    def fragments(self, numbers: Iterable[int]) -> list[orjson.Fragment]:
        """Records as JSON, ready to stand in an answer.

        Nothing is remembered: building a record costs about 20 microseconds, and a cache that is of use on a
        large workspace costs more memory than the workspace.
        """
        return [orjson.Fragment(orjson.dumps(self._build(number))) for number in numbers]

    def update(self, number: int, second: int) -> None:
        """Touch a record: its time of change moves to `second`, and its body with it."""
        history = self._histories.setdefault(number, History(self.updated[number]))
        self._drop_key(self.by_updated, key_of(self.updated[number], number))
        second = max(second, self.updated[number])
        history.moments.append(second)
        self.updated[number] = second
        insort(self.by_updated, key_of(second, number))
        self.revision += 1

    def changed_quietly(self) -> None:
        """A record shows something else now, and its time of change has not moved."""
        self.revision += 1

    def create(self, second: int) -> int:
        number = len(self.created)
        # Never before its elder: ids and creation times share one order.
        second = max(second, self.created[-1]) if number else second
        self.created.append(second)
        self.updated.append(second)
        self.by_created.append(key_of(second, number))
        insort(self.by_updated, key_of(second, number))
        self.revision += 1
        return number

    def delete(self, number: int) -> None:
        self._deleted.add(number)
        self._drop_key(self.by_created, key_of(self.created[number], number))
        self._drop_key(self.by_updated, key_of(self.updated[number], number))
        self.revision += 1

    @staticmethod
    def _drop_key(keys: array[int], key: int) -> None:
        del keys[bisect_left(keys, key)]

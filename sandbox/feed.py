"""One event of the feed of what happened to contacts."""

from __future__ import annotations

from typing import NamedTuple


class Event(NamedTuple):
    """Events sort by their moment, in milliseconds of Unix time, and then by a number of their own.

    ``contact``, ``source`` and ``target`` are ids; only merges have the last two.
    """

    moment: int
    number: int
    kind: str
    contact: str
    role: str | None
    source: str = ""
    target: str = ""

    @property
    def id(self) -> str:
        return f"{self.moment}.{self.number:06x}"

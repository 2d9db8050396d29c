"""What a state says has been read, in this module's own understanding of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tools.simulation.facts import HOUR


@dataclass(frozen=True)
class Claim:
    """The windows of Unix seconds that a state of a stream calls read, its first second and last included.

    ``position`` is the second up to which all from the start has been read, None where the state names none.
    """

    windows: tuple[tuple[int, int], ...]
    position: int | None

    @classmethod
    def of(cls, state: Mapping[str, object], cursor: str) -> Claim:
        position = state.get(cursor)
        windows: list[tuple[int, int]] = []
        slices = state.get("slices")
        if isinstance(slices, list):
            windows = [(int(one["start"]), int(one["end"])) for one in slices]
        if isinstance(position, int):
            read_from = state.get("read_from")
            windows.append((read_from if isinstance(read_from, int) else 0, position))
        return cls(
            tuple(window for window in windows if window[0] <= window[1]),
            position if isinstance(position, int) else None,
        )

    def holds(self, moment: int) -> bool:
        """Whether all records of a second are said to have been read."""
        return any(start <= moment <= end for start, end in self.windows)

    def settled(self, overlap: int = HOUR, now: int | None = None) -> Claim:
        """What the next sync need not read again: the end of each window may have been read too early.

        ``now`` is that sync's clock, ahead of which nothing counts as read.
        """
        cut = tuple((start, (end if now is None else min(end, now)) - overlap) for start, end in self.windows)
        return Claim(tuple(window for window in cut if window[0] <= window[1]), self.position)


NOTHING = Claim((), None)

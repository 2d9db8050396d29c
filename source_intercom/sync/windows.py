"""Closed windows of whole seconds, and how a range of time is cut into them.

A planner is any function from one gap to windows that are disjoint, leave nothing out and add nothing; the
streams choose one. Which records lie in a window is decided by :meth:`Window.holds` alone, whatever was asked
of the server.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple, TypeAlias

from source_intercom.sync.moments import shown

DAY = 86_400
HOUR = 3_600
# Searches want an end where there is none; nobody's sync takes ten years.
FAR_AHEAD = 3650 * DAY
# 2100-01-01, in Unix seconds: what lies behind it is no moment that a sync has to do with.
END_OF_TIME = 4_102_444_800


class Window(NamedTuple):
    """Unix seconds ``start`` to ``end``, both included."""

    start: int
    end: int

    def holds(self, moment: int) -> bool:
        """Whether a moment lies in the window."""
        return self.start <= moment <= self.end

    @property
    def shown(self) -> str:
        """In words, for people."""
        return f"between {shown(self.start)} and {shown(self.end)}"


Planner: TypeAlias = Callable[[Window], Iterable[Window]]


def gaps(done: Iterable[Window], start: int, end: int, overlap: int) -> list[Window]:
    """What of ``[start, end]`` is to be read, given the windows that earlier syncs have read.

    The last ``overlap`` seconds of each window that was read count as unread: when they were read, Intercom's
    search index may not have known all of their records yet.
    """
    left = [Window(start, end)]
    for window in done:
        if window.end - overlap >= window.start:
            left = without(left, Window(window.start, window.end - overlap))
    return left


def overlap_of(one: Iterable[Window], other: Iterable[Window]) -> list[Window]:
    """The seconds that lie in windows of both."""
    others = sorted(other)
    shared = (Window(max(a.start, b.start), min(a.end, b.end)) for a in sorted(one) for b in others if a.start <= b.end)
    return [window for window in shared if window.start <= window.end]


def joined(windows: Iterable[Window]) -> list[Window]:
    """The same seconds in as few windows as can be, the earliest first."""
    made: list[Window] = []
    for window in sorted(windows):
        if made and window.start <= made[-1].end + 1:
            made[-1] = Window(made[-1].start, max(made[-1].end, window.end))
        else:
            made.append(window)
    return made


def without(windows: Iterable[Window], taken: Window) -> list[Window]:
    """The seconds of some windows that do not lie in another."""
    sides = (
        side
        for one in windows
        for side in (
            Window(one.start, min(one.end, taken.start - 1)),
            Window(max(one.start, taken.end + 1), one.end),
        )
    )
    return [side for side in sides if side.start <= side.end]


def whole(gap: Window) -> Iterator[Window]:
    """No cutting: for what is one list or one request however long the gap is."""
    yield gap


def in_steps(seconds: int, *, since: int) -> Planner:
    """Windows of a fixed number of seconds.

    Hardly anything is expected before ``since``, so the first window reaches from there back to the gap's start.
    """

    def plan(gap: Window) -> Iterator[Window]:
        start = gap.start
        while start <= gap.end:
            end = min(max(start, since) + seconds - 1, gap.end)
            yield Window(start, end)
            start = end + 1

    return plan


def cut(window: Window, parts: int) -> list[Window]:
    """Windows of equal length whose union is ``window``; fewer when it has fewer seconds than ``parts``."""
    seconds = window.end - window.start + 1
    edges = sorted({window.start + seconds * part // parts for part in range(parts)})
    return _between(edges, window)


def cut_at(window: Window, edges: Iterable[int]) -> list[Window]:
    """A window cut where parts must begin; edges outside it cut nothing."""
    starts = sorted({window.start, *(edge for edge in edges if window.start < edge <= window.end)})
    return _between(starts, window)


def cut_at_midnights(window: Window, parts: int, zone: tzinfo) -> list[Window]:
    """As :func:`cut`, but ending where days end in ``zone``, for searches that see whole local days.

    Windows that share a day would each read all of that day. The result is right in any zone, as the records
    are filtered by the second; a wrong zone only costs pages.
    """
    edges = {window.start, *(midnight_after(part.end, zone) for part in cut(window, parts)[:-1])}
    return _between(sorted(edge for edge in edges if edge <= window.end), window)


def stretched(parts: list[Window], outer: Window) -> list[Window]:
    """Windows that lie side by side, of which the first begins and the last ends where ``outer`` does."""
    return _between([outer.start, *(part.start for part in parts[1:])], outer)


def _between(starts: list[int], window: Window) -> list[Window]:
    ends = [start - 1 for start in starts[1:]] + [window.end]
    return [Window(start, end) for start, end in zip(starts, ends, strict=True)]


def midnight_before(moment: int, zone: tzinfo) -> int:
    """The first moment of the day of ``moment`` in ``zone``, in Unix seconds."""
    return _midnight(moment, zone, 0)


def midnight_after(moment: int, zone: tzinfo) -> int:
    """The first moment of the day that follows ``moment`` in ``zone``, in Unix seconds."""
    return _midnight(moment, zone, 1)


def _midnight(moment: int, zone: tzinfo, days: int) -> int:
    day = datetime.fromtimestamp(moment, timezone.utc).astimezone(zone).date() + timedelta(days=days)
    # Clock changes make days of 23 to 25 hours: midnight is asked of the calendar, never added up.
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())

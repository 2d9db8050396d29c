"""How far the reader of a search has come."""

from collections.abc import Sequence

from source_intercom.api.queries import Order
from source_intercom.sync.windows import Window


class Place:
    """Where a reader stands in the order that it asked for.

    ``unsettled`` are the moments whose changes the search index may not know yet. A record that shows such a time may
    stand anywhere, as the index sorts it by an older one: it says nothing about the place.

    Where a server ignores the order, nothing is concluded from it: after the first page that is out of order there is
    no place any more, and the search is read to its end. The order in which records were made looks the same for as
    long as none of them has changed (docs/intercom-api.md#conflict-sort). So where ``move`` gets the records' other
    times, the order is believed only once it is told from theirs.
    """

    def __init__(self, order: Order, window: Window, *, unsettled: Window) -> None:
        self.last_id: str | None = None
        self._ascends = order == "ascending"
        self._window = window
        self._unsettled = unsettled
        # All records before this time, in the order asked for, have been given.
        self._edge: int | None = None
        self._in_order = True
        # Whether the edge has moved since ``claim_move``.
        self._has_moved = False
        # Whether two times have differed: only then can the order be seen.
        self._has_stepped = False
        # Whether the order is none of the other time, by which the last record has this one.
        self._is_told = False
        self._last_other: int | None = None

    def move(self, moments: Sequence[int | None], others: Sequence[int | None] = ()) -> None:
        """A page with records of these times has come; ``others`` are their other times, if the order may be theirs."""
        self._tell(others)
        settled = [moment for moment in moments if moment is not None and moment < self._unsettled.start]
        line = settled if self._edge is None else [self._edge, *settled]
        if not line or not self._in_order:
            return
        if line != sorted(line, reverse=not self._ascends):
            self._in_order = False
            self._edge = None
            return
        self._has_stepped = self._has_stepped or line[0] != line[-1]
        self._has_moved = self._has_moved or self._edge != line[-1]
        self._edge = line[-1]

    def _tell(self, others: Sequence[int | None]) -> None:
        if self._is_told or not others:
            return
        known = [other for other in others if other is not None]
        line = known if self._last_other is None else [self._last_other, *known]
        # Records that do not show the time cannot tell: they are believed.
        self._is_told = len(known) < len(others) or line != sorted(line, reverse=not self._ascends)
        self._last_other = line[-1] if line else None

    def claim_move(self) -> bool:
        """Whether the edge has moved since this was last claimed."""
        has_moved, self._has_moved = self._has_moved, False
        return has_moved

    def passed(self, records: Sequence[object]) -> None:
        """These records have been given."""
        if records:
            last = records[-1]
            self.last_id = str(last.get("id")) if isinstance(last, dict) else "?"

    @property
    def is_beyond(self) -> bool:
        """Whether nothing of the window can follow."""
        edge = self._sure_edge
        if edge is None:
            return False
        return edge > self._window.end if self._ascends else edge < self._window.start

    @property
    def covered(self) -> Window | None:
        """The part of the window that has been given whole; of the second at the edge more may follow."""
        edge = self._sure_edge
        if edge is None:
            return None
        if self._ascends:
            part = Window(self._window.start, min(edge - 1, self._window.end))
        else:
            part = Window(max(edge + 1, self._window.start), self._window.end)
        return part if part.start <= part.end else None

    @property
    def _sure_edge(self) -> int | None:
        """The edge, where it holds in either order; None where nothing is sure."""
        if self._edge is None or not self._has_stepped:
            return None
        if self._is_told or self._last_other is None:
            return self._edge
        # What was made later has changed later still. But what was made long ago may have changed at any time since.
        return min(self._edge, self._last_other) if self._ascends else None

    @property
    def left(self) -> Window:
        """The part of the window that may hold more, the edge included.

        All of it while no two times have differed: if the order is ignored, what has not been given may lie before.
        """
        if self._edge is None or not self._has_stepped or not self._window.holds(self._edge):
            return self._window
        return Window(self._edge, self._window.end) if self._ascends else Window(self._window.start, self._edge)

"""The cursor of a stream over closed windows of whole seconds, moved on by windows and never by the times of records.

It is not the CDK's ``ConcurrentCursor``, which keeps its windows as dictionaries of moments, moves by what records say,
and can neither take a window back nor hold a position until the overlap before it has been read again.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record

from source_intercom.sync.reconciling import Reconciliation
from source_intercom.sync.state import DATE_RANGE, SLICES, STATE_TYPE, PageCursor, Remembered, Shortage, UnderWay
from source_intercom.sync.windows import Planner, Window, cut_at, gaps, joined, overlap_of, without

# A state must stay small, and where more windows of a stream than these come short, all do for the same reason.
_MOST_SHORTAGES = 100


class WindowCursor(Cursor):
    """What of a stream has been read, as closed windows of Unix seconds, and what is left to read.

    ``done`` are the windows that earlier syncs have read; ``ahead`` is by how many seconds the clock of whoever wrote
    the state was ahead of ours, when it called the first of them longer. ``start`` and ``end`` bound this sync.
    ``planner`` cuts the gaps between them, and is called when the stream's turn comes, off the main thread. The last
    ``overlap`` seconds of each window in ``done`` are read again, and count as unread until they have been.
    ``tells`` is what the states must tell beside their position, with ``asked_all`` once the window has been read;
    ``short_before`` are the windows that came short in the sync before. While there is a ``reconciliation``, what it
    has not read is read again.

    Shared by all workers of the stream. Everything that changes is written under one lock: the windows, what the
    states tell, and the reconciliation. The lock is held until the state has been put onto the queue, so states leave
    in the order in which they grew. ``job``, ``page_cursor`` and ``done`` are read without it: each is part of one
    value that is replaced as a whole.
    """

    def __init__(
        self,
        *,
        stream: str,
        field: str,
        done: list[Window],
        ahead: int = 0,
        start: int,
        end: int,
        overlap: int,
        planner: Callable[[], Planner],
        message_repository: MessageRepository,
        state_manager: ConnectorStateManager,
        tells: Remembered | None = None,
        short_before: Sequence[Shortage] = (),
        asked_all: int = 0,
        reconciliation: Reconciliation | None = None,
    ) -> None:
        self._stream = stream
        self._field = field
        self._done = tuple(sorted(done))
        self._bounds = Window(start, end)
        self._overlap = overlap
        self._planner = planner
        self._messages = message_repository
        self._states = state_manager
        self._tells = tells or Remembered()
        self._short_before = short_before
        self._asked_all = asked_all
        self._reconciliation = reconciliation
        under_way = self._tells.under_way
        # Up to which parent an earlier sync had asked, when it broke off.
        self.asked_before = under_way.through if under_way else None
        self._floor = self._position_of(self._done, ahead)
        trusted = (Window(max(window.start, start), window.end - overlap) for window in self._done)
        self._read = self._from_start(window for window in trusted if window.start <= window.end)
        self._lock = threading.Lock()

    def _position_of(self, done: Sequence[Window], ahead: int) -> int | None:
        """The position of the saved state, where it reaches to the start of this read."""
        start = self._bounds.start
        return done[0].end + ahead if done and done[0].start <= start <= done[0].end else None

    def _from_start(self, windows: Iterable[Window]) -> list[Window]:
        """Windows in as few as can be. The first begins at the start, without length where nothing has been read there:
        from it the position grows.
        """
        start = self._bounds.start
        read = joined(windows)
        return read if read and read[0].start <= start else [Window(start, start - 1), *read]

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The position, what stands beside it, and what has been read behind a hole."""
        first, *beyond = self._read
        if self._floor is not None and first.end < self._floor:
            # The hour before the old position is being read again. Until it has been read, the old position holds: a
            # state does not go back, and nothing that touches the old position may carry it on.
            first = Window(first.start, self._floor)
            beyond = [window for window in beyond if window.start > first.end + 1]
        state = {self._field: max(0, first.end), **self._tells.beside()}
        if self._reconciliation:
            state |= self._reconciliation.beside()
        if beyond:
            state |= {SLICES: [window._asdict() for window in (first, *beyond)], STATE_TYPE: DATE_RANGE}
        return state

    def _emit(self) -> None:
        self._states.update_state_for_stream(self._stream, None, self.state)
        self._messages.emit_message(self._states.create_state_message(self._stream, None))

    @property
    def done(self) -> tuple[Window, ...]:
        """The windows that need not be read again."""
        if self._reconciliation is None:
            return self._done
        return tuple(overlap_of(self._done, self._reconciliation.done))

    def unread(self) -> list[Window]:
        """What is left to read, the hour before the saved position included.

        A window that came short in an earlier sync is asked for just as it was then: only so can the two totals be
        compared.
        """
        edges = [edge for short in self._short_before for edge in (short.start, short.end + 1)]
        left = gaps(self.done, self._bounds.start, self._bounds.end, self._overlap)
        return [part for gap in left for part in cut_at(gap, edges)]

    def windows(self) -> Iterator[Window]:
        """What is left to read, as the planner cuts it."""
        planner = self._planner()
        return (window for gap in self.unread() for window in planner(gap))

    def should_be_synced(self, record: Record) -> bool:
        return True

    def observe(self, record: Record) -> None:
        """Nothing: a state comes from windows that ended, never from the times of records."""

    def close_partition(self, partition: Partition) -> None:
        """Nothing: a partition tells the cursor of each of its streams what that stream has got (``advance``)."""

    def advance(self, window: Window) -> None:
        """Count a window, or a part of one that is still being read, and say so in a state."""
        with self._lock:
            self._read = joined([*self._read, window])
            # A reading of every parent has one window, which ends when all have been asked.
            self._tells = replace(self._tells, under_way=None, asked_all=self._asked_all)
            if self._reconciliation:
                self._reconciliation.add(window)
            self._emit()

    def asked(self, through: int | str) -> None:
        """Say in a state up to which parent all have been asked: a sync that breaks off is continued from there."""
        with self._lock:
            self._tells = replace(self._tells, under_way=UnderWay(self._bounds.end, through))
            self._emit()

    @property
    def job(self) -> Mapping[str, Any] | None:
        """The job that Intercom is working on."""
        return self._tells.job

    def keep_job(self, job: Mapping[str, Any] | None) -> None:
        """Name the job that Intercom is working on in the states from now on; None when there is none any more."""
        with self._lock:
            self._tells = replace(self._tells, job=job)
            if job is not None:
                self._emit()

    @property
    def page_cursor(self) -> PageCursor | None:
        """Where in its list the reading may begin."""
        return self._tells.page_cursor

    def keep_page_cursor(self, cursor: PageCursor) -> None:
        """Have the states from now on tell where in its list the next sync may begin."""
        with self._lock:
            self._tells = replace(self._tells, page_cursor=cursor)

    def repeat(self) -> None:
        """Say again how far the stream has come: platforms end a source that is silent for long."""
        with self._lock:
            self._emit()

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            if len(self._read) == 1 and self._read[0].end >= self._bounds.end:
                # After a full refresh that has finished, the next one starts anew.
                self._tells = replace(self._tells, refreshing=0)
            self._emit()

    def count(self, records: int) -> None:
        """So many records of the stream have left."""
        if self._reconciliation:
            with self._lock:
                self._reconciliation.count(records)

    def claim_reconciliation(self) -> dict[str, int] | None:
        """When the reconciliation began (Unix seconds) and how many records it gave; None before its end and later."""
        if self._reconciliation is None:
            return None
        with self._lock:
            records = self._reconciliation.claim_end()
        return None if records is None else {"began_at": self._reconciliation.began, "records": records}

    @property
    def is_given_all(self) -> bool:
        """Whether Intercom leaves no records out, as far as is known: no permission is missing, all totals are met."""
        with self._lock:
            return not self._tells.without and not self._tells.shortages

    def was_short(self, window: Window, missing: int) -> bool:
        """Whether an earlier sync missed just as many records, so that Intercom's total must be wrong by that number.

        The number decides and not the window: a total that is wrong for good is so in each new window too. It is
        remembered for as long as it goes on.
        """
        if all(short.missing != missing for short in self._short_before):
            return False
        with self._lock:
            if all(short.missing != missing for short in self._tells.shortages):
                self._remember_short(window, missing)
        return True

    def came_short(self, window: Window, missing: int) -> None:
        """Remember that Intercom announced so many records of a window more than it gave.

        They may be missing before a checkpoint, so all of the window counts as unread again. The next sync then asks
        for the same window, and can tell whether it misses the same.
        """
        with self._lock:
            if len(self._tells.shortages) < _MOST_SHORTAGES:
                self._remember_short(window, missing)
            self._read = self._from_start(without(self._read, window))
            if self._reconciliation:
                self._reconciliation.take_back(window)

    def _remember_short(self, window: Window, missing: int) -> None:
        self._tells = replace(self._tells, shortages=(*self._tells.shortages, Shortage(*window, missing)))

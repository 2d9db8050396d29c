"""The CDK's concurrent cursor over whole seconds, moved on by windows and never by the times of records."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, cast

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import ConcurrentCursor, CursorField
from airbyte_cdk.sources.streams.concurrent.cursor_types import CursorValueType
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.state_converters.abstract_stream_state_converter import (
    ConcurrencyCompatibleStateType,
)
from airbyte_cdk.sources.streams.concurrent.state_converters.datetime_stream_state_converter import (
    EpochValueConcurrentStreamStateConverter,
)
from airbyte_cdk.sources.types import Record, StreamSlice

from source_intercom.sync.reconciling import Reconciliation
from source_intercom.sync.state import (
    JOB,
    REFRESHING,
    SLICES,
    STATE_TYPE,
    PageCursor,
    Remembered,
    Shortage,
    UnderWay,
)
from source_intercom.sync.windows import Planner, Window, cut_at, gaps, overlap_of, without

# More windows that came short than these in one stream are one and the same trouble; a state must stay small.
_MOST_SHORTAGES = 100


class _WholeSeconds(EpochValueConcurrentStreamStateConverter):
    """Closed windows: a window that was read is read to its end, whatever times its records had."""

    def __init__(self, beside: Callable[[], dict[str, Any]], floor: int | None) -> None:
        super().__init__()
        self._beside = beside
        self._floor = floor

    def convert_to_state_message(
        self, cursor_field: CursorField, stream_state: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        merged = self.merge_intervals(stream_state[SLICES])
        position = max(0, self.output_format(merged[0][self.END_KEY]))
        if self._floor is not None and position < self._floor:
            # The hour before the old position is being read again. Until it has been read, the old position holds: a
            # state does not go back, and nothing that touches the old position may carry it on.
            position = self._floor
            beyond = [part for part in merged[1:] if self.output_format(part[self.START_KEY]) > position + 1]
            merged = [{**merged[0], self.END_KEY: _cdk_moment(position)}, *beyond]
        state: dict[str, Any] = {cursor_field.cursor_field_key: position, **self._beside()}
        if len(merged) > 1:
            state |= self.serialize({SLICES: merged}, ConcurrencyCompatibleStateType.date_range)
        return state


def _cdk_moment(seconds: int) -> CursorValueType:
    # The CDK's protocol of what can be compared does not fit datetime for a type checker, though it is made for it.
    return cast(CursorValueType, datetime.fromtimestamp(seconds, timezone.utc))


class WindowCursor(ConcurrentCursor):
    """What of a stream has been read, as closed windows of Unix seconds, and what is left to read.

    ``done`` are the windows that earlier syncs have read; ``ahead`` is by how many seconds the clock of whoever wrote
    the state was ahead of ours, when it called the first of them longer. ``start`` and ``end`` bound this sync.
    ``planner`` cuts the gaps between them, and is called when the stream's turn comes, off the main thread. The last
    ``overlap`` seconds of each window in ``done`` are read again, and count as unread until they have been.
    ``remembered`` is what the saved state told beside its position, ``reads`` what the next one must tell, with
    ``asked_all`` once the window has been read. While there is a ``reconciliation``, what it has not read is read
    again; ``reconciled`` is what the state told of earlier ones.

    Shared by all workers of the stream. Everything that changes is written under one lock, the CDK's: the windows, the
    shortages, the job, the page cursor, how far parents have been asked, and the reconciliation. The lock is held until
    the state has been put onto the queue, so states leave in the order in which they grew. ``job``, ``page_cursor``,
    ``asked_before`` and ``done`` are read without it: each is one value that is replaced as a whole.
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
        remembered: Remembered | None = None,
        reads: Remembered | None = None,
        asked_all: int = 0,
        reconciliation: Reconciliation | None = None,
        reconciled: Mapping[str, Any] | None = None,
    ) -> None:
        self._done = tuple(sorted(done))
        self._bounds = Window(start, end)
        self._overlap = overlap
        self._planner = planner
        self._remembered = remembered or Remembered()
        self._reads = reads or Remembered()
        self._asked_all = asked_all
        self._shortages: list[Shortage] = []
        self._is_through = False
        self._under_way = self._reads.under_way
        self.job = self._remembered.job
        self._page_cursor = self._remembered.page_cursor
        self._reconciliation = reconciliation
        self._reconciled = dict(reconciled or {})
        slices = [
            Window(max(window.start, start), window.end - overlap)
            for window in self._done
            if window.end - overlap >= max(window.start, start)
        ]
        if not slices or slices[0].start > start:
            # Nothing has been read at the start yet: a window without length, from which the position grows.
            slices.insert(0, Window(start, start - 1))
        super().__init__(
            stream_name=stream,
            stream_namespace=None,
            stream_state={
                STATE_TYPE: ConcurrencyCompatibleStateType.date_range.value,
                SLICES: [{"start": window.start, "end": window.end} for window in slices],
            },
            message_repository=message_repository,
            connector_state_manager=state_manager,
            connector_state_converter=_WholeSeconds(self._beside, self._floor(ahead)),
            cursor_field=CursorField(field),
            slice_boundary_fields=("start", "end"),
            start=_cdk_moment(start),
            end_provider=lambda: _cdk_moment(end),
        )

    def _floor(self, ahead: int) -> int | None:
        """The position of the saved state, where it reaches to the start of this read."""
        first = self._done[0] if self._done else None
        reaches = first and first.start <= self._bounds.start and first.end >= self._bounds.start
        return first.end + ahead if first and reaches else None

    def _beside(self) -> dict[str, Any]:
        told = replace(self._reads, under_way=self._under_way, page_cursor=self._page_cursor)
        beside = told.with_shortages(self._shortages).beside()
        if self._is_through:
            # After a full refresh that has finished, the next one starts anew.
            beside.pop(REFRESHING, None)
        if self.job is not None:
            beside[JOB] = dict(self.job)
        return beside | (self._reconciliation.beside() if self._reconciliation else self._reconciled)

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
        edges = [edge for short in self._remembered.shortages for edge in (short.start, short.end + 1)]
        left = gaps(self.done, self._bounds.start, self._bounds.end, self._overlap)
        return [part for gap in left for part in cut_at(gap, edges)]

    def stream_slices(self) -> Iterable[StreamSlice]:
        planner = self._planner()
        for gap in self.unread():
            for window in planner(gap):
                yield StreamSlice(partition={}, cursor_slice=window._asdict())

    def observe(self, record: Record) -> None:
        """Nothing: a state comes from windows that ended, never from the times of records."""

    def close_partition(self, partition: Partition) -> None:
        """Nothing: a partition tells the cursor of each of its streams what that stream has got (``advance``)."""

    def advance(self, window: Window) -> None:
        """Count a window, or a part of one that is still being read, and say so in a state."""
        with self._lock:
            self._concurrent_state[SLICES].append(
                {key: _cdk_moment(moment) for key, moment in window._asdict().items()}
            )
            self._merge_partitions()
            # A reading of every parent has one window, which ends when all have been asked.
            self._under_way = None
            self._reads = replace(self._reads, asked_all=self._asked_all)
            if self._reconciliation:
                self._reconciliation.add(window)
            self._emit_state_message()
            self._has_closed_at_least_one_slice = True

    def asked(self, through: int | str) -> None:
        """Say in a state up to which parent all have been asked: a sync that breaks off is continued from there."""
        with self._lock:
            self._under_way = UnderWay(self._bounds.end, through)
            self._emit_state_message()

    @property
    def asked_before(self) -> int | str | None:
        """Up to which parent an earlier sync had asked, when it broke off."""
        return self._reads.under_way.through if self._reads.under_way else None

    def keep_job(self, job: Mapping[str, Any] | None) -> None:
        """Name the job that Intercom is working on in the states from now on; None when there is none any more."""
        with self._lock:
            self.job = job
            if job is not None:
                self._emit_state_message()

    @property
    def page_cursor(self) -> PageCursor | None:
        """Where in its list the reading may begin."""
        return self._page_cursor

    def keep_page_cursor(self, cursor: PageCursor) -> None:
        """Have the states from now on tell where in its list the next sync may begin."""
        with self._lock:
            self._page_cursor = cursor

    def repeat(self) -> None:
        """Say again how far the stream has come: platforms end a source that is silent for long."""
        with self._lock:
            self._emit_state_message()

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            merged = self._concurrent_state[SLICES]
            self._is_through = len(merged) == 1 and merged[0]["end"] >= _cdk_moment(self._bounds.end)
            self._emit_state_message()

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
            return not self._reads.without and not self._shortages

    def was_short(self, window: Window, missing: int) -> bool:
        """Whether an earlier sync missed just as many records, so that Intercom's total must be wrong by that number.

        The number decides and not the window: a total that is wrong for good is so in each new window too. It is
        remembered for as long as it goes on.
        """
        if all(short.missing != missing for short in self._remembered.shortages):
            return False
        with self._lock:
            if all(short.missing != missing for short in self._shortages):
                self._shortages.append(Shortage(window.start, window.end, missing))
        return True

    def came_short(self, window: Window, missing: int) -> None:
        """Remember that Intercom announced so many records of a window more than it gave.

        They may be missing before a checkpoint, so all of the window counts as unread again. The next sync then asks
        for the same window, and can tell whether it misses the same.
        """
        with self._lock:
            if len(self._shortages) < _MOST_SHORTAGES:
                self._shortages.append(Shortage(window.start, window.end, missing))
            read = (
                Window(int(part["start"].timestamp()), int(part["end"].timestamp()))
                for part in self._concurrent_state[SLICES]
            )
            kept = without(read, window)
            if not kept or kept[0].start > self._bounds.start:
                kept.insert(0, Window(self._bounds.start, self._bounds.start - 1))
            self._concurrent_state[SLICES] = [
                {key: _cdk_moment(moment) for key, moment in part._asdict().items()} for part in kept
            ]
            if self._reconciliation:
                self._reconciliation.take_back(window)

"""Between our streams and the concurrent CDK: a window of a walk is a partition.

Streams that are made from the same pages (conversations, their parts, their tags ...) share one walk of them. The
first of them leads: its partitions are the windows, and each window gives rows to every member. The CDK sees the
others wait until the walk is over. The CDK's ``StreamFacade`` knows none of this; it also copies each record, and
tells one failure once a partition.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Queue
from typing import Any, NamedTuple

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteStreamStatus,
    AirbyteTraceMessage,
    EstimateType,
    StreamDescriptor,
    TraceType,
    Type,
)
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_intercom.api.errors import IntercomError
from source_intercom.api.pages import Page
from source_intercom.engine.output import as_pages, as_records
from source_intercom.shapes.base import IntercomStream, Reading, Uncut
from source_intercom.shapes.coercion import Record
from source_intercom.sync.state import WindowCursor
from source_intercom.sync.windows import FAR_AHEAD, Window

# Failures for want of an answer that are told; the log has them all.
_TOLD = 3
# Failures in a row after which the rest is left to the next sync: each of them took minutes of retries.
_IN_A_ROW = 3
# Work is handed out in at most so many windows at once; heavy ones of them are cut again.
_MOST_PARTS = 64
# Where each page takes calls of its own a few readers spend the whole rate limit, and more fill the memory with pages.
# These are not cut again.
_MOST_COSTLY_PARTS = 8


@dataclass
class Health:
    """Whether it is worth going on, for a walk or for one stream of it. Thread-safe."""

    stopped: bool = False
    _told: int = 0
    _in_a_row: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def worked(self) -> None:
        """Something was read: the failures before it were no outage."""
        self._in_a_row = 0

    def failed(self, error: Exception) -> bool:
        """Take a failure in; true when it is to be told, false when enough has been told already."""
        with self._lock:
            tell = not self.stopped and self._told < _TOLD
            self._told += tell
            self._in_a_row += 1
            final = error.final if isinstance(error, IntercomError) else True
            self.stopped = self.stopped or final or self._in_a_row >= _IN_A_ROW
            return tell


@dataclass
class Member:
    """A stream of a walk, with its own state and its own failures."""

    stream: IntercomStream
    cursor: Cursor
    health: Health = field(default_factory=Health)
    running: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def starts_running(self) -> bool:
        """True for the first page of the stream, whose status becomes RUNNING with it."""
        with self._lock:
            first, self.running = not self.running, True
            return first


class Walk:
    """Streams made from the same pages, their windows, and how these fare together. Thread-safe.

    ``queue`` is the CDK's; ``pages`` says whether rows leave as pages of lines or as records.
    """

    def __init__(self, members: list[Member], queue: "Queue[QueueItem]", *, pages: bool) -> None:
        self.members = members
        self.leader = members[0]
        self.queue = queue
        self.as_pages = pages
        self.failure: Exception | None = None
        self.health = Health()
        self._lock = threading.Lock()
        # Both count the windows, and the generator until it has made its last one.
        self._unread = 1
        self._open = 1
        self._over = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether the rest of the walk is of use to nobody."""
        return self.health.stopped or all(member.health.stopped for member in self.members)

    def partitions(self) -> Iterator[Partition]:
        """The windows of the walk, as the leader's partitions."""
        try:
            for slice_ in self.leader.cursor.stream_slices():
                if self.stopped:
                    return
                yield self.open(slice_)
            if self.must_sweep():
                yield self.open(self._everything(), sweep=True)
        except Exception as error:
            self.failure = error
            raise
        finally:
            self.closed()

    def open(
        self, slice_: StreamSlice, *, sweep: bool = False, half: "_Half | None" = None, told: bool = False
    ) -> "WindowPartition":
        """Make the partition of a window, which counts as open from now on."""
        with self._lock:
            self._open += 1
            self._unread += not sweep
        return WindowPartition(self, slice_, sweep=sweep, half=half, told=told)

    def closed(self) -> None:
        """A window has ended, well or not, or the last one has been made."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._over.set()

    def must_sweep(self) -> bool:
        """A window has been read, or the last one has been made; true for the one after which none is left."""
        with self._lock:
            self._unread -= 1
            return self._unread == 0 and self.failure is None and self.leader.stream.sweeps

    def wait(self) -> Iterator[Partition]:
        """For the members that do not lead: no partition of their own, and the walk's failure as theirs."""
        self._over.wait()
        if self.failure is not None:
            raise self.failure
        return iter(())

    def _everything(self) -> StreamSlice:
        return StreamSlice(partition={}, cursor_slice={"start": 0, "end": self.leader.stream.sync.begin})


class WindowPartition(Partition):
    """One window of a walk. It can hand out what lies behind it, share itself, and tell how far it has come.

    ``half`` makes it the second reader of a window, ``told`` says that it is part of an estimate that was given.
    """

    def __init__(
        self, walk: Walk, slice_: StreamSlice, *, sweep: bool, half: "_Half | None" = None, told: bool = False
    ) -> None:
        bounds = slice_.cursor_slice
        begin = walk.leader.stream.sync.begin
        self._walk = walk
        self._window = (
            Window(bounds["start"], bounds["end"]) if bounds else Window(walk.leader.stream.sync.config.start, begin)
        )
        self._slice = StreamSlice(partition={}, cursor_slice=self._window._asdict())
        self._sweep = sweep
        self._told = told
        self._pages = half.pages if half else walk.leader.stream.pages
        self._outcome = half.outcome if half else _Outcome()
        self._unread_for: set[str] = set()
        self._is_last = False

    def read(self) -> Iterable[QueueItem]:  # type: ignore[override]  # the CDK puts whatever comes onto its queue
        walk = self._walk
        try:
            if walk.stopped:
                self._give_up()
                return
            if not self._sweep:
                yield from self._rows(self._window)
            if self._sweep or walk.must_sweep():
                yield from self._rows(self._after_begin())
            self._is_last = self._outcome.ends(self._unread_for)
            for member in walk.members[1:]:
                member.cursor.close_partition(self)
        except Exception as error:
            self._give_up()
            walk.failure = walk.failure or error
            if walk.health.failed(error):
                raise
        finally:
            walk.closed()

    @property
    def most_parts(self) -> int:
        if not self.is_costly:
            return _MOST_PARTS
        return 1 if self._told else _MOST_COSTLY_PARTS

    @property
    def is_costly(self) -> bool:
        return any(member.stream.is_costly for member in self._walk.members)

    def is_read_for(self, stream: str) -> bool:
        """Whether a stream has got all rows of this window, so that its state may count it."""
        return self._is_last and not self._sweep and stream not in self._outcome.unread_for

    def expect(self, total: int) -> None:
        """Tell the platform how much there is, once for each gap, as it draws a bar of it."""
        leader = self._walk.leader.stream
        # What was handed out has been told already, and what a sweep finds is beside the point.
        if not self._told and leader.is_one_to_one:
            leader.client.tally.add(expected=total)
            self._walk.queue.put(_estimate(leader.name, leader.client.tally.expected))

    def split(self, windows: Iterable[Window]) -> None:
        """Hand out the windows behind this one; this one ends where the first of them starts."""
        handed = sorted(windows)
        self._window = Window(self._window.start, handed[0].start - 1)
        self._slice = StreamSlice(partition={}, cursor_slice=self._window._asdict())
        for window in handed:
            slice_ = StreamSlice(partition={}, cursor_slice=window._asdict())
            self._walk.queue.put(self._walk.open(slice_, told=True))

    def share(self, pages: Callable[[Reading], Iterator[Page]]) -> None:
        """Have a second worker read this window too; it counts as read when both are done."""
        self._outcome.readers += 1
        half = _Half(lambda _window, reading: pages(reading), self._outcome)
        self._walk.queue.put(self._walk.open(self._slice, half=half, told=True))

    def reached(self, part: Window) -> None:
        """A part of this window has been given whole: states may say so."""
        for member in self._walk.members:
            if isinstance(member.cursor, WindowCursor) and member.stream.name not in self._unread_for:
                member.cursor.advance(part)

    def to_slice(self) -> Mapping[str, Any]:
        return self._slice

    def stream_name(self) -> str:
        return self._walk.leader.stream.name

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"{self.stream_name()} {self._window}"

    def _rows(self, window: Window) -> Iterator[QueueItem]:
        # A sweep is read as it is: what lies behind the read's begin belongs into no state.
        sweeps = window.start > self._walk.leader.stream.sync.begin
        pages = self._walk.leader.stream.pages if sweeps else self._pages
        for page in pages(window, Uncut(self.is_costly) if sweeps else self):
            self._walk.health.worked()
            for member in self._walk.members:
                if member.health.stopped:
                    self._unread_for.add(member.stream.name)
                else:
                    yield from self._rows_for(member, page, window)
            # As in ``search_answers``: not to be held while the next page is on its way.
            del page

    def _rows_for(self, member: Member, page: list[Record], window: Window) -> Iterator[QueueItem]:
        """What a member makes of a page. Its failure is its own; the others of the walk go on."""
        try:
            for rows in member.stream.rows(page, window):
                if rows:
                    yield from self._finished(member, rows)
            member.health.worked()
        except Exception as error:
            self._unread_for.add(member.stream.name)
            if member.health.failed(error):
                self._walk.queue.put(StreamThreadException(error, member.stream.name))

    def _finished(self, member: Member, rows: list[Record]) -> Iterator[QueueItem]:
        stream = member.stream
        for row in rows:
            stream.coerce(row)
        count = len(rows)
        if self._walk.as_pages:
            finished = list(as_pages(stream.name, rows))
            if member is self._walk.members[-1]:
                # While a slow destination holds up the queue, the lines are all that is kept of a page: a seventh.
                rows.clear()
            if member.starts_running():
                yield as_airbyte_message(StreamDescriptor(name=stream.name), AirbyteStreamStatus.RUNNING)
            yield from finished
        else:
            yield from as_records(stream.name, rows, self._slice)
        stream.client.tally.add(records=count)

    def _after_begin(self) -> Window:
        begin = self._walk.leader.stream.sync.begin
        return Window(begin + 1, begin + FAR_AHEAD)

    def _give_up(self) -> None:
        self._unread_for.update(member.stream.name for member in self._walk.members)
        self._outcome.ends(self._unread_for)


class _Outcome:
    """What the readers of one window have come to. Thread-safe."""

    def __init__(self) -> None:
        self.readers = 1
        self.unread_for: set[str] = set()
        self._lock = threading.Lock()

    def ends(self, unread_for: set[str]) -> bool:
        """A reader is done, but for some streams; true for the last one."""
        with self._lock:
            self.unread_for |= unread_for
            self.readers -= 1
            return self.readers == 0


class _Half(NamedTuple):
    """What makes a partition the second reader of a window."""

    pages: Callable[[Window, Reading], Iterator[Page]]
    outcome: _Outcome


def _estimate(stream: str, rows: int) -> AirbyteMessage:
    return AirbyteMessage(
        type=Type.TRACE,
        trace=AirbyteTraceMessage(
            type=TraceType.ESTIMATE,
            emitted_at=time.time_ns() // 1_000_000,
            estimate=AirbyteEstimateTraceMessage(name=stream, type=EstimateType.STREAM, row_estimate=rows),
        ),
    )


class Leading(PartitionGenerator):
    """Makes the windows of a walk."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def generate(self) -> Iterable[Partition]:
        return self._walk.partitions()


class Following(PartitionGenerator):
    """Waits for the end of a walk that another stream leads."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def generate(self) -> Iterable[Partition]:
        return self._walk.wait()

"""Streams that are made from the same pages, read together.

Conversations, their parts and their tags all come from one search. Such streams form a group: the pages of its source
are read once, and each page gives rows to every member. The first member leads: the windows are its partitions. The
CDK sees the others wait until the group is done. The CDK's own ``StreamFacade`` reads each stream for itself, copies
each record, and tells one failure a partition.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from typing import cast

from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem

from source_intercom.engine.health import Health
from source_intercom.engine.partition import WindowPartition, Work
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.moments import shown
from source_intercom.sync.windows import FAR_AHEAD, Window


class Member:
    """A stream of a group, with its own state and its own failures.

    Shared by all workers of the group. ``stream``, ``cursor`` and ``window`` never change; cursor and health guard
    themselves; whether the stream is running is written under the lock.
    """

    def __init__(self, stream: IntercomStream, cursor: Cursor) -> None:
        self.stream = stream
        self.cursor = cursor
        self.health = Health()
        self._running = False
        self._lock = threading.Lock()
        sync = stream.sync
        unread = cursor.unread() if isinstance(cursor, WindowCursor) else [Window(sync.config.start, sync.begin)]
        # What is left to read, from its first second to its last; None when nothing is.
        self.window = Window(unread[0].start, unread[-1].end) if unread else None

    @property
    def tells_next_sync(self) -> bool:
        """Whether what its state says is read again: that of a full refresh only where it can be gone on with."""
        return isinstance(self.cursor, WindowCursor) and (not self.stream.full or self.stream.is_resumable)

    def start_running(self) -> bool:
        """Called with each page; true for the first one, with which the stream's status becomes RUNNING."""
        with self._lock:
            first, self._running = not self._running, True
            return first

    def advance(self, window: Window) -> None:
        """The stream has got all rows of a window."""
        if not isinstance(self.cursor, WindowCursor):
            return
        self.cursor.advance(window)
        if over := self.cursor.claim_reconciliation():
            name, sync = self.stream.name, self.stream.sync
            sync.reconciliations.append({"stream": name, **over, "ended_at": int(time.time())})
            sync.logger.info(f"{name}: the full comparison that began at {shown(over['began_at'])} has come to its end")

    def asked(self, through: int | str) -> None:
        """All parents up to one have been asked for their rows, and the rows have left."""
        if isinstance(self.cursor, WindowCursor) and self.stream.asks_every_parent:
            self.cursor.asked(through)

    def has_asked(self, parent: Record) -> bool:
        """Whether a sync that broke off has asked a parent for its rows."""
        through = self.cursor.asked_before if isinstance(self.cursor, WindowCursor) else None
        return through is not None and self.stream.source.lies_within(parent, through)

    def count(self, records: int) -> None:
        """So many rows of the stream have left."""
        self.stream.client.tally.add(records=records)
        if isinstance(self.cursor, WindowCursor):
            self.cursor.count(records)


class Group:
    """Streams made from the same pages, their windows, and how these fare together.

    Shared by all workers. The members and the source never change after the group was made. Under the lock stand the
    numbers of windows that are unread and open, and the first failure; ``health`` guards itself.

    ``queue`` is the CDK's; ``as_pages`` says whether rows leave as pages of lines or as records.
    """

    def __init__(self, members: list[Member], queue: "Queue[QueueItem]", *, pages: bool) -> None:
        # The stream whose pages are read leads, so that its requests are counted as its own.
        self.members = sorted(members, key=lambda member: member.stream.source is not member.stream)
        self.leader = self.members[0]
        self.source = self.leader.stream.source
        self.queue = queue
        self.as_pages = pages
        self.health = Health()
        self.is_costly = any(member.stream.is_costly for member in self.members)
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        # Both count the windows, and the generator until it has made its last one.
        self._unread = 1
        self._open = 1
        self._over = threading.Event()

    @property
    def begin(self) -> int:
        """The moment at which the read began, in Unix seconds."""
        return self.source.sync.begin

    @property
    def stopped(self) -> bool:
        """Whether the rest of the group is of use to nobody."""
        return self.health.stopped or all(member.health.stopped for member in self.members)

    @property
    def is_over(self) -> bool:
        """Whether every window has been read or given up."""
        return self._over.is_set()

    def partitions(self) -> Iterator[Partition]:
        """The windows of the group, as the leader's partitions."""
        try:
            for window in self._windows():
                if self.stopped:
                    return
                yield self.open(Work(window))
            if self.claim_last_look():
                yield self.open(Work(self.after_begin, is_last_look=True))
        except Exception as error:
            self.fail(error)
            raise
        finally:
            self.close_one()

    def _windows(self) -> Iterable[Window]:
        if self.source.reads_whole:
            windows = [member.window for member in self.members if member.window is not None]
            return [self._whole(windows)] if windows else []
        if isinstance(self.leader.cursor, WindowCursor):
            slices = (slice_.cursor_slice for slice_ in self.leader.cursor.stream_slices())
            return (Window(bounds["start"], bounds["end"]) for bounds in slices)
        return self.source.planner(cast(Window, self.leader.window))

    def _whole(self, windows: list[Window]) -> Window:
        needs_all = any(member.stream.needs_every_parent for member in self.members)
        start = 0 if needs_all else min(window.start for window in windows)
        return Window(start, max(window.end for window in windows))

    @property
    def after_begin(self) -> Window:
        """What changes while the read runs, and moves out of every window."""
        return Window(self.begin + 1, self.begin + FAR_AHEAD)

    def open(self, work: Work) -> WindowPartition:
        """Make the partition of some work, which counts as open from now on."""
        with self._lock:
            self._open += 1
            self._unread += not work.is_last_look
        return WindowPartition(self, work)

    def close_one(self) -> None:
        """A window has ended, well or not, or the last one has been made."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._over.set()

    def while_open(self, work: Callable[[], None]) -> None:
        """Do something, unless every window has been read or given up; that it has waits for the work to end."""
        with self._lock:
            if self._open:
                work()

    def claim_last_look(self) -> bool:
        """A window has been read, or the last one made: true for the one after which none is left unread.

        Whoever gets true must read what moved meanwhile, where the source's full refresh needs that.
        """
        with self._lock:
            self._unread -= 1
            return self._unread == 0 and self._failure is None and self.source.sweeps

    def fail(self, error: Exception) -> None:
        """Keep the first failure, which is the others' too."""
        with self._lock:
            self._failure = self._failure or error

    def wait_for_end(self) -> None:
        """Until every window has been read or given up."""
        self._over.wait()

    def wait(self) -> Iterator[Partition]:
        """For the members that do not lead: no partition of their own, and the group's failure as theirs."""
        self.wait_for_end()
        with self._lock:
            failure = self._failure
        if failure is not None:
            raise failure
        return iter(())


def groups_of(members: Iterable[Member], queue: "Queue[QueueItem]", *, pages: bool) -> list[Group]:
    """Put streams together that can be made from the same pages.

    What is read whole is read once, whatever each stream still wants of it; a search is asked for the windows that
    are left, so only streams that have the same ones left share it.
    """
    together: dict[object, list[Member]] = {}
    for member in members:
        stream = member.stream
        unread = tuple(member.cursor.unread()) if isinstance(member.cursor, WindowCursor) else ()
        left = () if stream.source.reads_whole else (stream.full, unread)
        together.setdefault((stream.made_from or type(stream), left), []).append(member)
    return [Group(sharing, queue, pages=pages) for sharing in together.values()]


class Leading(PartitionGenerator):
    """Makes the windows of a group."""

    def __init__(self, group: Group, after: Iterable[Group] = ()) -> None:
        """``after`` are groups whose end is waited for."""
        self._group = group
        self._after = list(after)

    def generate(self) -> Iterable[Partition]:
        for group in self._after:
            group.wait_for_end()
        return self._group.partitions()


class Following(PartitionGenerator):
    """Waits for the end of a group that another stream leads."""

    def __init__(self, group: Group) -> None:
        self._group = group

    def generate(self) -> Iterable[Partition]:
        return self._group.wait()

"""Streams that are made from the same pages, read together.

Conversations, their parts and their tags all come from one search. Such streams form a group: the pages of its source
are read once, and each page gives rows to every member. The first member leads: the windows are its partitions. The
CDK sees the others wait until the group is done. The CDK's own ``StreamFacade`` reads each stream for itself, copies
each record, and tells one failure a partition.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Queue

from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem

from source_intercom.engine.health import Health
from source_intercom.engine.member import Member
from source_intercom.engine.work import Work
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.child import Child
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.windows import FAR_AHEAD, Window


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
        # Who makes rows of a page together, out of the same answers; most members do so alone.
        self.sharing = _sharing(self.members, self.source)
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
        """Whether nothing more needs to be read: the group, or each of its streams, has failed for good."""
        return self.health.stopped or all(member.health.stopped for member in self.members)

    @property
    def is_over(self) -> bool:
        """Whether every window has been read or given up."""
        return self._over.is_set()

    def work(self) -> Iterator[Work]:
        """The windows of the group. Each of them counts as open until ``close_one`` is called for it."""
        try:
            for window in self._windows():
                if self.stopped:
                    return
                yield self.opened(Work(window))
            if self.claim_last_look():
                yield self.opened(Work(self.after_begin, is_last_look=True))
        except Exception as error:
            self.fail(error)
            raise
        finally:
            self.close_one()

    def _windows(self) -> Iterable[Window]:
        if self.source.reads_whole:
            windows = [member.window for member in self.members if member.window is not None]
            if not windows:
                self.source.skipped()
                return []
            return [self._whole(windows)]
        if isinstance(self.leader.cursor, WindowCursor):
            return self.leader.cursor.windows()
        return self.source.planner(self.leader.window) if self.leader.window else []

    def _whole(self, windows: list[Window]) -> Window:
        needs_all = any(member.stream.needs_every_parent for member in self.members)
        start = 0 if needs_all else min(window.start for window in windows)
        return Window(start, max(window.end for window in windows))

    @property
    def after_begin(self) -> Window:
        """What changes while the read runs, and moves out of every window."""
        return Window(self.begin + 1, self.begin + FAR_AHEAD)

    def opened(self, work: Work) -> Work:
        """The same work, which counts as open from now on."""
        with self._lock:
            self._open += 1
            self._unread += not work.is_last_look
        return work

    def close_one(self) -> None:
        """A window has ended, well or not, or the last one has been made."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._over.set()

    def while_open(self, work: Callable[[], None]) -> None:
        """Do something, unless every window has been read or given up. No window can end while it is done."""
        with self._lock:
            if self._open:
                work()

    def claim_last_look(self) -> bool:
        """Count a window as read, or the making of windows as finished. True if that was the last one.

        Whoever gets true must read what moved meanwhile. It is always false where the source does not need that.
        """
        with self._lock:
            self._unread -= 1
            return self._unread == 0 and self._failure is None and self.source.needs_last_look

    def fail(self, error: Exception) -> None:
        """Keep the first failure: every stream of the group reports it."""
        with self._lock:
            self._failure = self._failure or error

    def wait_for_end(self) -> None:
        """Until every window has been read or given up."""
        self._over.wait()

    def wait_for_success(self) -> None:
        """As ``wait_for_end``. Raises the first failure of the group, which is that of each of its members."""
        self.wait_for_end()
        with self._lock:
            failure = self._failure
        if failure is not None:
            raise failure


def _sharing(members: Iterable[Member], source: IntercomStream) -> list[list[Member]]:
    """The members, those together that ask the same for each record of a page.

    What is read whole gives each member other records, those of a window of its own, so there each asks for itself.
    """
    together: dict[object, list[Member]] = {}
    for member in members:
        stream = member.stream
        asks = stream.asks if isinstance(stream, Child) and not source.reads_whole else None
        together.setdefault(stream.name if asks is None else asks, []).append(member)
    return list(together.values())


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

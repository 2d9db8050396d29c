"""One window of a group of streams, as the concurrent CDK's partition."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_intercom.api.figures import Page
from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.engine.output import as_pages, as_records
from source_intercom.engine.work import Slices, Work
from source_intercom.shapes.child import Child, rows_together
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.reading import Sliced
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.state import PageCursor
from source_intercom.sync.windows import Window

# Work is handed out in at most so many windows at once; heavy ones of them are cut again.
_MOST_PARTS = 256
# Where each page takes requests of its own a few readers spend the whole rate limit, and more fill the memory with
# pages. These are not cut again.
_MOST_COSTLY_PARTS = 8


class WindowPartition(Partition):
    """One window of a group. It is the ``Reading`` that the source reads it by.

    One worker reads it, so nothing in here is shared; what it tells the group and the cursors is guarded there.
    """

    def __init__(self, group: Group, work: Work) -> None:
        self._group = group
        self._work = work
        # Streams that did not get all rows of the window.
        self._unread_for: set[str] = set()
        self._is_handed_out = False
        self._leaves_rest = False
        # How many records were missing when the window was read for the first time, where no state can remember it.
        self._missed: int | None = None

    def read(self) -> Iterable[QueueItem]:  # type: ignore[override]  # the CDK puts whatever comes onto its queue
        group = self._group
        everybody = {member.stream.name for member in group.members}
        try:
            if group.stopped:
                self._unread_for |= everybody
            else:
                yield from self._rows(self._work.window)
                if not self._work.is_last_look and group.claim_last_look():
                    self._hand_out(Work(group.after_begin, is_last_look=True))
        except Exception as error:
            self._unread_for |= everybody
            group.fail(error)
            if group.health.failed(error):
                raise
        except BaseException:
            # The process ends in the middle of the window: what was put out is not known, so nothing is settled.
            self._unread_for |= everybody
            raise
        finally:
            self._settle()
            group.close_one()

    # What the source asks and tells while it reads (``shapes.reading.Reading``).

    @property
    def most_parts(self) -> int:
        if self._work.is_last_look:
            return 0
        if not self.is_costly:
            return _MOST_PARTS
        return 1 if self._work.is_told else _MOST_COSTLY_PARTS

    @property
    def is_costly(self) -> bool:
        return self._group.is_costly

    @property
    def slice(self) -> Window | None:
        return self._work.slice

    @property
    def unread(self) -> Sequence[Window]:
        return self._group.leader.unread

    def expect(self, total: int) -> None:
        """Send the platform an estimate, once for each gap: it draws a progress bar from it."""
        stream = self._group.leader.stream
        # The records of a window that was handed out are in an estimate already, and a last look is no part of it.
        if (
            not self._work.is_told
            and not self._work.is_last_look
            and stream is self._group.source
            and stream.is_one_to_one
        ):
            stream.client.tally.add(expected=total)
            self._group.queue.put(_estimate(stream.name, stream.client.tally.expected))

    def split(self, windows: Iterable[Window]) -> None:
        self._is_handed_out = True
        for window in sorted(windows):
            self._hand_out(Work(window, is_told=True))

    def slice_up(self, slices: Sequence[Window], total: int) -> None:
        self._is_handed_out = True
        shared = self._work.slices or Slices(total, len(slices))
        if self._work.slices:
            shared.add(len(slices))
        for part in slices:
            self._hand_out(Work(self._work.window, part, shared, is_told=True))

    def _hand_out(self, work: Work) -> None:
        """Have some other worker read it."""
        self._group.queue.put(WindowPartition(self._group, self._group.opened(work)))

    @property
    def was_read_here(self) -> bool:
        return not self._is_handed_out

    def slice_ended(self, distinct: int) -> Sliced | None:
        return self._work.slices.ended(distinct) if self._work.slices else None

    def reached(self, part: Window) -> None:
        # Of a slice, and behind the moment the read began, no time says that all before it was given.
        if self._work.slices or self._work.is_last_look:
            return
        for member in self._group.members:
            if member.stream.name not in self._unread_for:
                member.advance(part)

    def leave_rest(self) -> None:
        self._leaves_rest = True

    def asked(self, through: int | str) -> None:
        for member in self._group.members:
            if member.stream.name not in self._unread_for:
                member.asked(through)

    @property
    def job(self) -> Mapping[str, Any] | None:
        return next((job for cursor in self._cursors() if (job := cursor.job) is not None), None)

    def keep_job(self, job: Mapping[str, Any] | None) -> None:
        for cursor in self._cursors():
            cursor.keep_job(job)

    @property
    def page_cursor(self) -> PageCursor | None:
        kept = [cursor.page_cursor for cursor in self._cursors()]
        # That of the stream that has come least far, and only if every stream has one.
        return min(filter(None, kept), key=lambda cursor: cursor.moment) if kept and all(kept) else None

    def keep_page_cursor(self, cursor: PageCursor) -> None:
        for each in self._cursors():
            each.keep_page_cursor(cursor)

    def short_before(self, missing: int) -> str:
        if not any(member.tells_next_sync for member in self._group.members):
            # No state tells the next sync. A total that is wrong for good must not stop the stream for ever, so it is
            # taken to be wrong when just as many are missing once more.
            is_known = self._missed == missing
            self._missed = None if is_known else missing
            return "when this sync asked for the first time" if is_known else ""
        is_known = all(cursor.was_short(self._work.window, missing) for cursor in self._cursors())
        return "in an earlier sync" if is_known else ""

    def came_short(self, missing: int) -> None:
        for cursor in self._cursors():
            cursor.came_short(self._work.window, missing)

    def _cursors(self) -> list[WindowCursor]:
        return [member.cursor for member in self._group.members if isinstance(member.cursor, WindowCursor)]

    # What the CDK asks.

    def to_slice(self) -> Mapping[str, Any]:
        return StreamSlice(partition={}, cursor_slice=self._work.window._asdict())

    def stream_name(self) -> str:
        return self._group.leader.stream.name

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"{self.stream_name()} {self._work.window.shown}"

    # Rows.

    def _rows(self, window: Window) -> Iterator[QueueItem]:
        group = self._group
        for raw in group.source.pages(window, self):
            group.health.worked()
            page = group.source.prepared(group.source.objects(raw))
            for members in group.sharing:
                going = [member for member in members if not member.health.stopped]
                self._unread_for.update(member.stream.name for member in members if member not in going)
                if len(members) > 1:
                    yield from self._rows_together(going, page, window)
                elif going:
                    yield from self._rows_for(going[0], page, window)
            # Free the memory before the next page is fetched.
            del raw, page

    def _rows_for(self, member: Member, page: Page, window: Window) -> Iterator[QueueItem]:
        """The rows that a member makes of a page. If it fails, the other members are read all the same."""
        stream = member.stream
        own = window
        try:
            if self._group.source.reads_whole:
                if member.window is None:
                    return
                own = member.window
                page = [record for record in page if stream.wants(record, own) and not member.has_asked(record)]
            for rows in stream.rows(page, own):
                yield from self._finished(member, rows, window)
        except Exception as error:
            self._failed(member, error)

    def _rows_together(self, members: Iterable[Member], page: Page, window: Window) -> Iterator[QueueItem]:
        """The rows that members make of a page out of the same answers. If one fails, the others are read on."""
        going = {member.stream: member for member in members}
        streams = [stream for stream in going if isinstance(stream, Child)]
        try:
            for stream, made in rows_together(streams, page, window):
                if stream in going:
                    try:
                        if isinstance(made, Exception):
                            raise made
                        yield from self._finished(going[stream], made, window)
                    except Exception as error:
                        self._failed(going.pop(stream), error)
        except Exception as error:
            # Not of one of them: asking itself has failed.
            for member in going.values():
                self._failed(member, error)

    def _failed(self, member: Member, error: Exception) -> None:
        self._unread_for.add(member.stream.name)
        if member.health.failed(error):
            self._group.queue.put(StreamThreadException(error, member.stream.name))

    def _finished(self, member: Member, rows: list[Record], window: Window) -> Iterator[QueueItem]:
        if not rows:
            return
        member.health.worked()
        stream = member.stream
        made = member.finishing.finished(rows)
        if len(made) < len(rows):
            stream.client.tally.add(odd=len(rows) - len(made))
        count = len(made)
        if self._group.as_pages:
            lines = list(as_pages(stream.name, made))
            made.clear()
            if isinstance(stream, Child) or member is self._group.sharing[-1][-1]:
                # The lines take a seventh of the memory of the rows, and may wait long for a slow destination. Rows of
                # a child are nobody else's; others can be those of the page, which the last member alone may empty.
                rows.clear()
            if member.start_running():
                yield as_airbyte_message(StreamDescriptor(name=stream.name), AirbyteStreamStatus.RUNNING)
            yield from lines
        else:
            yield from as_records(stream.name, made, StreamSlice(partition={}, cursor_slice=window._asdict()))
        member.count(count)

    def _settle(self) -> None:
        """Move the states on, of the streams that got all rows."""
        slices, unread_for = self._work.slices, self._unread_for
        if slices:
            left = slices.close_one(unread_for)
            if left is None:
                return
            unread_for = left
        elif self._is_handed_out or self._leaves_rest or self._work.is_last_look:
            return
        for member in self._group.members:
            if member.stream.name not in unread_for:
                window = member.window if self._group.source.reads_whole else self._work.window
                if window is not None:
                    member.advance(window)


class Leading(PartitionGenerator):
    """Makes the windows of a group."""

    def __init__(self, group: Group, after: Iterable[Group] = ()) -> None:
        """``after`` are groups whose end is waited for."""
        self._group = group
        self._after = list(after)

    def generate(self) -> Iterable[Partition]:
        for group in self._after:
            group.wait_for_end()
        return (WindowPartition(self._group, work) for work in self._group.work())


class Following(PartitionGenerator):
    """Waits for the end of a group that another stream leads."""

    def __init__(self, group: Group) -> None:
        self._group = group

    def generate(self) -> Iterable[Partition]:
        self._group.wait_for_success()
        return ()


def _estimate(stream: str, rows: int) -> AirbyteMessage:
    return AirbyteMessage(
        type=Type.TRACE,
        trace=AirbyteTraceMessage(
            type=TraceType.ESTIMATE,
            emitted_at=time.time_ns() // 1_000_000,
            estimate=AirbyteEstimateTraceMessage(name=stream, type=EstimateType.STREAM, row_estimate=rows),
        ),
    )

"""A stream that is being read: with its cursor, and with how it fares."""

import threading
import time

from airbyte_cdk.sources.streams.concurrent.cursor import Cursor

from source_intercom.engine.health import Health
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.moments import shown
from source_intercom.sync.windows import Window, joined


class Member:
    """A stream of a group, with its own state and its own failures.

    Shared by all workers of the group. ``stream``, ``finishing``, ``cursor``, ``unread`` and ``window`` never change;
    cursor, health and finishing guard themselves; whether the stream is running is written under the lock.
    """

    def __init__(self, stream: IntercomStream, cursor: Cursor) -> None:
        self.stream = stream
        # Made here: the first workers to need it would each make one of their own.
        self.finishing = stream.finishing
        self.cursor = cursor
        self.health = Health()
        self._running = False
        self._lock = threading.Lock()
        sync = stream.sync
        unread = cursor.unread() if isinstance(cursor, WindowCursor) else [Window(sync.config.start, sync.begin)]
        # What is left to read when the sync begins.
        self.unread = tuple(joined(unread))
        # The same from its first second to its last; None when nothing is.
        self.window = Window(unread[0].start, unread[-1].end) if unread else None

    @property
    def tells_next_sync(self) -> bool:
        """Whether the next sync reads its state; after a full refresh only where one that broke off is continued."""
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
            began = shown(over["began_at"])
            if self.cursor.is_given_all:
                sync.reconciliations.append({"stream": name, **over, "ended_at": int(time.time())})
                sync.logger.info(f"{name}: the full comparison that began at {began} has come to its end")
            else:
                # Whoever reads of a comparison takes what it did not bring for deleted.
                sync.logger.warning(
                    f"{name}: Intercom left records out of the full comparison that began at {began}, so the stream "
                    "reconciliations does not tell of it."
                )

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

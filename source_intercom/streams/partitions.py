"""Between our streams and the concurrent CDK: a window of a stream is a partition.

The CDK's ``StreamFacade`` copies each slice and record and knows one kind of failure. Here nothing is copied, and
a stream that has failed for good says so once instead of once a window.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.types import Record as CdkRecord
from airbyte_cdk.sources.types import StreamSlice

from source_intercom.api.errors import IntercomError
from source_intercom.streams.base import IntercomStream
from source_intercom.sync.windows import DAY, Window

# Windows of one stream that may fail for want of an answer before the rest is left to the next sync.
_FAILED_WINDOWS = 3
# The sweep has no end; searches want one. Nobody's sync takes ten years.
_SWEEP_SECONDS = 3650 * DAY


class _Progress:
    """How the windows of one stream fare together. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._failed = 0
        self._open = 1  # the generator itself, until it has made its last window

    @property
    def stopped(self) -> bool:
        """Whether the rest of the stream is not worth trying."""
        return self._stopped

    def opened(self) -> None:
        """A window has been made."""
        with self._lock:
            self._open += 1

    def closed(self) -> bool:
        """A window was read, or the last one was made; true for the one after which none is left."""
        with self._lock:
            self._open -= 1
            return self._open == 0 and not self._failed

    def failed(self, error: Exception) -> bool:
        """Take a failure in; true when it is to be told, false when the stream has told enough already."""
        with self._lock:
            told = self._stopped
            self._failed += 1
            final = error.final if isinstance(error, IntercomError) else True
            self._stopped = self._stopped or final or self._failed >= _FAILED_WINDOWS
            return not told


class WindowPartition(Partition):
    """One window of one stream. ``given_up`` tells the cursor not to count it as read."""

    def __init__(
        self, stream: IntercomStream, window: Window, slice_: StreamSlice, progress: _Progress, *, sweep: bool
    ) -> None:
        self.given_up = False
        self._stream = stream
        self._window = window
        self._slice = slice_
        self._progress = progress
        self._sweep = sweep

    def read(self) -> Iterable[CdkRecord]:
        if self._progress.stopped:
            self.given_up = True
            return
        try:
            yield from self._records(self._window)
            if self._sweep and self._progress.closed():
                yield from self._records(_sweep_after(self._stream.sync.begin))
        except Exception as error:
            if self._progress.failed(error):
                raise
            self.given_up = True

    def _records(self, window: Window) -> Iterator[CdkRecord]:
        name = self._stream.name
        coerce = self._stream.coerce
        count = 0
        try:
            for record in self._stream.read_window(window):
                coerce(record)
                count += 1
                yield CdkRecord(data=record, stream_name=name, associated_slice=self._slice)
        finally:
            self._stream.client.tally.add(records=count)

    def to_slice(self) -> Mapping[str, Any]:
        return self._slice

    def stream_name(self) -> str:
        return self._stream.name

    def __hash__(self) -> int:
        return hash((self._stream.name, self._window))

    def __repr__(self) -> str:
        return f"{self._stream.name} {self._window}"


class WindowPartitions(PartitionGenerator):
    """Makes a partition of each window that the stream's cursor gives, or a single one without a cursor."""

    def __init__(self, stream: IntercomStream, cursor: Cursor) -> None:
        self._stream = stream
        self._cursor = cursor

    def generate(self) -> Iterable[Partition]:
        progress = _Progress()
        sweep = self._stream.sweeps
        for slice_ in self._cursor.stream_slices():
            if progress.stopped:
                return
            bounds = slice_.cursor_slice
            window = Window(bounds["start"], bounds["end"]) if bounds else Window(0, self._stream.sync.begin)
            progress.opened()
            yield WindowPartition(self._stream, window, slice_, progress, sweep=sweep)
        if sweep and progress.closed():
            # Every window was read before the last one was made: the sweep has none left to follow.
            window = _sweep_after(self._stream.sync.begin)
            yield WindowPartition(self._stream, window, slice_, progress, sweep=False)


def _sweep_after(begin: int) -> Window:
    return Window(begin + 1, begin + _SWEEP_SECONDS)

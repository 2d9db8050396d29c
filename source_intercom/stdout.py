"""All output of the process: whole lines of UTF-8 on stdout, from all threads, until it is stopped."""

import errno
import fcntl
import io
import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from airbyte_cdk.logger import PRINT_BUFFER

# So much is handed to the system at once, in whole lines: it fits into a pipe that is made as large as it may be.
_SLICE = 64 << 10
_LARGEST_PIPE = 1 << 20


class StdoutEnded(Exception):
    """No more lines: stdout takes none, or has been stopped. ``reason`` is the system's, None where it was stopped."""

    def __init__(self, reason: OSError | None) -> None:
        super().__init__(reason)
        self.reason = reason


class Stdout:
    """Writes lines to a file descriptor. Log lines of all threads come here too, see ``as_text``.

    Used by all threads: they write one after the other, under ``_lock``, which also guards ``_failure``. ``_stopped``
    goes from false to true once, without the lock, because its holder may be waiting for a reader that takes nothing.
    ``on_failure`` is called once, in the thread that found that nothing can be written any more.
    """

    def __init__(self, descriptor: int, on_failure: Callable[[OSError], None] = lambda _error: None) -> None:
        self.descriptor = descriptor
        self.on_failure = on_failure
        # Threads that log hold this lock while the CDK's buffer writes their lines. Another one would let a page and a
        # log line run into each other on a pipe, which takes a page in several pieces.
        self._lock = PRINT_BUFFER.lock
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._stopped = False
        self._failure: OSError | None = None

    def write(self, lines: bytes) -> None:
        """Write whole lines. Raises ``StdoutEnded``."""
        with self._lock:
            for piece in _slices(lines):
                if self._stopped or self._failure:
                    raise StdoutEnded(self._failure)
                try:
                    self._put(piece)
                except OSError as error:
                    self._failure = error
                    self.on_failure(error)
                    raise StdoutEnded(error) from None

    def stop(self) -> None:
        """Let the line that is under way be the last one of ``write``; does not wait for it."""
        self._stopped = True
        # The reader may take nothing until this process has ended. A line under way still fits into so large a pipe.
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, _LARGEST_PIPE)

    def last(self, lines: bytes, *, seconds: float) -> None:
        """Stop, and write some last lines as far as stdout takes them. No other thread writes after this one."""
        self.stop()
        # Never given back.
        if self._lock.acquire(timeout=seconds):
            # Log lines that the CDK's buffer has not passed on yet.
            logged = PRINT_BUFFER.buffer.getvalue().encode("utf-8", "backslashreplace")
            with suppress(OSError):
                self._put(memoryview(logged + lines))

    def _put(self, lines: memoryview) -> None:
        done = 0
        try:
            while done < len(lines):
                try:
                    done += os.write(self.descriptor, lines[done:])
                except BlockingIOError:
                    # Whoever gave us this pipe does not block on it, and so neither does our end.
                    waiting = select.poll()
                    waiting.register(self.descriptor, select.POLLOUT)
                    waiting.poll()
        except OSError:
            self._cut(bytes(lines[:done]))
            raise

    def _cut(self, written: bytes) -> None:
        """Take back the part of a line that still fitted onto a full disk."""
        torn = len(written) - (written.rfind(b"\n") + 1)
        if torn and self._is_file:
            with suppress(OSError):
                end = os.lseek(self.descriptor, 0, os.SEEK_END) - torn
                os.ftruncate(self.descriptor, end)
                os.lseek(self.descriptor, end, os.SEEK_SET)

    @contextmanager
    def as_text(self) -> Iterator[None]:
        """Take what is printed and logged meanwhile, too. In UTF-8, whatever the locale says."""
        before = sys.stdout, sys.__stdout__
        text = _Text(self)
        # The CDK's buffer writes to the second of them.
        sys.stdout = sys.__stdout__ = text  # type: ignore[misc, assignment]
        try:
            yield
            PRINT_BUFFER.flush()
        finally:
            sys.stdout, sys.__stdout__ = before  # type: ignore[misc]


class _Text(io.TextIOBase):
    """The text side. It never raises: a thread that logs cannot do anything about it."""

    def __init__(self, stdout: Stdout) -> None:
        self._stdout = stdout

    def write(self, text: str) -> int:
        with suppress(StdoutEnded):
            self._stdout.write(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def fileno(self) -> int:
        return self._stdout.descriptor


def _slices(lines: bytes) -> Iterator[memoryview]:
    view = memoryview(lines)
    start = 0
    while start < len(lines):
        limit = start + _SLICE
        # The last end of a line within the limit, or else the first one behind it.
        end = len(lines) if limit >= len(lines) else lines.rfind(b"\n", start, limit) + 1
        end = end or lines.find(b"\n", limit) + 1 or len(lines)
        yield view[start:end]
        start = end


def is_gone(error: OSError) -> bool:
    """Whether the reader has closed its end, which is no fault of this machine."""
    return error.errno in (errno.EPIPE, errno.ECONNRESET)

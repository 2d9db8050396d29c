"""How the process ends early: on a signal, on an error, or when nobody reads its output.

Workers that wait for room in the queue of the records wait for ever once the main thread takes nothing from it, and
the interpreter waits for them. So such a process leaves without it, after it has printed what can still be of use.
"""

import ctypes
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from airbyte_cdk.models import (
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteStreamStatus,
    Level,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_intercom.stdout import Stdout, StdoutEnded, is_gone

# From the signal to the end, for a reader that takes lines slowly or not at all: first what waits in the queue is
# printed, then the line that is under way.
_QUEUE_SECONDS = 2.0
_LINE_SECONDS = 1.0
# Side by side with the queue.
RELEASE_SECONDS = 2.5
_ALL_SECONDS = 4.5
# A signal that the process gives itself takes no time. If it has not ended then, it ends without.
_DEATH_SECONDS = 1.0
# A finished command waits no longer than this for requests that are still under way.
_LEAVE_SECONDS = 3.0
# A shell's code for a program that nobody reads any more: 128 and the number of SIGPIPE.
GONE = 141
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WAKE = b"\0"


class Ending:
    """Knows which streams have begun and not ended, and ends the process.

    ``line`` makes a line of a message, ``repository`` gives the way by which messages join the records on their way
    to the main thread. ``release`` lets go of what this process holds at Intercom, within ``RELEASE_SECONDS``.

    Used by the main thread and by one that watches for signals. The main thread alone writes ``_running``, of which the
    other takes a copy, as does any thread that finds stdout closed. The thread that watches alone writes ``_marker``
    and ``_stopped``, each once. Each of these steps is one for Python, so there is no lock: a signal could come while
    it is held.
    """

    def __init__(
        self,
        stdout: Stdout,
        line: Callable[[AirbyteMessage], bytes],
        repository: Callable[[], MessageRepository | None],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._stdout = stdout
        self._line = line
        self._repository = repository
        self._release = release
        self._running: dict[str, None] = {}
        self._marker: AirbyteMessage | None = None
        self._watching = False
        # Set once, by the thread that watches: a signal has come, and the end is that thread's.
        self._stopped = False
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    # --- called in the main thread ---

    def watch(self) -> None:
        """From now on, end the process on a signal or when nobody reads its output."""
        self._watching = True
        self._stdout.on_failure = self._failed
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in _SIGNALS:
            # A signal that is ignored since before the start, as under nohup, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._signalled)
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """Does nothing: Python itself writes the number into a pipe, for the thread that watches."""

    def note(self, message: AirbyteMessage) -> None:
        """Take in a message that is about to be printed. Does not return from the one that was waited for."""
        if message is self._marker:
            self.hand_over()
        if message.type is Type.TRACE and message.trace and message.trace.stream_status:
            status = message.trace.stream_status
            if status.status in (AirbyteStreamStatus.STARTED, AirbyteStreamStatus.RUNNING):
                self._running[status.stream_descriptor.name] = None
            else:
                self._running.pop(status.stream_descriptor.name, None)

    def hand_over(self) -> NoReturn:
        """The main thread has printed all that it had. The thread that watches ends the process."""
        with suppress(OSError):
            os.write(self._waker, _WAKE)
        time.sleep(_ALL_SECONDS)
        os._exit(1)

    def leave(self, code: int, message: AirbyteMessage | None = None) -> NoReturn:
        """End with an exit code, after a last message; where a signal has come, as the signal ends."""
        if self._stopped:
            # The error may be a consequence: exports are canceled after a signal, and their streams fail.
            self.hand_over()
        line = self._line(message) if message else b""
        if self._running and self._watching:
            self._end(code, self._incomplete() + line)
        self._within(_LEAVE_SECONDS, os._exit, code)
        with suppress(StdoutEnded):
            self._stdout.write(self._incomplete() + line)
        sys.exit(code)

    # --- called in the thread that watches ---

    def _watch(self) -> None:
        code = 1
        try:
            number = self._next(None)
            self._stopped = True
            code = 128 + number
            self._within(_ALL_SECONDS, self._die, number)
            releasing = self._releasing()
            if self._running:
                self._print_the_queue()
            releasing.join(RELEASE_SECONDS)
            name = signal.Signals(number).name
            why = f"Stopped by {name} before the end. The next sync continues from the last saved states."
            log = AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.WARN, message=why))
            self._stdout.last(self._line(log) + self._incomplete(), seconds=_LINE_SECONDS)
            self._die(number)
        finally:
            os._exit(code)

    def _print_the_queue(self) -> None:
        """Have the main thread print what stands in the queue: behind it, a marker tells that this is done."""
        self._marker = AirbyteMessage(type=Type.LOG)
        repository = self._repository()
        if repository:
            # There may be no room in the queue, and no reader who makes some.
            threading.Thread(target=repository.emit_message, args=(self._marker,), daemon=True).start()
            self._next(time.monotonic() + _QUEUE_SECONDS)

    def _next(self, until: float | None) -> int:
        """The number of the next signal; 0 after a wake-up without one, or when the time is over.

        Ends the process where nobody reads stdout.
        """
        waiting = select.poll()
        waiting.register(self._wake, select.POLLIN)
        # Without any events of its own: poll always reports that the reader is gone.
        waiting.register(self._stdout.descriptor, 0)
        while True:
            left = None if until is None else max(0, int(1000 * (until - time.monotonic())))
            events = dict(waiting.poll(left))
            if events.get(self._stdout.descriptor, 0) & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
                self._released()
                os._exit(GONE)
            if self._wake in events:
                number = os.read(self._wake, 1)[0]
                if number and until is not None:
                    # Somebody has lost patience.
                    self._die(number)
                if number or until is not None:
                    return number
            elif until is not None:
                return 0

    def _die(self, number: int) -> NoReturn:
        """End by the signal itself: a shell calls that 128 and its number, PyAirbyte takes no other end for a good one.

        The first process of a container cannot, as nothing ends it that it does not handle.
        """
        if os.getpid() != 1:
            # Python lets the main thread alone give a signal its own meaning back, and that may be in the middle of
            # something that no signal interrupts. The C library lets every thread.
            with suppress(AttributeError, OSError):
                ctypes.CDLL(None).signal(number, ctypes.c_void_p(signal.SIG_DFL))
                os.kill(os.getpid(), number)
                time.sleep(_DEATH_SECONDS)
        os._exit(128 + number)

    def _failed(self, error: OSError) -> None:
        """Stdout takes nothing more, as some thread has found."""
        if is_gone(error):
            self._released()
            os._exit(GONE)
        with suppress(Exception):
            print(f"stdout cannot be written to: {error.strerror}", file=sys.__stderr__, flush=True)
        self._end(1, self._incomplete())

    def _incomplete(self) -> bytes:
        status = AirbyteStreamStatus.INCOMPLETE
        return b"".join(
            self._line(as_airbyte_message(StreamDescriptor(name=name), status)) for name in list(self._running)
        )

    def _end(self, code: int, lines: bytes) -> NoReturn:
        self._within(_ALL_SECONDS, os._exit, code)
        self._stdout.last(lines, seconds=_LINE_SECONDS)
        self._released()
        os._exit(code)

    def _released(self) -> None:
        self._releasing().join(RELEASE_SECONDS)

    def _releasing(self) -> threading.Thread:
        """Let go of what is held at Intercom, in a thread that holds nothing up."""
        thread = threading.Thread(target=self._release, name="release", daemon=True)
        thread.start()
        return thread

    def _within(self, seconds: float, end: Callable[[int], NoReturn], number: int) -> None:
        """End the process in some seconds, whatever it is doing then."""
        if self._watching:
            timer = threading.Timer(seconds, end, (number,))
            timer.daemon = True
            timer.start()

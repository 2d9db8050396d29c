"""What a person reads while a read runs: the log, a line of progress a minute, and the table at its end."""

import re
import time
from collections.abc import Collection, Iterable, Sequence
from logging import Logger, LogRecord
from types import TracebackType

from source_intercom.api.budget import CallBudget
from source_intercom.api.errors import IntercomError
from source_intercom.engine.summary import table
from source_intercom.engine.ticker import Ticker
from source_intercom.shapes.base import IntercomStream

_EVERY = 60.0  # seconds between two progress lines; platforms take a long silence for a hang


def reading_log(streams: Iterable[IntercomStream], logger: Logger) -> Logger:
    """A logger for the CDK's reader: it corrects the lines and passes them on to ``logger``.

    The reader counts the records that pass it one by one, so of those in pages it says that it read none. And it
    prints a stack trace for every error, also for those that are explained in a sentence.
    """
    tallies = {stream.name: stream.client.tally for stream in streams}

    def mend(line: LogRecord) -> bool:
        text = line.getMessage()
        read = re.fullmatch(r"Read \d+ records from (\w+) stream", text)
        if read:
            text = f"Read {tallies[read[1]].records} records from {read[1]} stream"
        error = line.exc_info[1] if line.exc_info else None
        if isinstance(error, IntercomError):
            text, line.exc_info = f"{text}: {error.internal_message}", None
        line.msg, line.args = text, None
        return True

    # Not one of logging's own children, which live on, filters and all, in the reads that come after.
    log = Logger(logger.name)
    log.parent = logger
    log.addFilter(mend)
    return log


class Progress(Ticker):
    """Logs a line a minute while the block runs, and a table of all streams at its end.

    Its thread reads figures of the tallies and the budget. Of what it shares it changes nothing.
    """

    def __init__(
        self, streams: Sequence[IntercomStream], budget: CallBudget, logger: Logger, failed: Collection[str] = ()
    ) -> None:
        """``failed``: the names of the streams that have reported an error so far; it grows while they are read."""
        super().__init__("progress", _EVERY, self._beat)
        self._streams = streams
        self._tallies = [stream.client.tally for stream in streams]
        self._budget = budget
        self._logger = logger
        self._failed = failed
        self._began = time.monotonic()
        # Of the thread alone: the requests that had been made when it logged its last line.
        self._calls = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        seconds = time.monotonic() - self._began
        for line in table(self._streams, seconds, self._failed):
            self._logger.info(line)
        for stream in self._streams:
            for level, line in stream.finishing.misfits.told(stream.name):
                self._logger.log(level, line)

    def _beat(self) -> None:
        calls = sum(tally.calls for tally in self._tallies)
        self._logger.info(self.line(calls - self._calls))
        self._calls = calls

    def line(self, calls_since: int) -> str:
        """One line of progress; ``calls_since`` are the calls of the last minute."""
        seconds = time.monotonic() - self._began
        records, calls = sum(tally.records for tally in self._tallies), sum(tally.calls for tally in self._tallies)
        words = [f"{records:,} records read with {calls:,} requests in {seconds:.0f} s"]
        estimated = [tally for tally in self._tallies if tally.expected]
        expected = sum(tally.expected for tally in estimated)
        read = sum(min(tally.records, tally.expected) for tally in estimated)
        if read:
            words.append(f"{100 * read // expected} % of what was estimated")
            minutes = round(seconds * (expected - read) / read / 60)
            words.append(f"about {minutes} {'minute' if minutes == 1 else 'minutes'} to go for that")
        if self._budget.limit:
            words.append(f"{100 * calls_since // (self._budget.limit * 6)} % of the rate limit used")
        return ", ".join(words)

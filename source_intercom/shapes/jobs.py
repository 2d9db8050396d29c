"""Streams that Intercom makes in jobs, each of them for a range of time, one after the other."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from source_intercom.api.client import Json
from source_intercom.api.errors import ExportEnded, RecordGone, TooLarge, Unavailable
from source_intercom.api.exports import Exports, RangeRefused
from source_intercom.api.figures import Page
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.reading import Reading
from source_intercom.sync.state import INDEX_LAG
from source_intercom.sync.windows import DAY, HOUR, Window

# No job is called so.
NO_JOB = "0" * 16
# A range as short as this is not refused for its length.
_BEARABLE = 7 * DAY
_BATCH = 1_000


class TooManyRows(Unavailable):
    """More rows than an export holds."""


@dataclass(frozen=True)
class Job:
    """An export job: the part of the stream's time that it is for, the range that was asked for, and when.

    All in Unix seconds; ``made`` is the moment of the sync that asked for it.
    """

    name: str
    part: Window
    asked: Window
    made: int

    def as_state(self) -> dict[str, Any]:
        return {"id": self.name, "part": list(self.part), "range": list(self.asked), "made": self.made}

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> "Job | None":
        """The job that a state tells of, None where it tells of none."""
        if state is None:
            return None
        name, *windows = state.get("id"), state.get("part"), state.get("range")
        pairs = [tuple(one) for one in windows if isinstance(one, list) and all(type(bound) is int for bound in one)]
        if not isinstance(name, str) or [len(pair) for pair in pairs] != [2, 2]:
            return None
        part, asked = (Window(*pair) for pair in pairs)
        made = state.get("made")
        return cls(name, part, asked, made if type(made) is int else asked.end)


class ExportedStream(IntercomStream):
    """Pages from the files of export jobs. The state names the job under way, so that a later sync continues it.

    What is exported of a time goes on changing, so each sync exports the last days before its state again.
    """

    @property
    @abstractmethod
    def exports(self) -> Exports:
        """Where its jobs are made."""

    @property
    @abstractmethod
    def lookback(self) -> int:
        """For how many seconds exported rows may still change."""

    @property
    @abstractmethod
    def longest(self) -> int:
        """How many seconds one job is for, at most."""

    @abstractmethod
    def asked_for(self, asked: Window) -> Json:
        """The request that makes the job of a range."""

    @abstractmethod
    def pages_of(self, file: IO[bytes], part: Window, asked: Window) -> Iterator[Page]:
        """Pages of the rows of a file that belong to a part of the time."""

    @property
    def overlap(self) -> int:
        return INDEX_LAG + max(self.lookback, self.sync.config.lookback_window * DAY)

    def probe(self) -> None:
        """Ask for a job that nobody has: that Intercom looks for it is the permission, and nothing is made."""
        try:
            self.exports.ask(self.client, NO_JOB)
        except RecordGone:
            return

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        start = self.first(window)
        told_from = window.start
        longest = self.longest
        unfinished = self._unfinished(start, window, reading)
        while start <= window.end:
            if unfinished:
                part, asked = unfinished.part, unfinished.asked
            else:
                part, asked = self.next_part(start, window.end, longest)
            try:
                yield from self._exported(part, asked, unfinished, reading)
            except (TooManyRows, TooLarge, RangeRefused) as error:
                longest, unfinished = self.shorter(asked, error), None
                continue
            except (RecordGone, ExportEnded) as error:
                if unfinished is None:
                    raise
                self.logger.info(f"The export that the last sync began cannot be used: {error.internal_message}")
                unfinished = None
                continue
            reading.keep_job(None)
            reading.reached(Window(min(told_from, part.start), part.end))
            # What happened since an earlier sync began this export is not in it.
            whole_to = min(part.end, self.known_to(unfinished) - self.lookback) if unfinished else part.end
            unfinished = None
            start = told_from = max(start, whole_to + 1)

    def first(self, window: Window) -> int:
        """The first second of a window at which there can be anything: nothing is older than the workspace."""
        return max(window.start, min(self.sync.birth, self.sync.begin) - DAY)

    def next_part(self, start: int, end: int, longest: int) -> tuple[Window, Window]:
        """The next part of a window, and the range to ask for, which is no longer than ``longest`` seconds."""
        part = Window(start, min(end, start + longest - 1))
        return part, part

    def known_to(self, job: Job) -> int:
        """The moment up to which the files of a job tell what happened."""
        return job.asked.end

    def shorter(self, asked: Window, error: Unavailable | RangeRefused) -> int:
        """How many seconds to ask for instead of a range that failed. Raises the error where none would help."""
        longest = (asked.end - asked.start + 1) // 2
        if longest < (_BEARABLE if isinstance(error, RangeRefused) else HOUR):
            raise error
        self.logger.info(f"{self.name}: the export is asked for in shorter ranges: {error.internal_message}")
        return longest

    def _unfinished(self, start: int, window: Window, reading: Reading) -> Job | None:
        """The job that an earlier sync left unfinished; one that cannot be used is canceled."""
        unfinished = Job.of(reading.job)
        if unfinished is None or not window.holds(unfinished.part.end):
            return None
        if unfinished.part.start <= start <= unfinished.part.end:
            return unfinished
        self.exports.cancel(self.client, unfinished.name)
        return None

    def _exported(self, part: Window, asked: Window, unfinished: Job | None, reading: Reading) -> Iterator[Page]:
        if unfinished:
            file = self.exports.resume(self.client, unfinished.name)
        else:
            file = self.exports.fetch(
                self.client,
                self.asked_for(asked),
                lambda name: reading.keep_job(Job(name, part, asked, self.sync.now).as_state()),
            )
        if file is None:
            return
        with file:
            yield from self.pages_of(file, part, asked)


def batched(rows: Iterator[Record], size: int = _BATCH) -> Iterator[Page]:
    """Rows in pages of so many."""
    while batch := list(islice(rows, size)):
        yield batch

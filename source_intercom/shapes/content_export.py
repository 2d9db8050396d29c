"""Streams made from the files of Intercom's content export: messages that were sent, and what came of them."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import IO, ClassVar

from source_intercom.api import permissions
from source_intercom.api.client import Json
from source_intercom.api.errors import Unavailable, strange
from source_intercom.api.exports import CONTENT, Exports, RangeRefused
from source_intercom.api.figures import Page
from source_intercom.api.masking import shortened
from source_intercom.api.tables import Table, tables_in
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.compact_set import CompactSet
from source_intercom.shapes.jobs import ExportedStream, TooManyRows, batched
from source_intercom.shapes.reading import Reading
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY, Window

RECEIPTS = "receipt"
OTHERS = "other"
# What each file tells: the stream that is made from it, and its column of times. Only two of these columns are
# documented (docs/intercom-api.md#export-files), so any other column that is named like a time does.
FILES: Mapping[str, tuple[str, str]] = {
    RECEIPTS: ("message_receipts", "received_at"),
    "open": ("message_opens", "opened_at"),
    "click": ("message_clicks", "clicked_at"),
    "reply": ("message_replies", "replied_at"),
    "completion": ("message_completions", "completed_at"),
    "goal_success": ("message_goal_successes", "succeeded_at"),
    "dismissal": ("message_dismissals", "dismissed_at"),
    "unsubscribe": ("message_unsubscribes", "unsubscribed_at"),
    "hard_bounce": ("message_hard_bounces", "bounced_at"),
    "answer": ("message_answers", "answered_at"),
    OTHERS: ("message_other_statistics", ""),
}
_RECEIPT_ID = "receipt_id"
# Of an export with as many rows the last ones are missing.
_MOST_ROWS = 10_000_000
# Intercom refuses more than 90 days, and counts whole ones: both ends can add one.
_LONGEST = 88 * DAY
_SECONDS_DIGITS = 10
# Intercom's documentation of older versions, and of this one, spells it so.
_MISSPELLED = {"first_dismisall": "first_dismissal"}


class _Receipts:
    """Which receipts of an export belong to the part of the time that it is read for, and which to another one."""

    def __init__(self, part: Window) -> None:
        self._part = part
        self._here = CompactSet()
        self._elsewhere = CompactSet()

    def add(self, receipt: str, received_at: int | None) -> None:
        is_here = received_at is None or self._part.holds(received_at)
        (self._here if is_here else self._elsewhere).add(receipt)

    def sort(self) -> None:
        """All have been added."""
        self._here.sort()
        self._elsewhere.sort()

    def holds(self, receipt: str, occurred_at: int | None) -> bool:
        """Whether what happened belongs to the part: by its receipt, or by its own time where that is not exported."""
        if receipt in self._elsewhere:
            return False
        return receipt in self._here or occurred_at is None or self._part.holds(occurred_at)


class ContentExport(ExportedStream):
    """The files of the content export. A record of a page is a batch of rows of one file.

    Intercom counts what people did with a message only as far as it falls into the range asked for, says its
    description; its help says that all counts (docs/intercom-api.md#export-range). So each part of the time is asked
    for together with the days after it, for as long as people are expected to act (``message_lookback_days``). The
    messages of those days, and what came of them, are left to the next part.
    """

    endpoint = CONTENT.create
    records_key = "rows"
    permission = permissions.EXPORTS
    longest = _LONGEST

    @property
    def exports(self) -> Exports:
        return self.sync.exports

    @property
    def lookback(self) -> int:
        return self.sync.config.message_lookback_days * DAY

    def asked_for(self, asked: Window) -> Json:
        return {"created_at_after": asked.start, "created_at_before": asked.end}

    def next_part(self, start: int, end: int, longest: int) -> tuple[Window, Window]:
        after = min(self.lookback, longest // 2)
        is_last = max(end, min(end + after, self.sync.now)) - start < longest
        part = Window(start, end if is_last else start + longest - after - 1)
        return part, Window(start, max(part.end, min(part.end + after, self.sync.now)))

    def shorter(self, asked: Window, error: Unavailable | RangeRefused) -> int:
        longest = super().shorter(asked, error)
        if longest // 2 < self.lookback:
            self.logger.warning(
                f"{self.name}: what people do more than {longest // 2 // DAY} days after a message can be missing, "
                "because Intercom exports at most ten million rows at a time."
            )
        return longest

    def pages_of(self, file: IO[bytes], part: Window, asked: Window) -> Iterator[Page]:
        tables = tables_in(file)
        # Also finds a damaged file before any of its rows leaves.
        lines = sum(table.lines() for table in tables)
        if lines >= _MOST_ROWS:
            raise TooManyRows(
                "Intercom's export of message data holds ten million rows, the most it can, so some are missing.",
                asked.shown,
            )
        yield from self._batches(tables, part)

    def _batches(self, tables: list[Table], part: Window) -> Iterator[Page]:
        selected = self.sync.selected
        wanted = [kind for kind, (name, _) in FILES.items() if name in selected or not selected]
        kinds = [(self._kind(table), table) for table in tables]
        receipts = _Receipts(part)
        if wanted != [RECEIPTS]:
            for kind, table in kinds:
                if kind == RECEIPTS:
                    for row, moment in self._timed(kind, table):
                        receipts.add(row[_RECEIPT_ID], moment)
            receipts.sort()
        for kind, table in kinds:
            if kind in wanted:
                rows = self._received(table, part) if kind == RECEIPTS else self._happened(kind, table, receipts)
                for batch in batched(rows):
                    yield [{"file": kind, "rows": batch}]

    def _received(self, table: Table, part: Window) -> Iterator[Record]:
        return (row for row, moment in self._timed(RECEIPTS, table) if moment is None or part.holds(moment))

    def _happened(self, kind: str, table: Table, receipts: _Receipts) -> Iterator[Record]:
        more = {"statistic": _named(table) or "unknown"} if kind == OTHERS else {}
        for row, moment in self._timed(kind, table):
            if receipts.holds(row[_RECEIPT_ID], moment):
                yield {**row, **more, "occurred_at": moment}

    def _timed(self, kind: str, table: Table) -> Iterator[tuple[Record, int | None]]:
        """Rows, each with its time in Unix seconds, None where it has none."""
        time = self._time_column(kind, table)
        for row in table.rows():
            if _RECEIPT_ID in row:
                yield row, _moment(row.get(time))
            else:
                self.client.tally.add(odd=1)

    def _kind(self, table: Table) -> str:
        """Which of ``FILES`` a table is: by its name, or where it has none by its columns."""
        name = _named(table)
        one = re.sub("(?<=success)es$|(?<!s)s$", "", name.removeprefix("survey_").replace("replies", "reply"))
        if one in FILES:
            return one
        columns = table.columns()
        if _RECEIPT_ID in columns:
            return next((kind for kind, (_, time) in FILES.items() if not name and time and time in columns), OTHERS)
        if not name:
            raise strange(f"an export with the columns {shortened(', '.join(columns), 200)}")
        self.logger.warning(
            f"{self.name}: the file {name!r} of the export is left out, as it has no {_RECEIPT_ID}: "
            f"{shortened(', '.join(columns), 200)}"
        )
        return ""

    def _time_column(self, kind: str, table: Table) -> str:
        columns = table.columns()
        time = FILES[kind][1]
        if _RECEIPT_ID not in columns:
            raise strange(f"the file {table.name!r} of the export without {_RECEIPT_ID}")
        return time if time in columns else next((name for name in columns if name.endswith("_at")), "")


def _named(table: Table) -> str:
    """What a file is called, without its date: ``hard_bounce`` of ``hard_bounce_20240131_101500``."""
    found = re.match(r"[a-z]+(?:_[a-z]+)*", table.name)
    return found[0] if found else ""


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    # Seconds, as they are written now. There are millions of them.
    if len(text) == _SECONDS_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    return seconds_of(text.removesuffix(" UTC"))


class Exported(IntercomStream):
    """Rows of one file of the content export."""

    parent = ContentExport
    file: ClassVar[str]
    key: ClassVar[tuple[str, ...]] = (_RECEIPT_ID, "occurred_at")
    may_lack: ClassVar[tuple[str, ...]] = ("occurred_at",)
    has_more_columns = True
    cursor_time = "occurred_at"

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.source.pages(window, reading)

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        for batch in page:
            if batch["file"] == self.file:
                yield [self._typed(row) for row in batch["rows"]]

    def _typed(self, row: Record) -> Record:
        """All cells are text; times become Unix seconds where they can."""
        typed = {_MISSPELLED.get(name, name): value for name, value in row.items()}
        for name in self._times & typed.keys():
            value = typed[name]
            moment = _moment(value) if isinstance(value, str) else value
            typed[name] = value if moment is None else moment
        return typed

    @cached_property
    def _times(self) -> set[str]:
        properties = self.get_json_schema()["properties"]
        return {name for name, declared in properties.items() if "integer" in declared["type"]}

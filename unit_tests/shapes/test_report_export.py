"""Reports: what is asked for, what is made of a file, and what is said when Intercom does otherwise."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from stream_fakes import FakeReading, make_sync

from source_intercom.api.datasets import Attribute, Dataset
from source_intercom.api.errors import AccessDenied, ExportEnded, NotOffered, RequestRefused, TooLarge
from source_intercom.api.exports import RangeRefused
from source_intercom.options.report_options import ReportOptions
from source_intercom.shapes import report_export as module
from source_intercom.shapes.base import Sync
from source_intercom.shapes.report_export import Report
from source_intercom.streams.reports import report_streams
from source_intercom.sync.windows import DAY, HOUR, Window, midnight_before

NewSync = Callable[..., Sync]
Json = dict[str, Any]
BEGIN = 20_000 * DAY
NAMES = ("standard.conversation_id", "timestamp.conversation_started_at", "standard.channel", "people.Brand", "a.Brand")
OFFERED = {
    "conversation": Dataset(
        "conversation", time="conversation_started_at", attributes=tuple(Attribute(name) for name in NAMES)
    ),
    "new": Dataset("new", time="timestamp.at", attributes=(Attribute("timestamp.at"), Attribute("standard.who"))),
    "timeless": Dataset("timeless", time="at", attributes=(Attribute("standard.who"),)),
}


class Exports:
    """Gives files instead of jobs. ``made`` are the requests."""

    def __init__(self, *files: str | Exception | None) -> None:
        self._files = list(files)
        self.made: list[Json] = []
        self.resumed: list[str] = []
        self.canceled: list[str] = []

    def fetch(self, client: Any, wanted: Json, began: Callable[[str], None]) -> io.BytesIO | None:
        self.made.append(wanted)
        began(f"job-{len(self.made)}")
        return self._file()

    def resume(self, client: Any, job: str) -> io.BytesIO | None:
        self.resumed.append(job)
        return self._file()

    def cancel(self, client: Any, job: str) -> None:
        self.canceled.append(job)

    def _file(self) -> io.BytesIO | None:
        file = self._files.pop(0) if self._files else None
        if isinstance(file, Exception):
            raise file
        return None if file is None else io.BytesIO(file.encode())


class Offers:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def all(self, client: Any) -> dict[str, Dataset]:
        if self._error:
            raise self._error
        return OFFERED


def made(sync: Sync, exports: Exports, error: Exception | None = None, **options: Any) -> Report:
    sync.reports = exports
    sync.datasets = Offers(error)
    (kind,) = report_streams([ReportOptions(**{"dataset": "conversation", **options})])
    return kind(sync)


def read(stream: Report, window: Window, reading: FakeReading | None = None) -> list[Json]:
    return [row for page in stream.pages(window, reading or FakeReading()) for row in page]


HEAD = "conversation_id,conversation_started_at,channel,Brand,Brand\n"
WINDOW = Window(BEGIN - 10 * DAY, BEGIN)


# --- What is asked for ---


def test_all_attributes_by_their_full_names_and_a_second_more(new_sync: NewSync) -> None:
    exports = Exports()
    assert read(made(new_sync(begin=BEGIN), exports), WINDOW) == []
    (asked,) = exports.made
    assert asked == {
        "dataset_id": "conversation",
        "attribute_ids": list(NAMES),
        "start_time": WINDOW.start,
        "end_time": WINDOW.end + 1,
    }


def test_attributes_of_the_options_with_those_that_name_a_row(new_sync: NewSync) -> None:
    exports = Exports()
    read(made(new_sync(begin=BEGIN), exports, attributes=["channel", "a.Brand"]), WINDOW)
    assert exports.made[0]["attribute_ids"] == [*NAMES[:3], "a.Brand"]


@given(
    start=some.integers(BEGIN - 729 * DAY, BEGIN),
    length=some.integers(0, 800 * DAY),
    longest=some.integers(HOUR, 61 * DAY),
)
def test_the_parts_are_the_window(start: int, length: int, longest: int) -> None:
    end = min(start + length, BEGIN)
    sync = make_sync(begin=BEGIN, zone=ZoneInfo("America/Los_Angeles"))
    sync.transport.close()
    stream = made(sync, Exports())
    at = start
    while at <= end:
        part, asked = stream.next_part(at, end, longest)
        assert part == asked
        assert part.start <= at <= part.end <= end
        assert part.start == (at if longest < 2 * DAY else max(midnight_before(at, sync.zone), BEGIN - 729 * DAY))
        assert part.end - part.start < longest + HOUR, "an hour of a clock change"
        if part.end < end and longest >= 2 * DAY:
            assert datetime.fromtimestamp(part.end + 1, sync.zone).strftime("%H:%M:%S") == "00:00:00"
            assert part.end - part.start >= longest - DAY
        at = part.end + 1
    assert at == end + 1


def test_nothing_older_than_two_years_is_asked_for_and_counts_as_read(new_sync: NewSync) -> None:
    exports, reading = Exports(), FakeReading()
    read(made(new_sync(begin=BEGIN), exports), Window(0, BEGIN), reading)
    assert exports.made[0]["start_time"] == BEGIN - 729 * DAY
    assert len(exports.made) == 12
    assert reading.covered[0].start == 0
    read(made(new_sync(begin=BEGIN), exports), Window(0, BEGIN - 800 * DAY), reading)
    assert len(exports.made) == 12


def test_what_is_refused_is_not_asked_for_again(new_sync: NewSync) -> None:
    """It is no question of length: the message says what Intercom does not take."""
    exports = Exports(RangeRefused("attribute_ids invalid for conversation dataset: x"))
    with pytest.raises(RangeRefused, match="attribute_ids invalid"):
        read(made(new_sync(begin=BEGIN), exports), WINDOW)
    assert len(exports.made) == 1


def test_a_file_that_is_too_large_is_asked_for_in_parts(new_sync: NewSync) -> None:
    exports, reading = Exports(TooLarge("too large")), FakeReading()
    read(made(new_sync(begin=BEGIN), exports), WINDOW, reading)
    whole, *halves = [one["end_time"] - one["start_time"] for one in exports.made]
    assert whole > 10 * DAY
    assert max(halves) <= 5 * DAY + 2
    assert (reading.covered[0].start, reading.covered[-1].end) == WINDOW


def test_a_report_that_failed_is_an_error(new_sync: NewSync) -> None:
    with pytest.raises(ExportEnded, match="failed"):
        read(made(new_sync(begin=BEGIN), Exports(ExportEnded("failed"))), WINDOW)


LOS_ANGELES = ZoneInfo("America/Los_Angeles")
# The first of two hours that clocks call the same.
FOLD = int(datetime(2024, 11, 3, 1, tzinfo=LOS_ANGELES).timestamp())


class Ranges(Exports):
    """Gives the rows of the range that is asked for, each at a second, with times of Los Angeles."""

    def __init__(self, *seconds: int) -> None:
        super().__init__()
        self._seconds = seconds

    def fetch(self, client: Any, wanted: Json, began: Callable[[str], None]) -> io.BytesIO:
        self.made.append(wanted)
        chosen = [second for second in self._seconds if wanted["start_time"] <= second < wanted["end_time"]]
        rows = [f"{datetime.fromtimestamp(second, LOS_ANGELES):%Y-%m-%d %H:%M:%S},{second}\n" for second in chosen]
        return io.BytesIO("".join(["at,who\n", *rows]).encode())


@pytest.mark.parametrize("days", [0, 30])
@pytest.mark.parametrize("first_end", [FOLD + 30 * 60, FOLD + 90 * 60, FOLD + 150 * 60])
def test_rows_of_an_hour_that_comes_twice_keep_their_numbers(first_end: int, days: int) -> None:
    """Their times are the same, and only their numbers tell them apart, in each export that has them."""
    twice = [FOLD + minute * 60 for minute in (10, 20, 70, 80)]
    kept = {}
    for begin in (first_end, first_end + 20 * 60 + days * DAY):
        sync = make_sync(begin=begin, zone=LOS_ANGELES, report_lookback_days=days)
        sync.transport.close()
        window = Window(FOLD - 9 * DAY if begin == first_end else first_end - HOUR, begin)
        for row in read(made(sync, Ranges(*twice), dataset="new"), window):
            kept[row["occurred_at"], row["row_number"]] = int(row["who"])
    assert sorted(kept.values()) == [second for second in twice if second <= begin]


def test_whole_days_are_asked_for_but_none_before_the_start_date(new_sync: NewSync) -> None:
    exports, start = Exports(), BEGIN - 2 * DAY + HOUR
    read(made(new_sync(begin=BEGIN), exports), Window(start, BEGIN))
    read(made(new_sync(begin=BEGIN, start_date=f"{module._shown(start - 7).replace(' ', 'T')}Z"), exports), WINDOW)
    assert [asked["start_time"] for asked in exports.made] == [BEGIN - 2 * DAY, start - 7]


# --- Which datasets there are ---


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"dataset": "calls"}, NotOffered, "no reporting dataset 'calls'.*It has: conversation, new, timeless"),
        ({"attributes": ["chanel"]}, NotOffered, "has no attribute 'chanel'.*It has: standard.conversation_id"),
        ({"dataset": "timeless"}, RequestRefused, "another shape"),
    ],
)
def test_what_the_workspace_does_not_have_is_named(
    new_sync: NewSync, options: Json, kind: type[Exception], said: str
) -> None:
    exports = Exports()
    with pytest.raises(kind, match=said):
        read(made(new_sync(begin=BEGIN), exports, **options), WINDOW)
    assert exports.made == []


def test_where_the_token_may_not_ask_the_known_attributes_are_asked_for(new_sync: NewSync) -> None:
    exports = Exports()
    denied = AccessDenied("no permission")
    read(made(new_sync(begin=BEGIN), exports, denied), WINDOW)
    asked = exports.made[0]["attribute_ids"]
    assert asked[:2] == list(NAMES[:2])
    assert len(asked) > 10
    read(made(new_sync(begin=BEGIN), exports, denied, attributes=["channel", "people.Brand"]), WINDOW)
    assert exports.made[1]["attribute_ids"] == [*NAMES[:3], "people.Brand"]
    with pytest.raises(AccessDenied, match="does not know the attributes of 'new': no permission"):
        read(made(new_sync(begin=BEGIN), exports, denied, dataset="new"), WINDOW)


# --- What is made of a file ---


def shown(day: int, second: int = 0) -> str:
    """A time of a day before the read began, as Intercom writes it."""
    return module._shown(BEGIN - day * DAY + second)


def test_a_row_has_its_time_and_a_number(new_sync: NewSync) -> None:
    file = f'{HEAD}1,{shown(1)},"Chat, or\nemail",Acme,\n2,{shown(2)},,,Acme Europe\n'
    rows = read(made(new_sync(begin=BEGIN), Exports(file)), WINDOW)
    assert rows == [
        {
            "conversation_id": "1",
            "conversation_started_at": shown(1),
            "channel": "Chat, or\nemail",
            "people_Brand": "Acme",
            "occurred_at": shown(1),
            "row_number": 1,
        },
        {
            "conversation_id": "2",
            "conversation_started_at": shown(2),
            "a_Brand": "Acme Europe",
            "occurred_at": shown(2),
            "row_number": 1,
        },
    ]


def test_rows_that_share_a_key_are_told_apart(new_sync: NewSync) -> None:
    file = f"at,who\n{shown(1)},a\n{shown(2)},b\n{shown(1)},c\n{shown(1)},a\n"
    rows = read(made(new_sync(begin=BEGIN), Exports(file), dataset="new"), WINDOW)
    assert [(row["who"], row["row_number"]) for row in rows] == [("a", 1), ("b", 1), ("c", 2), ("a", 3)]


def test_a_second_that_is_in_two_exports_comes_once(new_sync: NewSync) -> None:
    """And what the second export has of it beside the first comes too."""
    edge, later = shown(2, 9), shown(1)
    first = f"at,who\n{shown(3)},a\n{edge},b\n{edge},c\n"
    second = f"at,who\n{edge},b\n{edge},c\n{edge},d\n{later},e\n"
    exports = Exports(TooLarge("too large"), first, second)
    rows = read(made(new_sync(begin=BEGIN), exports, dataset="new"), Window(BEGIN - 4 * DAY, BEGIN))
    assert [(row["who"], row["row_number"]) for row in rows] == [("a", 1), ("b", 1), ("c", 2), ("d", 3), ("e", 1)]


def test_a_row_without_a_time_takes_no_key_of_another_part(new_sync: NewSync) -> None:
    files = ["at,who\n,a\n", "at,who\n,b\n"]
    exports = Exports(TooLarge("too large"), *files)
    rows = read(made(new_sync(begin=BEGIN), exports, dataset="new"), Window(BEGIN - 4 * DAY, BEGIN))
    assert len({(row["occurred_at"], row["row_number"]) for row in rows}) == len(rows) == 2


def test_a_file_without_its_key_is_another_shape(new_sync: NewSync) -> None:
    with pytest.raises(RequestRefused) as caught:
        read(made(new_sync(begin=BEGIN), Exports(f"id,conversation_started_at\n1,{shown(1)}\n")), WINDOW)
    assert "conversation without conversation_id: id, conversation_started_at" in str(caught.value.internal_message)


@pytest.mark.parametrize("file", ["", "\n", HEAD])
def test_a_file_of_nothing_has_no_rows(new_sync: NewSync, file: str) -> None:
    assert read(made(new_sync(begin=BEGIN), Exports(file)), WINDOW) == []


@pytest.mark.parametrize(("moment", "is_told"), [(shown(1), False), ("2024-08-01 00:00:00", True), ("soon", False)])
def test_times_of_other_days_are_told(
    new_sync: NewSync, caplog: pytest.LogCaptureFixture, moment: str, is_told: bool
) -> None:
    with caplog.at_level("WARNING"):
        (row,) = read(made(new_sync(begin=BEGIN), Exports(f"{HEAD}1,{moment},,,\n")), WINDOW)
    assert row["occurred_at"] == moment
    assert ("goes by another time than conversation_started_at" in caplog.text) == is_told


# --- A job that an earlier sync left ---


def left(start: int, end: int, made_at: int) -> Json:
    return {"id": "old", "part": [start, end], "range": [start, end], "made": made_at}


def test_an_old_part_of_a_job_that_was_left_is_not_exported_again(new_sync: NewSync) -> None:
    """Its rows were old when it was made: they have hardly changed since."""
    exports, reading = Exports(), FakeReading()
    start, end = BEGIN - 200 * DAY, BEGIN - 140 * DAY - 1
    reading.job = left(start, end, BEGIN - DAY)
    read(made(new_sync(begin=BEGIN), exports), Window(start, BEGIN), reading)
    assert exports.resumed == ["old"]
    assert exports.made[0]["start_time"] == end + 1
    assert reading.covered[0] == Window(start, end)


def test_the_last_days_of_a_job_that_was_left_are_exported_again(new_sync: NewSync) -> None:
    exports, reading = Exports(), FakeReading()
    start, end = BEGIN - 50 * DAY, BEGIN - 2 * DAY - 1
    reading.job = left(start, end, end)
    read(made(new_sync(begin=BEGIN), exports), Window(start, BEGIN), reading)
    assert exports.resumed == ["old"]
    assert exports.made[0]["start_time"] == end - 30 * DAY + 1

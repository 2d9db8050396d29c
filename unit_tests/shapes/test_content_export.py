"""What is asked of the content export, and what is made of its files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from stream_fakes import FakeReading, make_sync

from source_intercom.api.errors import ExportEnded, RecordGone, RequestRefused
from source_intercom.api.exports import RangeRefused
from source_intercom.shapes import content_export as module
from source_intercom.shapes.base import Sync
from source_intercom.shapes.content_export import FILES, ContentExport
from source_intercom.streams import messages
from source_intercom.sync.windows import DAY, HOUR, Window

NewSync = Callable[..., Sync]
Json = dict[str, Any]
BEGIN = 20_000 * DAY
STREAMS = [kind for name, kind in vars(messages).items() if name.startswith("Message")]


class Exports:
    """Gives files instead of jobs. ``made`` are the ranges that were asked for."""

    def __init__(self, files: Callable[[Window], dict[str, str] | None] = lambda _: None) -> None:
        self._files = files
        self.made: list[Window] = []
        self.resumed: list[str] = []
        self.canceled: list[str] = []
        self.refuses: Callable[[Window], Exception | None] = lambda _: None
        self.of_no_use: Exception | None = None
        self.left: Window | None = None

    def fetch(self, client: Any, wanted: Json, began: Callable[[str], None]) -> io.BytesIO | None:
        asked = Window(wanted["created_at_after"], wanted["created_at_before"])
        self.made.append(asked)
        if error := self.refuses(asked):
            raise error
        began(f"job-{len(self.made)}")
        return self._file(asked)

    def resume(self, client: Any, job: str) -> io.BytesIO | None:
        self.resumed.append(job)
        if self.of_no_use:
            raise self.of_no_use
        assert self.left is not None
        return self._file(self.left)

    def cancel(self, client: Any, job: str) -> None:
        self.canceled.append(job)

    def _file(self, asked: Window) -> io.BytesIO | None:
        files = self._files(asked)
        if files is None:
            return None
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(f"{name}.csv", content)
        return packed


def stream_of(sync: Sync, exports: Exports) -> ContentExport:
    sync.exports = exports
    return ContentExport(sync)


def read(stream: ContentExport, window: Window, reading: FakeReading | None = None) -> list[tuple[str, Json]]:
    """The file and the row of each record, as the streams see them."""
    pages = stream.pages(window, reading or FakeReading())
    return [(batch["file"], row) for page in pages for batch in page for row in batch["rows"]]


def made_of(kind: Any, sync: Sync, rows: list[Json]) -> list[Json]:
    made = kind(sync)
    (page,) = made.rows([{"file": made.file, "rows": rows}], Window(0, BEGIN))
    return [made.finishing.coerce(row) for row in page]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.__name__)
def test_each_stream_has_a_file(stream: Any) -> None:
    assert FILES[stream.file][0] == stream().name
    assert len(STREAMS) == len(FILES)


# --- What is asked for ---


@given(
    start=some.integers(0, BEGIN),
    length=some.integers(0, 1_000 * DAY),
    days=some.integers(0, 60),
    longest=some.integers(HOUR, module._LONGEST),
)
def test_the_parts_are_the_window_and_each_is_followed_by_the_days_after_it(
    start: int, length: int, days: int, longest: int
) -> None:
    end = min(start + length, BEGIN)
    sync = make_sync(begin=BEGIN, message_lookback_days=days)
    stream = ContentExport(sync)
    sync.transport.close()
    at = start
    while at <= end:
        part, asked = stream.next_part(at, end, longest)
        assert part.start == asked.start == at
        assert at <= part.end <= asked.end <= max(sync.now, end)
        assert asked.end - asked.start < longest
        assert asked.end >= min(part.end + min(days * DAY, longest // 2), sync.now)
        at = part.end + 1
    assert at == end + 1


def test_nothing_is_asked_for_before_the_workspace_was_made(new_sync: NewSync) -> None:
    exports = Exports()
    birth = BEGIN - 10 * DAY
    reading = FakeReading()
    read(stream_of(new_sync(begin=BEGIN, birth=birth), exports), Window(0, BEGIN), reading)
    assert exports.made == [Window(birth - DAY, BEGIN)]
    # What was not asked for counts as read, as there can be nothing.
    assert reading.covered == [Window(0, BEGIN)]


def test_a_state_follows_each_job(new_sync: NewSync) -> None:
    reading, exports = FakeReading(), Exports()
    read(stream_of(new_sync(begin=BEGIN), exports), Window(BEGIN - 200 * DAY, BEGIN), reading)
    assert len(exports.made) == len(reading.covered) == 3
    assert reading.job is None


def test_a_refused_range_is_asked_for_in_shorter_ones(new_sync: NewSync) -> None:
    exports = Exports()
    exports.refuses = lambda asked: RangeRefused("longer than 30 days") if asked.end - asked.start > 30 * DAY else None
    reading = FakeReading()
    window = Window(BEGIN - 100 * DAY, BEGIN)
    read(stream_of(new_sync(begin=BEGIN), exports), window, reading)
    good = [asked for asked in exports.made if asked.end - asked.start <= 30 * DAY]
    assert len(exports.made) == len(good) + 2
    assert reading.covered[0].start == window.start
    assert reading.covered[-1].end == window.end


def test_a_request_that_is_always_refused_is_not_asked_for_ever(new_sync: NewSync) -> None:
    exports = Exports()
    exports.refuses = lambda _: RangeRefused("no")
    with pytest.raises(RequestRefused):
        read(stream_of(new_sync(begin=BEGIN), exports), Window(BEGIN - 100 * DAY, BEGIN))
    assert len(exports.made) < 6


def receipts(*moments: int) -> str:
    return "receipt_id,received_at\n" + "".join(f"{moment},{moment}\n" for moment in moments)


def test_a_full_export_is_made_again_in_halves(
    new_sync: NewSync, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of ten million rows the rest is missing, so none of them is delivered."""
    monkeypatch.setattr(module, "_MOST_ROWS", 12)
    sent = [BEGIN - 60 * DAY + number * 2 * DAY for number in range(30)]

    def files(asked: Window) -> dict[str, str]:
        return {"receipt_1": receipts(*[moment for moment in sent if asked.holds(moment)][:11])}

    stream = stream_of(new_sync(begin=BEGIN), Exports(files))
    with caplog.at_level("WARNING"):
        rows = read(stream, Window(BEGIN - 60 * DAY, BEGIN))
    assert [int(row["received_at"]) for _, row in rows] == sent
    assert "days after a message can be missing" in caplog.text


# --- A job that an earlier sync left ---

LEFT = {"id": "old", "part": [BEGIN - 100 * DAY, BEGIN - 50 * DAY], "range": [BEGIN - 100 * DAY, BEGIN - 20 * DAY]}


def test_a_job_that_was_left_is_gone_on_with(new_sync: NewSync) -> None:
    exports, reading = Exports(), FakeReading()
    reading.job, exports.left = LEFT, Window(*LEFT["range"])
    read(stream_of(new_sync(begin=BEGIN), exports), Window(BEGIN - 100 * DAY, BEGIN), reading)
    assert exports.resumed == ["old"]
    assert exports.made == [Window(BEGIN - 50 * DAY + 1, BEGIN)]
    assert reading.covered[0] == Window(*LEFT["part"])
    assert reading.job is None


def test_the_last_days_of_a_job_that_was_left_are_asked_for_again(new_sync: NewSync) -> None:
    """It ends where its sync began; what people did with the messages of its last days since is not in it."""
    exports, reading = Exports(), FakeReading()
    old = [BEGIN - 31 * DAY, BEGIN - DAY]
    reading.job, exports.left = {"id": "old", "part": old, "range": old}, Window(*old)
    read(stream_of(new_sync(begin=BEGIN), exports), Window(BEGIN - 31 * DAY, BEGIN), reading)
    assert exports.made == [Window(BEGIN - 31 * DAY + 1, BEGIN)]


@pytest.mark.parametrize("error", [RecordGone("no"), ExportEnded("canceled")])
def test_a_job_that_is_of_no_use_any_more_is_made_anew(new_sync: NewSync, error: Exception) -> None:
    exports, reading = Exports(), FakeReading()
    reading.job, exports.of_no_use = LEFT, error
    window = Window(BEGIN - 60 * DAY - 40 * DAY, BEGIN)
    read(stream_of(new_sync(begin=BEGIN), exports), window, reading)
    assert exports.made[0].start == window.start
    assert reading.covered[-1].end == window.end


def test_a_job_for_another_time_is_canceled(new_sync: NewSync) -> None:
    exports, reading = Exports(), FakeReading()
    reading.job = LEFT
    read(stream_of(new_sync(begin=BEGIN), exports), Window(BEGIN - 120 * DAY, BEGIN), reading)
    assert exports.canceled == ["old"]
    assert exports.resumed == []


@pytest.mark.parametrize(
    "odd", [{}, {"id": 1}, {**LEFT, "part": [1]}, {**LEFT, "range": None}, {**LEFT, "part": ["1", 2]}]
)
def test_a_state_that_nobody_writes_is_no_job(new_sync: NewSync, odd: Json) -> None:
    exports, reading = Exports(), FakeReading()
    reading.job = odd
    read(stream_of(new_sync(begin=BEGIN), exports), Window(BEGIN - 10 * DAY, BEGIN), reading)
    assert exports.resumed == exports.canceled == []


# --- What is made of the files ---


def delivered(new_sync: NewSync, files: dict[str, str], **more: Any) -> list[tuple[str, Json]]:
    window = Window(BEGIN - 10 * DAY, BEGIN)
    return read(stream_of(new_sync(begin=BEGIN, **more), Exports(lambda _: files)), window)


NOW = BEGIN - DAY


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("receipt_20240131", "receipt"),
        ("receipts_20240131_101500", "receipt"),
        ("click_20240131", "click"),
        ("clicks_20240131", "click"),
        ("replies_20240131", "reply"),
        ("hard_bounces_20240131", "hard_bounce"),
        ("goal_success_20240131", "goal_success"),
        ("goal_successes_20240131", "goal_success"),
        ("answer_20240131", "answer"),
        ("survey_answers_20240131", "answer"),
        ("series_exit_20240131", "other"),
    ],
)
def test_a_file_is_known_by_its_name(new_sync: NewSync, name: str, kind: str) -> None:
    column = FILES[kind][1] or "happened_at"
    ((found, row),) = delivered(new_sync, {name: f"receipt_id,{column}\n7,{NOW}\n"})
    assert found == kind
    if kind == "other":
        assert row["statistic"] == "series_exit"


def test_a_statistic_has_its_time_whatever_the_column_is_called(new_sync: NewSync) -> None:
    ((_, row),) = delivered(new_sync, {"open_1": f"receipt_id,device,first_seen_at\n7,phone,{NOW}\n"})
    assert row == {"receipt_id": "7", "device": "phone", "first_seen_at": str(NOW), "occurred_at": NOW}


def test_a_statistic_belongs_where_its_receipt_does(new_sync: NewSync) -> None:
    """By its own time only where the receipt is not in the export."""
    before, after = BEGIN - 11 * DAY, BEGIN
    clicks = {"here": after, "elsewhere": NOW, "unknown": NOW, "unknown too": before}
    files = {
        "receipt_1": f"receipt_id,received_at\nhere,{NOW}\nelsewhere,{before}\n",
        "click_1": "receipt_id,clicked_at\n" + "".join(f"{name},{moment}\n" for name, moment in clicks.items()),
    }
    rows = delivered(new_sync, files)
    assert [row["receipt_id"] for kind, row in rows if kind == "click"] == ["here", "unknown"]
    assert [row["receipt_id"] for kind, row in rows if kind == "receipt"] == ["here"]


def test_a_row_without_a_time_is_delivered(new_sync: NewSync) -> None:
    files = {"receipt_1": "receipt_id,received_at\n7,\n", "open_1": "receipt_id,opened_at\n8,soon\n"}
    assert [row["receipt_id"] for _, row in delivered(new_sync, files)] == ["7", "8"]


def test_files_of_streams_that_are_not_selected_are_left_alone(new_sync: NewSync) -> None:
    files = {"receipt_1": receipts(NOW), "open_1": f"receipt_id,opened_at\n7,{NOW}\n"}
    for selected, kind in (("message_opens", "open"), ("message_receipts", "receipt")):
        found = {kind for kind, _ in delivered(new_sync, files, selected=frozenset({selected}))}
        assert found == {kind}


def test_a_file_of_something_else_is_named(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        assert delivered(new_sync, {"checkpoint_1": "series_id,name\n1,a\n"}) == []
    assert "the file 'checkpoint' of the export is left out, as it has no receipt_id: series_id, name" in caplog.text


def test_a_file_of_a_stream_in_another_shape_is_an_error(new_sync: NewSync) -> None:
    with pytest.raises(RequestRefused) as caught:
        delivered(new_sync, {"open_1": "id,opened_at\n7,1\n"})
    assert "without receipt_id" in str(caught.value.internal_message)


def test_a_file_of_no_known_name_or_columns_is_an_error(new_sync: NewSync) -> None:
    with pytest.raises(RequestRefused) as caught:
        delivered(new_sync, {"20240131": "id,name\n7,Ada\n"})
    assert "an export with the columns id, name" in str(caught.value.internal_message)


def test_a_receipt_in_the_types_of_its_schema(new_sync: NewSync) -> None:
    (row,) = made_of(
        messages.MessageReceipts,
        new_sync(),
        [
            {
                "receipt_id": "7",
                "ruleset_id": "28",
                "received_at": "2024-01-31 10:15:00 UTC",
                "first_open": "1706696100",
                "first_click": "1706696100000",
                "first_dismisall": "2024-01-31T10:15:00Z",
                "first_reply": "soon",
                "brand_new": "1706696100",
            }
        ],
    )
    assert row == {
        "receipt_id": "7",
        "ruleset_id": "28",
        **dict.fromkeys(("received_at", "first_open", "first_click", "first_dismissal"), 1_706_696_100),
        # What is no time stays as it is, and so does what no schema knows.
        "first_reply": "soon",
        "brand_new": "1706696100",
    }

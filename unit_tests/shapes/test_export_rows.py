"""What of an export no stream gets: rows of others, rows that are nobody's, and what a short export cannot have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_content_export import BEGIN, NOW, Exports, read, stream_of

from source_intercom.api.exports import RangeRefused
from source_intercom.shapes.base import Sync
from source_intercom.streams import messages
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]


@pytest.mark.parametrize(("days", "told"), [(0, False), (30, True)])
def test_halves_that_are_shorter_than_the_days_after_a_message_are_told(
    days: int, told: bool, new_sync: NewSync, caplog: pytest.LogCaptureFixture
) -> None:
    """What people do after such a half and its days is in no export. Without days after it nothing is missing."""
    stream = stream_of(new_sync(begin=BEGIN, message_lookback_days=days), Exports())
    with caplog.at_level("WARNING"):
        assert stream.shorter(Window(BEGIN - 20 * DAY, BEGIN), RangeRefused("too many rows")) < 20 * DAY
    assert ("can be missing" in caplog.text) == told


def test_a_row_without_its_receipt_is_counted(new_sync: NewSync) -> None:
    """A line that breaks off has fewer cells. Of a row without its receipt nobody knows to whom it belongs."""
    files = {"click_1": f"clicked_at,receipt_id\n{NOW},7\n{NOW}\n"}
    stream = stream_of(new_sync(begin=BEGIN), Exports(lambda _: files))
    assert [row["receipt_id"] for _, row in read(stream, Window(BEGIN - 10 * DAY, BEGIN))] == ["7"]
    assert stream.client.tally.odd == 1


def test_rows_of_a_file_go_to_its_stream_only(new_sync: NewSync) -> None:
    page = [{"file": file, "rows": [{"receipt_id": file}]} for file in ("click", "open", "click")]
    found = {
        kind: [row["receipt_id"] for rows in kind(new_sync()).rows(page, Window(0, BEGIN)) for row in rows]
        for kind in (messages.MessageOpens, messages.MessageClicks, messages.MessageReplies)
    }
    assert list(found.values()) == [["open"], ["click", "click"], []]

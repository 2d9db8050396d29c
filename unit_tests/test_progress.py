"""What a person reads: the permissions that are missing, progress, and the table at the end."""

from __future__ import annotations

import logging
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from source_intercom.api.client import Tally
from source_intercom.api.errors import AccessDenied, TokenRejected, Unavailable
from source_intercom.api.misfits import Misfits
from source_intercom.engine import progress as module
from source_intercom.engine.access import explain
from source_intercom.engine.progress import Progress, reading_log

LOGGER = logging.getLogger("airbyte.test_report")
BUDGET: Any = SimpleNamespace(limit=None)


class FakeStream:
    def __init__(self, name: str, permission: str, error: Exception | None = None, *, lacks_option: str = "") -> None:
        self.name = name
        self.permission = permission
        self.lacks_option = lacks_option
        self.client = SimpleNamespace(tally=Tally())
        self.finishing = SimpleNamespace(misfits=Misfits())
        self.probes = 0
        self._error = error

    def probe(self) -> None:
        self.probes += 1
        if self._error:
            raise self._error


class TestExplain:
    def test_a_final_error_speaks_for_itself(self) -> None:
        assert explain(TokenRejected("Copy the token again.", "HTTP 401"), "api.intercom.io") == "Copy the token again."

    def test_one_that_passes_names_host_and_status_page(self) -> None:
        sentence = explain(Unavailable("x", "secret detail"), "api.eu.intercom.io")
        assert "api.eu.intercom.io" in sentence
        assert "cannot be reached" in sentence
        assert "intercomstatus.com" in sentence
        assert "secret detail" not in sentence


def stream_with(name: str, **figures: int) -> Any:
    stream = FakeStream(name, "P")
    stream.client.tally.add(**figures)
    stream.client.tally.began, stream.client.tally.ended = 100.0, 102.5
    return stream


class TestReadingLog:
    def said(self, caplog: pytest.LogCaptureFixture, *streams: Any) -> logging.Logger:
        caplog.set_level(logging.INFO)
        return reading_log(streams, LOGGER)

    def test_counts_what_the_reader_does_not(self, caplog: pytest.LogCaptureFixture) -> None:
        log = self.said(caplog, stream_with("contacts", records=2_000), stream_with("tags"))
        log.info("Read 0 records from contacts stream")
        log.info("Read %d records from tags stream", 0)
        log.info("Marking stream contacts as STOPPED")
        assert caplog.messages == [
            "Read 2000 records from contacts stream",
            "Read 0 records from tags stream",
            "Marking stream contacts as STOPPED",
        ]
        assert {record.name for record in caplog.records} == {LOGGER.name}

    @pytest.mark.complaint(113)
    def test_an_explained_error_needs_no_stack_trace(self, caplog: pytest.LogCaptureFixture) -> None:
        log = self.said(caplog)
        log.error("Exception while syncing stream tags", exc_info=AccessDenied("Grant it.", "HTTP 401, 100% sure"))
        assert caplog.messages == ["Exception while syncing stream tags: Grant it. [HTTP 401, 100% sure]"]
        assert "Traceback" not in caplog.text

    def test_an_error_of_ours_keeps_its_stack_trace(self, caplog: pytest.LogCaptureFixture) -> None:
        self.said(caplog).error("Exception while syncing stream tags", exc_info=KeyError("name"))
        assert caplog.messages == ["Exception while syncing stream tags"]
        assert caplog.records[0].exc_info

    def test_leaves_the_logger_itself_as_it_was(self, caplog: pytest.LogCaptureFixture) -> None:
        self.said(caplog, stream_with("tags", records=9))
        LOGGER.info("Read 0 records from tags stream")
        assert caplog.messages == ["Read 0 records from tags stream"]
        assert LOGGER.filters == []


class TestProgress:
    def lines(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == LOGGER.name]

    def test_ends_with_a_table_dearest_streams_first(self, caplog: pytest.LogCaptureFixture) -> None:
        streams = [
            stream_with("empty", calls=1, capped=1),
            stream_with("parts", records=10, calls=4, gone=2, odd=1),
            FakeStream("unread", "P", lacks_option="no types are named in the options"),
            stream_with("contacts", records=2_000, calls=1_015, odd=3, skipped=1),
        ]
        with caplog.at_level(logging.INFO), Progress(streams, BUDGET, LOGGER):
            pass
        *lines, together = self.lines(caplog)
        assert lines == [
            "stream    records  requests  seconds  left out",
            "contacts    2,000     1,015      2.5  1 skipped, as the options ask; 3 items that are no records",
            "parts          10         4      2.5  2 deleted meanwhile; 1 item that is no record",
            "empty           0         1      2.5  1 cut short by Intercom",
            "unread          0         0      0.0  no types are named in the options",
        ]
        assert together.startswith("together    2,010     1,020      0.")

    def test_one_stream_needs_no_sum(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO), Progress([stream_with("a", records=1)], BUDGET, LOGGER):
            pass
        assert [line.split()[0] for line in self.lines(caplog)] == ["stream", "a"]

    def test_ends_a_read_that_failed_too_and_lets_the_error_pass(self, caplog: pytest.LogCaptureFixture) -> None:
        with (
            caplog.at_level(logging.INFO),
            pytest.raises(KeyError),
            Progress([stream_with("contacts", records=1, calls=1)], BUDGET, LOGGER),
        ):
            raise KeyError
        assert any(line.startswith("contacts  ") for line in self.lines(caplog))

    def test_is_silent_for_a_minute_at_the_most(self) -> None:
        assert 0 < module._EVERY <= 60

    @pytest.mark.timeout(20)
    def test_says_something_while_a_read_lasts(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(module, "_EVERY", 0.001)
        said = threading.Event()

        class Listener(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if "records read" in record.getMessage():
                    said.set()

        listener = Listener()
        LOGGER.addHandler(listener)
        try:
            streams = [stream_with("a", records=7, calls=2), stream_with("b", records=3, calls=1)]
            with caplog.at_level(logging.INFO), Progress(streams, BUDGET, LOGGER):
                assert said.wait(10)
        finally:
            LOGGER.removeHandler(listener)
        assert any("10 records read with 3 requests" in line for line in self.lines(caplog))

    def line(self, *streams: Any, limit: int | None = None, calls: int = 0, seconds: float = 60.0) -> str:
        progress = Progress(streams, SimpleNamespace(limit=limit), LOGGER)
        progress._began = time.monotonic() - seconds
        return progress.line(calls)

    def test_tells_the_share_of_the_estimate_and_the_time_to_go(self) -> None:
        half = stream_with("a", records=500, calls=5, expected=1_000)
        unknown = stream_with("b", records=70, calls=3)
        assert self.line(half, unknown, seconds=600) == (
            "570 records read with 8 requests in 600 s, 50 % of what was estimated, about 10 minutes to go for that"
        )

    def test_never_tells_more_than_all_of_it(self) -> None:
        more = stream_with("a", records=1_500, calls=5, expected=1_000)
        assert "100 % of what was estimated, about 0 minutes" in self.line(more)

    def test_estimates_nothing_before_the_first_record(self) -> None:
        assert self.line(stream_with("a", expected=1_000)) == "0 records read with 0 requests in 60 s"

    def test_tells_the_share_of_the_rate_limit(self) -> None:
        # A limit of a ten-second window, calls of a minute.
        assert self.line(limit=1_000, calls=3_000).endswith(", 50 % of the rate limit used")

    @pytest.mark.timeout(20)
    def test_says_nothing_more_after_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_EVERY", 0.001)
        progress = Progress([], BUDGET, LOGGER)
        began = time.monotonic()
        with progress:
            pass
        progress._thread.join(10)
        assert not progress._thread.is_alive()
        assert time.monotonic() - began < 10
        assert progress._thread.daemon


def test_what_does_not_fit_is_told_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    stream = FakeStream("a", "p")
    stream.finishing.misfits.add("size", "large", int)
    stream.finishing.misfits.add_keyless("id")
    budget = SimpleNamespace(limit=0)
    with caplog.at_level(logging.WARNING), Progress([stream], budget, logging.getLogger("airbyte.test_report")):  # type: ignore[list-item, arg-type]
        pass
    keyless, misfit = caplog.messages
    assert keyless.startswith("a: 1 record is left out, because the field 'id'")
    assert misfit.startswith("a: some values have another type than the schema says: 'size'")

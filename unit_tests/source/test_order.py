"""States leave behind the records that they cover."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, Type
from airbyte_cdk.sources.message import InMemoryMessageRepository
from source_reads import CONFIG, LOGGER, NOW, Json, Workspace, catalog, read

from source_intercom import source as module
from source_intercom.engine.output import RecordPage
from source_intercom.shapes.reading import Reading
from source_intercom.shapes.search import SearchStream
from source_intercom.source import SourceIntercom
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.windows import DAY, Planner, Window

pytestmark = pytest.mark.timeout(60)


class Things(SearchStream):
    """A stream of many records in several windows, made here and not on the network."""

    endpoint = "/things"
    permission = "Read things"
    cursor_time = "updated_at"
    windows = 6
    each = 700

    @property
    def planner(self) -> Planner:
        def plan(gap: Window) -> Iterator[Window]:
            for number in range(self.windows):
                end = gap.end if number == self.windows - 1 else gap.start + DAY * (number + 1) - 1
                yield Window(gap.start + DAY * number, end)

        return plan

    def get_json_schema(self) -> Json:
        return {"type": "object", "properties": {"id": {"type": ["null", "string"]}}}

    def pages(self, window: Window, reading: Reading) -> Iterator[list[Json]]:
        for start in range(0, self.each, 50):
            numbers = range(start, min(start + 50, self.each))
            yield [{"id": f"{window.start}-{number}", "updated_at": window.start + number} for number in numbers]


START = NOW - 30 * DAY
START_DATE = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START))


def ran_ahead(messages: list[AirbyteMessage], *, each: int) -> list[Json]:
    """States that say a window was read although not all of its records had been given before."""
    given: Counter[int] = Counter()
    found: list[Json] = []
    states = 0
    for message in messages:
        if isinstance(message, RecordPage):
            given.update(int(line.split(b'"id":"')[1].split(b"-")[0]) for line in message.lines.splitlines())
        elif message.record is not None:
            given[int(str(message.record.data["id"]).split("-")[0])] += 1
        elif message.type is Type.STATE and message.state is not None and message.state.stream is not None:
            states += 1
            state = vars(message.state.stream.stream_state)
            slices = state.get("slices") or [{"start": START, "end": state["updated_at"]}]
            for number in range(Things.windows):
                window = START + DAY * number
                if any(s["start"] <= window <= s["end"] for s in slices) and given[window] != each:
                    found.append(state)
    assert states > Things.windows
    return found


class TestOrder:
    """A state that leaves before its records is data lost in the next crash."""

    @pytest.fixture(autouse=True)
    def only_things(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "CATALOGUE", (Things,))

    def messages(self, closed: threading.Event, *, pages: bool) -> Iterator[AirbyteMessage]:
        """Messages of a read that stands still at its first record until the first window was closed."""
        waited = False
        config = CONFIG | {"start_date": START_DATE}
        for message in SourceIntercom(pages=pages).read(LOGGER, config, catalog("things"), None):
            yield message
            if (isinstance(message, RecordPage) or message.record is not None) and not waited:
                waited = True
                assert closed.wait(20), "no window was ever closed"

    @pytest.fixture
    def closed(self, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        event = threading.Event()
        original = WindowCursor.advance

        def advance(self: WindowCursor, window: Window) -> None:
            original(self, window)
            event.set()

        monkeypatch.setattr(WindowCursor, "advance", advance)
        return event

    @pytest.mark.parametrize("pages", [True, False], ids=["pages", "records"])
    def test_no_state_precedes_its_records(
        self, pages: bool, workspace: Workspace, closed: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Few enough to fit into the queue, so that a window ends while its records wait there.
        monkeypatch.setattr(Things, "each", 150)
        assert ran_ahead(list(self.messages(closed, pages=pages)), each=150) == []

    def test_with_the_cdks_usual_repository_states_run_ahead(
        self, workspace: Workspace, closed: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Shows that the test above can fail: this is what most sources pass to the CDK."""
        monkeypatch.setattr(Things, "each", 150)
        monkeypatch.setattr(module, "Messages", lambda *_: InMemoryMessageRepository())
        assert ran_ahead(list(self.messages(closed, pages=False)), each=150) != []

    def test_the_last_state_precedes_the_end_of_its_stream(self, workspace: Workspace) -> None:
        """Behind it, a process that is killed in between would leave a complete stream with an older state."""
        told = [message for message in read("things", start_date=START_DATE).messages if message.state or message.trace]
        complete = next(
            number
            for number, message in enumerate(told)
            if message.trace
            and message.trace.stream_status
            and message.trace.stream_status.status is AirbyteStreamStatus.COMPLETE
        )
        assert not [message for message in told[complete:] if message.state]

    @pytest.mark.parametrize("workers", [1, 4, 50])
    def test_nor_with_thousands_of_records(self, workers: int, workspace: Workspace) -> None:
        output = read("things", start_date=START_DATE, num_workers=workers)
        assert output.error is None
        assert len(set(output.ids("things"))) == len(output.ids("things")) == Things.windows * Things.each
        assert ran_ahead(output.messages, each=Things.each) == []
        assert output.states("things")[-1] == {"updated_at": NOW}
        assert output.statuses("things") == [
            AirbyteStreamStatus.STARTED,
            AirbyteStreamStatus.RUNNING,
            AirbyteStreamStatus.COMPLETE,
        ]

    def test_what_waits_is_bounded(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        sizes: list[int] = []
        original = module.Queue

        def queue(maxsize: int) -> Any:
            sizes.append(maxsize)
            return original(maxsize)

        monkeypatch.setattr(module, "Queue", queue)
        read("things", start_date=START_DATE)
        assert len(sizes) == 1
        assert 0 < sizes[0] <= 2_000

"""A searched stream, a server that can be made to misbehave, and syncs that go on from each other's states."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from group_driver import Messages, Read
from stream_fakes import FakeIntercom, FakeReading, Json, SearchServer

from source_intercom.api import pages
from source_intercom.api.errors import IntercomError
from source_intercom.shapes import cutting, search
from source_intercom.shapes.base import Sync
from source_intercom.shapes.search import SearchStream
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.state import INDEX_LAG, Remembered, read_state
from source_intercom.sync.windows import DAY, HOUR, Window

NOW = 1_760_000_000
MIDNIGHT = NOW - NOW % DAY
BIRTH = MIDNIGHT - 1_000 * DAY
# A read that begins in the afternoon, and what changed a week before it.
BEGIN = MIDNIGHT + 16 * HOUR
AGO = BEGIN - 7 * DAY
Answering = Callable[[Json], Json]


class Things(SearchStream):
    """A stream of its own, so that no rule of a real one is in the way."""

    endpoint = "/things/search"
    records_key = "things"
    permission = "Read things"
    cursor_time = "updated_at"

    def get_json_schema(self) -> Json:
        return {"type": "object", "properties": {}}


def make_pages_small(monkeypatch: pytest.MonkeyPatch, *, window_pages: int = 1_000) -> None:
    """Pages of three records; windows of so many pages at the most."""
    monkeypatch.setattr(pages, "SEARCH_PAGE", 3)
    monkeypatch.setattr(search, "SEARCH_PAGE", 3)
    monkeypatch.setattr(cutting, "SEARCH_PAGE", 3)
    monkeypatch.setattr(cutting, "_LEAST_PAGES", window_pages)
    monkeypatch.setattr(cutting, "_MOST_PAGES", window_pages)
    monkeypatch.setattr(search, "_CHECKPOINT_PAGES", 1)


def things(*moments: int) -> list[Json]:
    """Records that changed at these moments, made on days that say nothing about that."""
    return [
        {"id": f"{number:03}", "updated_at": moment, "created_at": BIRTH + DAY * (number * 37 % 300)}
        for number, moment in enumerate(moments)
    ]


def server_of(records: list[Json], **options: Any) -> SearchServer:
    return SearchServer("things", records, **options)


def made(sync: Sync, server: Answering, stream: type[SearchStream] = Things, *, full: bool = False) -> Any:
    result = stream(sync, full=full)
    FakeIntercom().on("POST", stream.endpoint, server).attach(result.client)
    return result


def calls(stream: Any, order: str | None = None) -> list[Json]:
    """Bodies of the searches that were asked, in one order or in both."""
    intercom: FakeIntercom = stream.client.post.__self__
    return [body for body in intercom.asked(stream.endpoint) if order in (None, body["sort"]["order"])]


def ids_of(stream: Any, window: Window, reading: FakeReading | None = None) -> list[str]:
    """The ids that the pages of a window give, in their order."""
    return [record["id"] for page in stream.pages(window, reading or FakeReading()) for record in page]


def given_until(stream: Any, window: Window, reading: FakeReading) -> tuple[list[str], IntercomError | None]:
    """The ids that a window gave, and the error that ended it, if one did."""
    given: list[str] = []
    try:
        for page in stream.pages(window, reading):
            given += [record["id"] for record in page]
    except IntercomError as error:
        return given, error
    return given, None


class Resumed(Read):
    """A sync of streams that share a source, each gone on with from its saved state, in windows of its own making."""

    def __init__(self, *streams: Any, state: Json | None = None) -> None:
        self._state = state or {}
        sync = streams[0].sync
        super().__init__(*streams, windows=[], start=sync.config.start, end=sync.begin, most=5_000)

    def _cursor(self, stream: Any) -> WindowCursor:
        sync = stream.sync
        return WindowCursor(
            stream=stream.name,
            field="updated_at",
            done=read_state(
                self._state, stream=stream.name, field="updated_at", start=sync.config.start, now=sync.begin
            ),
            start=sync.config.start,
            end=sync.begin,
            overlap=INDEX_LAG,
            planner=lambda: stream.source.planner,
            message_repository=Messages(self.out),
            state_manager=ConnectorStateManager(),
            tells=Remembered(read_from=sync.config.start),
            short_before=Remembered.of(self._state).shortages,
        )

    def in_turns(self, seed: int = 0) -> Resumed:
        """Read all of it, several windows at a time, and say the last state as the CDK does at the end."""
        self.make_all()
        self.read_in_turns(random.Random(seed).randrange)
        for member in self.members:
            member.cursor.ensure_at_least_one_state_emitted()
        return self

    def all_ids(self, name: str = "things") -> list[str]:
        return sorted(self.ids(name))

    def last_state(self, name: str = "things") -> Json:
        return self.states(name)[-1]


# Days of the past that begin at a midnight, and an hour that begins within a day: the one is read from its beginning,
# the other from its end.
DAYS = Window(AGO - AGO % DAY, AGO - AGO % DAY + 3 * DAY - 1)
HOURS = Window(AGO, AGO + 4 * HOUR)
BOTH = pytest.mark.parametrize("window", [DAYS, HOURS], ids=["oldest first", "newest first"])
NUMBERS = [f"{number:03}" for number in range(30)]


def spread(window: Window, count: int = 30) -> list[int]:
    """Moments in a window, some of them of one second."""
    step = (window.end - window.start) // count
    return [window.start + step * (number - number % 2) for number in range(count)]


class Watching(FakeReading):
    """Holds what is said to be given against what was."""

    def __init__(self, moments: list[int], **options: Any) -> None:
        super().__init__(**options)
        self._moments = moments
        self.given: list[int] = []

    def reached(self, part: Window) -> None:
        super().reached(part)
        assert sorted(m for m in self.given if part.holds(m)) == sorted(m for m in self._moments if part.holds(m))


def read(stream: Any, window: Window, reading: Watching) -> list[str]:
    given = []
    for page in stream.pages(window, reading):
        given += [record["id"] for record in page]
        reading.given += [record["updated_at"] for record in page]
    return given

"""Streams that groups are tested with: windows and their pages come from a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from group_driver import Read
from stream_fakes import NOW

from source_intercom.api.client import Tally
from source_intercom.sync.windows import Window

Row = dict[str, Any]
Script = dict[Window, Iterable[Any]]
WINDOWS = [Window(0, 9), Window(10, 19), Window(20, 29), Window(30, 39), Window(40, NOW)]
SWEEP_START = NOW + 1


class FakeStream:
    """A stream whose windows give the pages of a script; ``swept`` is what it finds at the end."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        name: str = "things",
        needs_last_look: bool = False,
        swept: Iterable[Any] = (),
        is_costly: bool = False,
        rows: Callable[[list[Row]], Iterable[Any]] | None = None,
    ) -> None:
        self.name = name
        self.sync = SimpleNamespace(begin=NOW, config=SimpleNamespace(start=0, end=None))
        self.needs_last_look = needs_last_look
        self.is_one_to_one = True
        self.is_costly = is_costly
        self.reads_whole = False
        self.needs_every_parent = False
        self.full = False
        self.planner = lambda window: iter([window])
        self.client = SimpleNamespace(tally=Tally())
        self.script = script or {}
        self.asked: list[Window] = []
        self.leads: FakeStream = self
        self.during: Callable[[Window, Any], None] = lambda _window, _reading: None
        self._swept = swept
        self._rows = rows or (lambda page: [page])

    @property
    def source(self) -> FakeStream:
        return self.leads

    @property
    def finishing(self) -> FakeStream:
        return self

    def finished(self, rows: list[Row]) -> list[Row]:
        return [{**row, "coerced": self.name} for row in rows if row.get("id") is not None]

    def objects(self, items: list[Row]) -> list[Row]:
        return items

    def prepared(self, page: list[Row]) -> list[Row]:
        return page

    def pages(self, window: Window, reading: Any) -> Iterator[list[Row]]:
        self.asked.append(window)
        for page in self._swept if window.start > NOW else self.script[window]:
            yield [dict(row) for row in page]
            self.during(window, reading)

    def rows(self, page: list[Row], window: Window) -> Iterator[list[Row]]:
        assert window in self.leads.asked, "rows are made for the window that is read"
        for rows in self._rows(page):
            if isinstance(rows, Exception):
                raise rows
            yield [dict(row) for row in rows]


def started(*streams: FakeStream, windows: list[Window] | None = None, pages: bool = False) -> Read:
    """A read of the windows that the first stream has a script for."""
    for stream in streams:
        stream.leads = streams[0]
    return Read(*streams, windows=windows or list(streams[0].script) or WINDOWS, pages=pages)


def page(*numbers: int) -> list[list[Row]]:
    return [[{"id": number} for number in numbers]]


def each_window() -> Script:
    return {window: page(window.start) for window in WINDOWS}


def follower(name: str = "followers", **options: Any) -> FakeStream:
    return FakeStream(name=name, **options)


def failing_on(*ids: int, error: Exception) -> Callable[[list[Row]], Iterable[Any]]:
    return lambda page: [error] if any(row["id"] in ids for row in page) else [page]

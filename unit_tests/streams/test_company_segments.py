"""Segments of companies: taken from the companies' own records where a sample agrees, otherwise asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import FakeIntercom, Json, rows_of

from source_intercom.api.errors import AccessDenied, RecordGone
from source_intercom.shapes.base import Sync
from source_intercom.streams.companies import CompanySegments
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(0, 2_000_000_000)
COMPANIES = 400


def segments_of(number: int) -> list[Json]:
    return [{"type": "segment", "id": f"s{at}", "name": f"S{at}"} for at in range(number % 4)]


def shows(items: list[Json], **more: Any) -> Json:
    return {"segments": {"type": "segment.list", "segments": items, **more}}


class Workspace:
    """Companies in a scroll, whose records show what ``shown`` makes of their segments."""

    def __init__(self, sync: Sync, shown: Callable[[int, list[Json]], Json]) -> None:
        self.intercom = FakeIntercom()
        self.stream = CompanySegments(sync)
        self.intercom.attach(sync.companies.client).attach(self.stream.client)
        companies = [{"id": f"c{number:03}", **shown(number, segments_of(number))} for number in range(COMPANIES)]
        pages = [{"data": page, "scroll_param": "p"} for page in (companies, [])]
        self.intercom.on("GET", "/companies/scroll", *pages)
        for number in range(COMPANIES):
            self.intercom.on("GET", f"/companies/c{number:03}/segments", {"data": segments_of(number)})

    def read(self) -> list[tuple[str, Json]]:
        rows = list(rows_of(self.stream, WINDOW))
        return sorted(((str(row.pop("company_id")), row) for row in rows), key=lambda one: (one[0], one[1]["id"]))

    @property
    def asked(self) -> int:
        return sum(path.endswith("/segments") for _, path, _ in self.intercom.calls)


EVERYTHING = [(f"c{number:03}", segment) for number in range(COMPANIES) for segment in segments_of(number)]


def test_whose_records_show_them_are_not_asked_but_for_a_sample(new_sync: NewSync) -> None:
    workspace = Workspace(new_sync(selected=frozenset({"company_segments"})), lambda _, items: shows(items))
    assert workspace.read() == EVERYTHING
    assert 0 < workspace.asked <= 51


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda _: {}, id="no list"),
        pytest.param(lambda _: {"segments": None}, id="null"),
        pytest.param(lambda items: shows(items[:1], has_more=True), id="has more"),
        pytest.param(lambda items: shows(items[:1], total_count=3), id="another total"),
        pytest.param(lambda items: shows([None, *items]), id="an item that is none"),
        pytest.param(lambda _: shows([{"name": "no id"}]), id="an item without id"),
        pytest.param(lambda _: shows([{"id": f"x{at}"} for at in range(10)]), id="ten, which may be cut"),
    ],
)
def test_only_those_are_asked_whose_records_do_not_show_all(cut: Callable[..., Json], new_sync: NewSync) -> None:
    sync = new_sync(selected=frozenset({"company_segments"}))
    workspace = Workspace(sync, lambda number, items: cut(items) if number % 40 == 3 else shows(items))
    assert workspace.read() == EVERYTHING
    assert workspace.asked <= 51 + COMPANIES // 40


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(lambda *_: shows([]), id="always empty"),
        pytest.param(lambda _, items: shows(items[:1]), id="cut without a word"),
        pytest.param(lambda number, items: shows([] if number % 9 == 0 else items), id="some empty"),
        pytest.param(lambda _, items: shows([{"id": one["id"]} for one in items]), id="ids only"),
        pytest.param(lambda number, _: shows(segments_of(number + 1)), id="others"),
        pytest.param(lambda *_: {}, id="none at all"),
    ],
)
def test_where_one_of_the_sample_differs_every_company_is_asked(shown: Callable[..., Json], new_sync: NewSync) -> None:
    workspace = Workspace(new_sync(selected=frozenset({"company_segments"})), shown)
    assert workspace.read() == EVERYTHING
    assert workspace.asked >= COMPANIES


def test_a_company_that_is_gone_says_nothing_of_the_others(new_sync: NewSync) -> None:
    workspace = Workspace(new_sync(selected=frozenset({"company_segments"})), lambda _, items: shows(items))
    for number in range(0, COMPANIES, 3):
        workspace.intercom.on("GET", f"/companies/c{number:03}/segments", RecordGone("gone"))
    assert workspace.read() == EVERYTHING
    assert workspace.asked <= 51


@pytest.mark.parametrize("error", [RecordGone("gone"), AccessDenied("no")])
def test_where_nobody_answers_nothing_is_believed(error: Exception, new_sync: NewSync) -> None:
    workspace = Workspace(new_sync(selected=frozenset({"company_segments"})), lambda _, items: shows(items))
    for number in range(COMPANIES):
        workspace.intercom.on("GET", f"/companies/c{number:03}/segments", error)
    if isinstance(error, AccessDenied):
        with pytest.raises(AccessDenied):
            workspace.read()
    else:
        assert workspace.read() == []
    assert workspace.asked >= COMPANIES


def test_the_sample_is_another_in_each_hour(new_sync: NewSync) -> None:
    asked = []
    for begin in (1_760_000_000, 1_760_003_600):
        sync = new_sync(selected=frozenset({"company_segments"}), begin=begin)
        workspace = Workspace(sync, lambda _, items: shows(items))
        workspace.read()
        asked.append({path for _, path, _ in workspace.intercom.calls if path.endswith("/segments")})
    assert len(asked[0] & asked[1]) <= 20


def test_lists_are_kept_only_where_the_stream_is_read(new_sync: NewSync) -> None:
    sync = new_sync(selected=frozenset({"companies"}))
    Workspace(sync, lambda _, items: shows(items))
    list(sync.companies.pages())
    assert sync.companies.shown == {}

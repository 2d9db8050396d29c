"""What companies show in their own records: taken from there where a sample agrees, otherwise asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import FakeIntercom, Json, rows_of

from source_intercom.api.errors import AccessDenied, NotOffered, RecordGone, RequestRefused, TokenRejected
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.streams.companies import CompanyNotes, CompanySegments
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


@pytest.mark.parametrize(("error", "kind"), [(RecordGone("gone"), NotOffered), (AccessDenied("no"), AccessDenied)])
def test_where_nobody_answers_nothing_is_believed(error: Exception, kind: type[Exception], new_sync: NewSync) -> None:
    workspace = Workspace(new_sync(selected=frozenset({"company_segments"})), lambda _, items: shows(items))
    for number in range(COMPANIES):
        workspace.intercom.on("GET", f"/companies/c{number:03}/segments", error)
    with pytest.raises(kind):
        workspace.read()
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


class Notes:
    """Companies of which every tenth has a note, and says so in version 2.16 as ``told`` has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sync: Sync, told: Callable[[int], Json] | Exception) -> None:
        self.intercom = FakeIntercom()
        self.stream = CompanyNotes(sync)
        self.intercom.attach(sync.companies.client).attach(self.stream.client)
        names = [f"c{number:03}" for number in range(COMPANIES)]
        self.intercom.on("GET", "/companies/scroll", *scroll([{"id": name} for name in names]))
        for number, name in enumerate(names):
            self.intercom.on("GET", f"/companies/{name}/notes", {"data": notes_of(number)})
        of_216 = FakeIntercom()
        if isinstance(told, Exception):
            of_216.on("GET", "/companies/scroll", told)
        else:
            companies = [{"id": name, **told(number)} for number, name in enumerate(names)]
            of_216.on("GET", "/companies/scroll", *scroll(companies))
        self.versions: list[str] = []

        def client_for(permission: str, *, version: str = "") -> Any:
            client = IntercomStream.client_for(self.stream, permission, version=version)
            of_216.attach(client)
            self.versions.append(version)
            return client

        monkeypatch.setattr(self.stream, "client_for", client_for)

    def read(self) -> list[str]:
        return sorted(row["id"] for row in rows_of(self.stream, WINDOW))

    @property
    def asked(self) -> int:
        return sum(path.endswith("/notes") for _, path, _ in self.intercom.calls)


def scroll(companies: list[Json]) -> list[Json]:
    return [{"data": page, "scroll_param": "p"} for page in (companies, [])]


def notes_of(number: int) -> list[Json]:
    return [{"id": f"n{number}"}] if number % 10 == 0 else []


def told_notes(number: int) -> Json:
    found = notes_of(number)
    return {"notes": {"type": "note.list", "data": found, "total_count": len(found), "has_more": False}}


NOTES = sorted(note["id"] for number in range(COMPANIES) for note in notes_of(number))


def test_companies_that_say_that_they_have_no_notes_are_not_asked(
    new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Notes(monkeypatch, new_sync(selected=frozenset({"company_notes"})), told_notes)
    assert workspace.read() == NOTES
    assert workspace.asked <= len(NOTES) + 50
    assert workspace.versions == ["2.16"]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(lambda _: {}, id="nothing"),
        pytest.param(lambda _: {"notes": {"type": "note.list", "notes": []}}, id="a list without a total"),
        pytest.param(lambda _: {"notes": {"data": [], "total_count": 0}}, id="always none"),
        pytest.param(RequestRefused("intercom_version_invalid"), id="the version is refused"),
        pytest.param(RecordGone("gone"), id="no scroll"),
    ],
)
def test_where_companies_do_not_tell_all_are_asked_for_notes(
    told: Any, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_intercom.api.scroll.time.sleep", lambda _: None)
    sync = new_sync(selected=frozenset({"company_notes"}))
    workspace = Notes(monkeypatch, sync, told)
    monkeypatch.setattr("source_intercom.api.scroll._SCROLL_RESTARTS", 0)
    assert workspace.read() == NOTES
    assert workspace.asked >= COMPANIES


def test_an_error_that_is_about_no_one_company_ends_the_stream(new_sync: NewSync) -> None:
    """A token that is not accepted says nothing of the company that was asked with it."""
    workspace = Workspace(new_sync(selected=frozenset({"company_segments"})), lambda _, items: shows(items))
    errors: list[Exception] = [TokenRejected("not accepted")]

    def rejecting(_asked: Json) -> Json:
        if errors:
            raise errors.pop()
        return {"data": []}

    for number in range(COMPANIES):
        workspace.intercom.on("GET", f"/companies/c{number:03}/segments", rejecting)
    with pytest.raises(TokenRejected):
        workspace.read()

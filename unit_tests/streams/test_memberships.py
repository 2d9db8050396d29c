"""Who is in which segment: searched for where the search can be trusted, otherwise asked contact by contact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, SearchServer, made, rows_of

from source_intercom.api import pages
from source_intercom.api.errors import IntercomError, NotOffered, RecordGone, RequestRefused, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.streams import memberships
from source_intercom.streams.contacts import ContactSegments
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]
BIRTH = NOW - 300 * DAY
WINDOW = Window(0, NOW)
SEARCH = "/contacts/search"
# Forty contacts that changed on days of their own; segment a has them all, b every fifth, c none.
CONTACTS: list[Json] = [{"id": f"{number:03}", "updated_at": BIRTH + DAY * 5 * number} for number in range(40)]
MEMBERS = {"a": CONTACTS, "b": CONTACTS[::5], "c": []}
EVERYTHING = {(segment, contact["id"]) for segment, contacts in MEMBERS.items() for contact in contacts}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three, and parts of two pages."""
    monkeypatch.setattr(pages, "SEARCH_PAGE", 3)
    monkeypatch.setattr(memberships, "SEARCH_PAGE", 3)
    monkeypatch.setattr(memberships, "_PART", 6)


class Workspace:
    """Segments with their sizes, and a search that knows them."""

    def __init__(self, intercom: FakeIntercom, sizes: Json | None = None) -> None:
        self.sizes = {segment: len(contacts) for segment, contacts in MEMBERS.items()} | (sizes or {})
        self.servers = {segment: SearchServer("data", list(contacts)) for segment, contacts in MEMBERS.items()}
        self.everybody = SearchServer("data", CONTACTS)
        listed = [{"id": segment, "name": segment.upper(), "count": size} for segment, size in self.sizes.items()]
        intercom.on("GET", "/segments", {"segments": listed}).on("POST", SEARCH, self.search)
        for segment in listed:
            intercom.on("GET", f"/segments/{segment['id']}", segment)
        for contact in CONTACTS:
            of_contact = [{"id": s, "name": s.upper()} for s, members in MEMBERS.items() if contact in members]
            intercom.on("GET", f"/contacts/{contact['id']}", contact)
            intercom.on("GET", f"/contacts/{contact['id']}/segments", {"data": of_contact})

    def search(self, body: Json) -> Json:
        segments = {one["value"] for one in terms(body["query"]) if one["field"] == "segment_id"}
        server = self.servers[segments.pop()] if segments else self.everybody
        return server({**body, "query": without_segment(body["query"])})


def terms(query: Json) -> list[Json]:
    if isinstance(query["value"], list):
        return [term for inner in query["value"] for term in terms(inner)]
    return [query]


def without_segment(query: Json) -> Json:
    if not isinstance(query["value"], list):
        return query
    kept = [without_segment(inner) for inner in query["value"] if inner.get("field") != "segment_id"]
    return {**query, "value": kept}


def rows(sync: Sync, intercom: FakeIntercom) -> list[Json]:
    return list(rows_of(made(ContactSegments, sync, intercom), WINDOW))


def links(found: list[Json]) -> list[tuple[str, str]]:
    return [(row["id"], row["contact_id"]) for row in found]


@pytest.fixture(autouse=True)
def attached(monkeypatch: pytest.MonkeyPatch, intercom: FakeIntercom) -> None:
    """Streams that a stream makes for itself ask the same fake."""
    original = ContactSegments._of_each

    def each(self: ContactSegments, reading: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr("source_intercom.api.client.Client.get", lambda _self, *a, **k: intercom.get(*a, **k))
            patch.setattr("source_intercom.api.client.Client.post", lambda _self, *a, **k: intercom.post(*a, **k))
            yield from original(self, reading)

    monkeypatch.setattr(ContactSegments, "_of_each", each)


def test_members_are_searched_for(new_sync: NewSync, intercom: FakeIntercom) -> None:
    Workspace(intercom)
    found = rows(new_sync(birth=BIRTH), intercom)
    assert sorted(links(found)) == sorted(EVERYTHING)
    # As a contact shows a segment: without its size.
    assert found[0] == {"id": "a", "name": "A", "contact_id": found[0]["contact_id"]}
    assert {path for _, path, _ in intercom.calls} == {"/segments", SEARCH}


def test_a_segment_of_one_page_costs_that_page(new_sync: NewSync, intercom: FakeIntercom) -> None:
    Workspace(intercom)
    rows(new_sync(birth=BIRTH), intercom)
    asked = [body for body in intercom.asked(SEARCH) if any(one["value"] == "c" for one in terms(body["query"]))]
    assert len(asked) == 1


@pytest.mark.parametrize("sizes", [{"b": 9}, {"a": 0}, {"c": 1}, {"b": None}])
def test_where_sizes_disagree_every_contact_is_asked(
    sizes: Json, new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    Workspace(intercom, sizes)
    with caplog.at_level("INFO"):
        found = rows(new_sync(birth=BIRTH), intercom)
    assert sorted(links(found)) == sorted(EVERYTHING)
    assert "disagree, so every contact is asked" in caplog.text


def test_where_the_search_does_not_know_segments_every_contact_is_asked(
    new_sync: NewSync, intercom: FakeIntercom
) -> None:
    workspace = Workspace(intercom)

    def refusing(body: Json) -> Json:
        if any(one["field"] == "segment_id" for one in terms(body["query"])):
            raise RequestRefused("invalid_field", "HTTP 400")
        return workspace.search(body)

    intercom.on("POST", SEARCH, refusing)
    assert sorted(links(rows(new_sync(birth=BIRTH), intercom))) == sorted(EVERYTHING)


def test_one_contact_that_cannot_be_asked_costs_no_other(new_sync: NewSync, intercom: FakeIntercom) -> None:
    Workspace(intercom, {"b": None})
    intercom.on("GET", "/contacts/005/segments", Unavailable("no answer"))
    found: list[Json] = []
    with pytest.raises(Unavailable, match="005"):
        for row in rows_of(made(ContactSegments, new_sync(birth=BIRTH), intercom), WINDOW):
            found.append(row)
    assert {contact for _, contact in links(found)} == {contact["id"] for contact in CONTACTS} - {"005"}


def test_a_size_that_has_just_changed_is_asked_for_again(new_sync: NewSync, intercom: FakeIntercom) -> None:
    Workspace(intercom, {"b": 7})
    intercom.on("GET", "/segments/b", {"id": "b", "name": "B", "count": 8})
    assert sorted(links(rows(new_sync(birth=BIRTH), intercom))) == sorted(EVERYTHING)
    assert not any("/contacts/0" in path for _, path, _ in intercom.calls)


def test_whoever_changes_while_the_segment_is_read_is_found_at_its_end(
    new_sync: NewSync, intercom: FakeIntercom
) -> None:
    workspace = Workspace(intercom)
    server = workspace.servers["a"]
    moved = {**CONTACTS[20], "updated_at": NOW - 5}

    def search(body: Json) -> Json:
        answer = workspace.search(body)
        if any(one["value"] == "a" for one in terms(body["query"])) and any(
            record["id"] == CONTACTS[39]["id"] for record in answer["data"]
        ):
            # The last part has been read, and one of an earlier one changes before that is.
            server.records[20] = moved
        return answer

    intercom.on("POST", SEARCH, search)
    stream = made(ContactSegments, new_sync(birth=BIRTH), intercom)
    stream.client.each = lambda function, items: [function(item) for item in reversed(list(items))][::-1]
    assert sorted(links(list(rows_of(stream, WINDOW)))) == sorted(EVERYTHING)


def test_members_that_never_come_end_the_stream(new_sync: NewSync, intercom: FakeIntercom) -> None:
    workspace = Workspace(intercom)

    def hiding(body: Json) -> Json:
        answer = workspace.search(body)
        return {**answer, "data": [record for record in answer["data"] if record["id"] != "010"]}

    intercom.on("POST", SEARCH, hiding)
    with pytest.raises(IntercomError, match="announces 40 contacts in segment 'a', but gives only 39"):
        rows(new_sync(birth=BIRTH), intercom)


def test_a_cursor_that_is_never_accepted_costs_no_member(new_sync: NewSync, intercom: FakeIntercom) -> None:
    workspace = Workspace(intercom)

    def refusing(body: Json) -> Json:
        if "starting_after" in body["pagination"]:
            raise RequestRefused("invalid_param", "HTTP 400")
        return workspace.search(body)

    intercom.on("POST", SEARCH, refusing)
    assert sorted(links(rows(new_sync(birth=BIRTH), intercom))) == sorted(EVERYTHING)


def test_a_start_date_counts_by_the_second_where_the_search_goes_by_days(
    new_sync: NewSync, intercom: FakeIntercom
) -> None:
    """Who changed earlier on the day of the start date is found, counts for the total, and is left out."""
    workspace = Workspace(intercom)
    for segment, members in MEMBERS.items():
        workspace.servers[segment] = SearchServer("data", list(members), zone=timezone.utc)
    earlier, first = CONTACTS[20], CONTACTS[21]
    start = earlier["updated_at"] + 60
    assert start // DAY == earlier["updated_at"] // DAY
    written = datetime.fromtimestamp(start, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = links(rows(new_sync(birth=BIRTH, start_date=written), intercom))
    assert ("a", first["id"]) in found
    assert ("a", earlier["id"]) not in found
    assert sorted(found) == sorted((segment, one) for segment, one in EVERYTHING if one >= first["id"])


def test_a_start_date_leaves_out_who_has_not_changed_since(new_sync: NewSync, intercom: FakeIntercom) -> None:
    Workspace(intercom)
    found = rows(new_sync(birth=BIRTH, start_date="2025-06-01T00:00:00Z"), intercom)
    since = {contact["id"] for contact in CONTACTS if contact["updated_at"] >= 1_748_736_000}
    assert 0 < len(since) < 40
    assert set(links(found)) == {(segment, contact) for segment, contact in EVERYTHING if contact in since}


def test_with_filters_of_contacts_every_chosen_contact_is_asked(new_sync: NewSync, intercom: FakeIntercom) -> None:
    Workspace(intercom)
    found = rows(new_sync(birth=BIRTH, filters={"contacts": {"ids": ["000", "001"]}}), intercom)
    assert set(links(found)) == {("a", "000"), ("b", "000"), ("a", "001")}


def test_a_workspace_that_offers_no_segments_is_told_so(new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("GET", "/segments", RecordGone("gone", "HTTP 404"))
    with pytest.raises(NotOffered, match="does not offer /segments"):
        rows(new_sync(birth=BIRTH), intercom)


def test_a_search_that_ends_early_is_asked_once_more(new_sync: NewSync, intercom: FakeIntercom) -> None:
    workspace = Workspace(intercom)
    begun: list[Json] = []

    def ending(body: Json) -> Json:
        answer = workspace.search(body)
        if "starting_after" not in body["pagination"] and body["query"] not in begun:
            begun.append(body["query"])
            return {**answer, "pages": {}}
        return answer

    intercom.on("POST", SEARCH, ending)
    assert sorted(links(rows(new_sync(birth=BIRTH), intercom))) == sorted(EVERYTHING)

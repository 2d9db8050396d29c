"""A record with something strange in the place of a list or an object costs no other record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, made, page, rows_of

from source_intercom.api.scroll import SharedScroll
from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import ContactNotes, Contacts
from source_intercom.streams.conversations import ConversationAttachments, ConversationParts, Conversations
from source_intercom.streams.tickets import TicketParts
from source_intercom.streams.workspace import TeamAdmins
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(0, NOW)
ODD = [7, 7.5, True, "text", [1], {"a": 1}, 10**25]


@pytest.mark.parametrize("odd", [7.5, True, [1], {"a": 1}, None, "", {}, []])
@pytest.mark.parametrize(("kind", "key"), [(Contacts, "data"), (Conversations, "conversations")])
def test_in_the_place_of_an_id_of_a_search(
    kind: Any, key: str, odd: Any, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    records = [{"id": name, "updated_at": NOW - 5, "n": n} for n, name in enumerate(["1", odd, odd, "2"])]
    intercom.on("POST", kind.endpoint, page(key, *records))
    stream = made(kind, new_sync(), intercom)
    assert [row["n"] for row in rows_of(stream, WINDOW)] == [0, 1, 2, 3]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["statistics", "source"])
@pytest.mark.parametrize("kind", [ConversationParts, ConversationAttachments])
def test_in_a_conversation(kind: Any, field: str, odd: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    part = {"id": "9", "attachments": [{"name": "a"}]}
    whole = {"id": "1", "conversation_parts": {"conversation_parts": [part], "total_count": 1}}
    shown = [{"id": "1", "updated_at": NOW - 5, field: odd}, {"id": "2", "updated_at": NOW - 4}]
    intercom.on("POST", "/conversations/search", page("conversations", *shown))
    for number in "12":
        intercom.on("GET", f"/conversations/{number}", {**whole, "id": number, field: odd})
    assert len(list(rows_of(made(kind, new_sync(), intercom), WINDOW))) == 2


@pytest.mark.parametrize("odd", ODD)
def test_in_the_place_of_attachments(odd: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    parts = [{"id": "8", "attachments": odd}, {"id": "9", "attachments": [{"name": "a"}]}]
    intercom.on("POST", "/conversations/search", page("conversations", {"id": "1", "updated_at": NOW - 5}))
    intercom.on("GET", "/conversations/1", {"id": "1", "conversation_parts": {"conversation_parts": parts}})
    stream = made(ConversationAttachments, new_sync(), intercom)
    assert [row["part_id"] for row in rows_of(stream, WINDOW)] == ["9"]
    assert stream.client.tally.odd == 1


@pytest.mark.parametrize(("odd", "found"), [(7, 0), ("text", 0), ([{"id": "9", "attachments": [{"name": "a"}]}], 1)])
@pytest.mark.parametrize("kind", [ConversationParts, ConversationAttachments])
def test_in_the_place_of_the_parts_of_a_conversation(
    kind: Any, odd: Any, found: int, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    intercom.on("POST", "/conversations/search", page("conversations", {"id": "1", "updated_at": NOW - 5}))
    intercom.on("GET", "/conversations/1", {"id": "1", "conversation_parts": odd})
    stream = made(kind, new_sync(), intercom)
    assert len(list(rows_of(stream, WINDOW))) == found
    assert stream.client.tally.odd == 1 - found


@pytest.mark.parametrize("odd", ODD)
def test_in_the_place_of_ticket_parts(odd: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    tickets = [
        {"id": "1", "updated_at": NOW - 5, "ticket_parts": {"ticket_parts": odd, "total_count": 1}},
        {"id": "2", "updated_at": NOW - 4, "ticket_parts": {"ticket_parts": [{"id": "9"}], "total_count": 1}},
    ]
    intercom.on("POST", "/tickets/search", page("tickets", *tickets))
    stream = made(TicketParts, new_sync(), intercom)
    assert [row["ticket_id"] for row in rows_of(stream, WINDOW)] == ["2"]
    assert stream.client.tally.odd == 1


@pytest.mark.parametrize("odd", [one for one in ODD if not isinstance(one, list)])
def test_in_the_place_of_the_admins_of_a_team(odd: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    teams: list[Json] = [{"id": "1", "admin_ids": odd}, {"id": "2", "admin_ids": [5]}]
    intercom.on("GET", "/teams", {"teams": teams})
    stream = made(TeamAdmins, new_sync(), intercom)
    assert list(rows_of(stream, WINDOW)) == [{"team_id": "2", "admin_id": 5}]
    assert stream.client.tally.odd == 1


@pytest.mark.parametrize("odd", ODD)
def test_in_the_place_of_a_note_s_contact(odd: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("GET", "/notes/1", {"id": "1", "contact": odd}).on("GET", "/notes/2", {"id": "2", "contact": None})
    stream = made(ContactNotes, new_sync(filters={"notes": {"ids": ["1", "2"]}}), intercom)
    assert [row["id"] for row in rows_of(stream, WINDOW)] == ["1", "2"]


@pytest.mark.parametrize("nobody", [{}, {"id": None}, {"id": ""}, {"id": {}}])
def test_of_a_contact_without_an_id_nothing_more_is_asked(
    nobody: Json, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    cut = {"companies": {"data": [{"id": "5"}], "has_more": True}, "tags": {"data": [], "has_more": True}}
    shown = [{**nobody, "updated_at": NOW - 5, **cut}, {"id": "2", "updated_at": NOW - 4, "companies": {"data": []}}]
    intercom.on("POST", "/contacts/search", page("data", *shown))
    stream = made(Contacts, new_sync(filters={"contacts": {"company_ids": ["6"]}}, expand=["tags"]), intercom)
    assert list(rows_of(stream, WINDOW)) == []
    assert stream.prepared([shown[0]]) == [shown[0]]


@pytest.mark.parametrize("nobody", [{}, {"id": None}, {"id": ""}, {"id": {}}, None])
def test_of_a_company_without_an_id_no_other_stream_is_told(
    nobody: Any, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    sync = new_sync()
    long = [{"id": "s", "size": 10**25}]
    companies = [nobody, {"id": "1", "segments": long}]
    intercom.on(
        "GET", "/companies/scroll", {"data": companies, "scroll_param": "x"}, {"data": [], "scroll_param": "x"}
    ).attach(sync.companies.client)
    scroll = SharedScroll(sync.companies.client, sync.logger, kept=lambda company: company.get("segments"))
    assert [len(companies) for companies in scroll.pages()] == [2]
    assert scroll.ids(read_by_another=False) == ["1"]
    assert scroll.shown == {"1": long}, "a number of more than 64 bits"

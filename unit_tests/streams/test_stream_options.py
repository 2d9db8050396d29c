"""Options that choose records, complete lists or count: nothing more, nothing less, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_fakes import FakeIntercom, FakeReading, Json, SearchServer, made, make_sync, page, rows_of

from source_intercom.api.errors import AccessDenied, RecordGone, Unavailable
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.streams.choices import is_wanted
from source_intercom.streams.contacts import ContactMergeHistory, ContactNotes, Contacts, ContactSubscriptions
from source_intercom.streams.conversations import Conversations
from source_intercom.streams.events import ContactEvents
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(1_000, 2_000)


def ids(rows: Any) -> list[Any]:
    return [row["id"] for row in rows]


SOME = st.lists(st.sampled_from("abcdefgh"), max_size=8, unique=True)


@settings(max_examples=60)
@given(data=st.data())
def test_filters_of_contacts_choose_exactly_each_once(data: st.DataObject) -> None:
    contacts = [
        {
            "id": str(number),
            "updated_at": data.draw(st.integers(900, 2_100)),
            "role": data.draw(st.sampled_from(["user", "lead"])),
            "email": data.draw(st.sampled_from("abcdefgh")),
            "segment_id": data.draw(SOME),
            "tag_id": data.draw(SOME),
        }
        for number in range(data.draw(st.integers(0, 12)))
    ]
    roles = data.draw(st.lists(st.sampled_from(["user", "lead"]), max_size=2, unique=True))
    emails, segments, tags = (data.draw(SOME) for _ in range(3))
    filters = {"roles": roles, "emails": emails, "segment_ids": segments, "tag_ids": tags}
    sync = make_sync(begin=20_000, filters={"contacts": filters})
    try:
        server = SearchServer("data", contacts, zone=timezone.utc)
        stream = made(Contacts, sync, FakeIntercom().on("POST", Contacts.endpoint, server))
        found = ids(rows_of(stream, WINDOW, FakeReading()))
    finally:
        sync.transport.close()

    def chosen(contact: Json) -> bool:
        return (
            WINDOW.holds(contact["updated_at"])
            and (not roles or contact["role"] in roles)
            and (not emails or contact["email"] in emails)
            and (not segments or bool({*segments} & {*contact["segment_id"]}))
            and (not tags or bool({*tags} & {*contact["tag_id"]}))
        )

    assert sorted(found) == sorted(contact["id"] for contact in contacts if chosen(contact))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"states": ["open"]}, ["1", "3"]),
        ({"states": ["open", "closed"]}, ["1", "2", "3", "4"]),
        ({"assignee": "admins", "admin_ids": ["7"]}, ["1", "2"]),
        ({"assignee": "admins", "admin_ids": ["7", "8"], "states": ["closed"]}, ["2"]),
        ({"assignee": "unassigned"}, ["3", "4"]),
        ({"assignee": "unassigned", "states": ["open"]}, ["3"]),
    ],
)
def test_filters_of_conversations(filters: Json, found: list[str], new_sync: NewSync, intercom: FakeIntercom) -> None:
    conversations = [
        {"id": number, "updated_at": 1_500, "state": state, "admin_assignee_id": admin}
        for number, state, admin in (("1", "open", 7), ("2", "closed", 7), ("3", "open", None), ("4", "closed", 0))
    ]
    intercom.on("POST", Conversations.endpoint, SearchServer("conversations", conversations))
    stream = made(Conversations, new_sync(filters={"conversations": filters}), intercom)
    assert ids(rows_of(stream, WINDOW)) == found


@pytest.mark.parametrize("nobody", [None, 0, "0"])
def test_nobody_has_three_spellings(nobody: Any, new_sync: NewSync) -> None:
    config = new_sync(filters={"conversations": {"assignee": "unassigned"}}).config
    assert is_wanted(config, {"admin_assignee_id": nobody})
    assert not is_wanted(config, {"admin_assignee_id": 7})


class TestChosenIds:
    def test_are_asked_for_one_by_one_and_nothing_else(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/conversations/7", {"id": "7", "updated_at": 1_500, "conversation_parts": {"total": 1}})
        intercom.on("GET", "/conversations/8", {"id": "8", "updated_at": 2_001})
        intercom.on("GET", "/conversations/9", RecordGone("gone"))
        stream = made(Conversations, new_sync(filters={"conversations": {"ids": ["7", "8", "9"]}}), intercom)
        assert list(rows_of(stream, WINDOW)) == [{"id": "7", "updated_at": 1_500}]
        assert len(intercom.calls) == 3

    def test_obey_the_other_filters(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        """Two filters are both to be met, whichever way a record is asked for."""
        intercom.on("GET", "/conversations/7", {"id": "7", "updated_at": 1_500, "state": "closed"})
        filters = {"conversations": {"ids": ["7"], "states": ["open"]}}
        assert list(rows_of(made(Conversations, new_sync(filters=filters), intercom), WINDOW)) == []


class TestCompaniesOfContacts:
    def contact(self, *companies: str, more: bool = False) -> Json:
        nested = {"data": [{"id": company} for company in companies], "has_more": more}
        return {"id": "1", "updated_at": 1_500, "companies": nested}

    def found(self, sync: Sync, intercom: FakeIntercom, contact: Json) -> list[str]:
        intercom.on("POST", Contacts.endpoint, page("data", contact))
        return ids(rows_of(made(Contacts, sync, intercom), WINDOW))

    @pytest.fixture
    def sync(self, new_sync: NewSync) -> Sync:
        return new_sync(filters={"contacts": {"company_ids": ["a"]}})

    def test_choose_the_contact(self, sync: Sync, intercom: FakeIntercom) -> None:
        assert self.found(sync, intercom, self.contact("b", "a")) == ["1"]
        assert self.found(sync, intercom, self.contact("b")) == []
        assert self.found(sync, intercom, {"id": "1", "updated_at": 1_500}) == []

    def test_beyond_the_first_ten_are_looked_up(self, sync: Sync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/contacts/1/companies", {"data": [{"id": "b"}, {"id": "a"}]})
        assert self.found(sync, intercom, self.contact("b", more=True)) == ["1"]
        intercom.on("GET", "/contacts/1/companies", {"companies": [{"id": "b"}]})
        assert self.found(sync, intercom, self.contact("b", more=True)) == []

    def test_of_a_contact_that_is_gone_do_not_end_the_window(self, sync: Sync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/contacts/1/companies", RecordGone("gone"))
        assert self.found(sync, intercom, self.contact("b", more=True)) == []


CONTACTS = frozenset({"contacts"})


class TestExpand:
    def contact(self) -> Json:
        cut_off = {"data": [{"id": "x"}], "has_more": True, "total_count": 2}
        return {"id": "1", "updated_at": 1_500, "tags": dict(cut_off), "notes": dict(cut_off), "companies": {}}

    def found(self, sync: Sync, intercom: FakeIntercom) -> list[Json]:
        intercom.on("POST", Contacts.endpoint, page("data", self.contact()))
        return list(rows_of(made(Contacts, sync, intercom), WINDOW))

    def test_completes_the_lists_that_it_names(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/contacts/1/tags", {"data": [{"id": "x"}, {"id": "y"}]})
        (contact,) = self.found(new_sync(expand=["tags", "companies", "subscriptions"], selected=CONTACTS), intercom)
        assert contact["tags"] == {"data": [{"id": "x"}, {"id": "y"}], "has_more": False, "total_count": 2}
        assert contact["notes"]["has_more"] is True

    def test_is_off_unless_asked_for(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        assert self.found(new_sync(), intercom) == [self.contact()]
        assert len(intercom.calls) == 1

    def test_gives_a_contact_that_is_gone_as_it_was(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/contacts/1/tags", RecordGone("gone"))
        assert ids(self.found(new_sync(expand=["tags"], selected=CONTACTS), intercom)) == ["1"]

    def test_names_a_contact_whose_list_is_refused_and_gives_all(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        """With what it shows by itself. The stream is incomplete, so that the next sync asks again."""
        others = [{**self.contact(), "id": name} for name in ("2", "3")]
        intercom.on("POST", Contacts.endpoint, page("data", self.contact(), *others))
        intercom.on("GET", "/contacts/1/tags", AccessDenied("not this one"))
        for name in ("2", "3"):
            intercom.on("GET", f"/contacts/{name}/tags", {"data": [{"id": "x"}, {"id": "y"}]})
        stream = made(Contacts, new_sync(expand=["tags"], selected=CONTACTS), intercom)
        rows, given = rows_of(stream, WINDOW), []
        with pytest.raises(Unavailable, match=r"the lists that the option expand names of 1 record: 1\. All others"):
            while True:
                given.append(next(rows))
        assert [len(contact["tags"]["data"]) for contact in given] == [1, 2, 2]
        assert all(isinstance(name, str) for contact in given for name in contact)

    def test_ends_with_what_the_plan_lacks(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/contacts/1/tags", AccessDenied("not in your plan", by_plan=True))
        with pytest.raises(AccessDenied):
            self.found(new_sync(expand=["tags"], selected=CONTACTS), intercom)

    def test_costs_nothing_where_no_contacts_are_given(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        assert self.found(new_sync(expand=["tags"], selected=frozenset({"contact_notes"})), intercom) == [
            self.contact()
        ]
        assert len(intercom.calls) == 1

    @pytest.mark.parametrize("stream", [ContactEvents, ContactMergeHistory])
    def test_costs_nothing_for_streams_that_read_contacts_for_themselves(
        self, stream: type[IntercomStream], new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        source = made(stream, new_sync(expand=["tags"], selected=CONTACTS), intercom).source
        assert source.prepared([self.contact()]) == [self.contact()]
        assert intercom.calls == []


class TestNotes:
    def test_are_asked_for_where_there_are_any(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        notes: list[Any] = [{"data": []}, {"data": [], "total_count": 0}, {"data": [{"id": "n"}]}, None]
        contacts = [{"id": str(number), "updated_at": 1_500, "notes": nested} for number, nested in enumerate(notes)]
        intercom.on("POST", Contacts.endpoint, page("data", *contacts))
        for number in ("2", "3"):
            intercom.on("GET", f"/contacts/{number}/notes", {"data": [{"id": f"n{number}"}]})
        assert [
            (row["contact_id"], row["id"]) for row in rows_of(made(ContactNotes, new_sync(), intercom), WINDOW)
        ] == [
            ("2", "n2"),
            ("3", "n3"),
        ]

    def test_chosen_by_id_name_their_contact(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/notes/5", {"id": "5", "contact": {"id": "c"}})
        stream = made(ContactNotes, new_sync(filters={"notes": {"ids": ["5"]}}), intercom)
        assert [(row["contact_id"], row["id"]) for row in rows_of(stream, WINDOW)] == [("c", "5")]

    def test_chosen_by_id_share_no_walk_with_contacts(self, new_sync: NewSync) -> None:
        """Pages of ids of notes are no contacts."""
        sync = new_sync(filters={"notes": {"ids": ["5"]}})
        assert ContactNotes(sync).made_from is not Contacts


class TestSubscriptions:
    def rows(self, sync: Sync, intercom: FakeIntercom, more: bool) -> list[tuple[str, str]]:
        contact = {
            "id": "1",
            "updated_at": 1_500,
            "opted_in_subscription_types": {"data": [{"id": "a", "consent_type": "opt_in"}]},
            "opted_out_subscription_types": {"data": [{"id": "b", "consent_type": "opt_out"}], "has_more": more},
        }
        intercom.on("POST", Contacts.endpoint, page("data", contact))
        stream = made(ContactSubscriptions, sync, intercom)
        return [(row["id"], row["opted"]) for row in rows_of(stream, WINDOW)]

    def test_tell_what_was_chosen_and_what_refused(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        assert self.rows(new_sync(), intercom, more=False) == [("a", "in"), ("b", "out")]

    def test_that_go_on_are_completed(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        types = [{"id": "a", "consent_type": "opt_in"}, {"id": "c", "consent_type": "opt_out"}]
        intercom.on("GET", "/contacts/1/subscriptions", {"data": types})
        assert self.rows(new_sync(), intercom, more=True) == [("a", "in"), ("c", "out")]


class TestEvents:
    def test_are_kept_by_their_own_time_and_asked_for_no_further_back(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        intercom.on("POST", Contacts.endpoint, page("data", {"id": "1", "updated_at": 5}))
        moments = [[2_500, 2_000, None], [1_000, 999], [998, 997], [1_500]]
        pages = [
            {"events": [{"id": str(at), "created_at": at} for at in found], "pages": {"next": f"/events?page={number}"}}
            for number, found in enumerate(moments, start=1)
        ]
        intercom.on("GET", "/events", pages[0])
        for number, found in enumerate(pages[1:], start=1):
            intercom.on("GET", f"/events?page={number}", found)
        rows = list(rows_of(made(ContactEvents, new_sync(begin=2_000, events_lookback_days=0), intercom), WINDOW))
        assert [row["created_at"] for row in rows] == [2_000, None, 1_000]
        assert {row["intercom_user_id"] for row in rows} == {"1"}
        assert len([path for method, path, _ in intercom.calls if method == "GET"]) == 3

    @pytest.mark.complaint(73)
    def test_that_arrive_late_are_read_again_for_some_days(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("POST", Contacts.endpoint, page("data", {"id": "1", "updated_at": 5}))
        day = 86_400
        moments = [10 * day, 3 * day + 1, 3 * day - 1]
        intercom.on("GET", "/events", {"events": [{"id": str(at), "created_at": at} for at in moments]})
        stream = made(ContactEvents, new_sync(begin=11 * day, events_lookback_days=7), intercom)
        rows = list(rows_of(stream, Window(10 * day, 11 * day)))
        assert [row["created_at"] for row in rows] == moments[:2]

    @pytest.mark.parametrize("error", [None, RecordGone("nobody")])
    def test_a_probe_for_nobody_finds_the_permission(
        self, error: Any, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        intercom.on("GET", "/events", error or {"events": []})
        made(ContactEvents, new_sync(), intercom).probe()

"""Readings that ask every contact or company for its rows: one that was broken off goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, SearchServer
from sync_driver import Syncing, make_pages_small, state_in

from source_intercom.api.errors import Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.streams.events import ContactEvents
from source_intercom.sync.state import UnderWay
from source_intercom.sync.windows import DAY, HOUR

NewSync = Callable[..., Sync]
START = "2024-01-01T00:00:00Z"
# Twenty contacts that changed an hour apart, each with one event of yesterday.
CHANGED = [NOW - 30 * DAY + HOUR * number for number in range(20)]
CONTACTS = [
    {"id": f"{number:03}", "updated_at": changed, "last_seen_at": changed} for number, changed in enumerate(CHANGED)
]
EVENTS = {
    contact["id"]: {"id": f"e{contact['id']}", "event_name": "x", "created_at": NOW - DAY} for contact in CONTACTS
}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


def workspace(intercom: FakeIntercom, *, events: Callable[[Json], Json] | None = None) -> FakeIntercom:
    def of_contact(asked: Json) -> Json:
        return {"events": [dict(EVENTS[asked["intercom_user_id"]])]}

    intercom.on("POST", "/contacts/search", SearchServer("data", CONTACTS))
    return intercom.on("GET", "/events", events or of_contact)


def read(sync: Sync, intercom: FakeIntercom, state: Json | None = None) -> Syncing:
    return Syncing([ContactEvents], sync, intercom, states={"contact_events": state} if state else {}).run()


def asked(intercom: FakeIntercom) -> list[str]:
    return [each["intercom_user_id"] for each in intercom.asked("/events")]


def states_on_the_way(out: list[Any]) -> list[tuple[int, Json]]:
    """Each state that tells of a reading under way, with its place among the messages."""
    told = [(place, state_in(item, "contact_events")) for place, item in enumerate(out)]
    return [(place, state) for place, state in told if state and "under_way" in state]


@pytest.mark.complaint(101)
def test_goes_on_behind_the_last_state_from_wherever_it_is_killed(new_sync: NewSync) -> None:
    first = read(new_sync(start_date=START), workspace(FakeIntercom()))
    assert sorted(first.rows("contact_events")) == sorted(event["id"] for event in EVENTS.values())
    on_the_way = states_on_the_way(first.out)
    assert len(on_the_way) > 4
    for place, state in on_the_way:
        before = {item.data["id"] for item in first.out[:place] if hasattr(item, "data")}
        intercom = workspace(FakeIntercom())
        rest = read(new_sync(start_date=START, begin=NOW + HOUR), intercom, state)
        assert before | set(rest.rows("contact_events")) == {event["id"] for event in EVENTS.values()}
        # The contact whose second is at the edge may be asked twice.
        assert len(asked(intercom)) <= len(CONTACTS) - len(before) + 1
        # All has been asked as of the moment at which the first one began; what came later comes with the next.
        assert rest.states("contact_events")[-1] == {"created_at": NOW, "read_from": state["read_from"]}


def test_a_reading_that_is_through_leaves_nothing_behind(new_sync: NewSync) -> None:
    first = read(new_sync(start_date=START), workspace(FakeIntercom()))
    state = first.states("contact_events")[-1]
    assert "under_way" not in state
    intercom = workspace(FakeIntercom())
    read(new_sync(start_date=START, begin=NOW + HOUR), intercom, state)
    assert len(asked(intercom)) == len(CONTACTS)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"start_date": "2023-01-01T00:00:00Z"}, id="an earlier start"),
        pytest.param({"start_date": START, "filters": {"contacts": {"roles": ["user"]}}}, id="other filters"),
        pytest.param({"start_date": START, "begin": NOW - HOUR}, id="an end before it began"),
    ],
)
def test_begins_anew_when_it_would_ask_for_other_rows(options: Json, new_sync: NewSync) -> None:
    first = read(new_sync(start_date=START), workspace(FakeIntercom()))
    _, state = states_on_the_way(first.out)[-1]
    intercom = workspace(FakeIntercom())
    wanted = [{**contact, "role": "user"} for contact in CONTACTS]
    intercom.on("POST", "/contacts/search", SearchServer("data", wanted))
    read(new_sync(**options), intercom, state)
    assert len(asked(intercom)) == len(CONTACTS)


def test_a_search_that_ignores_the_order_tells_no_place(new_sync: NewSync) -> None:
    """Who stands where then says nothing about who has been asked."""
    intercom = workspace(FakeIntercom())
    shuffled = [CONTACTS[number * 7 % 20] for number in range(20)]
    server = SearchServer("data", shuffled)
    server_of_no_order: dict[str, int] = {}

    def answer(body: Json) -> Json:
        at = int(body["pagination"].get("starting_after") or 0)
        server_of_no_order[str(at)] = at
        following = {"next": {"starting_after": str(at + 3)}} if at + 3 < len(shuffled) else {}
        return {"data": shuffled[at : at + 3], "pages": following, "total_count": len(server.records)}

    intercom.on("POST", "/contacts/search", answer)
    first = read(new_sync(start_date=START), intercom)
    assert len(first.rows("contact_events")) == len(CONTACTS)
    beyond = [state["under_way"]["through"] for _, state in states_on_the_way(first.out)]
    unordered_at = next(n for n in range(19) if shuffled[n]["updated_at"] > shuffled[n + 1]["updated_at"])
    assert all(through < shuffled[unordered_at]["updated_at"] for through in beyond)
    assert len(beyond) <= 1 + unordered_at // 3


def test_no_state_passes_a_contact_whose_events_could_not_be_read(new_sync: NewSync) -> None:
    bad = CONTACTS[7]

    def failing(each: Json) -> Json:
        if each["intercom_user_id"] == bad["id"]:
            raise Unavailable("no answer")
        return {"events": [dict(EVENTS[each["intercom_user_id"]])]}

    first = read(new_sync(start_date=START), workspace(FakeIntercom(), events=failing))
    assert len(first.rows("contact_events")) == len(CONTACTS) - 1
    through = [state["under_way"]["through"] for _, state in states_on_the_way(first.out)]
    assert through
    assert max(through) < bad["updated_at"]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "text",
        [],
        {},
        {"began_at": 5},
        {"through": 5},
        {"began_at": 5, "through": True},
        {"began_at": 0, "through": 5},
    ],
)
def test_what_is_not_as_we_write_it_says_nothing(raw: Any) -> None:
    assert UnderWay.of(raw) is None

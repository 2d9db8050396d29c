"""Events of contacts that were active since the last sync, and of all every so many days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, SearchServer
from sync_driver import Syncing, make_pages_small

from source_intercom.api.errors import RequestRefused, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.streams.events import ContactEvents, ContactEventSummaries
from source_intercom.sync.asked_parents import parents_to_ask
from source_intercom.sync.windows import DAY, HOUR

NewSync = Callable[..., Sync]
SEARCH = "/contacts/search"
LAST = NOW - HOUR
STATE = {"created_at": LAST}
OPTION = {"events_all_contacts_every_days": 7}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


def contact(number: int, changed: int, seen: int | None = None, made: int = NOW - 400 * DAY) -> Json:
    return {"id": f"{number:03}", "updated_at": changed, "last_seen_at": seen or 0, "created_at": made}


OLD = NOW - 100 * DAY
SILENT = [contact(number, OLD + number) for number in range(20)]
CHANGED = contact(30, NOW - 100)
SEEN = contact(31, OLD, NOW - 100)
MEANWHILE = contact(32, NOW + 5)
EVERYBODY = [*SILENT, CHANGED, SEEN, MEANWHILE]
ACTIVE = ["030", "031", "032"]


class Workspace:
    """Contacts, and the times of their events."""

    def __init__(self, contacts: list[Json], events: dict[str, list[int]] | None = None) -> None:
        self.intercom = FakeIntercom()
        self._events = events or {}
        self.intercom.on("POST", SEARCH, SearchServer("data", contacts)).on("GET", "/events", self._of)

    def _of(self, asked: Json) -> Json:
        contact_id = asked["intercom_user_id"]
        if asked.get("summary"):
            return {"events": [{"name": "x", "last": "2025-01-01T00:00:00.000+00:00 ", "count": 1}]}
        moments = sorted(self._events.get(contact_id, []), reverse=True)
        return {"events": [{"id": f"{contact_id}-{at}", "event_name": "x", "created_at": at} for at in moments]}

    def read(self, sync: Sync, state: Json | None, *more: Any) -> Syncing:
        kinds = [ContactEvents, *more]
        states = {kind().name: {kind().cursor_field: LAST, **(state or {})} for kind in kinds} if state else {}
        if state:
            states["contact_events"] = state
        return Syncing(kinds, sync, self.intercom, states=states).run()

    @property
    def asked(self) -> list[str]:
        return sorted({each["intercom_user_id"] for each in self.intercom.asked("/events")})


def last_state(read: Syncing) -> Json:
    state: Json = read.states("contact_events")[-1]
    return state


def test_only_active_contacts_are_asked(new_sync: NewSync) -> None:
    workspace = Workspace(EVERYBODY)
    read = workspace.read(new_sync(**OPTION), STATE)
    assert workspace.asked == ACTIVE
    # All were asked an hour ago, when each sync did so.
    assert last_state(read) == {"created_at": NOW, "asked_all_at": LAST}
    assert len(workspace.intercom.asked(SEARCH)) <= 5


def test_without_the_option_all_are_asked_and_the_state_tells_nothing(new_sync: NewSync) -> None:
    workspace = Workspace(EVERYBODY)
    read = workspace.read(new_sync(), STATE)
    assert len(workspace.asked) == len(EVERYBODY)
    assert last_state(read) == {"created_at": NOW}


def test_a_first_sync_asks_all(new_sync: NewSync) -> None:
    workspace = Workspace(EVERYBODY)
    read = workspace.read(new_sync(**OPTION), None)
    assert len(workspace.asked) == len(EVERYBODY)
    assert last_state(read)["asked_all_at"] == NOW


def test_all_are_asked_when_it_is_their_turn_and_for_all_that_happened_since(new_sync: NewSync) -> None:
    """Events that servers sent for contacts who were not there come then."""
    before, since, new = NOW - 30 * DAY, NOW - 5 * DAY, NOW - 60
    workspace = Workspace(EVERYBODY, {"000": [before, since], "030": [since, new]})
    options = {**OPTION, "events_lookback_days": 0}
    state = {"created_at": LAST, "asked_all_at": NOW - 7 * DAY}
    read = workspace.read(new_sync(**options), state)
    assert len(workspace.asked) == len(EVERYBODY)
    assert set(read.rows("contact_events")) == {f"000-{since}", f"030-{since}", f"030-{new}"}
    assert last_state(read) == {"created_at": NOW, "asked_all_at": NOW}
    # A state on the way tells the old moment, and goes back nowhere.
    on_the_way = [told for told in read.states("contact_events") if "under_way" in told]
    assert on_the_way
    assert {(told["created_at"], told["asked_all_at"]) for told in on_the_way} == {(LAST, NOW - 7 * DAY)}


def test_turning_the_option_off_brings_what_was_left_out(new_sync: NewSync) -> None:
    since = NOW - 5 * DAY
    workspace = Workspace(EVERYBODY, {"000": [since]})
    state = {"created_at": LAST, "asked_all_at": NOW - 6 * DAY}
    read = workspace.read(new_sync(events_lookback_days=0), state)
    assert read.rows("contact_events") == [f"000-{since}"]
    assert last_state(read) == {"created_at": NOW}


def test_a_sync_of_all_that_broke_off_is_gone_on_with(new_sync: NewSync) -> None:
    events = {each["id"]: [NOW - 5 * DAY] for each in EVERYBODY}
    state = {"created_at": LAST, "asked_all_at": NOW - 7 * DAY}
    options = {**OPTION, "events_lookback_days": 0}
    first = Workspace(EVERYBODY, events).read(new_sync(**options), state)
    on_the_way = [told for told in first.states("contact_events") if "under_way" in told]
    assert len(on_the_way) > 3
    workspace = Workspace(EVERYBODY, events)
    rest = workspace.read(new_sync(**options, begin=NOW + HOUR), on_the_way[3])
    assert 0 < len(workspace.asked) < len(EVERYBODY)
    assert set(first.rows("contact_events")) >= set(rest.rows("contact_events"))
    assert set(rest.rows("contact_events")) >= {f"030-{NOW - 5 * DAY}", f"032-{NOW - 5 * DAY}"}
    assert last_state(rest) == {"created_at": NOW, "asked_all_at": NOW}


def test_a_contact_that_cannot_be_asked_is_asked_again(new_sync: NewSync) -> None:
    workspace = Workspace(EVERYBODY)
    workspace.intercom.on("GET", "/events", Unavailable("no answer"))
    read = workspace.read(new_sync(**OPTION), STATE)
    assert read.errors
    assert last_state(read) == {"created_at": LAST, "asked_all_at": LAST}


def test_a_new_contact_brings_all_its_events(new_sync: NewSync) -> None:
    """It may come with a history, and the search may find it late."""
    old = NOW - 80 * DAY
    workspace = Workspace([contact(1, NOW - 50, made=NOW - 50), contact(2, NOW - 50)], {"001": [old], "002": [old]})
    assert workspace.read(new_sync(**OPTION), STATE).rows("contact_events") == [f"001-{old}"]


@pytest.mark.parametrize("options", [OPTION, {}])
def test_contacts_seen_since_the_start_date_are_asked_though_they_have_not_changed(
    options: Json, new_sync: NewSync
) -> None:
    workspace = Workspace(EVERYBODY)
    workspace.read(new_sync(**options, start_date="2025-10-01T00:00:00Z"), None)
    assert workspace.asked == ACTIVE


def refusing(contacts: list[Json]) -> Callable[[Json], Json]:
    server = SearchServer("data", contacts)

    def answer(body: Json) -> Json:
        if "last_seen_at" in str(body["query"]):
            raise RequestRefused("invalid_field", "HTTP 400")
        return server(body)

    return answer


def test_where_the_search_refuses_the_time_all_are_asked(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    workspace = Workspace(EVERYBODY)
    workspace.intercom.on("POST", SEARCH, refusing(EVERYBODY))
    read = workspace.read(new_sync(**OPTION), STATE)
    assert len(workspace.asked) == len(EVERYBODY)
    assert not read.errors
    assert "refuses last_seen_at, so all contacts are asked" in caplog.text


def test_where_the_search_refuses_the_time_a_start_date_leaves_out_who_has_not_changed(
    new_sync: NewSync, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace(EVERYBODY)
    workspace.intercom.on("POST", SEARCH, refusing(EVERYBODY))
    read = workspace.read(new_sync(start_date="2025-10-01T00:00:00Z"), None)
    assert workspace.asked == ["030", "032"]
    assert not read.errors
    assert "are left out" in caplog.text


def test_summaries_of_active_contacts_share_their_pages(new_sync: NewSync) -> None:
    workspace = Workspace(EVERYBODY)
    read = workspace.read(new_sync(**OPTION), STATE, ContactEventSummaries)
    assert sorted(read.rows("contact_event_summaries", "intercom_user_id")) == ACTIVE
    assert workspace.asked == ACTIVE
    assert len(workspace.intercom.asked(SEARCH)) <= 5


@pytest.mark.parametrize(
    ("asked_all", "position", "every_days", "must", "are_all", "again", "told", "then"),
    [
        pytest.param(0, 990, 0, False, True, 0, 0, 0, id="off"),
        pytest.param(0, 990, 1, False, False, 0, 990, 990, id="just turned on"),
        pytest.param(500, 990, 1, False, False, 0, 500, 500, id="not yet due"),
        pytest.param(500, 990, 0, False, True, 490, 500, 0, id="just turned off"),
        pytest.param(500, 990, 1, True, True, 490, 500, 1_000, id="all for another reason"),
        pytest.param(2_000, 990, 1, False, False, 0, 990, 990, id="a moment behind the position"),
    ],
)
def test_turns(
    asked_all: int, position: int, every_days: int, must: bool, are_all: bool, again: int, told: int, then: int
) -> None:
    parents = parents_to_ask(
        asked_all=asked_all, position=position, now=1_000, every_days=every_days, must_ask_all=must
    )
    assert parents == (are_all, again, told, then)

"""Streams that share the pages of a collection that is read whole, each with a state of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stream_fakes import NOW, FakeIntercom, Json
from sync_driver import Syncing

from source_intercom.api.errors import RequestRefused
from source_intercom.shapes.base import Sync
from source_intercom.streams.activities import ContactActivities
from source_intercom.streams.companies import Companies, CompanyTags
from source_intercom.streams.workspace import Brands
from source_intercom.sync.windows import DAY, HOUR

NewSync = Callable[..., Sync]
SCROLL = "/companies/scroll"
ACTIVITIES = "/contacts/activities"


def company(number: int, changed: int) -> Json:
    tags = {"tags": [{"id": f"t{number}"}]}
    return {"id": f"c{number}", "updated_at": changed, "tags": tags}


def scroll(*companies: Json) -> FakeIntercom:
    return FakeIntercom().on("GET", SCROLL, {"data": list(companies), "scroll_param": "p"}, {"data": []})


def test_one_that_has_nothing_left_gets_nothing_and_keeps_its_state(new_sync: NewSync) -> None:
    """An end date that lies before the position of one stream, and not before that of the other."""
    end = NOW - 10 * DAY
    states = {
        "companies": {"updated_at": NOW - DAY},
        "company_tags": {"company_updated_at": end - 5 * DAY},
    }
    intercom = scroll(company(1, end - 20 * DAY), company(2, end - DAY))
    sync = new_sync(begin=end)
    sync.now = NOW
    done = Syncing([Companies, CompanyTags], sync, intercom, states=states).run()
    assert done.errors == []
    assert done.rows("companies") == []
    assert done.rows("company_tags") == ["t2"]
    assert {state["updated_at"] for state in done.states("companies")} == {NOW - DAY}
    assert done.states("company_tags")[-1]["company_updated_at"] == end


def test_a_row_without_its_id_is_counted_and_not_given(new_sync: NewSync) -> None:
    """A destination could tell it apart from no other."""
    odd = [{"id": None, "name": "a"}, {"name": "b"}]
    intercom = FakeIntercom().on("GET", "/brands", {"data": [{"id": "1"}, *odd], "pages": {}})
    done = Syncing([Brands], new_sync(), intercom).run()
    assert done.rows("brands") == ["1"]
    assert done.streams[0].client.tally.odd == 2
    assert done.errors == []


class Activities:
    """Events an hour apart, three a page. The cursor of a page is the number of events before it."""

    def __init__(self, number: int) -> None:
        self.events = [{"id": f"{at}", "created_at": NOW - (number - at) * HOUR} for at in range(number)]

    def __call__(self, asked: Json) -> Json:
        start = int(asked.get("starting_after", "0"))
        shown = self.events[start : start + 3]
        following = {"next": {"starting_after": str(start + len(shown))}} if shown else {}
        return {"data": shown, "pages": {"type": "pages", **following}}


def activities(sync: Sync, answer: Any, state: Json | None = None) -> tuple[Syncing, list[str | None]]:
    """A sync, and the cursors that it asked with."""
    intercom = FakeIntercom().on("GET", ACTIVITIES, answer)
    done = Syncing([ContactActivities], sync, intercom, states={"contact_activities": state} if state else {}).run()
    return done, [asked.get("starting_after") for asked in intercom.asked(ACTIVITIES)]


def test_the_next_sync_begins_in_the_middle_of_the_list_where_the_last_one_ended(new_sync: NewSync) -> None:
    first, _ = activities(new_sync(), Activities(30))
    state = first.states("contact_activities")[-1]
    assert state["page_cursor"]["after"] == "27"
    again = Activities(30)
    again.events += [{"id": "new", "created_at": NOW + HOUR}]
    second, cursors = activities(new_sync(begin=NOW + 2 * HOUR), again, state)
    assert cursors[0] == "27"
    assert second.rows("contact_activities")[-1] == "new"
    assert len(second.rows("contact_activities")) == 4


def test_a_cursor_that_nobody_can_read_costs_a_read_from_the_beginning(new_sync: NewSync) -> None:
    first, _ = activities(new_sync(), Activities(30))
    for odd in ({"after": "27"}, {"after": 27, "moment": NOW}, {"after": "", "moment": 1}, "27", None):
        state = {**first.states("contact_activities")[-1], "page_cursor": odd}
        done, cursors = activities(new_sync(begin=NOW + HOUR), Activities(30), state)
        assert done.errors == []
        assert cursors[0] is None


def test_a_list_whose_beginning_is_refused_is_asked_once(new_sync: NewSync) -> None:
    done, cursors = activities(new_sync(), RequestRefused("no"))
    assert cursors == [None]
    assert len(done.errors) == 1

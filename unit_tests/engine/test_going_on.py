"""Readings that ask companies, or contacts that the filters name: where one goes on, and whom it asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from airbyte_cdk.sources.types import Record as CdkRecord
from stream_fakes import NOW, FakeIntercom, Json
from sync_driver import Syncing, state_in

from source_intercom.shapes.base import Sync
from source_intercom.streams import companies
from source_intercom.streams.companies import CompanySegments
from source_intercom.streams.events import ContactEvents
from source_intercom.sync.windows import DAY, HOUR

NewSync = Callable[..., Sync]
# In the order of their ids, which is not the order of the scroll.
COMPANIES = [f"c{number:02}" for number in range(20)]


def segments(sync: Sync, state: Json | None = None) -> tuple[Syncing, list[str]]:
    """A sync of the segments of companies, and which companies it asked."""
    found = [{"id": company} for company in reversed(COMPANIES)]
    intercom = FakeIntercom().on("GET", "/companies/scroll", {"data": found, "scroll_param": "p"}, {"data": []})
    for company in COMPANIES:
        intercom.on("GET", f"/companies/{company}/segments", {"data": [{"id": company, "updated_at": 5}]})
    intercom.attach(sync.companies.client)
    done = Syncing([CompanySegments], sync, intercom, states={"company_segments": state} if state else {}).run()
    return done, sorted(path.split("/")[2] for _, path, _ in intercom.calls if path.endswith("/segments"))


def test_companies_that_were_asked_are_not_asked_again(new_sync: NewSync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companies, "_BATCH", 3)
    first, asked = segments(new_sync())
    assert asked == COMPANIES
    told = [(place, state_in(item, "company_segments")) for place, item in enumerate(first.out)]
    on_the_way = [(place, state) for place, state in told if state and "under_way" in state]
    assert len(on_the_way) == 7
    for place, state in on_the_way:
        before = [item.data["id"] for item in first.out[:place] if isinstance(item, CdkRecord)]
        rest, asked = segments(new_sync(begin=NOW + HOUR), state)
        assert sorted(before) + asked == COMPANIES
        assert sorted(rest.rows("company_segments")) == asked


@pytest.mark.parametrize("place", [7, None, ["c05"], ""])
def test_a_place_that_is_none_among_companies_skips_nobody(place: object, new_sync: NewSync) -> None:
    state = {"updated_at": NOW - DAY, "under_way": {"began_at": NOW, "through": place}}
    _, asked = segments(new_sync(), state)
    assert asked == COMPANIES


def test_contacts_that_the_filters_name_are_asked_and_no_search_is_made_for_active_ones(new_sync: NewSync) -> None:
    """Whoever names contacts gets the events of those, also of one that was not seen since the last sync."""
    intercom = FakeIntercom()
    for contact in ("7", "8"):
        intercom.on(
            "GET", f"/contacts/{contact}", {"id": contact, "updated_at": NOW - 30 * DAY, "last_seen_at": NOW - 5}
        )
    events = [{"id": "e", "event_name": "x", "created_at": NOW - 5}]
    intercom.on("GET", "/events", lambda _asked: {"events": [dict(event) for event in events]})
    sync = new_sync(filters={"contacts": {"ids": ["7", "8"]}}, events_all_contacts_every_days=7)
    state = {"created_at": NOW - 2 * HOUR}
    done = Syncing([ContactEvents], sync, intercom, states={"contact_events": state}).run()
    assert done.errors == []
    assert sorted(set(done.rows("contact_events", "intercom_user_id"))) == ["7", "8"]
    assert all(method == "GET" for method, _, _ in intercom.calls)

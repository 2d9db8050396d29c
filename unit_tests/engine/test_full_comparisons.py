"""Incremental syncs that read all of a stream again now and then: what is given, what the state and the log tell."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.sources.types import Record as CdkRecord
from stream_fakes import NOW, FakeIntercom, Json, SearchServer
from sync_driver import Syncing, make_pages_small, state_in

from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import Contacts
from source_intercom.streams.reconciliations import Reconciliations
from source_intercom.sync.moments import shown
from source_intercom.sync.windows import DAY, HOUR

NewSync = Callable[..., Sync]
START = "2024-01-01T00:00:00Z"
CONTACTS = [{"id": f"{number:03}", "updated_at": NOW - 30 * DAY + DAY * number} for number in range(20)]
IDS = [contact["id"] for contact in CONTACTS]
LAST = NOW - HOUR


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch, lag=0)


def read(sync: Sync, state: Json, **more: Any) -> Syncing:
    intercom = FakeIntercom().on("POST", "/contacts/search", SearchServer("data", CONTACTS))
    return Syncing([Contacts], sync, intercom, states={"contacts": state}, **more).run()


def compared(days_ago: int) -> Json:
    """A state that is whole at the last sync, and what it tells of the last full comparison."""
    return {"updated_at": LAST, "reconciled_at": NOW - DAY * days_ago}


def test_all_comes_again_when_the_last_one_is_a_week_old(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    sync = new_sync(start_date=START)
    with caplog.at_level(logging.INFO):
        done = read(sync, compared(7), deduplicates=True)
    assert sorted(done.rows("contacts")) == IDS
    last = done.states("contacts")[-1]
    assert (last["updated_at"], last["reconciled_at"], "reconciling" in last) == (NOW, NOW, False)
    assert all(state["updated_at"] >= LAST for state in done.states("contacts")), "a state does not go back"
    # The row of the stream reconciliations, by which rows that did not come again can be taken for deleted.
    (row,) = sync.reconciliations
    assert {**row, "ended_at": 0} == {"stream": "contacts", "began_at": NOW, "records": len(IDS), "ended_at": 0}
    assert Reconciliations(sync).lacks_option == ""
    assert caplog.messages.count(f"contacts: the full comparison that began at {shown(NOW)} has come to its end") == 1


def test_a_younger_one_is_remembered_and_nothing_comes_again(new_sync: NewSync) -> None:
    sync = new_sync(start_date=START)
    done = read(sync, compared(6), deduplicates=True)
    assert done.rows("contacts") == []
    assert done.states("contacts")[-1]["reconciled_at"] == NOW - 6 * DAY
    assert sync.reconciliations == []
    # The table of a sync says why the stream of comparisons is empty.
    assert "reconcile_every_days" in Reconciliations(sync).lacks_option


@pytest.mark.parametrize(("days_ago", "told"), [(6, NOW - 6 * DAY), (8, NOW)])
def test_a_state_that_does_not_tell_of_one_was_whole_at_its_position(
    days_ago: int, told: int, new_sync: NewSync
) -> None:
    done = read(new_sync(start_date=START), {"updated_at": NOW - DAY * days_ago}, deduplicates=True)
    assert done.states("contacts")[-1]["reconciled_at"] == told


@pytest.mark.parametrize(
    ("chosen", "deduplicates", "comes_again"),
    [(None, False, False), (30, False, True), (30, True, True), (0, True, False), (99, True, False)],
)
def test_the_option_decides_and_without_it_the_destination(
    chosen: int | None, deduplicates: bool, comes_again: bool, new_sync: NewSync
) -> None:
    """Where a destination appends, each comparison makes another copy of every row: nobody gets that unasked."""
    done = read(new_sync(start_date=START, reconcile_every_days=chosen), compared(40), deduplicates=deduplicates)
    assert sorted(done.rows("contacts")) == (IDS if comes_again else [])


def test_one_that_broke_off_goes_on_from_any_of_its_states(new_sync: NewSync) -> None:
    first = read(new_sync(start_date=START), compared(8), deduplicates=True)
    told = [(place, state_in(item, "contacts")) for place, item in enumerate(first.out)]
    on_the_way = [(place, state) for place, state in told if state and "reconciling" in state]
    assert len(on_the_way) > 4
    for place, state in on_the_way:
        before = {item.data["id"] for item in first.out[:place] if isinstance(item, CdkRecord)}
        later = new_sync(start_date=START, begin=NOW + HOUR)
        rest = read(later, state, deduplicates=True)
        assert before | set(rest.rows("contacts")) == set(IDS)
        assert len(before) + len(rest.rows("contacts")) <= len(IDS) + 1, "what was compared is not read again"
        # It is one comparison, which began with the first sync and gave what both gave.
        (row,) = later.reconciliations
        assert (row["began_at"], row["records"]) == (NOW, len(before) + len(rest.rows("contacts")))


def test_those_of_this_read_are_the_rows_of_their_own_stream(new_sync: NewSync) -> None:
    sync = new_sync(start_date=START)
    read(sync, compared(8), deduplicates=True)
    rows = Syncing([Reconciliations], sync, FakeIntercom()).run()
    assert rows.rows("reconciliations", "stream") == ["contacts"]
    assert rows.rows("reconciliations", "began_at") == [NOW]


def test_one_that_is_under_way_begins_anew_where_the_filters_have_changed(new_sync: NewSync) -> None:
    """Whoever matches only now, and was passed over, would be taken for deleted."""
    state = {**compared(9), "reconciling": {"began_at": NOW - DAY, "records": 5, "slices": [[0, NOW - 20 * DAY]]}}
    assert len(read(new_sync(start_date=START), state, deduplicates=True).rows("contacts")) < len(IDS)
    sync = new_sync(start_date=START)
    done = read(sync, {**state, "filters": "other"}, deduplicates=True)
    assert sorted(done.rows("contacts")) == IDS
    (row,) = sync.reconciliations
    assert (row["began_at"], row["records"]) == (NOW, len(IDS))


def test_one_that_intercom_left_records_out_of_is_not_told(
    new_sync: NewSync, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows that it did not bring are taken for deleted, and these are only hidden."""
    monkeypatch.setattr(Contacts, "shrinks_without", ("Read tickets",))
    sync = new_sync(start_date=START)
    done = read(sync, compared(9), deduplicates=True, missing=frozenset({"Read tickets"}))
    assert sorted(done.rows("contacts")) == IDS
    assert done.states("contacts")[-1]["reconciled_at"] == NOW
    assert sync.reconciliations == []
    assert "contacts: Intercom left records out of the full comparison" in caplog.text

"""A saved state meets other options: what the log tells, so that nobody has to guess why records are missing."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from stream_fakes import NOW, Json
from sync_driver import members_of

from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.streams.contacts import Contacts, ContactTags
from source_intercom.streams.conversations import Conversations
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.state import fingerprint
from source_intercom.sync.windows import DAY, HOUR

NewSync = Callable[..., Sync]
USERS = {"contacts": {"roles": ["user"]}}
LEADS = {"contacts": {"roles": ["lead"]}}


def told(sync: Sync, kind: type[IntercomStream], state: Json, caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings of a sync that begins with a state."""
    stream = kind(sync)
    with caplog.at_level(logging.WARNING):
        members_of([stream], {stream.name: state} if state else {}, [])
    return [line for line in caplog.messages if "filters have changed" in line]


def state_of(sync: Sync, kind: type[IntercomStream]) -> Json:
    filters = fingerprint(kind(sync).filters)
    return {kind(sync).cursor_field: NOW - DAY, **({"filters": filters} if filters else {})}


@pytest.mark.parametrize("kind", [Contacts, ContactTags])
@pytest.mark.parametrize(("before", "now"), [({}, USERS), (USERS, LEADS), (USERS, {})])
def test_other_filters_are_told_with_what_to_do(
    kind: type[IntercomStream], before: Json, now: Json, new_sync: NewSync, caplog: pytest.LogCaptureFixture
) -> None:
    (said,) = told(new_sync(filters=now), kind, state_of(new_sync(filters=before), kind), caplog)
    assert said.startswith(f"{kind().name}: the filters have changed since the saved state.")
    assert "Clear the state of the stream to get all of them at once." in said


def test_the_same_filters_are_not_told(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    assert told(new_sync(filters=USERS), Contacts, state_of(new_sync(filters=USERS), Contacts), caplog) == []


def test_a_first_sync_has_no_filters_to_change(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    assert told(new_sync(filters=USERS), Contacts, {}, caplog) == []


def test_filters_of_another_stream_are_not_told(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    assert told(new_sync(filters=USERS), Tickets, state_of(new_sync(), Tickets), caplog) == []


def test_a_permission_that_was_granted_has_the_stream_read_once_more(
    new_sync: NewSync, caplog: pytest.LogCaptureFixture
) -> None:
    """Intercom left records of any time out without it."""
    state = {"updated_at": NOW - DAY, "without_permissions": ["Read tickets"]}
    for missing, begins_at in ((frozenset(), 0), (frozenset({"Read tickets"}), NOW - DAY - HOUR + 1)):
        caplog.clear()
        stream = Conversations(new_sync(start_date=None))
        with caplog.at_level(logging.WARNING):
            (member,) = members_of([stream], {stream.name: state}, [], missing=missing)
        assert member.window is not None
        assert member.window.start == begins_at
        assert ('has been granted "Read tickets" since the saved state' in caplog.text) == (not missing)

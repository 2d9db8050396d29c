"""A saved state meets other options: what the log tells, so that nobody has to guess why records are missing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from stream_fakes import NOW, Json
from sync_driver import members_of, saved, state_in

from source_intercom.engine.assembly import refuse_unusable
from source_intercom.engine.member import Member
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.streams.contacts import Contacts, ContactTags
from source_intercom.streams.conversations import ConversationAttachments, ConversationParts, Conversations
from source_intercom.streams.events import ContactEvents
from source_intercom.streams.reports import report_streams
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.state import StateError, fingerprint
from source_intercom.sync.windows import DAY, HOUR, Window

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


def begun(stream: IntercomStream, state: Json, **more: Any) -> Member:
    """A stream as a sync begins it with a state."""
    (member,) = members_of([stream], {stream.name: state}, [], **more)
    return member


def next_state(stream: IntercomStream, state: Json, **more: Any) -> Json:
    """The first state that a sync tells which begins with another one."""
    out: list[Any] = []
    (member,) = members_of([stream], {stream.name: state} if state else {}, out, **more)
    member.cursor.ensure_at_least_one_state_emitted()
    (told,) = [one for one in (state_in(item, stream.name) for item in out) if one is not None]
    return told


@pytest.mark.parametrize("is_told_later", [False, True])
@pytest.mark.parametrize("unknown_was", ["missing", "granted"])
def test_a_permission_that_nobody_can_tell_of_is_as_it_was(
    unknown_was: str, is_told_later: bool, new_sync: NewSync
) -> None:
    """The records that were hidden until now would never be read, if a probe without an answer counted as a grant."""
    before: Json = {"updated_at": NOW - DAY, "workspace": "w1"}
    without: Json = {"without_permissions": ["Read tickets"]} if unknown_was == "missing" else {}
    stream = Conversations(new_sync(workspace="w1"))
    kept = next_state(stream, {**before, **without}, unknown={"Read tickets": is_told_later})
    assert kept == {**before, **without}


@pytest.mark.parametrize(("is_told_later", "without"), [(True, ["Read tickets"]), (False, [])])
def test_a_first_sync_takes_a_permission_to_be_missing_that_is_told_later(
    is_told_later: bool, without: list[str], new_sync: NewSync
) -> None:
    """A workspace that refuses the question for good has no tickets that could be hidden."""
    told = next_state(Conversations(new_sync()), {}, unknown={"Read tickets": is_told_later})
    assert told.get("without_permissions", []) == without


class TestAnotherWorkspace:
    """A token of another workspace with the states of the first: its older records would never come."""

    def test_is_refused_with_both_names(self, new_sync: NewSync) -> None:
        state = {"updated_at": NOW - DAY, "workspace": "w1"}
        with pytest.raises(StateError) as refused:
            begun(Tickets(new_sync(workspace="w2")), state)
        assert "it is of the Intercom workspace 'w1', and the access token belongs to the workspace 'w2'" in str(
            refused.value.message
        )

    @pytest.mark.parametrize(("before", "now"), [("w1", "w1"), ("", "w1"), ("w1", "")])
    def test_is_not_seen_where_one_of_them_is_not_known(self, before: str, now: str, new_sync: NewSync) -> None:
        state = {"updated_at": NOW - DAY, **({"workspace": before} if before else {})}
        assert next_state(Tickets(new_sync(workspace=now)), state) == {"updated_at": NOW - DAY, "workspace": "w1"}

    def test_does_not_matter_to_a_full_refresh(self, new_sync: NewSync) -> None:
        state = {"updated_at": NOW - DAY, "workspace": "w1", "full_refresh_began_at": NOW - DAY}
        member = begun(Tickets(new_sync(workspace="w2"), full=True), state)
        assert member.window is not None
        assert member.window.start == 0


class TestAnotherOrder:
    """A state about times of creation says nothing about changes."""

    @pytest.mark.parametrize("kind", [ContactTags, ContactEvents, Contacts, ConversationParts])
    @pytest.mark.parametrize("slices", [False, True])
    @pytest.mark.parametrize(("before", "now"), [("created_at", "updated_at"), ("updated_at", "created_at")])
    def test_is_refused_before_anything_is_asked(
        self, kind: type[IntercomStream], slices: bool, before: str, now: str, new_sync: NewSync
    ) -> None:
        state = next_state(kind(new_sync(), order_by=before), {})
        if slices:
            state |= {"state_type": "date-range", "slices": [{"start": 0, "end": 5}, {"start": 9, "end": NOW - DAY}]}
        stream = kind(order_by=now)
        states = ConnectorStateManager(state=saved({stream.name: state}))
        with pytest.raises(StateError):
            refuse_unusable(states, [stream], 0)
        refuse_unusable(states, [kind(order_by=before)], 0)

    def test_of_an_older_version_is_told_by_the_cursor_field(self, new_sync: NewSync) -> None:
        slices = [{"start": 0, "end": 5}, {"start": 9, "end": NOW - DAY}]
        state = {"created_at": 5, "state_type": "date-range", "slices": slices}
        states = ConnectorStateManager(state=saved({"contacts": state}))
        refuse_unusable(states, [Contacts(order_by="created_at")], 0)
        with pytest.raises(StateError, match="'order_by' was 'created_at' then and is 'updated_at' now"):
            refuse_unusable(states, [Contacts()], 0)


class TestOtherForms:
    """Options that change what records look like do not change records that were delivered."""

    @pytest.mark.parametrize(
        ("kind", "option"),
        [
            (ConversationParts, {"plain_text_bodies": True}),
            (ConversationAttachments, {"attachment_files": True}),
            (Contacts, {"expand": ["tags", "notes"]}),
        ],
    )
    def test_are_told_once_with_what_to_do(
        self, kind: type[IntercomStream], option: Json, new_sync: NewSync, caplog: pytest.LogCaptureFixture
    ) -> None:
        plain, other = kind(new_sync()), kind(new_sync(**option))
        name = next(iter(option))
        saved_plain = next_state(plain, {plain.cursor_field: NOW - DAY})
        assert caplog.messages == []
        saved_other = next_state(other, saved_plain)
        (told,) = caplog.messages
        assert told.startswith(f"{plain.name}: the option '{name}' has changed since the saved state.")
        assert "Clear the state of the stream" in told
        caplog.clear()
        next_state(other, saved_other)
        assert caplog.messages == []
        next_state(plain, saved_other)
        assert len(caplog.messages) == 1

    def test_files_that_the_catalog_does_not_want_are_no_change(
        self, new_sync: NewSync, caplog: pytest.LogCaptureFixture
    ) -> None:
        sync = new_sync(attachment_files=True)
        sync.without_files = frozenset({"conversation_attachments"})
        next_state(ConversationAttachments(sync), {"conversation_updated_at": NOW - DAY})
        assert caplog.messages == []


@pytest.mark.parametrize("changed", [{"filters": USERS}, {"expand": ["tags"]}, {"order_by": "created_at"}])
def test_a_full_refresh_that_broke_off_is_not_continued_with_other_options(changed: Json, new_sync: NewSync) -> None:
    """It would end complete without records that match only now, and no later sync would bring them."""
    order = changed.get("order_by", "updated_at")
    state = {"updated_at": NOW - 9 * DAY, "full_refresh_began_at": NOW - DAY}
    member = begun(Contacts(new_sync(), full=True), state)
    assert member.window is not None
    assert member.window.start > NOW - 10 * DAY
    anew = begun(Contacts(new_sync(**changed), full=True, order_by=order), state)
    assert anew.window is not None
    assert anew.window.start == 0
    assert next_state(Contacts(new_sync(**changed), full=True, order_by=order), state)["full_refresh_began_at"] == NOW


def test_a_job_that_is_under_way_for_other_columns_is_not_continued(new_sync: NewSync) -> None:
    (before,) = report_streams(new_sync(reports=[{"dataset": "call", "attributes": ["a"]}]).config.reports)
    (now,) = report_streams(new_sync(reports=[{"dataset": "call", "attributes": ["a", "b"]}]).config.reports)
    job = {"id": "j", "part": [NOW - DAY, NOW], "range": [NOW - DAY, NOW], "made": NOW}
    state = {**next_state(before(new_sync()), {"occurred_at": NOW - DAY}), "job": job}
    for kind, kept in ((before, job), (now, None)):
        cursor = begun(kind(new_sync()), state).cursor
        assert isinstance(cursor, WindowCursor)
        assert cursor.job == kept


def test_a_total_that_was_wrong_of_other_records_is_forgotten(new_sync: NewSync) -> None:
    state = {"updated_at": NOW - DAY, "short_windows": [[0, NOW - DAY, 3]]}
    for filters, known in (({}, True), (USERS, False)):
        cursor = begun(Contacts(new_sync(filters=filters)), state).cursor
        assert isinstance(cursor, WindowCursor)
        assert cursor.was_short(Window(0, NOW), 3) == known

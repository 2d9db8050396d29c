"""Which streams are read together: those that can be made from the same pages, and no others."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from stream_fakes import NOW

from source_intercom.engine.group import Group, groups_of
from source_intercom.engine.member import Member
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.streams.companies import Companies, CompanyNotes, CompanySegments, CompanyTags
from source_intercom.streams.contacts import ContactNotes, Contacts, ContactTags
from source_intercom.streams.conversations import (
    ConversationAttachments,
    ConversationHandlingEvents,
    ConversationParts,
    Conversations,
)
from source_intercom.streams.help_center import ArticleStatistics
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.windows import DAY, HOUR, Window, whole

NewSync = Callable[..., Sync]
READ = (Window(0, NOW - DAY),)


@pytest.fixture
def grouped(new_sync: NewSync) -> Callable[..., list[Group]]:
    sync = new_sync(begin=NOW, start_date="2020-01-01", filters={"notes": {"ids": []}})

    def make(*streams: tuple[type[IntercomStream], tuple[Window, ...], bool]) -> list[Group]:
        members = [member(kind(sync, full=full), done) for kind, done, full in streams]
        return groups_of(members, Queue(), pages=False)

    return make


def member(stream: IntercomStream, done: tuple[Window, ...]) -> Member:
    cursor = WindowCursor(
        stream=stream.name,
        field=str(stream.cursor_field),
        done=list(done),
        start=stream.sync.config.start,
        end=stream.sync.begin,
        overlap=HOUR,
        planner=lambda: whole,
        message_repository=InMemoryMessageRepository(),
        state_manager=ConnectorStateManager(),
    )
    return Member(stream, cursor)


def names(groups: list[Group]) -> list[list[str]]:
    return sorted(sorted(one.stream.name for one in group.members) for group in groups)


def windows(group: Group) -> list[Window]:
    return [work.window for work in group.work()]


class TestASearch:
    @pytest.mark.parametrize("done", [(), READ])
    def test_is_shared_by_streams_with_the_same_left_to_read(self, done: Any, grouped: Any) -> None:
        groups = grouped((Contacts, done, False), (ContactTags, done, False), (ContactNotes, done, False))
        assert names(groups) == [["contact_notes", "contact_tags", "contacts"]]

    @pytest.mark.parametrize(
        ("done", "full"), [((), False), ((Window(0, NOW - 2 * DAY),), False), (READ, True)], ids=str
    )
    def test_is_not_shared_with_one_that_has_other_windows_left(self, done: Any, full: bool, grouped: Any) -> None:
        groups = grouped((Contacts, READ, False), (ContactTags, done, full))
        assert names(groups) == [["contact_tags"], ["contacts"]]

    def test_is_not_shared_with_another(self, grouped: Any) -> None:
        groups = grouped((Contacts, (), False), (Conversations, (), False), (ConversationParts, (), False))
        assert names(groups) == [["contacts"], ["conversation_parts", "conversations"]]

    @pytest.mark.parametrize("turn", [1, -1])
    def test_is_led_by_the_stream_whose_pages_they_are(self, turn: int, grouped: Any) -> None:
        """Its requests count as its own."""
        (group,) = grouped(*[(ContactTags, (), False), (Contacts, (), False), (ContactNotes, (), False)][::turn])
        assert group.leader.stream.name == "contacts"

    def test_is_read_from_the_hour_before_the_state(self, grouped: Any) -> None:
        (group,) = grouped((Contacts, READ, False), (ContactTags, READ, False))
        found = windows(group)
        assert (found[0].start, found[-1].end) == (NOW - DAY - HOUR + 1, NOW)


class TestMembersThatAskTheSame:
    def test_are_given_the_same_answers(self, grouped: Any) -> None:
        kinds = (ConversationAttachments, ConversationHandlingEvents, ConversationParts, Conversations)
        (group,) = grouped(*[(kind, (), False) for kind in kinds])
        assert sharing(group) == [
            ["conversations"],
            ["conversation_attachments", "conversation_parts"],
            ["conversation_handling_events"],
        ]

    def test_ask_each_for_itself_where_each_has_records_of_its_own(self, grouped: Any) -> None:
        """What is read whole gives each the records of its own window."""
        (group,) = grouped((ArticleStatistics, READ, False), (OtherStatistics, (), False))
        assert [len(members) for members in group.sharing] == [1, 1]


class OtherStatistics(ArticleStatistics):
    def get_json_schema(self) -> dict[str, Any]:
        return {}


def sharing(group: Group) -> list[list[str]]:
    return [[member.stream.name for member in members] for members in group.sharing]


class TestWhatIsReadWhole:
    def test_is_read_once_whatever_each_stream_still_wants(self, grouped: Any) -> None:
        groups = grouped((Companies, READ, False), (CompanyTags, (), False))
        assert names(groups) == [["companies", "company_tags"]]
        (group,) = groups
        assert len(windows(group)) == 1

    def test_once_for_children_in_two_modes(self, grouped: Any) -> None:
        groups = grouped((CompanySegments, READ, False), (CompanyNotes, (), True))
        assert names(groups) == [["company_notes", "company_segments"]]

    def test_from_the_earliest_that_anyone_wants(self, grouped: Any) -> None:
        (group,) = grouped((Companies, READ, False), (CompanyTags, (Window(0, NOW - 9 * DAY),), False))
        assert windows(group) == [Window(NOW - 9 * DAY - HOUR + 1, NOW)]

    def test_from_the_beginning_where_all_records_are_needed(self, grouped: Any) -> None:
        (group,) = grouped((CompanySegments, READ, False))
        assert windows(group) == [Window(0, NOW)]

    def test_gives_each_stream_the_records_of_its_own_window(self, grouped: Any) -> None:
        (group,) = grouped((Companies, READ, False), (CompanyTags, (), False))
        old, new = {"id": "old", "updated_at": NOW - 9 * DAY}, {"id": "new", "updated_at": NOW - 5}
        timeless = {"id": "timeless"}
        wanted = {
            one.stream.name: [record["id"] for record in (old, new, timeless) if one.stream.wants(record, one.window)]
            for one in group.members
        }
        assert wanted == {"companies": ["new", "timeless"], "company_tags": ["old", "new", "timeless"]}

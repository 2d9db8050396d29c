"""Streams that ask the same for each parent are given one answer, and fare each for itself."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.sources.types import Record as CdkRecord
from stream_fakes import NOW, FakeIntercom, Json, SearchServer
from sync_driver import Syncing

from source_intercom.api.errors import (
    AccessDenied,
    IntercomError,
    RateLimited,
    RecordGone,
    Unavailable,
)
from source_intercom.api.files import Brought
from source_intercom.shapes.base import Sync
from source_intercom.shapes.child import Child, rows_together
from source_intercom.streams import CATALOGUE
from source_intercom.streams.companies import CompanyNotes
from source_intercom.streams.conversations import (
    ConversationAttachments,
    ConversationParts,
    Conversations,
)
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]
BOTH = (ConversationParts, ConversationAttachments)
NUMBERS = range(1, 8)


def conversation(number: int, *, parts: int = 1) -> Json:
    file = {"type": "upload", "name": "log.txt", "url": f"https://files.example.com/{number}"}
    return {
        "id": str(number),
        "updated_at": NOW - number * DAY,
        "created_at": 5,
        "statistics": {"count_conversation_parts": parts},
        "source": {"id": f"s{number}", "attachments": [file]},
        "conversation_parts": {
            "conversation_parts": [{"id": f"p{number}", "created_at": 7, "attachments": [file]}][:parts],
            "total_count": parts,
        },
    }


def asked(intercom: FakeIntercom) -> list[str]:
    """The ids of the conversations that were asked for, once for each call."""
    return sorted(path.rpartition("/")[2] for method, path, _ in intercom.calls if method == "GET")


def came(sync: Syncing) -> dict[str, list[str]]:
    """The conversations that each stream has rows of."""
    return {stream.name: sorted(set(sync.rows(stream.name, "conversation_id"))) for stream in sync.streams}


def reaches(sync: Syncing, name: str) -> int:
    """Up to which moment the last state of a stream covers all."""
    (stream,) = [stream for stream in sync.streams if stream.name == name]
    state = sync.states(name)[-1]
    slices = state.get("slices")
    return slices[0]["end"] if slices and slices[0]["start"] <= stream.sync.config.start else state[stream.cursor_field]


def every(but: str = "") -> list[str]:
    return [str(number) for number in NUMBERS if str(number) != but]


@pytest.fixture
def held() -> list[Json]:
    return [conversation(number) for number in NUMBERS]


@pytest.fixture
def workspace(intercom: FakeIntercom, held: list[Json]) -> FakeIntercom:
    intercom.on("POST", "/conversations/search", SearchServer("conversations", held))
    for one in held:
        intercom.on("GET", f"/conversations/{one['id']}", one)
    return intercom


def test_each_parent_is_asked_once_and_rows_are_those_of_streams_alone(
    workspace: FakeIntercom, held: list[Json], new_sync: NewSync
) -> None:
    before = copy.deepcopy(held)
    alone = [Syncing([kind], new_sync(), workspace).run() for kind in BOTH]
    workspace.calls.clear()
    together = Syncing([Conversations, *BOTH], new_sync(), workspace).run()
    assert asked(workspace) == every()
    assert together.errors == []
    for one in alone:
        (name,) = came(one)
        rows = [item.data for item in together.out if isinstance(item, CdkRecord) and item.stream_name == name]
        assert rows == [item.data for item in one.out if isinstance(item, CdkRecord)]
        assert together.states(name)[-1] == one.states(name)[-1]
    assert held == before, "an answer that several streams are given is changed by none"


def test_calls_are_counted_once(workspace: FakeIntercom, new_sync: NewSync) -> None:
    sync = Syncing(BOTH, new_sync(), workspace)
    clients = []
    for stream in sync.streams:
        get = stream.client.get
        stream.client.get = lambda *args, name=stream.name, get=get: (clients.append(name), get(*args))[1]
    sync.run()
    assert clients == ["conversation_parts"] * len(NUMBERS)


def test_a_parent_that_one_of_them_does_not_need_is_asked_for_the_other(
    workspace: FakeIntercom, held: list[Json], new_sync: NewSync
) -> None:
    # Its answer shows a part all the same: what is not needed is not taken.
    held[3] = conversation(4, parts=0)
    held[4] = {**conversation(5, parts=0), "source": {}}
    sync = Syncing(BOTH, new_sync(), workspace).run()
    assert asked(workspace) == ["1", "2", "3", "4", "6", "7"]
    assert came(sync) == {
        "conversation_parts": ["1", "2", "3", "6", "7"],
        "conversation_attachments": ["1", "2", "3", "4", "6", "7"],
    }


def test_with_other_parameters_they_ask_apart(workspace: FakeIntercom, new_sync: NewSync) -> None:
    sync = Syncing(BOTH, new_sync(plain_text_bodies=True), workspace).run()
    assert came(sync) == {"conversation_parts": every(), "conversation_attachments": every()}
    sent = [params for method, _, params in workspace.calls if method == "GET"]
    assert [sent.count(one) for one in ({"display_as": "plaintext"}, {})] == [len(NUMBERS)] * 2


def test_with_other_states_each_reads_its_own_windows(workspace: FakeIntercom, new_sync: NewSync) -> None:
    first = Syncing([ConversationParts], new_sync(), workspace).run()
    states = {"conversation_parts": first.states("conversation_parts")[-1]}
    workspace.calls.clear()
    later = Syncing(BOTH, new_sync(), workspace, states=states).run()
    assert came(later) == {"conversation_parts": [], "conversation_attachments": every()}
    assert asked(workspace) == every()
    states = {stream.name: later.states(stream.name)[-1] for stream in later.streams}
    workspace.calls.clear()
    again = Syncing(BOTH, new_sync(begin=NOW + DAY), workspace, states=states)
    assert [len(group.members) for group in again.groups] == [2], "from the next sync on they are read together"


class TestAFailure:
    def test_of_making_rows_costs_its_own_stream_only(
        self, workspace: FakeIntercom, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        children = ConversationParts.children

        def fail(stream: ConversationParts, answer: Json, parent: Json) -> list[Json]:
            if parent["id"] == "4":
                raise TypeError("a shape that nobody has seen")
            return children(stream, answer, parent)

        monkeypatch.setattr(ConversationParts, "children", fail)
        self.judge(Syncing(BOTH, new_sync(), workspace).run(), "conversation_parts", TypeError, ["5", "6", "7"])
        assert asked(workspace) == every()

    @pytest.mark.parametrize("kind", BOTH)
    def test_of_using_rows_costs_its_own_stream_only(
        self, kind: type[Child], workspace: FakeIntercom, new_sync: NewSync
    ) -> None:
        sync = Syncing(BOTH, new_sync(), workspace)
        stream = next(stream for stream in sync.streams if isinstance(stream, kind))
        finished = stream.finishing.finished

        def fail(rows: list[Json]) -> list[Json]:
            if any(row["conversation_id"] == "4" for row in rows):
                raise ValueError("no number")
            return finished(rows)

        stream.finishing.finished = fail
        self.judge(sync.run(), stream.name, ValueError, ["5", "6", "7"])

    def test_of_choosing_parents_costs_its_own_stream_only(
        self, workspace: FakeIntercom, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_stream: Any, parent: Json) -> bool:
            raise AttributeError(parent["id"])

        monkeypatch.setattr(ConversationParts, "has_children", fail)
        self.judge(Syncing(BOTH, new_sync(), workspace).run(), "conversation_parts", AttributeError, [])

    def test_of_asking_itself_costs_these_streams_and_no_other(
        self, workspace: FakeIntercom, new_sync: NewSync
    ) -> None:
        sync = Syncing([Conversations, *BOTH], new_sync(), workspace)
        sync.streams[1].client.each = lambda *_: 1 // 0
        sync.run()
        assert [type(error) for error in sync.errors] == [ZeroDivisionError] * 2
        assert sorted(sync.rows("conversations")) == every()
        assert [reaches(sync, stream.name) == NOW for stream in sync.streams] == [True, False, False]

    def judge(self, sync: Syncing, failed: str, error: type[Exception], before: list[str]) -> None:
        """``before`` are those that come before the failure: the search gives the oldest first."""
        assert [type(one) for one in sync.errors] == [error]
        names = came(sync)
        assert names.pop(failed) == before
        ((other, rows),) = names.items()
        assert rows == every()
        assert reaches(sync, other) == NOW
        assert reaches(sync, failed) < NOW


class TestAParent:
    def test_that_is_gone_is_counted_for_each_and_costs_nothing_else(
        self, workspace: FakeIntercom, new_sync: NewSync
    ) -> None:
        workspace.on("GET", "/conversations/4", RecordGone("gone"))
        sync = Syncing(BOTH, new_sync(), workspace).run()
        assert sync.errors == []
        assert came(sync) == {stream.name: every(but="4") for stream in sync.streams}
        assert [stream.client.tally.gone for stream in sync.streams] == [1, 1]
        assert [reaches(sync, stream.name) for stream in sync.streams] == [NOW, NOW]

    @pytest.mark.parametrize("refusal", [Unavailable("busy"), AccessDenied("no")], ids=lambda one: type(one).__name__)
    def test_that_is_refused_is_named_for_each(
        self, refusal: IntercomError, workspace: FakeIntercom, new_sync: NewSync
    ) -> None:
        workspace.on("GET", "/conversations/4", refusal)
        sync = Syncing(BOTH, new_sync(), workspace).run()
        said = sorted(str(error) for error in sync.errors)
        named = [f"did not give the {name} of 1 record: 4." for name in sorted(came(sync))]
        assert [words in one for words, one in zip(named, said, strict=True)] == [True, True]
        assert came(sync) == {stream.name: every(but="4") for stream in sync.streams}
        assert all(reaches(sync, stream.name) < NOW for stream in sync.streams)

    def test_that_fails_is_left_out_of_both_where_the_option_says_so(
        self, workspace: FakeIntercom, new_sync: NewSync
    ) -> None:
        workspace.on("GET", "/conversations/4", Unavailable("busy"))
        sync = Syncing(BOTH, new_sync(skip_failed_conversations=True), workspace).run()
        assert sync.errors == []
        assert [stream.client.tally.skipped for stream in sync.streams] == [1, 1]
        assert asked(workspace) == every()

    def test_after_which_nothing_can_be_asked_ends_both(
        self, workspace: FakeIntercom, held: list[Json], new_sync: NewSync
    ) -> None:
        streams = [kind(new_sync()) for kind in BOTH]
        for stream in streams:
            workspace.attach(stream.client)
        workspace.on("GET", "/conversations/1", RateLimited("no room"))
        # Who has failed does not wait for what was asked ahead.
        over = threading.Event()
        waited: list[bool] = []
        workspace.on("GET", "/conversations/2", lambda _: waited.append(over.wait(5)) or held[1])
        given = list(rows_together(streams, held, Window(0, NOW)))
        assert [(stream.name, type(made)) for stream, made in given] == [(one.name, RateLimited) for one in streams]
        assert waited == []
        over.set()

    def test_is_not_asked_for_a_stream_that_has_failed(
        self, intercom: FakeIntercom, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ConversationAttachments, "children", lambda *_: [][0])
        sync = new_sync(num_workers=1)
        streams = [kind(sync) for kind in BOTH]
        page = [conversation(number, parts=0) for number in range(20)]
        for stream in streams:
            intercom.attach(stream.client)
        for one in page:
            intercom.on("GET", f"/conversations/{one['id']}", one)
        ((failed, error),) = rows_together(streams, page, Window(0, NOW))
        assert (failed.name, type(error)) == ("conversation_attachments", IndexError)
        assert len(intercom.calls) <= 1 + 2


def test_answers_wait_for_no_more_than_one_stream_would_have_them_wait(
    intercom: FakeIntercom, new_sync: NewSync
) -> None:
    """Each can have megabytes: what is asked ahead is bounded for all streams together."""
    sync = new_sync(num_workers=2)
    streams = [kind(sync) for kind in BOTH]
    page = [conversation(number) for number in range(60)]
    for stream in streams:
        intercom.attach(stream.client)
    for one in page:
        intercom.on("GET", f"/conversations/{one['id']}", one)
    rows = rows_together(streams, page, Window(0, NOW))
    for number in range(20):
        parts, files = next(rows), next(rows)
        assert (parts[0].name, files[0].name) == tuple(stream.name for stream in streams)
        assert parts[1][0]["conversation_id"] == files[1][0]["conversation_id"] == str(number)
        assert len(intercom.calls) <= number + 1 + 2 * 2
    rows.close()


class TestFiles:
    def test_do_not_hold_up_the_rows_of_others(self, workspace: FakeIntercom, new_sync: NewSync) -> None:
        sync = new_sync(attachment_files=True)
        order: list[str] = []

        class Folder:
            def bring(self, url: str, place: Path) -> Brought:
                order.append(url)
                if url.endswith("/4"):
                    raise Unavailable("the host of files is down")
                return Brought(f"/staging/{place}", str(place), 3)

        sync.files = Folder()
        syncing = Syncing(BOTH, sync, workspace)
        count = syncing.members[0].count
        syncing.members[0].count = lambda number: (order.append("parts"), count(number))[1]
        syncing.run()
        assert order[: len(NUMBERS)] == ["parts"] * len(NUMBERS)
        assert len(order) > 2 * len(NUMBERS)
        assert asked(workspace) == every()
        assert came(syncing) == {"conversation_parts": every(), "conversation_attachments": every(but="4")}
        (error,) = syncing.errors
        assert "conversation_attachments of 1 record: 4." in str(error)
        assert reaches(syncing, "conversation_parts") == NOW > reaches(syncing, "conversation_attachments")


class TestWhatIsAsked:
    def test_is_the_same_for_these_streams_alone(self) -> None:
        children = [kind() for kind in CATALOGUE if issubclass(kind, Child)]
        alike = [
            {one.name, other.name}
            for one in children
            for other in children
            if one is not other and one.asks is not None and one.asks == other.asks
        ]
        assert alike == [{"conversation_attachments", "conversation_parts"}] * 2

    def test_is_nobody_elses_where_a_stream_chooses_its_parents_itself(self) -> None:
        assert CompanyNotes().asks is None

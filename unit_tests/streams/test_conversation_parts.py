"""Parts: all of each changed conversation, none lost silently."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import FakeIntercom, Json, page, rows_of

from source_intercom.api.errors import AccessDenied, RecordGone, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.streams.conversations import ConversationParts
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(1_000, 2_000)


def conversation(number: Any, *, updated_at: int | None = 1_500, parts: Any = 1) -> Json:
    return {"id": number, "updated_at": updated_at, "statistics": {"count_conversation_parts": parts}}


def detail(*parts: Json, total: Any = ...) -> Json:
    return {
        "created_at": 900,
        "updated_at": 1_600,
        "conversation_parts": {
            "conversation_parts": [dict(part) for part in parts],
            "total_count": len(parts) if total is ... else total,
        },
    }


@pytest.fixture
def stream(new_sync: NewSync, intercom: FakeIntercom) -> ConversationParts:
    made = ConversationParts(new_sync())
    intercom.attach(made.client)
    intercom.attach(made.source.client)
    return made


def found(intercom: FakeIntercom, *pages: Json) -> None:
    intercom.on("POST", "/conversations/search", *pages)


def details_asked(intercom: FakeIntercom) -> list[str]:
    return sorted(path for method, path, _ in intercom.calls if method == "GET")


@pytest.mark.complaint(2, 11)
def test_all_parts_are_emitted_regardless_of_their_own_time(stream: ConversationParts, intercom: FakeIntercom) -> None:
    found(intercom, page("conversations", conversation("7")))
    times = [0, 999, 1_500, 2_001, 10**10, None]
    intercom.on("GET", "/conversations/7", detail(*({"id": time, "updated_at": time} for time in times)))
    assert [part["id"] for part in rows_of(stream, WINDOW)] == times


def test_each_part_carries_what_it_needs_of_its_conversation(stream: ConversationParts, intercom: FakeIntercom) -> None:
    # The id is text in the part, whatever it was in the search.
    found(intercom, page("conversations", conversation(7)))
    intercom.on("GET", "/conversations/7", detail({"id": "a", "body": "b"}, {"id": "c"}))
    rows = [stream.finishing.coerce(row) for row in rows_of(stream, WINDOW)]
    of_conversation = {
        "conversation_id": "7",
        "conversation_created_at": 900,
        "conversation_updated_at": 1_600,
        "conversation_total_parts": 2,
    }
    assert rows == [
        {"id": "a", "body": "b"} | of_conversation,
        {"id": "c"} | of_conversation,
    ]


def test_only_conversations_of_the_window_are_asked_for(stream: ConversationParts, intercom: FakeIntercom) -> None:
    outside = [conversation(number, updated_at=time) for number, time in ((1, 999), (2, 2_001))]
    inside = [conversation(number, updated_at=time) for number, time in ((3, 1_000), (4, 2_000), (5, None))]
    found(intercom, page("conversations", *outside, *inside))
    for number in range(3, 6):
        intercom.on("GET", f"/conversations/{number}", detail({"id": number}))
    assert [part["id"] for part in rows_of(stream, WINDOW)] == [3, 4, 5]


@pytest.mark.complaint(2)
@pytest.mark.parametrize(
    ("known", "calls"),
    [
        pytest.param({"statistics": {"count_conversation_parts": 0}}, 0, id="none"),
        pytest.param({"statistics": {"count_conversation_parts": 1}}, 1, id="one"),
        pytest.param({"statistics": {"count_conversation_parts": None}}, 1, id="not counted"),
        pytest.param({"statistics": {}}, 1, id="statistics without the count"),
        pytest.param({"statistics": None}, 1, id="statistics of null"),
        pytest.param({}, 1, id="no statistics"),
    ],
)
def test_a_conversation_is_skipped_only_when_it_says_that_it_has_no_parts(
    known: Json, calls: int, stream: ConversationParts, intercom: FakeIntercom
) -> None:
    found(intercom, page("conversations", {"id": "7", "updated_at": 1_500, **known}))
    intercom.on("GET", "/conversations/7", detail({"id": "a"}))
    assert len(list(rows_of(stream, WINDOW))) == calls
    assert len(details_asked(intercom)) == calls


@pytest.mark.complaint(11)
def test_a_search_without_statistics_on_the_next_pages_is_followed_too(
    stream: ConversationParts, intercom: FakeIntercom
) -> None:
    found(intercom, page("conversations", conversation("1"), after="next"), page("conversations", conversation("2")))
    intercom.on("GET", "/conversations/1", detail({"id": "a"})).on("GET", "/conversations/2", detail({"id": "b"}))
    assert [part["id"] for part in rows_of(stream, WINDOW)] == ["a", "b"]


def test_an_id_cannot_leave_its_place_in_the_address(stream: ConversationParts, intercom: FakeIntercom) -> None:
    found(intercom, page("conversations", conversation("../a?b")))
    intercom.on("GET", "/conversations/..%2Fa%3Fb", detail({"id": "a"}))
    assert len(list(rows_of(stream, WINDOW))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "7"},
        {"conversation_parts": None},
        {"conversation_parts": {}},
        {"conversation_parts": {"conversation_parts": None, "total_count": None}},
        {"conversation_parts": {"conversation_parts": [], "total_count": 0}},
    ],
)
def test_a_conversation_whose_parts_are_gone_meanwhile_gives_none(
    answer: Json, stream: ConversationParts, intercom: FakeIntercom
) -> None:
    found(intercom, page("conversations", conversation("7")))
    intercom.on("GET", "/conversations/7", answer)
    assert list(rows_of(stream, WINDOW)) == []
    assert stream.client.tally.capped == 0


class TestGone:
    def test_is_skipped_and_counted(self, stream: ConversationParts, intercom: FakeIntercom) -> None:
        found(intercom, page("conversations", *(conversation(str(number)) for number in range(3))))
        intercom.on("GET", "/conversations/0", detail({"id": "a"}))
        intercom.on("GET", "/conversations/1", RecordGone("gone"))
        intercom.on("GET", "/conversations/2", detail({"id": "c"}))
        assert [part["id"] for part in rows_of(stream, WINDOW)] == ["a", "c"]
        assert stream.client.tally.gone == 1


class TestCapped:
    @pytest.mark.complaint(24)
    def test_is_named_with_both_counts(
        self, stream: ConversationParts, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
    ) -> None:
        found(intercom, page("conversations", conversation("77")))
        intercom.on("GET", "/conversations/77", detail(*({"id": number} for number in range(500)), total=1_234))
        with caplog.at_level(logging.WARNING):
            parts = list(rows_of(stream, WINDOW))
        assert len(parts) == 500
        assert {part["conversation_total_parts"] for part in parts} == {1_234}
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert all(figure in record.getMessage() for figure in ("77", "500", "1234"))
        assert stream.client.tally.capped == 1

    @pytest.mark.parametrize("total", [2, 1, 0, None, "many"])
    def test_is_not_one_that_gave_all(
        self, total: Any, stream: ConversationParts, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
    ) -> None:
        found(intercom, page("conversations", conversation("7")))
        intercom.on("GET", "/conversations/7", detail({"id": 1}, {"id": 2}, total=total))
        with caplog.at_level(logging.WARNING):
            assert len(list(rows_of(stream, WINDOW))) == 2
        assert caplog.records == []
        assert stream.client.tally.capped == 0


class TestUnreadable:
    def test_fails_the_window_after_all_others_were_read(
        self, stream: ConversationParts, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
    ) -> None:
        found(intercom, page("conversations", *(conversation(str(number)) for number in (1, 2, 3, 4))))
        for number in (1, 3, 4):
            intercom.on("GET", f"/conversations/{number}", detail({"id": number}))
        intercom.on("GET", "/conversations/2", Unavailable("too heavy", "GET /conversations/2: HTTP 504"))
        read: list[Any] = []
        with caplog.at_level(logging.WARNING), pytest.raises(Unavailable) as caught:
            keep(rows_of(stream, WINDOW), read)
        assert read == [1, 3, 4]
        assert " 1 record:" in str(caught.value.message)
        assert ": 2." in str(caught.value.message)
        assert caught.value.final is False
        assert "504" in str(caught.value.internal_message)

    def test_are_named_up_to_a_bearable_number(self, stream: ConversationParts, intercom: FakeIntercom) -> None:
        numbers = [str(number) for number in range(1_000, 1_030)]
        found(intercom, page("conversations", *(conversation(number) for number in numbers)))
        for number in numbers:
            intercom.on("GET", f"/conversations/{number}", Unavailable("x"))
        with pytest.raises(Unavailable) as caught:
            list(rows_of(stream, WINDOW))
        message = str(caught.value.message)
        assert "30 records" in message
        assert [number in message for number in numbers] == [True] * 20 + [False] * 10


def keep(parts: Any, kept: list[Any]) -> None:
    """Keep what was given before an error."""
    for part in parts:
        kept.append(part["id"])


def test_those_that_cannot_be_read_are_left_out_where_the_option_says_so(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    made = ConversationParts(new_sync(skip_failed_conversations=True))
    intercom.attach(made.client)
    intercom.attach(made.source.client)
    found(intercom, page("conversations", conversation("1"), conversation("2")))
    intercom.on("GET", "/conversations/1", Unavailable("x", "HTTP 504"))
    intercom.on("GET", "/conversations/2", detail({"id": "b"}))
    with caplog.at_level(logging.WARNING):
        assert [part["id"] for part in rows_of(made, WINDOW)] == ["b"]
    assert any(" 1 " in record.getMessage() and "504" in record.getMessage() for record in caplog.records)


def test_a_refusal_of_one_hides_no_other(stream: ConversationParts, intercom: FakeIntercom) -> None:
    found(intercom, page("conversations", conversation("1"), conversation("2")))
    intercom.on("GET", "/conversations/1", AccessDenied("no")).on("GET", "/conversations/2", detail({"id": "b"}))
    read: list[Any] = []
    with pytest.raises(Unavailable, match=r"of 1 record: 1\..* no"):
        keep(rows_of(stream, WINDOW), read)
    assert read == ["b"]


def test_a_refusal_of_many_and_of_all_is_one_of_the_stream(stream: ConversationParts, intercom: FakeIntercom) -> None:
    numbers = ("1", "2", "3")
    found(intercom, page("conversations", *(conversation(number) for number in numbers)))
    for number in numbers:
        intercom.on("GET", f"/conversations/{number}", AccessDenied("no"))
    with pytest.raises(AccessDenied):
        list(rows_of(stream, WINDOW))


@pytest.mark.complaint(3)
def test_the_state_is_that_of_conversations(stream: ConversationParts) -> None:
    assert stream.cursor_field == "updated_at"
    assert stream.endpoint == "/conversations/search"
    assert stream.name == "conversation_parts"

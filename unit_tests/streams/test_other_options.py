"""Options of custom objects, transcripts and counts: nothing more, nothing less, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, made, rows_of

from source_intercom.api.errors import AccessDenied, IntercomError, RecordGone
from source_intercom.shapes.base import Sync
from source_intercom.streams.conversations import CallTranscripts
from source_intercom.streams.counts import Counts
from source_intercom.streams.workspace import CustomObjectInstances
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(1_000, 2_000)


def ids(rows: Any) -> list[Any]:
    return [row["id"] for row in rows]


class TestCustomObjects:
    def test_are_read_type_by_type(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/custom_object_instances/Order", {"data": [{"id": "1"}]})
        intercom.on("GET", "/custom_object_instances/Gone", RecordGone("no such type"))
        intercom.on("GET", "/custom_object_instances/Cart", {"data": [{"id": "1"}]})
        stream = made(CustomObjectInstances, new_sync(custom_object_types=["Order", "Gone", "Cart"]), intercom)
        assert [(row["type_identifier"], row["id"]) for row in rows_of(stream, WINDOW)] == [
            ("Order", "1"),
            ("Cart", "1"),
        ]
        assert stream.lacks_option == ""

    def test_are_nothing_without_types(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        stream = made(CustomObjectInstances, new_sync(), intercom)
        assert list(rows_of(stream, WINDOW)) == []
        assert "custom_object_types" in stream.lacks_option
        assert intercom.calls == []


class TestTranscripts:
    def test_are_of_the_calls_of_the_page_twenty_conversations_at_a_time(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        calls = [{"id": n, "conversation_id": str(n // 2), "updated_at": 1_500} for n in range(50)]
        calls.append({"id": 99, "conversation_id": None, "updated_at": 1_500})
        intercom.on("GET", "/calls", {"data": calls})

        def search(body: Json) -> Json:
            assert len(body["conversation_ids"]) <= 20
            wanted = [call for call in calls if call["conversation_id"] in body["conversation_ids"]]
            return {"data": [{"id": call["id"], "text": "hello"} for call in [*wanted, {"id": 1_000}]]}

        intercom.on("POST", "/calls/search", search)
        rows = list(rows_of(made(CallTranscripts, new_sync(), intercom), WINDOW))
        assert sorted(row["call_id"] for row in rows) == sorted(str(n) for n in range(50))

    def test_are_asked_for_by_full_twenties_although_calls_come_by_twenty_five(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        def listed(params: Json) -> Json:
            page = int(params.get("page", 1))
            calls = [
                {"id": n, "conversation_id": str(n), "updated_at": 1_500} for n in range(page * 25 - 25, page * 25)
            ]
            return {"data": calls, "pages": {"page": page, "total_pages": 4}}

        def search(body: Json) -> Json:
            return {"data": [{"id": int(each), "text": "hello"} for each in body["conversation_ids"]]}

        intercom.on("GET", "/calls", listed).on("POST", "/calls/search", search)
        rows = list(rows_of(made(CallTranscripts, new_sync(), intercom), WINDOW))
        assert len(rows) == 100
        assert [len(body["conversation_ids"]) for body in intercom.asked("/calls/search")] == [20] * 5


class TestCounts:
    def answers(self, intercom: FakeIntercom, *, denied: IntercomError | None = None) -> FakeIntercom:
        for entity in ("contacts", "conversations", "tickets"):
            intercom.on("POST", f"/{entity}/search", {"total_count": 5})
        if denied:
            intercom.on("POST", "/conversations/search", denied)
        intercom.on("GET", "/segments", {"segments": [{"id": 1, "name": "VIP", "count": 3}]})
        return intercom.on("GET", "/tags", {"data": [{"id": 2, "name": "new"}]})

    def rows(self, sync: Sync, intercom: FakeIntercom, monkeypatch: pytest.MonkeyPatch) -> Any:
        stream = made(Counts, sync, intercom)
        monkeypatch.setattr(Counts, "client_for", lambda _self, _permission: stream.client)
        return rows_of(stream, WINDOW)

    def test_are_a_row_each(self, new_sync: NewSync, intercom: FakeIntercom, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = list(self.rows(new_sync(), self.answers(intercom), monkeypatch))
        keys = [(row["entity"], row["dimension"], row["value"]) for row in rows]
        assert len(set(keys)) == len(keys) == 11
        assert ("contacts", "segment", "1") in keys
        assert ("contacts", "tag", "2") in keys
        assert {row["counted_at"] for row in rows} == {NOW}

    @pytest.mark.complaint(88)
    def test_leave_out_what_a_permission_is_missing_for_and_say_so(
        self, new_sync: NewSync, intercom: FakeIntercom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        denied = AccessDenied("no")
        found: list[Json] = []
        rows = self.rows(new_sync(), self.answers(intercom, denied=denied), monkeypatch)
        with pytest.raises(AccessDenied):
            for row in rows:
                found.append(row)
        assert {row["entity"] for row in found} == {"contacts", "tickets"}
        assert ("contacts", "tag", "2") in [(row["entity"], row["dimension"], row["value"]) for row in found]

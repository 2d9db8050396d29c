"""Files of conversations: a row each, and with the option the files themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, SearchServer, made, rows_of

from source_intercom.api.errors import Unavailable
from source_intercom.api.files import Brought, LinkRefused
from source_intercom.engine.output import as_pages, as_records
from source_intercom.shapes.base import Sync
from source_intercom.shapes.coercion import FILE
from source_intercom.streams.conversations import ConversationAttachments
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(0, NOW)


def conversation(number: int, link: str = "https://files.example.com/1") -> Json:
    file = {"type": "upload", "name": "log.txt", "url": link, "content_type": "text/plain", "filesize": 3}
    return {
        "id": str(number),
        "updated_at": NOW - number,
        "created_at": 5,
        "statistics": {"count_conversation_parts": 1},
        "source": {"id": f"s{number}", "attachments": [file, None]},
        "conversation_parts": {
            "conversation_parts": [
                {"id": f"p{number}", "created_at": 7, "attachments": [file, {**file, "name": "b.txt"}]},
                {"id": f"q{number}", "attachments": None},
            ]
        },
    }


def workspace(intercom: FakeIntercom, *conversations: Json) -> None:
    intercom.on("POST", "/conversations/search", SearchServer("conversations", list(conversations)))
    for one in conversations:
        intercom.on("GET", f"/conversations/{one['id']}", one)


class Folder:
    """Brings files, but for the links that it is told not to."""

    def __init__(self, sync: Sync, refused: dict[str, Exception] | None = None) -> None:
        self.asked: list[str] = []
        self._refused = refused or {}
        sync.files = self

    def bring(self, url: str, place: Path) -> Brought:
        self.asked.append(url)
        if url in self._refused:
            raise self._refused[url]
        return Brought(f"/staging/{place}", str(place), 3)


def test_each_file_has_a_row(new_sync: NewSync, intercom: FakeIntercom) -> None:
    sync = new_sync()
    folder = Folder(sync)
    workspace(intercom, conversation(1))
    rows = list(rows_of(made(ConversationAttachments, sync, intercom), WINDOW))
    keys = [(row["conversation_id"], row["part_id"], row["position"], row["name"]) for row in rows]
    assert keys == [("1", "s1", "0", "log.txt"), ("1", "p1", "0", "log.txt"), ("1", "p1", "1", "b.txt")]
    assert [row["attached_at"] for row in rows] == [5, 7, 7]
    assert {row["conversation_updated_at"] for row in rows} == {NOW - 1}
    assert folder.asked == []


def test_conversations_without_parts_and_files_are_not_asked(new_sync: NewSync, intercom: FakeIntercom) -> None:
    bare = {**conversation(2), "statistics": {"count_conversation_parts": 0}, "source": {"attachments": []}}
    first = {**conversation(3), "statistics": {"count_conversation_parts": 0}}
    workspace(intercom, bare, first)
    rows = list(rows_of(made(ConversationAttachments, new_sync(), intercom), WINDOW))
    assert {row["conversation_id"] for row in rows} == {"3"}
    assert not intercom.asked("/conversations/2")


def test_with_the_option_the_files_come_beside_their_rows(new_sync: NewSync, intercom: FakeIntercom) -> None:
    sync = new_sync(attachment_files=True)
    Folder(sync)
    workspace(intercom, conversation(1))
    rows = list(rows_of(made(ConversationAttachments, sync, intercom), WINDOW))
    places = [row[FILE]["source_file_relative_path"] for row in rows]
    assert places == [
        "conversation_attachments/1/s1/0/log.txt",
        "conversation_attachments/1/p1/0/log.txt",
        "conversation_attachments/1/p1/1/b.txt",
    ]
    (record, *_) = as_records("conversation_attachments", [dict(rows[0])], None)
    assert record.file_reference.source_file_relative_path == places[0]
    assert FILE not in record.data
    (page,) = as_pages("conversation_attachments", [dict(rows[0]), {"id": "without"}])
    first, second = (json.loads(line)["record"] for line in page.lines.splitlines())
    assert first["file_reference"] == {
        "staging_file_url": f"/staging/{places[0]}",
        "source_file_relative_path": places[0],
        "file_size_bytes": 3,
    }
    assert FILE not in first["data"]
    assert set(second) == {"stream", "data", "emitted_at"}


def test_where_the_catalog_wants_no_files_none_come(new_sync: NewSync, intercom: FakeIntercom) -> None:
    sync = new_sync(attachment_files=True)
    sync.without_files = frozenset({"conversation_attachments"})
    folder = Folder(sync)
    workspace(intercom, conversation(1))
    assert len(list(rows_of(made(ConversationAttachments, sync, intercom), WINDOW))) == 3
    assert folder.asked == []


def test_a_link_that_has_ended_is_asked_for_again(new_sync: NewSync, intercom: FakeIntercom) -> None:
    sync = new_sync(attachment_files=True)
    old, new = "https://files.example.com/old", "https://files.example.com/new"
    folder = Folder(sync, {old: LinkRefused("HTTP 403")})
    workspace(intercom, conversation(1, old))
    intercom.on("GET", "/conversations/1", conversation(1, old), conversation(1, new))
    rows = list(rows_of(made(ConversationAttachments, sync, intercom), WINDOW))
    assert all(FILE in row for row in rows)
    assert folder.asked == [old, new, old, new, old, new]
    assert len(intercom.asked("/conversations/1")) == 2


def test_a_file_that_is_gone_leaves_its_row(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    sync = new_sync(attachment_files=True)
    link = "https://files.example.com/gone?signature=secret"
    Folder(sync, {link: LinkRefused("HTTP 404")})
    workspace(intercom, conversation(1, link), conversation(2))
    stream = made(ConversationAttachments, sync, intercom)
    rows = list(rows_of(stream, WINDOW))
    assert len(rows) == 6
    assert {row["conversation_id"] for row in rows if FILE in row} == {"2"}
    assert stream.client.tally.gone == 3
    assert "part 'p1'" in caplog.text
    assert "signature" not in caplog.text


def test_a_file_that_does_not_come_ends_the_stream_and_costs_no_other(
    new_sync: NewSync, intercom: FakeIntercom
) -> None:
    sync = new_sync(attachment_files=True)
    link = "https://files.example.com/slow"
    Folder(sync, {link: Unavailable("no answer")})
    workspace(intercom, conversation(1, link), conversation(2))
    came: list[Any] = []
    with pytest.raises(Unavailable, match="conversation_attachments of 1 record: 1"):
        for row in rows_of(made(ConversationAttachments, sync, intercom), WINDOW):
            came.append(row["conversation_id"])
    assert set(came) == {"2"}


def test_it_is_discovered_as_a_stream_with_files() -> None:
    assert ConversationAttachments().as_airbyte_stream().is_file_based is True

"""The catalogue: every stream states what the docs, ``check`` and the warehouse need, and its schema agrees."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import source_intercom
from source_intercom.api import permissions
from source_intercom.api.client import API_VERSION
from source_intercom.shapes.base import Sync
from source_intercom.source import SourceIntercom
from source_intercom.streams import CATALOGUE, IntercomStream

SCHEMAS = Path(source_intercom.__file__).parent / "schemas"
# Every name that Airbyte's own connector has: a connection of its users must find them all.
OFFICIAL = {
    "activity_logs",
    "admins",
    "companies",
    "company_attributes",
    "company_segments",
    "contact_attributes",
    "contacts",
    "conversation_parts",
    "conversations",
    "segments",
    "tags",
    "teams",
    "tickets",
}
PERMISSIONS = {value for name, value in vars(permissions).items() if name.isupper()}

each_stream = pytest.mark.parametrize("stream", CATALOGUE, ids=lambda stream: stream.__name__)


@each_stream
def test_no_message_names_a_class_that_users_do_not_know(stream: type[IntercomStream]) -> None:
    source: type[IntercomStream] | None = stream
    while source is not None:
        assert not source().name.startswith("_"), f"state what {source.__name__} is called"
        source = source.parent


def test_is_the_folder_of_schemas() -> None:
    assert sorted(stream().name for stream in CATALOGUE) == sorted(path.stem for path in SCHEMAS.glob("*.json"))


def test_has_no_stream_twice_and_every_official_one() -> None:
    names = [stream().name for stream in CATALOGUE]
    assert len(set(names)) == len(names)
    assert set(names) >= OFFICIAL


@each_stream
def test_a_stream_states_its_facts(stream: type[IntercomStream]) -> None:
    path = getattr(stream, "child", None) or stream.endpoint
    assert re.fullmatch(r"/[a-z_/{}]+(\?[a-z_=&]+)?", path)
    assert {stream.permission, *stream.also_needs} <= PERMISSIONS
    assert stream.records_key
    assert stream.__dict__.get("__doc__"), "the docs are made from it"


@each_stream
def test_the_api_version_is_text(stream: type[IntercomStream]) -> None:
    # A number would lose the zero of 2.10.
    assert type(stream.version) is str
    assert re.fullmatch(r"2\.\d+", stream.version)


def test_the_usual_version_is_the_one_that_was_chosen() -> None:
    assert API_VERSION == "2.15"


@pytest.mark.complaint(33)
@each_stream
def test_every_stream_has_a_primary_key_of_its_schema(stream: type[IntercomStream]) -> None:
    made = stream()
    assert made.primary_key == list(stream.key)
    assert made.primary_key
    assert set(made.primary_key) <= set(made.get_json_schema()["properties"])


@each_stream
def test_a_cursor_field_is_a_time_of_its_schema(stream: type[IntercomStream]) -> None:
    made = stream()
    if not made.cursor_field:
        return
    assert isinstance(made.cursor_field, str)
    assert made.cursor_field.endswith("_at")
    declared = made.get_json_schema()["properties"][made.cursor_field]
    kinds = [kind for kind in declared["type"] if kind != "null"]
    assert kinds == ["integer"] or (kinds == ["string"] and declared.get("format") == "date-time")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("activity_logs", "created_at"),
        ("companies", "updated_at"),
        ("company_segments", "updated_at"),
        ("contacts", "updated_at"),
        ("conversation_parts", "updated_at"),
        ("conversations", "updated_at"),
        ("segments", "updated_at"),
        ("tickets", "updated_at"),
        ("admins", []),
        ("teams", []),
        ("tags", []),
        ("contact_attributes", []),
        ("company_attributes", []),
    ],
)
def test_official_streams_keep_their_cursor(name: str, field: Any) -> None:
    (made,) = [made for made in (stream() for stream in CATALOGUE) if made.name == name]
    assert made.cursor_field == field


@each_stream
def test_a_stream_describes_itself_to_airbyte(stream: type[IntercomStream]) -> None:
    described = stream().as_airbyte_stream()
    modes = sorted(mode.value for mode in described.supported_sync_modes)
    assert described.source_defined_primary_key == [[key] for key in stream.key]
    if stream().cursor_field:
        assert modes == ["full_refresh", "incremental"]
        assert described.source_defined_cursor is True
        assert described.default_cursor_field == [stream().cursor_field]
    else:
        assert modes == ["full_refresh"]


@each_stream
def test_what_a_stream_is_made_from_is_asked_for_in_its_own_version(stream: type[IntercomStream]) -> None:
    """Its rows lie in its parent's records, or are asked for beside them: another version has other records."""
    if stream.parent is not None:
        assert stream.version == stream.parent.version
        assert stream.parent.parent is None, "pages come from one place"


@each_stream
def test_a_stream_that_only_describes_itself_cannot_be_read(stream: type[IntercomStream]) -> None:
    with pytest.raises(AssertionError, match="to describe itself"):
        _ = stream().sync


@each_stream
def test_a_stream_that_is_read_speaks_through_the_shared_transport(
    stream: type[IntercomStream], new_sync: Callable[..., Sync]
) -> None:
    sync = new_sync(selected=frozenset({"companies"}))
    made = stream(sync, full=True)
    assert made.full is True
    assert made.sync is sync
    assert made.url_base == "https://api.intercom.io"
    session: Any = made.client.http._session
    assert made._http_client is made.client.http
    assert session.headers["Intercom-Version"] == stream.version
    assert session.get_adapter("https://api.intercom.io") is sync.transport.adapter


@each_stream
def test_the_hooks_of_the_cdks_own_paging_are_unused(stream: type[IntercomStream]) -> None:
    with pytest.raises(NotImplementedError):
        stream().parse_response(None)
    with pytest.raises(NotImplementedError):
        stream().next_page_token(None)


def test_the_parts_carry_fields_of_their_conversation_and_segments_their_company() -> None:
    by_name = {stream().name: stream().get_json_schema()["properties"] for stream in CATALOGUE}
    assert set(by_name["conversation_parts"]) >= {
        "conversation_id",
        "conversation_created_at",
        "conversation_updated_at",
        "conversation_total_parts",
    }
    assert "company_id" in by_name["company_segments"]


def test_the_source_lists_the_catalogue_in_its_order() -> None:
    assert [stream.name for stream in SourceIntercom().streams({})] == [stream().name for stream in CATALOGUE]


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("brands", "read_brands"),
        ("email_settings", "read_emails"),
        ("office_hours_schedules", "read_write_office_hours"),
        ("office_hours_exceptions", "read_write_office_hours"),
        ("audiences", "read_audiences"),
        ("data_connectors", "read_write_data_connectors"),
        ("content_import_sources", "read_write_ai_content"),
        ("external_pages", "read_write_ai_content"),
        ("content_snippets", "read_content_snippets"),
        ("dynamic_contents", "read_dynamic_content"),
    ],
)
def test_a_permission_is_called_as_intercom_documents_it(name: str, scope: str) -> None:
    """docs/intercom-api.md#permission-stated"""
    words = {stream().name: stream.permission for stream in CATALOGUE}[name].lower().split()
    assert set(words) - {"and"} <= set(scope.split("_")) | {"read"}

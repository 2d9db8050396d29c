"""The catalog: what may be asked for, and the sentence that everything else gets."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from airbyte_cdk.models import SyncMode

from source_intercom.inputs.catalog import Facts, catalog_from
from source_intercom.inputs.json_files import Fault

BOTH = [SyncMode.full_refresh, SyncMode.incremental]
KNOWN = {
    "contacts": Facts(BOTH, ["updated_at", "created_at"]),
    "activity_logs": Facts(BOTH, ["created_at"]),
    "tags": Facts([SyncMode.full_refresh], []),
    "teams": Facts([SyncMode.full_refresh], []),
}


def fault(read: Any, *arguments: Any) -> str:
    with pytest.raises(Fault) as caught:
        read(*arguments)
    return str(caught.value)


def wanted(name: str = "contacts", mode: str = "incremental", **more: Any) -> dict[str, Any]:
    return {"stream": {"name": name}, "sync_mode": mode, "destination_sync_mode": "append", **more}


@pytest.mark.parametrize(
    "stream",
    [
        wanted(),
        wanted("tags", "full_refresh"),
        wanted(cursor_field=None),
        wanted(cursor_field=[]),
        wanted(cursor_field=["updated_at"]),
        wanted(cursor_field=["created_at"]),
        wanted(mode="full_refresh", cursor_field=["whatever"]),
        wanted(primary_key=[["id"]], generation_id=3, minimum_generation_id=0, sync_id=None),
        wanted(destination_sync_mode="append_dedup", destination_object_name="c", include_files=False, id="x"),
        wanted(stream={"name": "contacts", "namespace": "ns", "json_schema": {"a": 1}, "supported_sync_modes": ["x"]}),
    ],
)
def test_a_catalog_is_read(stream: dict[str, Any]) -> None:
    (configured,) = catalog_from(json.dumps({"streams": [stream], "more": 1}), KNOWN).streams

    assert configured.stream.name == stream["stream"]["name"]
    assert configured.sync_mode.value == stream["sync_mode"]
    assert configured.destination_sync_mode.value == stream["destination_sync_mode"]
    assert configured.cursor_field == stream.get("cursor_field")
    assert configured.generation_id == stream.get("generation_id")


def test_a_catalog_may_have_no_streams() -> None:
    assert catalog_from('{"streams": []}', KNOWN).streams == []


@pytest.mark.complaint(110, 112)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "holds null, not an object with 'streams'"),
        ([wanted()], "holds a list, not an object with 'streams'"),
        ({}, "has no 'streams'"),
        ({"streams": {}}, "has an object as 'streams', not a list"),
        ({"streams": "contacts"}, "has a text as 'streams', not a list"),
        ({"type": "CATALOG", "catalog": {"streams": []}}, "is what discover printed, not a configured catalog"),
        ({"streams": [{"name": "tags", "json_schema": {}}]}, "is not a configured catalog: discover prints streams"),
        ({"streams": ["tags"]}, "has a text as stream 1, not an object"),
        ({"streams": [wanted(), None]}, "has null as stream 2, not an object"),
        ({"streams": [{"sync_mode": "incremental"}]}, "has no 'stream' in stream 1"),
        ({"streams": [wanted(stream="tags")]}, "has a text as 'stream' in stream 1"),
        ({"streams": [wanted(stream={})]}, "has no 'name' in stream 1"),
        ({"streams": [wanted(stream={"name": 7})]}, "has a number as 'name' in stream 1"),
        (
            {"streams": [wanted(), wanted("people"), wanted("TAGS"), wanted("people")]},
            "asks for streams that this connector does not have ('people', 'TAGS'): refresh the connection's schema",
        ),
        ({"streams": [wanted(), wanted("activity_logs"), wanted()]}, "has the same stream twice (contacts), which"),
        ({"streams": [wanted(mode="cdc")]}, "has 'cdc' as 'sync_mode' in stream 'contacts': accepted is full_refresh"),
        ({"streams": [wanted(sync_mode=None)]}, "has no 'sync_mode' in stream 'contacts': accepted is full_refresh"),
        ({"streams": [wanted(sync_mode=["incremental"])]}, "has ['incremental'] as 'sync_mode' in stream 'contacts'"),
        ({"streams": [wanted(destination_sync_mode="merge")]}, "has 'merge' as 'destination_sync_mode' in stream"),
        ({"streams": [wanted(destination_sync_mode=None)]}, "has no 'destination_sync_mode' in stream 'contacts'"),
        (
            {"streams": [wanted(cursor_field="updated_at")]},
            "has 'updated_at' as 'cursor_field' of stream 'contacts', not a list of names",
        ),
        ({"streams": [wanted(cursor_field=[1])]}, "has [1] as 'cursor_field' of stream 'contacts', not a list"),
        (
            {"streams": [wanted(cursor_field=["last_seen_at"])]},
            "has 'last_seen_at' as 'cursor_field' of stream 'contacts', whose changes are found by 'updated_at' or "
            "'created_at' only",
        ),
        (
            {"streams": [wanted("activity_logs", cursor_field=["updated_at"])]},
            "has 'updated_at' as 'cursor_field' of stream 'activity_logs', whose changes are found by 'created_at' on",
        ),
        ({"streams": [wanted(cursor_field=["updated_at", "x"])]}, "has 'updated_at.x' as 'cursor_field'"),
        ({"streams": [wanted(primary_key=["id"])]}, "has ['id'] as 'primary_key' of stream 'contacts', not a list of"),
        ({"streams": [wanted(generation_id="3")]}, "has '3' as 'generation_id' of stream 'contacts', not a whole"),
        ({"streams": [wanted(include_files="yes")]}, "has 'yes' as 'include_files' of stream 'contacts', not true or"),
        ({"streams": [wanted(include_files=1)]}, "has 1 as 'include_files' of stream 'contacts', not true or false"),
    ],
)
def test_a_faulty_catalog_gets_a_sentence(value: Any, said: str) -> None:
    message = fault(catalog_from, json.dumps(value), KNOWN)

    assert message.startswith(said)


def test_a_stream_without_incremental_mode_is_read_whole_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """PyAirbyte asks for all streams in incremental mode."""
    text = json.dumps({"streams": [wanted(), wanted("tags"), wanted("teams")]})
    with caplog.at_level(logging.INFO):
        made = catalog_from(text, KNOWN)
    assert [one.sync_mode.value for one in made.streams] == ["incremental", "full_refresh", "full_refresh"]
    assert caplog.messages == [
        "These streams have no incremental mode and are read whole, as in a full refresh: tags, teams"
    ]

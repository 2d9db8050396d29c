"""The schemas of the streams: their rules, their source, and the official connector's types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from schema_rules import kinds, lint, load

from source_intercom.streams import CATALOGUE, IntercomStream

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "source_intercom" / "schemas"
OPENAPI = Path(os.environ.get("INTERCOM_OPENAPI_DIR") or ROOT.parent / "shared" / "intercom")
FILES = sorted(SCHEMAS.glob("*.json"))

needs_openapi = pytest.mark.skipif(
    not (OPENAPI / "openapi-2.15.yaml").is_file(),
    reason="Intercom's OpenAPI files are not here: set INTERCOM_OPENAPI_DIR to a directory of openapi-*.yaml",
)

# Where a field of the official connector has another type here, or none, and why.
PRE_2_0 = "a field of API 1.x, which no description since 2.11 and no live record has"
INTENDED: dict[tuple[str, str], tuple[str | None, str]] = {
    ("admins", "admin_ids"): (None, "belongs to teams; no description or live record of an admin has it"),
    ("admins", "avatar"): ("string", "an address since API 2.12, an object before"),
    ("contacts", "avatar"): (
        "object",
        "text in live records, which the connector puts into an object as the description has it",
    ),
    ("contacts", "android_last_seen_at"): ("integer", "Unix seconds like every time of a contact"),
    ("conversation_parts", "assigned_to"): ("object", "an object wherever it was seen; unions confuse destinations"),
    ("conversations", "assignee"): (None, "gone: admin_assignee_id and team_assignee_id took its place"),
    ("conversations", "conversation_message"): (None, PRE_2_0 + "; now source"),
    ("conversations", "customer_first_reply"): (None, PRE_2_0 + "; now first_contact_reply"),
    ("conversations", "customers"): (None, PRE_2_0 + "; now contacts"),
    ("conversations", "sent_at"): (None, PRE_2_0),
    ("conversations", "user"): (None, PRE_2_0 + "; now contacts"),
    ("tickets", "ticket_state"): ("object", "an object since API 2.12, a word before"),
}


def official() -> dict[str, dict[str, str]]:
    """Stream -> field -> types, as the official connector declares them (null apart)."""
    table = load(Path(__file__).parent / "resource" / "official_types.json")
    return {s: {name: t for t, names in by.items() for name in names} for s, by in table.items()}


# --- The rules --------------------------------------------------------------------------------------


@pytest.mark.complaint(60)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_schema_keeps_the_rules(path: Path) -> None:
    schema = load(path)
    Draft7Validator.check_schema(schema)
    assert set(schema) == {"$schema", "type", "additionalProperties", "properties"}
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["type"] == "object"
    assert list(lint(schema)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_is_laid_out_the_same_way_every_time(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == json.dumps(load(path), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.complaint(60)
@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"type": ["string", "null"]}, "null followed by another"),
        ({"type": "string"}, "null followed by another"),
        ({"type": ["null"]}, "null followed by another"),
        ({}, "null followed by another"),
        ({"type": ["null", "object", "string"]}, "null followed by another"),
        ({"type": ["null", "string"], "enum": ["a"]}, "enum"),
        ({"type": ["null", "string"], "anyOf": []}, "anyOf"),
        ({"type": ["null", "string"], "description": ""}, "description"),
        ({"type": ["null", "string"], "description": "x" * 120}, "description"),
        ({"type": ["null", "string"], "description": "x "}, "description"),
        ({"type": ["null", "integer"], "format": "date-time"}, "format"),
        ({"type": ["null", "object"]}, "not open"),
        ({"type": ["null", "object"], "additionalProperties": False}, "not open"),
        ({"type": ["null", "array"]}, "without items"),
        ({"type": ["null", "array"], "items": {}}, "null followed by another"),
        ({"type": ["null", "boolean"]}, "an id of types"),
        ({"type": ["null", "string"], "description": "When, in Unix seconds."}, "Unix seconds that are no integer"),
        ({"type": ["null", "integer"], "description": "When, in Unix seconds."}, "not called so"),
        ({"type": ["null", "object"], "additionalProperties": True}, "without declared properties"),
        (
            {"type": ["null", "array"], "items": {"type": ["null", "object"], "additionalProperties": True}},
            "b_id[]: an object without declared properties",
        ),
    ],
)
def test_lint_sees(broken: dict[str, Any], complaint: str) -> None:
    fine = {"type": ["null", "string"], "description": "Fine."}
    schema = {
        "additionalProperties": True,
        "properties": {"a": fine, "b_id": {"description": "An id.", **broken}},
    }
    assert complaint in " ".join(lint(schema))


@pytest.mark.parametrize(
    "time",
    [
        {"type": ["null", "string"], "description": "When."},
        {"type": ["null", "integer"], "description": "When."},
        {"type": ["null", "number"], "description": "When, in Unix seconds."},
    ],
)
def test_lint_sees_a_time_without_a_form(time: dict[str, Any]) -> None:
    schema = {"additionalProperties": True, "properties": {"seen_at": time}}
    assert "neither Unix seconds nor ISO text" in " ".join(lint(schema))


def test_overlay_and_files_name_the_same_streams() -> None:
    assert [path.stem for path in FILES] == sorted(overlay()["streams"])


# What streams put into records beside the id and the time of a parent, which their classes name.
ADDED: dict[str, dict[str, str]] = {
    "activity_log_event_types": {"name": "string"},
    "call_transcripts": {"call_id": "string"},
    "contact_subscriptions": {"opted": "string"},
    "conversation_handling_events": {"teammate_id": "string"},
    "conversation_parts": {
        "conversation_created_at": "integer",
        "conversation_updated_at": "integer",
        "conversation_total_parts": "integer",
    },
    "counts": {
        "entity": "string",
        "dimension": "string",
        "value": "string",
        "label": "string",
        "count": "integer",
        "counted_at": "integer",
    },
    "custom_object_instances": {"type_identifier": "string"},
    "team_admins": {"team_id": "string", "admin_id": "string"},
}


def added(stream: type[IntercomStream]) -> dict[str, str]:
    of_parent = {getattr(stream, "parent_key", ""): "string", getattr(stream, "parent_time", ""): "integer"}
    return {name: kind for name, kind in of_parent.items() if name} | ADDED.get(stream().name, {})


@pytest.mark.parametrize("stream", [one for one in CATALOGUE if added(one)], ids=lambda one: one.__name__)
def test_what_the_connector_adds_is_declared(stream: type[IntercomStream]) -> None:
    properties = load(SCHEMAS / f"{stream().name}.json")["properties"]
    assert {name: kinds(properties[name]) for name in added(stream)} == {n: [t] for n, t in added(stream).items()}


@pytest.mark.complaint(58)
@pytest.mark.parametrize("stream", [path.stem for path in FILES if path.stem not in official()])
def test_ids_are_text_so_that_streams_join(stream: str) -> None:
    """The official connector fixed some as integers; where it has no stream, every id of a row is text."""
    properties = load(SCHEMAS / f"{stream}.json")["properties"]
    numbers = {
        name: kinds(inner)
        for name, inner in properties.items()
        if (name == "id" or name.endswith(("_id", "_ids"))) and kinds(inner.get("items", inner)) != ["string"]
    }
    # A contact has one shape, here and in contacts.
    assert numbers == ({"owner_id": ["integer"]} if stream == "company_contacts" else {})


def test_a_record_has_the_same_shape_wherever_it_comes() -> None:
    for stream, other, more in (
        ("contacts", "company_contacts", {"company_id"}),
        ("news_items", "newsfeed_items", {"newsfeed_id"}),
        ("calls", "call_transcripts", {"call_id", "transcript", "transcript_status"}),
    ):
        alone, attached = (load(SCHEMAS / f"{name}.json")["properties"] for name in (stream, other))
        assert attached.keys() - alone.keys() == more
        assert {name: attached[name] for name in alone} == alone


# Where Intercom writes times as text. docs/streams.md says so of each.
ISO_TEXT = {
    "activity_logs": {"metadata.expired_at"},
    "conversation_handling_events": {"timestamp"},
    "data_connector_execution_results": {"created_at"},
    "data_connectors": {"created_at", "updated_at"},
    "macros": {"created_at", "updated_at"},
}


def test_every_other_time_is_unix_seconds() -> None:
    found: dict[str, set[str]] = {}
    for path in FILES:
        for place, inner in every_place(load(path)):
            if "format" in inner:
                found.setdefault(path.stem, set()).add(place)
    assert found == ISO_TEXT


@pytest.mark.complaint(76)
def test_what_live_records_hold_is_declared() -> None:
    contacts, articles, logs = (
        load(SCHEMAS / f"{name}.json")["properties"] for name in ("contacts", "articles", "activity_logs")
    )
    assert list(contacts["avatar"]["properties"]) == ["type", "image_url"]
    assert kinds(articles["content_id"]) == ["string"]
    # Text for some actions and objects for others: they pass undeclared.
    assert logs["metadata"]["additionalProperties"] is True
    assert not {"before", "after"} & set(logs["metadata"]["properties"])


@pytest.mark.complaint(59)
def test_free_values_have_no_types() -> None:
    """A value's type may differ from record to record, so none of them may become a typed column."""
    free = {"custom_attributes", "ticket_attributes"}
    seen = 0
    for path in FILES:
        for place, inner in every_place(load(path)):
            if place.rpartition(".")[2] in free:
                seen += 1
                assert kinds(inner) == ["object"], path.name
                assert "properties" not in inner, path.name
    assert seen >= 5


def every_place(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property at every depth, with its path."""
    for name, inner in schema.get("properties", {}).items():
        yield prefix + name, inner
        yield from every_place(inner, f"{prefix}{name}.")
    if "items" in schema:
        yield from every_place(schema["items"], f"{prefix.removesuffix('.')}[].")


# --- The official connector -------------------------------------------------------------------------


@pytest.mark.parametrize("stream", sorted(official()))
def test_fields_have_the_types_of_the_official_connector(stream: str) -> None:
    properties = load(SCHEMAS / f"{stream}.json")["properties"]
    found = {}
    for name, expected in official()[stream].items():
        ours = "|".join(sorted(kinds(properties[name]))) if name in properties else None
        if ours != expected:
            found[stream, name] = ours
    assert found == {place: ours for place, (ours, _) in INTENDED.items() if place[0] == stream}


# --- Intercom's description -------------------------------------------------------------------------


def overlay() -> dict[str, Any]:
    """The files of the overlay as one."""
    content: dict[str, Any] = {"components": {}, "descriptions": {}, "streams": {}}
    for path in sorted((ROOT / "tools" / "schemas" / "overlay").glob("*.yaml")):
        for key, value in yaml.safe_load(path.read_text("utf-8")).items():
            content[key] = value if key == "version" else content[key] | value
    return content


@needs_openapi
def test_files_are_what_the_generator_makes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.schemas", "--openapi", str(OPENAPI), "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.complaint(57)
@needs_openapi
def test_schemas_hold_every_field_of_the_description() -> None:
    """Read here without the generator's help, so that it cannot leave a field out unseen."""
    content = overlay()
    described: dict[str, dict[str, Any]] = {}

    def fields(schema: dict[str, Any], components: dict[str, Any]) -> set[str]:
        names = set(schema.get("properties", {}))
        for part in [*schema.get("allOf", []), *schema.get("anyOf", []), *schema.get("oneOf", [])]:
            names |= fields(part, components)
        if "$ref" in schema:
            names |= fields(components[schema["$ref"].rpartition("/")[2]], components)
        return names

    checked = 0
    for stream, facts in content["streams"].items():
        source = facts.get("schema", "")
        if not source.isidentifier():  # a path inside a component, an answer, or no record at all
            continue
        version = facts.get("version", content["version"])
        if version not in described:
            text = (OPENAPI / f"openapi-{version}.yaml").read_text("utf-8")
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            described[version] = yaml.load(text, loader)["components"]["schemas"]
        dropped = set(facts.get("drop", []))
        for component in (source, f"{source}@{version}"):
            dropped |= set(content["components"].get(component, {}).get("drop", []))
        expected = fields(described[version][source], described[version]) - dropped
        assert expected
        assert expected - set(load(SCHEMAS / f"{stream}.json")["properties"]) == set(), stream
        checked += 1
    assert checked >= 60

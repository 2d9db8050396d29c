"""The schemas of the streams: their rules, their source, and the official connector's types."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from _schemas import main
from jsonschema import Draft7Validator

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "source_intercom" / "schemas"
OPENAPI = Path(os.environ.get("INTERCOM_OPENAPI_DIR") or ROOT.parent / "shared" / "intercom")
FILES = sorted(SCHEMAS.glob("*.json"))
FORBIDDEN = {"$ref", "allOf", "anyOf", "const", "enum", "not", "oneOf", "patternProperties", "required"}

needs_openapi = pytest.mark.skipif(
    not (OPENAPI / "openapi-2.15.yaml").is_file(),
    reason="Intercom's OpenAPI files are not here: set INTERCOM_OPENAPI_DIR to a directory of openapi-*.yaml",
)

# Where a field of the official connector has another type here, or none, and why.
PRE_2_0 = "a field of API 1.x, which no description since 2.11 and no live record has"
INTENDED: dict[tuple[str, str], tuple[str | None, str]] = {
    ("admins", "admin_ids"): (None, "belongs to teams; no description or live record of an admin has it"),
    ("admins", "avatar"): ("string", "an address since API 2.12, an object before"),
    ("contacts", "avatar"): ("object", "an object in the description; live records only ever showed null"),
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


def load(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def kinds(schema: dict[str, Any]) -> list[str]:
    return [kind for kind in schema.get("type", []) if kind != "null"]


def official() -> dict[str, dict[str, str]]:
    """Stream -> field -> types, as the official connector declares them (null apart)."""
    table = load(Path(__file__).parent / "resource" / "official_types.json")
    return {s: {name: t for t, names in by.items() for name in names} for s, by in table.items()}


# --- The rules --------------------------------------------------------------------------------------


def lint(schema: dict[str, Any], path: str = "", described: bool = False) -> Iterator[str]:
    """Every breach of the rules in a value's schema, with its path. The top level is `path == ""`."""
    if bad := FORBIDDEN & set(schema):
        yield f"{path}: has {sorted(bad)}"
    named = schema.get("type")
    if path and (not isinstance(named, list) or named[0] != "null" or len(named) != 2 or named[1] == "null"):
        yield f"{path}: its type is not null followed by another one"
        return
    if described:
        text = schema.get("description", "")
        if not text or len(text) >= 120 or text != text.strip() or "\n" in text:
            yield f"{path}: description missing, too long or with stray space: {text!r}"
        if (path.endswith((".id", "_id")) or path == "id") and kinds(schema)[0] not in ("string", "integer"):
            yield f"{path}: an id of types {kinds(schema)}"
        if "Unix" in text and kinds(schema) != ["integer"]:
            yield f"{path}: Unix seconds that are no integer"
    if "format" in schema and (schema["format"], kinds(schema)) != ("date-time", ["string"]):
        yield f"{path}: format {schema['format']} on {kinds(schema)}"
    if ("object" in kinds(schema) or not path) != (schema.get("additionalProperties") is True):
        yield f"{path}: open without being an object, or an object that is not open"
    if ("array" in kinds(schema)) != ("items" in schema):
        yield f"{path}: an array without items, or items without an array"
    for name, inner in schema.get("properties", {}).items():
        yield from lint(inner, f"{path}.{name}" if path else name, described=True)
    if "items" in schema:
        yield from lint(schema["items"], f"{path}[]")


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
        ({"type": ["null", "string"], "description": "When, in Unix seconds."}, "Unix seconds"),
    ],
)
def test_lint_sees(broken: dict[str, Any], complaint: str) -> None:
    fine = {"type": ["null", "string"], "description": "Fine."}
    schema = {
        "additionalProperties": True,
        "properties": {"a": fine, "b_id": {"description": "An id.", **broken}},
    }
    assert complaint in " ".join(lint(schema))


def test_overlay_and_files_name_the_same_streams() -> None:
    assert [path.stem for path in FILES] == sorted(overlay()["streams"])


# What the connector puts into records, and the type of it.
ADDED: dict[str, dict[str, str]] = {
    "activity_log_event_types": {"name": "string"},
    "call_transcripts": {"call_id": "string"},
    "company_contacts": {"company_id": "string"},
    "company_notes": {"company_id": "string"},
    "company_segments": {"company_id": "string"},
    "company_tags": {"company_id": "string"},
    "contact_companies": {"contact_id": "string"},
    "contact_event_summaries": {"intercom_user_id": "string"},
    "contact_events": {"intercom_user_id": "string"},
    "contact_merge_history": {"contact_id": "string"},
    "contact_notes": {"contact_id": "string"},
    "contact_segments": {"contact_id": "string"},
    "contact_subscriptions": {"contact_id": "string", "opted": "string"},
    "contact_tags": {"contact_id": "string"},
    "conversation_contacts": {"conversation_id": "string"},
    "conversation_handling_events": {"conversation_id": "string"},
    "conversation_linked_objects": {"conversation_id": "string"},
    "conversation_parts": {
        "conversation_id": "string",
        "conversation_created_at": "integer",
        "conversation_updated_at": "integer",
        "conversation_total_parts": "integer",
    },
    "conversation_tags": {"conversation_id": "string"},
    "conversation_teammates": {"conversation_id": "string"},
    "counts": {
        "entity": "string",
        "dimension": "string",
        "value": "string",
        "label": "string",
        "count": "integer",
        "counted_at": "integer",
    },
    "custom_object_instances": {"type_identifier": "string"},
    "data_connector_execution_results": {"data_connector_id": "string"},
    "help_center_redirects": {"help_center_id": "string"},
    "newsfeed_items": {"newsfeed_id": "string"},
    "office_hours_exceptions": {"office_hours_schedule_id": "string"},
    "side_conversations": {"conversation_id": "string"},
    "team_admins": {"team_id": "string", "admin_id": "string"},
    "ticket_contacts": {"ticket_id": "string"},
    "ticket_parts": {"ticket_id": "string", "ticket_updated_at": "integer"},
    "ticket_type_attributes": {"ticket_type_id": "string"},
}


@pytest.mark.parametrize("stream", ADDED)
def test_what_the_connector_adds_is_declared(stream: str) -> None:
    properties = load(SCHEMAS / f"{stream}.json")["properties"]
    assert {name: kinds(properties[name]) for name in ADDED[stream]} == {n: [t] for n, t in ADDED[stream].items()}


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


@pytest.mark.parametrize("stream", ["data_connectors", "macros"])
def test_times_that_are_text_say_so(stream: str) -> None:
    properties = load(SCHEMAS / f"{stream}.json")["properties"]
    assert {properties[name]["format"] for name in ("created_at", "updated_at")} == {"date-time"}


def test_free_values_have_no_types() -> None:
    """A value's type may differ from record to record, so none of them may become a typed column."""
    free = {"custom_attributes", "ticket_attributes"}
    seen = 0
    for path in FILES:
        for name, inner in every_property(load(path)):
            if name in free:
                seen += 1
                assert kinds(inner) == ["object"], path.name
                assert "properties" not in inner, path.name
    assert seen >= 5


def every_property(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield name, inner
        yield from every_property(inner)
    if "items" in schema:
        yield from every_property(schema["items"])


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
    for path in sorted((ROOT / "scripts" / "schemas_overlay").glob("*.yaml")):
        for key, value in yaml.safe_load(path.read_text("utf-8")).items():
            content[key] = value if key == "version" else content[key] | value
    return content


@needs_openapi
def test_files_are_what_the_generator_makes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "schemas"), "--openapi", str(OPENAPI), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


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


# --- The generator ----------------------------------------------------------------------------------


COMPONENTS: dict[str, Any] = {
    "thing": {
        "nullable": True,
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "description": "not our words"},
            "kind": {"type": "string", "enum": ["a", "b"], "nullable": True},
            "at": {"type": "integer", "format": "date-time"},
            "day": {"type": "string", "format": "date-time"},
            "when": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]},
            "amount": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
            "owner": {"$ref": "#/components/schemas/person"},
            "owners": {"type": "array", "items": {"$ref": "#/components/schemas/person"}},
            "happened": {
                "type": "object",
                "anyOf": [
                    {"properties": {"by": {"properties": {"id": {"type": "string"}}}}},
                    {"properties": {"by": {"properties": {"name": {"type": "string"}}}}},
                ],
            },
            "free": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
    "person": {
        "type": "object",
        "allOf": [{"$ref": "#/components/schemas/reference"}],
        "properties": {"boss": {"$ref": "#/components/schemas/person"}},
    },
    "reference": {"type": "object", "properties": {"id": {"type": "integer"}}},
}
WORDS = [
    "id",
    "kind",
    "at",
    "day",
    "when",
    "amount",
    "owner",
    "owners",
    "happened",
    "by",
    "name",
    "free",
    "boss",
]


class Bench:
    """A small description and a small overlay, and the generator run on them."""

    def __init__(self, directory: Path) -> None:
        self.openapi = directory / "openapi-2.15.yaml"
        self.output = directory / "out"
        self.overlay_path = directory / "overlay.yaml"
        self.components = json.loads(json.dumps(COMPONENTS))
        self.paths: dict[str, Any] = {}
        self.overlay: dict[str, Any] = {
            "version": "2.15",
            "streams": {"things": {"schema": "thing"}},
            "components": {},
            "descriptions": {word: f"The {word}." for word in [*WORDS, "free", "boss"]},
        }

    def run(self, *arguments: str, openapi: Path | None = None) -> int:
        content = {
            "openapi": "3.0.1",
            "info": {"version": "2.15"},
            "paths": self.paths,
            "components": {"schemas": self.components},
        }
        self.openapi.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        self.overlay_path.write_text(yaml.safe_dump(self.overlay, sort_keys=False), "utf-8")
        options = ["--overlay", str(self.overlay_path), "--output", str(self.output)]
        status: int = main(["--openapi", str(openapi or self.openapi), *options, *arguments])
        return status

    def properties(self, stream: str = "things") -> dict[str, Any]:
        properties: dict[str, Any] = load(self.output / f"{stream}.json")["properties"]
        return properties


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_shapes_are_resolved(bench: Bench) -> None:
    assert bench.run() == 0
    schema = load(bench.output / "things.json")
    assert list(lint(schema)) == []
    found = schema["properties"]
    assert list(found) == list(COMPONENTS["thing"]["properties"])
    assert found["id"] == {"type": ["null", "string"], "description": "The id."}
    assert found["at"]["type"] == ["null", "integer"]
    assert "format" not in found["at"]
    assert found["day"]["format"] == "date-time"
    assert found["when"]["type"] == ["null", "string"]
    assert "format" not in found["when"]
    assert found["amount"]["type"] == ["null", "number"]
    assert set(found["owner"]["properties"]) == {"id", "boss"}
    assert found["owner"]["properties"]["boss"] == {
        "type": ["null", "object"],
        "description": "The boss.",
        "additionalProperties": True,
    }
    assert found["owners"]["items"]["properties"] == found["owner"]["properties"]
    assert set(found["happened"]["properties"]["by"]["properties"]) == {"id", "name"}
    assert "properties" not in found["free"]


def test_the_overlay_mends(bench: Bench) -> None:
    bench.overlay["streams"]["things"] |= {
        "drop": ["kind"],
        "types": {"owner.id": "string; Theirs.", "day": "string"},
        "fields": {"more": "reference[]; More.", "more[].name": "date-time"},
        "describe": {"at": "Then."},
    }
    bench.overlay["components"]["reference"] = {"describe": {"id": "Its number."}}
    assert bench.run() == 0
    found = bench.properties()
    assert "kind" not in found
    assert found["owner"]["properties"]["id"] == {"type": ["null", "string"], "description": "Theirs."}
    assert found["day"] == {"type": ["null", "string"], "description": "The day."}
    assert found["at"]["description"] == "Then."
    assert found["more"]["type"] == ["null", "array"]
    assert found["more"]["items"]["properties"]["id"]["description"] == "Its number."
    assert found["more"]["items"]["properties"]["name"]["format"] == "date-time"


def test_a_record_may_stand_inside_a_component_in_an_answer_or_nowhere(bench: Bench) -> None:
    answer = {"type": "object", "properties": {"data": {"type": "array", "items": COMPONENTS["reference"]}}}
    bench.paths["/things/{id}"] = {"get": {"responses": {"200": {"content": {"application/json": {"schema": answer}}}}}}
    bench.overlay["streams"] |= {
        "owners": {"schema": "thing.owners[]"},
        "answers": {"schema": "GET /things/{id} data[]"},
        "counts": {"fields": {"id": "string", "amount": "integer"}},
    }
    assert bench.run() == 0
    assert list(bench.properties("owners")) == ["id", "boss"]
    assert list(bench.properties("answers")) == ["id"]
    assert list(bench.properties("counts")) == ["id", "amount"]


def test_a_patch_may_hold_for_one_version(bench: Bench) -> None:
    bench.overlay["components"] = {
        "thing@2.15": {"drop": ["kind"]},
        "reference": {"fields": {"kind": "string"}},
    }
    assert bench.run() == 0
    assert "kind" not in bench.properties()
    assert "kind" in bench.properties()["owner"]["properties"]


def test_check_names_stale_files_and_writes_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.overlay["streams"]["owners"] = {"schema": "person"}
    assert bench.run("--check") == 1
    assert capsys.readouterr().err == "Stale, run scripts/schemas: things.json, owners.json.\n"
    assert not bench.output.exists()
    assert bench.run() == 0
    assert bench.run("--check") == 0
    (bench.output / "owners.json").write_text("{}", "utf-8")
    assert bench.run("--check", "things") == 0
    assert bench.run("--check") == 1
    assert capsys.readouterr().err == "Stale, run scripts/schemas: owners.json.\n"
    bench.overlay["streams"].pop("owners")
    assert bench.run("--check") == 1
    assert "owners.json" in capsys.readouterr().err


def test_every_field_needs_words_of_ours(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    del bench.overlay["descriptions"]["name"]
    bench.overlay["descriptions"] |= {"kind": "x" * 120, "free": "Free. "}
    assert bench.run() == 1
    assert capsys.readouterr().err.splitlines() == [
        "things: kind: description of 120 characters, the most is 119",
        "things: happened.by.name: no description",
        "things: free: stray white space in the description",
    ]
    assert not bench.output.exists()


def test_every_field_needs_a_type(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.components["thing"]["properties"] |= {"kind": {}, "owners": {"type": "array"}}
    bench.components["thing"]["properties"] |= {"free": {"type": "array", "items": {}}}
    assert bench.run() == 1
    assert capsys.readouterr().err.splitlines() == [
        "things: kind: no type",
        "things: owners: an array without a type for its items",
        "things: free[]: no type",
    ]


def test_of_several_types_the_overlay_chooses_one(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    either = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    bench.components["thing"]["properties"] |= {"kind": either, "free": {"type": "array", "items": either}}
    assert bench.run() == 1
    assert capsys.readouterr().err.splitlines() == [
        "things: kind: string or array, of which the overlay must choose one",
        "things: free[]: string or array, of which the overlay must choose one",
    ]
    bench.overlay["streams"]["things"]["types"] = {"kind": "string", "free": "string[]"}
    assert bench.run() == 0
    assert bench.properties()["kind"]["type"] == ["null", "string"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"streams": {"things": {"schema": "gone"}}}, "no schema 'gone'"),
        ({"streams": {"things": {"schema": "thing.gone[]"}}}, "no record at 'thing.gone[]'"),
        ({"streams": {"things": {"schema": "GET /gone"}}}, "GET /gone has no JSON answer"),
        ({"streams": {"things": {"schema": "thing", "drop": ["gone"]}}}, "drops gone"),
        (
            {"streams": {"things": {"schema": "thing", "types": {"gone": "string"}}}},
            "not there yet: use fields",
        ),
        (
            {"streams": {"things": {"schema": "thing", "fields": {"id": "string"}}}},
            "there already: use types",
        ),
        ({"streams": {"things": {"schema": "thing", "fields": {"a.b": "string"}}}}, "no object to hold it"),
        ({"streams": {"things": {"schema": "thing", "fields": {"a": "text"}}}}, "unknown type 'text'"),
        ({"streams": {"things": {"schema": "thing", "describe": {"gone": "x"}}}}, "describes gone"),
        ({"streams": {"things": {"schema": "thing", "retype": {}}}}, "unknown overlay keys: retype"),
        ({"streams": {"things": {"schema": "thing", "version": 2.16}}}, "must quote its version"),
        ({"components": {"gone": {}}}, "no stream uses: gone"),
        ({"extra": 1}, "unknown overlay keys: extra"),
    ],
)
def test_a_rotten_overlay_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str], change: dict[str, Any], complaint: str
) -> None:
    bench.overlay |= change
    assert bench.run() == 1
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_the_files_of_a_directory_are_one_overlay(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run() == 0
    written = bench.properties()
    directory = bench.output.with_name("overlay")
    directory.mkdir()

    def generate(*parts: dict[str, Any]) -> int:
        for name, part in zip("ab", parts, strict=True):
            (directory / f"{name}.yaml").write_text(yaml.safe_dump(part), "utf-8")
        arguments = ["--openapi", str(bench.openapi), "--overlay", str(directory), "--output", str(bench.output)]
        status: int = main(arguments)
        return status

    words = bench.overlay["descriptions"]
    one = bench.overlay | {"descriptions": {word: words[word] for word in WORDS[:5]}}
    other = {"streams": {"owners": {"schema": "person"}}, "descriptions": {w: words[w] for w in WORDS[5:]}}
    assert generate(one, other) == 0
    assert bench.properties() == written
    assert list(bench.properties("owners")) == ["id", "boss"]

    capsys.readouterr()
    assert generate(one, other | {"streams": {"things": {"schema": "person"}}}) == 1
    assert capsys.readouterr().err == "b.yaml has what another file of the overlay has: things.\n"
    assert generate(one, other | {"version": "2.15"}) == 1
    assert capsys.readouterr().err == "b.yaml has what another file of the overlay has: version.\n"
    assert generate(one, other | {"extra": 1}) == 1
    assert capsys.readouterr().err == "b.yaml has unknown overlay keys: extra.\n"
    assert generate({"streams": {}}, other) == 1
    assert capsys.readouterr().err == f"{directory} lacks components, version.\n"


def test_a_key_written_twice_is_refused(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run() == 0
    text = bench.overlay_path.read_text("utf-8")
    bench.overlay_path.write_text(text.replace("  kind:", "  id: again\n  kind:"), "utf-8")
    arguments = ["--openapi", str(bench.openapi), "--overlay", str(bench.overlay_path)]
    assert main([*arguments, "--output", str(bench.output)]) == 1
    assert "the key 'id' stands twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff\xfe\xff", "cannot be read: not UTF-8 text."),
        (b"a: [", "is not valid YAML at line "),
        (
            b"openapi: 3.0.1\ninfo: 2.15\ncomponents: []",
            "is not an OpenAPI description with a version and schemas.",
        ),
        (b"- a", "does not hold a YAML mapping."),
        (b"openapi: 3.0.1", "is not an OpenAPI description with a version and schemas."),
    ],
)
def test_a_bad_description_is_named_in_one_sentence(
    bench: Bench, capsys: pytest.CaptureFixture[str], text: bytes | None, complaint: str
) -> None:
    bad = bench.openapi.with_name("bad.yaml")
    if text is not None:
        bad.write_bytes(text)
    assert bench.run(openapi=bad) == 1
    error = capsys.readouterr().err
    assert str(bad) in error
    assert complaint in error
    assert error.count("\n") == 1


def test_a_directory_serves_every_version_and_a_file_its_own(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.overlay["streams"]["newer"] = {"schema": "person", "version": "2.16"}
    assert bench.run() == 0
    assert "left out, another version: newer" in capsys.readouterr().out
    assert not (bench.output / "newer.json").exists()
    assert bench.run("newer") == 1
    assert "newer needs version 2.16" in capsys.readouterr().err
    assert bench.run("elder") == 1
    assert "no such stream: elder" in capsys.readouterr().err

    directory = bench.openapi.parent
    assert bench.run(openapi=directory) == 1
    assert "openapi-2.16.yaml cannot be read" in capsys.readouterr().err
    shutil.copy(bench.openapi, directory / "openapi-2.16.yaml")
    assert bench.run(openapi=directory) == 1
    assert "openapi-2.16.yaml describes version 2.15" in capsys.readouterr().err
    text = bench.openapi.read_text("utf-8").replace("2.15", "2.16")
    (directory / "openapi-2.16.yaml").write_text(text, "utf-8")
    assert bench.run(openapi=directory) == 0
    assert list(bench.properties("newer")) == ["id", "boss"]

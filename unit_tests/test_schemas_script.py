"""scripts/schemas: what it makes of a description and an overlay, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from schema_rules import lint
from schemas_bench import COMPONENTS, WORDS, Bench

from tools.schemas.generator import main


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_shapes_are_resolved(bench: Bench) -> None:
    assert bench.run() == 0
    schema = bench.schema()
    assert list(lint(schema, free={"boss", "free"})) == []
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
        return main(arguments)

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

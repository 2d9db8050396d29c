"""A small OpenAPI description, a small overlay, and scripts/schemas run on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from schema_rules import load

from tools.schemas.generator import main

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
        return main(["--openapi", str(openapi or self.openapi), *options, *arguments])

    def schema(self, stream: str = "things") -> dict[str, Any]:
        return load(self.output / f"{stream}.json")

    def properties(self, stream: str = "things") -> dict[str, Any]:
        return dict(self.schema(stream)["properties"])

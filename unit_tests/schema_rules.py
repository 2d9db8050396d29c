"""The rules that every schema keeps, those in the repository and those that scripts/schemas makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORBIDDEN = {"$ref", "allOf", "anyOf", "const", "enum", "not", "oneOf", "patternProperties", "required"}


def load(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def kinds(schema: dict[str, Any]) -> list[str]:
    return [kind for kind in schema.get("type", []) if kind != "null"]


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

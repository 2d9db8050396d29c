"""The rules that every schema keeps, those in the repository and those that scripts/schemas makes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

# Objects whose keys are nobody's to know: names that a workspace gave, languages, settings. Some readers, such as older
# versions of singer-sdk, drop what an object with properties does not declare, so these declare none.
FREE = {
    "changes",
    "custom_attributes",
    "metadata",
    "ticket",
    "ticket_attributes",
    "translated_content",
    "translations",
    "value",
}
# Times whose names do not end in _at. The connector gives all times one form, which it finds by their names; those of
# receipts of messages are called by what was first done.
OTHER_TIMES = {"snoozed_until", "waiting_since"}
TIMES_OF_RECEIPTS = "first_"
FORBIDDEN = {"$ref", "allOf", "anyOf", "const", "enum", "not", "oneOf", "patternProperties", "required"}


def load(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def kinds(schema: dict[str, Any]) -> list[str]:
    return [kind for kind in schema.get("type", []) if kind != "null"]


def lint(
    schema: dict[str, Any], path: str = "", described: bool = False, free: Collection[str] = FREE
) -> Iterator[str]:
    """Every breach of the rules in a value's schema, with its path. The top level is `path == ""`."""
    name = path.rpartition(".")[2]
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
        if "Unix" in text and not (name.endswith("_at") or name in OTHER_TIMES or path.startswith(TIMES_OF_RECEIPTS)):
            yield f"{path}: a time that is not called so"
        is_text = (schema.get("format"), kinds(schema)) == ("date-time", ["string"])
        if name.endswith("_at") and not is_text and ("Unix" not in text or kinds(schema) != ["integer"]):
            yield f"{path}: a time that is neither Unix seconds nor ISO text"
    if "format" in schema and (schema["format"], kinds(schema)) != ("date-time", ["string"]):
        yield f"{path}: format {schema['format']} on {kinds(schema)}"
    if ("object" in kinds(schema) or not path) != (schema.get("additionalProperties") is True):
        yield f"{path}: open without being an object, or an object that is not open"
    if "object" in kinds(schema) and not schema.get("properties") and name not in free:
        # In a list, such an object stops singer-sdk (KeyError); elsewhere it hides what could be a column.
        yield f"{path}: an object without declared properties"
    if ("array" in kinds(schema)) != ("items" in schema):
        yield f"{path}: an array without items, or items without an array"
    for key, inner in schema.get("properties", {}).items():
        yield from lint(inner, f"{path}.{key}" if path else key, described=True, free=free)
    if "items" in schema:
        yield from lint(schema["items"], f"{path}[]", free=free)

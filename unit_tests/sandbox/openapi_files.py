"""Intercom's OpenAPI files, and how an answer is held against them."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from sandbox_client import Json

PLACE = Path(os.environ.get("INTERCOM_OPENAPI_DIR") or Path(__file__).parents[2].parent / "shared" / "intercom")


class Description:
    """The OpenAPI file, its references resolved lazily so that only what is used costs anything."""

    def __init__(self, file: Path) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.root: Json = yaml.load(file.read_text(), Loader=loader)
        self._dates_are_numbers(self.root)

    def _dates_are_numbers(self, node: object) -> None:
        """Times are declared `integer` with format `date-time`: the format is for text and means nothing here."""
        if isinstance(node, dict):
            if node.get("type") == "integer":
                node.pop("format", None)
            for child in node.values():
                self._dates_are_numbers(child)
        elif isinstance(node, list):
            for child in node:
                self._dates_are_numbers(child)

    def response(self, method: str, path: str, status: int) -> Json:
        answer = self.root["paths"][path][method.lower()]["responses"][str(status)]
        schema = answer["content"]["application/json"]["schema"]
        return {**copy.deepcopy(schema), "components": self.root["components"]}

    def component(self, name: str) -> Json:
        return {"$ref": f"#/components/schemas/{name}", "components": self.root["components"]}


def read(version: str) -> Description:
    """The description of a version, or a skipped test where it is not at hand."""
    file = PLACE / f"openapi-{version}.yaml"
    if not file.is_file():
        pytest.skip(f"no OpenAPI description at {file}: set INTERCOM_OPENAPI_DIR to the folder that holds it")
    return Description(file)


def complaints(schema: Json, answer: object) -> Iterator[str]:
    """`path.in.answer: keyword`, with list positions left out."""
    for error in OAS30Validator(schema, format_checker=oas30_format_checker).iter_errors(answer):
        path = ".".join(str(step) for step in error.absolute_path if not isinstance(step, int))
        yield f"{path}: {error.validator} ({error.message[:120]})"


def compare(schema: Json, schemas: Json, answer: object, owner: str, extra: set[str], described: set[str],
             shown: set[str]) -> None:  # fmt: skip
    """Collects keys by `schema name.key`, so that one record met in many places counts once."""
    if "$ref" in schema:
        owner = schema["$ref"].rpartition("/")[2]
        schema = schemas[owner]
    for choice in schema.get("allOf", []):
        # What one of several schemas does not know another may: extra keys are not judged here.
        compare(choice, schemas, answer, owner, set(), described, shown)
    if isinstance(answer, list):
        for one in answer:
            compare(schema.get("items", {}), schemas, one, owner, extra, described, shown)
    properties: Json = schema.get("properties", {})
    if not isinstance(answer, dict) or not properties:
        return
    described.update(f"{owner}.{key}" for key in properties)
    for key, value in answer.items():
        if key in properties:
            shown.add(f"{owner}.{key}")
            compare(properties[key], schemas, value, f"{owner}.{key}", extra, described, shown)
        elif "additionalProperties" not in schema and "allOf" not in schema:
            extra.add(f"{owner}.{key}")

"""What is wrong with an option, in two short sentences: what its value is, and what it must be."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, get_args

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Fields: TypeAlias = Mapping[str, FieldInfo]

_LONGEST = 60
_MOST = 5
# Texts that look in a sentence as if they were no text.
_LIKE_ANOTHER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?|true|false|null")


def sentences(errors: Iterable[ErrorDetails], options: Fields) -> Iterable[str]:
    """What to say of each faulty option of a set, and of five at most."""
    told: dict[str, str] = {}
    for error in errors:
        path = [str(part) for part in error["loc"] if isinstance(part, str)]
        name = ".".join(path)
        if name not in told:
            told[name] = _sentence(error, name, *_field(path, options))
    yield from list(told.values())[:_MOST]
    if len(told) > _MOST:
        yield f"Faulty are also: {', '.join(list(told)[_MOST:])}."


def _sentence(error: ErrorDetails, name: str, field: FieldInfo | None, accepted: str) -> str:
    place, subject = _place(error["loc"], name)
    if field is None:
        return f"{place} does not exist. {accepted}"
    fault = _fault(error, field)
    return f"{place} {fault}." if fault.startswith("needs ") else f"{place} {fault}. {subject} must be {accepted}."


def _place(loc: tuple[int | str, ...], name: str) -> tuple[str, str]:
    """Where a fault is, as the subject of its sentence, and the subject of the next one."""
    number = next((part + 1 for part in reversed(loc) if isinstance(part, int)), None)
    if number is None:
        return f"The option '{name}'", "It"
    if isinstance(loc[-1], int):
        return f"Item {number} of the option '{name}'", "The option"
    return f"The option '{name}' of item {number}", "It"


def _field(path: list[str], options: Fields) -> tuple[FieldInfo | None, str]:
    """The option that a path leads to, and what it accepts; for an unknown one, the options of its group."""
    fields = options
    field: FieldInfo | None = None
    for number, name in enumerate(path):
        field = fields.get(name)
        if field is None:
            return None, f"There are, in '{'.'.join(path[:number])}': {', '.join(fields)}."
        # A group, or a list of them.
        group = next(iter(get_args(field.annotation)), field.annotation)
        fields = group.model_fields if isinstance(group, type) and issubclass(group, BaseModel) else {}
    assert field is not None
    return field, str(_extra(field).get("accepts") or f"an object with {', '.join(fields)}")


def _fault(error: ErrorDetails, field: FieldInfo) -> str:
    if error["type"] == "missing":
        return "is missing"
    is_secret = bool(_extra(field).get("airbyte_secret"))
    value = kind_of(error["input"]) if is_secret else _shown(error["input"])
    if error["type"] != "value_error":
        return f"is {value}"
    reason = str(error["ctx"]["error"])
    if reason.startswith(("names ", "needs ", "holds ")):
        return reason
    # A day that no calendar has (2024-02-31) fails inside datetime, whose words help nobody.
    return f"is {value}, which {reason if reason.startswith('is ') else 'is not a date'}"


def kind_of(value: Any) -> str:
    """A JSON value as a sentence names it, without showing what it holds."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return names.get(type(value), "no JSON")


def _shown(value: Any) -> str:
    """A value as its file has it; a list or an object by its kind only."""
    if isinstance(value, (list, dict)):
        return kind_of(value) if value else f"an empty {'list' if isinstance(value, list) else 'object'}"
    text = filter_secrets(json.dumps(value, ensure_ascii=not str(value).isprintable(), default=str))
    kind = "the text " if isinstance(value, str) and _LIKE_ANOTHER.fullmatch(value) else ""
    return kind + (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _extra(field: FieldInfo) -> dict[str, JsonValue]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}

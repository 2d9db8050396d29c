"""What is wrong with an option, as a sentence: its name, the fault of its value, and what is accepted."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, get_args

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Fields: TypeAlias = Mapping[str, FieldInfo]


def sentences(errors: Iterable[ErrorDetails], options: Fields) -> Iterable[str]:
    """A sentence for each error of a set of options."""
    for error in errors:
        path = [str(part) for part in error["loc"] if isinstance(part, str)]
        field, known = _field(path, options)
        fault = _fault(error, field)
        yield f"Option '{'.'.join(path)}' {fault}; accepted is {known}."


def _field(path: list[str], options: Fields) -> tuple[FieldInfo | None, str]:
    """The option that a path leads to, and what it accepts; for an unknown one, the options of its group."""
    fields = options
    field: FieldInfo | None = None
    for name in path:
        field = fields.get(name)
        if field is None:
            return None, f"one of {', '.join(fields)}"
        # A group, or a list of them.
        group = next(iter(get_args(field.annotation)), field.annotation)
        fields = group.model_fields if isinstance(group, type) and issubclass(group, BaseModel) else {}
    assert field is not None
    return field, str(_extra(field).get("accepts") or f"an object with {', '.join(fields)}")


def _fault(error: ErrorDetails, field: FieldInfo | None) -> str:
    if error["type"] == "missing":
        return "is missing"
    if field is None:
        return "is not known"
    shown = "" if _extra(field).get("airbyte_secret") else f" ({error['input']!r})"
    if error["type"] == "value_error":
        reason = str(error["ctx"]["error"])
        if reason.startswith(("names", "needs")):
            return reason
        # A day that does not exist (2024-02-31) fails inside datetime, whose message does not say what to do.
        return f"{reason if reason.startswith('is ') else 'is not a date'}{shown}"
    return f"is not acceptable{shown}"


def _extra(field: FieldInfo) -> dict[str, JsonValue]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}

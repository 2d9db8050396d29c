"""Reads and refuses search queries."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ApiError, bad_parameter, invalid_field
from .fields import Grammar, Type

MAX_DEPTH = 2
"""Groups may stand in a group, but no deeper."""
MAX_FILTERS = 15

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Filter:
    """One condition, its value already of the field's type."""

    field: str
    operator: str
    type: Type
    value: Scalar | tuple[Scalar, ...]

    @property
    def values(self) -> tuple[Scalar, ...]:
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True)
class Group:
    """AND or OR over filters and groups."""

    operator: str
    members: tuple[Node, ...]


Node = Filter | Group


def parse(query: object, grammar: Grammar) -> Node:
    """The query of a search body, or the error that Intercom answers."""
    if not isinstance(query, dict):
        raise bad_parameter("query must be an object with field, operator and value", "query")
    return _node(query, grammar, 1)


def _node(raw: object, grammar: Grammar, depth: int) -> Node:
    if not isinstance(raw, dict):
        raise bad_parameter("each filter must be an object", "query")
    operator = raw.get("operator")
    if operator in ("AND", "OR") and "field" not in raw:
        return _group(str(operator), raw.get("value"), grammar, depth)
    return _filter(raw, grammar)


def _group(operator: str, members: object, grammar: Grammar, depth: int) -> Group:
    if depth > MAX_DEPTH:
        raise bad_parameter(f"queries may be nested at most {MAX_DEPTH} levels deep", "query")
    if not isinstance(members, list) or not members:
        raise bad_parameter(f"{operator} needs a list of filters", "query")
    if len(members) > MAX_FILTERS:
        raise bad_parameter(f"a group may hold at most {MAX_FILTERS} filters", "query")
    return Group(operator, tuple(_node(member, grammar, depth + 1) for member in members))


def _filter(raw: dict[str, object], grammar: Grammar) -> Filter:
    name, operator = raw.get("field"), raw.get("operator")
    if not isinstance(name, str):
        raise bad_parameter("a filter needs a field", "field")
    kind = grammar.type_of(name)
    if kind is None:
        raise invalid_field(name, f"{grammar.kind} search")
    if not isinstance(operator, str) or operator not in grammar.operators[kind]:
        raise bad_parameter(f"operator {operator!r} is not supported on the {kind.value} field {name!r}", name)
    if "value" not in raw:
        raise bad_parameter("a filter needs a value", name)
    value = raw["value"]
    if operator in ("IN", "NIN"):
        if not isinstance(value, list):
            raise bad_parameter(f"{operator} needs a list of values", name)
        return Filter(name, operator, kind, tuple(_scalar(one, kind, name) for one in value))
    return Filter(name, operator, kind, _scalar(value, kind, name))


def _scalar(value: object, kind: Type, name: str) -> Scalar:
    """The value as the field's type; numbers also come as text, as Intercom takes them."""
    if value is None:
        return None
    if kind is Type.ANY and isinstance(value, str | int | float):
        return value
    if kind is Type.BOOLEAN:
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
    elif kind in (Type.STRING, Type.TAG):
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) or kind is Type.FLOAT:
            return value
    elif isinstance(value, str):
        try:
            return float(value) if kind is Type.FLOAT else int(value)
        except ValueError:
            pass
    raise ApiError(400, "parameter_invalid", f"the value of {name!r} must be of type {kind.value}", name)

"""Whether rows fit their schema as they are: asked of all their values at once, at any depth."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from source_intercom.shapes.coercion import EARLIEST, LATEST, Plan, Record, Value, plan_of

# True for rows that need no change. After False each row must be looked at.
Fit: TypeAlias = Callable[[Sequence[Record]], bool]

_Moment: TypeAlias = Annotated[int, msgspec.Meta(gt=EARLIEST, lt=LATEST)]
_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
# What tells rows apart is text or a whole number. No value is this.
_Never: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=0)]
_NAMES: Mapping[Any, Any] = {str: _Name, int: int, _Moment: _Moment}


def fit(schema: Mapping[str, Any], key: Collection[str]) -> Fit:
    """A question to rows: whether each value has the type that the schema declares, and each field of the key a value.

    Nearly all rows of a sync do, and to look at them one value after another in Python takes three times as long as
    what msgspec does: it makes objects of a class that has the schema's fields, which are thrown away.
    """
    row: Any = _class_of(plan_of(schema, deep=True), key)
    rows_of_schema = list[row]
    # msgspec examines a class when it is used for the first time. If two threads do that at the same time, the process
    # crashes (version 0.22, segmentation fault). So the first use is here, in one thread.
    msgspec.convert([], rows_of_schema)

    def fits(rows: Sequence[Record]) -> bool:
        try:
            msgspec.convert(rows, rows_of_schema)
        except (msgspec.ValidationError, UnicodeEncodeError):
            # The second for a name with half a pair of surrogates in it.
            return False
        return True

    return fits


def _class_of(plan: Plan, key: Collection[str] = ()) -> Any:
    types: dict[str, Any] = {field: kind for field, kind, _ in plan.values}
    types |= {field: _Moment for field, _, _ in plan.times}
    types |= {field: _type_inside(kind, inside) for field, kind, inside, _ in plan.below}
    fields: list[tuple[str, Any, Any]] = []
    for name, kind in types.items():
        if name not in key:
            fields.append((f"field_{len(fields)}", kind | None, msgspec.field(default=None, name=name)))
    for name in key:
        wanted = _NAMES.get(types.get(name, str), _Never)
        fields.append((f"field_{len(fields)}", wanted, msgspec.field(name=name)))
    return msgspec.defstruct("Row", fields, kw_only=True, gc=False)


def _type_inside(kind: type, inside: Plan | Value | None) -> Any:
    if inside is None:
        return kind
    if isinstance(inside, Plan) and kind is dict:
        return _class_of(inside)
    item: Any = _class_of(inside) if isinstance(inside, Plan) else _Moment if inside.is_time else inside.kind
    return list[item | None]

"""Numbers as people and forms write them into options."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    # JSON Schema takes 10.0 for an integer, and so do the forms that are made from it.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
WholeOrNone: TypeAlias = Annotated[int | None, BeforeValidator(_whole)]

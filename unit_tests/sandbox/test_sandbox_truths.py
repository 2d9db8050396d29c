"""The default workspace has something to say for every stream: no list that is always empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_client import Client, serve

from sandbox.truths import TRUTHS
from source_intercom.streams import CATALOGUE

# Counts are figures of a moment, and reconciliations are made by the connector: the sandbox holds neither.
NAMES = [stream().name for stream in CATALOGUE]
FIGURES = {"counts", "reconciliations"}
"""What is counted at the moment of asking, so that nothing is held of it."""


@pytest.fixture(scope="module")
def default() -> Iterator[Client]:
    with serve() as made:
        yield made


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FIGURES])
def test_no_stream_is_empty(default: Client, name: str) -> None:
    assert name in TRUTHS, f"The sandbox cannot tell the truth of the stream {name!r}."
    some = next(iter(default.sandbox.records(name)), None)
    assert some is not None, f"The default workspace of the sandbox holds no record for the stream {name!r}."


def lists_of(value: object, path: str = "") -> Iterator[tuple[str, bool]]:
    """Where lists stand in a record, and whether each is empty."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from lists_of(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        yield path, not value
        for one in value:
            yield from lists_of(one, path)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FIGURES])
def test_no_nested_list_is_always_empty(default: Client, name: str) -> None:
    empty: dict[str, bool] = {}
    for record in default.sandbox.records(name):
        for path, nothing in lists_of(record):
            empty[path] = empty.get(path, True) and nothing
    always = sorted(path for path, nothing in empty.items() if nothing)
    assert not always, f"No record of the stream {name!r} has anything in: {', '.join(always)}."

"""Rows leave with their whole key, or not at all; what is left out is said."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest

from source_intercom.engine.output import as_pages
from source_intercom.shapes.finishing import Finishing
from source_intercom.streams import CATALOGUE

TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "integer"]}
SCHEMA = {"properties": {"id": TEXT, "of_id": TEXT, "at": NUMBER, "size": NUMBER, "by": {"type": ["object"]}}}


def finishing(*key: str, may_lack: tuple[str, ...] = ()) -> Finishing:
    return Finishing(SCHEMA, key or ("id",), may_lack)


def told(made: Finishing) -> list[str]:
    """What the log says; only what somebody can do something about is a warning."""
    lines = list(made.misfits.told("things"))
    assert all(level == (logging.INFO if "does not know" in line else logging.WARNING) for level, line in lines)
    return [line for _, line in lines]


@pytest.mark.complaint(90)
@pytest.mark.parametrize("value", [None, "", True, 1.5, {}, {"a": 1}, [], ["1"]])
def test_a_row_whose_key_names_nothing_is_left_out_and_said(value: Any) -> None:
    made = finishing()
    assert made.finished([{"id": "1"}, {"id": value}, {"size": 3}, {"id": 2}]) == [{"id": "1"}, {"id": "2"}]
    assert told(made)[0] == (
        "things: 2 records are left out, because the field 'id' of the key has no value that a table could tell "
        "rows apart by"
    )


@pytest.mark.parametrize("value", [0, -5, "0", "a/b", "é𝄞", " ", 2**64, 7.0])
def test_odd_values_that_name_something_are_keys(value: Any) -> None:
    made = finishing()
    (row,) = made.finished([{"id": value}])
    assert isinstance(row["id"], str)
    assert told(made) == []


def test_each_part_of_a_key_counts() -> None:
    made = finishing("of_id", "id")
    assert made.finished([{"of_id": "1", "id": "2"}, {"of_id": "1"}, {"id": "2"}]) == [{"of_id": "1", "id": "2"}]
    assert [line[:40] for line in told(made)] == [
        "things: 1 record is left out, because th",
        "things: 1 record is left out, because th",
    ]


def test_text_that_the_key_may_lack_is_empty_text() -> None:
    """At the top of a record nulls are not printed, and destinations refuse a row that lacks a column of its key."""
    made = finishing("of_id", "id", may_lack=("of_id",))
    page: list[dict[str, Any]] = [{"id": "1"}, {"id": "2", "of_id": None}, {"id": "3", "of_id": {}}]
    assert made.finished(page) == [{"id": "1", "of_id": ""}, {"id": "2", "of_id": ""}]
    assert page[0] == {"id": "1"}, "other streams may be made from the same row"


def test_a_time_that_the_key_may_lack_is_not_made_up() -> None:
    assert finishing("id", "at", may_lack=("at",)).finished([{"id": "1", "at": None}]) == [{"id": "1", "at": None}]


def test_of_a_page_some_rows_are_looked_at_closely() -> None:
    schema = {"properties": {"id": TEXT, "by": {"type": ["object"], "properties": {"size": NUMBER}}}}
    made = Finishing(schema, ("id",), ())
    rows = [{"id": "1", "by": {"size": "large"}}, *({"id": str(number)} for number in range(2, 60))]
    assert made.finished(rows) == rows
    (line,) = told(made)
    assert "'by.size' (text instead of a whole number)" in line


@pytest.mark.parametrize("stream", CATALOGUE)
def test_what_a_stream_may_lack_is_part_of_its_key(stream: Any) -> None:
    assert set(stream.may_lack) < set(stream.key)


@pytest.mark.complaint(57)
def test_fields_that_the_schema_does_not_know_are_delivered_and_said() -> None:
    made = finishing()
    rows = [{"id": "1", "new": 5, "newer": {}, "size": None}]
    assert made.finished(rows) == rows
    (line,) = told(made)
    assert line.startswith("things: Intercom sends fields that the schema does not know: 'new', 'newer'. ")


def test_of_very_many_of_them_some_are_named() -> None:
    made = finishing()
    made.finished([{"id": "1", **{f"new {number}": 5 for number in range(2_000)}}])
    (line,) = told(made)
    assert line.count("'new ") == 20


def test_fields_of_files_are_not_all_known_beforehand() -> None:
    made = Finishing(SCHEMA, ("id",), (), tells_unknown=False)
    made.finished([{"id": "1", "new": 5}])
    assert told(made) == []


@pytest.mark.parametrize(
    "name", ["@file", "file", "conversation_id", "_links", "type", "", "a.b", "a b", "Plan", "plan", "\u2028"]
)
def test_a_field_of_any_name_leaves_as_it_came(name: str) -> None:
    (row,) = Finishing(SCHEMA, ("id",), ()).finished([{"id": "1", name: {"a": 1}}])
    (page,) = as_pages("things", [row])
    assert orjson.loads(page.lines)["record"]["data"] == {"id": "1", name: {"a": 1}}
    assert "file_reference" not in orjson.loads(page.lines)["record"]

"""Values get the type that the schema declares where nothing is lost by it; whatever else there is stays as it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.api.misfits import Misfits
from source_intercom.shapes.coercion import _as_iso, coercion
from source_intercom.streams import CATALOGUE
from source_intercom.sync.moments import seconds_of

TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "integer"]}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def nested(**properties: Any) -> dict[str, Any]:
    return {"type": ["null", "object"], "properties": properties}


def many(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["null", "array"], "items": item}


def coerced(declared: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(record)
    made = coercion(declared)(record)
    assert record == before, "other streams may be made from the same record"
    return made


def test_a_time_that_no_calendar_has_stays_as_it_is() -> None:
    assert _as_iso(1_706_696_100) == "2024-01-31T10:15:00Z"
    beyond = 10**18
    assert seconds_of(beyond) is None
    assert _as_iso(beyond) == beyond


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 + 5, 10**25 + 1, -(10**25)])
def test_a_number_that_is_no_time_in_any_unit_keeps_every_digit(value: int) -> None:
    assert coerced(schema(created_at=NUMBER), {"created_at": value}) == {"created_at": value}


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        pytest.param(TEXT, 5, "5", id="number to text"),
        pytest.param(TEXT, 0, "0", id="zero to text"),
        pytest.param(TEXT, -3, "-3", id="negative to text"),
        pytest.param(TEXT, "5", "5", id="text is text"),
        pytest.param(TEXT, "", "", id="empty text"),
        pytest.param(TEXT, None, None, id="null"),
        pytest.param(TEXT, True, True, id="a bool is no number"),
        pytest.param(TEXT, False, False, id="neither is false"),
        pytest.param(TEXT, 2.5, 2.5, id="a fraction is no id"),
        pytest.param(TEXT, {"id": 5}, {"id": 5}, id="an object where text should be"),
        pytest.param(TEXT, [5, "6", None, True], ["5", "6", None, True], id="a list where text should be"),
        pytest.param(NUMBER, "5", 5, id="text to number"),
        pytest.param(NUMBER, "-5", -5, id="negative text to number"),
        pytest.param(NUMBER, "007", "007", id="text whose zeros a number would lose"),
        pytest.param(NUMBER, 5, 5, id="number is number"),
        pytest.param(NUMBER, None, None, id="null for a number"),
        pytest.param(NUMBER, True, True, id="a bool for a number"),
        pytest.param(NUMBER, "", "", id="empty text for a number"),
        pytest.param(NUMBER, "abc", "abc", id="a word for a number"),
        pytest.param(NUMBER, "5.0", "5.0", id="a fraction for a number"),
        pytest.param(NUMBER, "1e3", "1e3", id="an exponent for a number"),
        pytest.param(NUMBER, "-", "-", id="a dash for a number"),
        pytest.param(NUMBER, "--5", "--5", id="two dashes for a number"),
        pytest.param(NUMBER, "²", "²", id="a superscript for a number"),
        pytest.param(NUMBER, "5-5", "5-5", id="a range for a number"),
        pytest.param(NUMBER, "9" * 5_000, "9" * 5_000, id="more digits than Python reads"),
        pytest.param(NUMBER, 5.5, 5.5, id="a float for a number"),
        pytest.param(NUMBER, 5.0, 5, id="a float that is whole"),
        pytest.param(NUMBER, 1e25, 1e25, id="a float that stands for several numbers"),
        pytest.param(NUMBER, str(2**64 + 3), 2**64 + 3, id="text of more digits than 64 bits hold"),
        pytest.param(NUMBER, " 5 ", " 5 ", id="text with spaces"),
        pytest.param(TEXT, 5.0, "5", id="a whole float is an id"),
        pytest.param(NUMBER, {"a": "5"}, {"a": "5"}, id="an object for a number"),
    ],
)
@pytest.mark.parametrize("key", ["id", "owner_id"])
def test_a_value(declared: dict[str, Any], value: Any, expected: Any, key: str) -> None:
    result = coerced(schema(**{key: declared}), {key: value})[key]
    assert result == expected
    assert type(result) is type(expected)


def test_a_list_of_ids() -> None:
    declared = schema(admin_ids=many(NUMBER), tag_ids=many(TEXT))
    assert coerced(declared, {"admin_ids": ["1", 2, "x", None], "tag_ids": [1, "2", None]}) == {
        "admin_ids": [1, 2, "x", None],
        "tag_ids": ["1", "2", None],
    }


def test_objects_and_lists_below() -> None:
    declared = schema(
        author=nested(id=TEXT),
        tags=nested(tags=many(nested(id=TEXT, applied_by=nested(id=TEXT)))),
        parts=many(nested(id=TEXT)),
    )
    record = {
        "author": {"id": 1, "name": 2},
        "tags": {"tags": [{"id": 3, "applied_by": {"id": 4}}, {"id": "5", "applied_by": None}]},
        "parts": [{"id": 6}, None, "strange", {"no": "id"}],
    }
    assert coerced(declared, record) == {
        "author": {"id": "1", "name": 2},
        "tags": {"tags": [{"id": "3", "applied_by": {"id": "4"}}, {"id": "5", "applied_by": None}]},
        "parts": [{"id": "6"}, None, "strange", {"no": "id"}],
    }


def test_one_object_where_a_list_is_declared_and_the_other_way() -> None:
    declared = schema(parts=many(nested(id=TEXT)), author=nested(id=TEXT))
    assert coerced(declared, {"parts": {"id": 1}, "author": [{"id": 2}]}) == {
        "parts": {"id": "1"},
        "author": [{"id": "2"}],
    }


FLAG = {"type": ["null", "boolean"]}
FRACTION = {"type": ["null", "number"]}


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        pytest.param(TEXT, 5, "5", id="a number as text"),
        pytest.param(TEXT, 10**25 + 1, "10000000000000000000000001", id="a long number as text"),
        pytest.param(TEXT, 5.5, "5.5", id="a fraction as text"),
        pytest.param(TEXT, True, "true", id="true as text"),
        pytest.param(TEXT, {"a": [1, "é"]}, '{"a":[1,"é"]}', id="an object as JSON text"),
        pytest.param(TEXT, [1, None], "[1,null]", id="a list as JSON text"),
        pytest.param(NUMBER, "12", 12, id="text as a number"),
        pytest.param(FRACTION, "1.5", 1.5, id="text as a fraction"),
        pytest.param(FRACTION, "12", 12, id="whole text as a fraction"),
        pytest.param(FRACTION, 12, 12, id="a whole number is a number"),
        pytest.param(FLAG, "true", True, id="text as true"),
        pytest.param(FLAG, "false", False, id="text as false"),
    ],
)
def test_a_field_of_the_record_gets_its_type(declared: Any, value: Any, expected: Any) -> None:
    misfits = Misfits()
    made = coercion(schema(field=declared), misfits)({"field": value})["field"]
    assert made == expected
    assert type(made) is type(expected)
    assert not list(misfits.told("things"))


@pytest.mark.parametrize(
    ("declared", "value", "words"),
    [
        pytest.param(NUMBER, 1.5, "a fraction instead of a whole number", id="a fraction"),
        pytest.param(NUMBER, "seven", "text instead of a whole number", id="a word"),
        pytest.param(NUMBER, "", "text instead of a whole number", id="empty text"),
        pytest.param(NUMBER, True, "true or false instead of a whole number", id="true"),
        pytest.param(FRACTION, "1.10", "text instead of a fraction", id="text whose zero a number would lose"),
        pytest.param(FRACTION, "NaN", "text instead of a fraction", id="no number"),
        pytest.param(FLAG, 1, "a whole number instead of true or false", id="one for true"),
        pytest.param(FLAG, "yes", "text instead of true or false", id="yes"),
        pytest.param(nested(a=TEXT), [], "a list instead of an object", id="an empty list for an object"),
        pytest.param(nested(a=TEXT), "", "text instead of an object", id="empty text for an object"),
        pytest.param(many(TEXT), {}, "an object instead of a list", id="an object for a list"),
        pytest.param(many(nested(id=TEXT)), [{"id": "1"}, 5], "a whole number instead of an object", id="an item"),
    ],
)
def test_what_cannot_be_made_to_fit_stays_and_is_told(declared: Any, value: Any, words: str) -> None:
    misfits = Misfits()
    record = {"field": value}
    assert coercion(schema(field=declared), misfits)(record) is record
    ((_, told),) = misfits.told("things")
    assert told.startswith("things: some values have another type than the schema says: 'field")
    assert words in told


def test_values_inside_objects_are_looked_at_only_if_asked_for() -> None:
    declared = schema(author=nested(name=TEXT, id=TEXT), tags=many(nested(order=NUMBER)))
    record = {"author": {"name": 5, "id": 6}, "tags": [{"order": "one"}]}
    misfits = Misfits()
    assert coercion(declared, misfits)(record) == {"author": {"name": 5, "id": "6"}, "tags": [{"order": "one"}]}
    assert not list(misfits.told("things"))
    coercion(declared, misfits, deep=True)(record)
    ((_, told),) = misfits.told("things")
    assert "'tags[].order' (text instead of a whole number)" in told


def test_an_id_of_several_types_or_none_is_left_alone() -> None:
    declared = schema(id={"type": ["null", "string", "integer"]}, other_id={}, flag_id={"type": ["null", "boolean"]})
    record = {"id": 5, "other_id": 6, "flag_id": 7}
    assert coerced(declared, dict(record)) == record


@pytest.mark.complaint(49)
def test_fields_that_no_schema_knows_stay() -> None:
    assert coerced(schema(id=TEXT), {"new_id": 5, "more": {"id": 6}}) == {"new_id": 5, "more": {"id": 6}}


def test_a_missing_id_is_not_made_up() -> None:
    assert coerced(schema(id=TEXT, author=nested(id=TEXT)), {}) == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "b_id"]), inner),
    max_leaves=8,
)


@given(record=st.dictionaries(st.sampled_from(["id", "n_id", "list_ids", "below", "rows"]), VALUES))
def test_no_record_can_make_it_fail_and_twice_is_once(record: dict[str, Any]) -> None:
    declared = schema(
        id=TEXT, n_id=NUMBER, list_ids=many(NUMBER), below=nested(id=NUMBER, b_id=TEXT), rows=many(nested(id=TEXT))
    )
    once = coerced(declared, copy.deepcopy(record))
    assert once.keys() == record.keys()
    assert coerced(declared, copy.deepcopy(once)) == once


@pytest.mark.complaint(58)
@pytest.mark.parametrize("stream", CATALOGUE)
def test_the_primary_key_of_each_stream_is_text_in_the_warehouse(stream: Any) -> None:
    made = stream()
    # Its own rows tell a stream's name and a moment.
    for key in made.key if made.name != "reconciliations" else ():
        kinds = [kind for kind in made.get_json_schema()["properties"][key]["type"] if kind != "null"]
        assert kinds == ["integer"] if key.endswith("_at") else kinds == ["string"]
        if key == "id" or key.endswith("_id"):
            record = {key: 12}
            assert made.finishing.coerce(record) == {key: "12"}


def test_ids_of_a_conversation_as_its_schema_has_them() -> None:
    (conversations,) = [stream() for stream in CATALOGUE if stream.__name__ == "Conversations"]
    record: dict[str, Any] = {
        "id": 1,
        "admin_assignee_id": "2",
        "team_assignee_id": 3,
        "source": {"id": 4, "author": {"id": 5}},
        "tags": {"tags": [{"id": 6, "applied_by": {"id": 7}}]},
        "statistics": {"last_closed_by_id": "8"},
        "open": True,
    }
    assert conversations.finishing.coerce(record) == {
        "id": "1",
        "admin_assignee_id": 2,
        "team_assignee_id": 3,
        "source": {"id": "4", "author": {"id": "5"}},
        "tags": {"tags": [{"id": "6", "applied_by": {"id": "7"}}]},
        "statistics": {"last_closed_by_id": 8},
        "open": True,
    }


def test_of_a_list_of_times_only_the_numbers_are_written_anew() -> None:
    """A text may tell a zone and parts of a second, which would be lost."""
    declared = schema(seen_at=many({**TEXT, "format": "date-time"}))
    made = coerced(declared, {"seen_at": ["2024-01-31T12:15:00.123+02:00", 1_706_696_100, "soon"]})
    assert made == {"seen_at": ["2024-01-31T12:15:00.123+02:00", "2024-01-31T10:15:00Z", "soon"]}


def test_a_time_that_the_schema_leaves_open_stays_as_it_is() -> None:
    """A number or a text: no one kind would be right."""
    declared = schema(seen_at={"type": ["null", "integer", "string"]}, due_at=TEXT)
    record = {"seen_at": "2024-01-31T10:15:00Z", "due_at": "tomorrow"}
    assert coerced(declared, record) == record

"""Rows of a page are asked all at once whether they fit. What passes must be what the slow way would leave alone."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from source_intercom.api.figures import is_name
from source_intercom.api.misfits import Misfits
from source_intercom.shapes.coercion import FILE, coercion
from source_intercom.shapes.finishing import Finishing
from source_intercom.shapes.fit import fit
from source_intercom.streams import CATALOGUE

TEXT, NUMBER = {"type": ["null", "string"]}, {"type": ["null", "integer"]}
TIME = {"type": ["null", "string"], "format": "date-time"}
# What JSON can hold in the place of anything, with the edges of what counts as a time.
ODD: list[Any] = [
    None, "", "a", "7", 0, 7, -1, 2**53, 2**64, -(2**70), 10**11, 10**11 - 1, 1.5, 7.0, 1e25, True, False,
    [], {}, [None], [{}], ["1"], [1], [[1]], {"id": 1}, {"data": {}}, {"data": [None]}, [{"id": "1"}, 5],
]  # fmt: skip


def value_of(declared: Mapping[str, Any], chance: random.Random) -> Any:
    """A value as declared; null, and left out of an object, now and then."""
    told = declared.get("type", ())
    kinds = [kind for kind in ([told] if isinstance(told, str) else told) if kind != "null"]
    kind = chance.choice(kinds) if kinds else "string"
    if kind == "object":
        inside = declared.get("properties", {"anything": {"type": ["integer"]}})
        return {key: value_of(part, chance) for key, part in inside.items() if chance.random() < 0.9}
    if kind == "array":
        return [value_of(declared.get("items", {}), chance) for _ in range(chance.randrange(3))]
    if chance.random() < 0.2:
        return None
    values = {"string": "text", "integer": 1_700_000_000, "number": chance.choice([2, 2.5]), "boolean": True}
    return values[kind]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each place in a record, as what holds it and its key there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *places(value[key]))]


def row_of(stream: Any, chance: random.Random) -> dict[str, Any]:
    schema = stream.get_json_schema()
    row = value_of(schema, chance)
    for field in stream.key:
        declared = schema["properties"][field]["type"]
        row[field] = "text" if "string" in declared else 1_700_000_000
    return row  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind().name)
def test_a_row_as_declared_fits_and_what_fits_needs_nothing_done(kind: Any) -> None:
    stream, chance = kind(), random.Random(5)
    schema, key = stream.get_json_schema(), stream.key
    fits = fit(schema, key)
    misfits = Misfits()
    closely = coercion(schema, misfits, deep=True)
    refused = 0
    for _ in range(60):
        row = row_of(stream, chance)
        assert fits([row]), row
        for holder, place in chance.sample(found := places(row), min(8, len(found))):
            before, holder[place] = holder[place], chance.choice(ODD)
            if fits([row]):
                assert closely(row) is row
                assert list(misfits.told(stream.name)) == []
                assert all(is_name(row.get(field)) for field in key)
            else:
                refused += 1
            holder[place] = before
    assert refused > 40


@pytest.mark.parametrize("declared", [TEXT, NUMBER, TIME, {"type": ["null", "boolean"]}, {"type": ["null", "number"]}])
@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("name", ["size", "admin_id", "created_at"])
def test_one_value_of_any_kind(name: str, value: Any, declared: dict[str, Any]) -> None:
    for key in [(), (name,)]:
        schema = {"properties": {name: declared}}
        misfits = Misfits()
        row = {name: value}
        is_left_alone = coercion(schema, misfits, deep=True)(row) is row and not list(misfits.told("things"))
        is_whole = not key or is_name(value)
        if fit(schema, key)([row]):
            assert is_left_alone
            assert is_whole
        elif is_left_alone and is_whole:
            # Sent the slow way for nothing: only what no stream has, or nearly none.
            is_odd_key = key and declared["type"][1] in ("boolean", "number")
            assert is_odd_key or isinstance(value, (int, float)), (value, declared)


def test_one_row_that_does_not_fit_sends_the_page_the_slow_way() -> None:
    fits = fit({"properties": {"id": TEXT}}, ["id"])
    assert fits([{"id": "1"}, {"id": "2", "more": 5}])
    assert not fits([{"id": "1"}, {"id": 2}])
    assert not fits([{"id": "1"}, {}])
    assert fits([])


@pytest.mark.parametrize("name", ["class", "a b", "", "ünï", "_x", "field_0", "__init__", "a.b", "\u2028", "None"])
def test_a_column_may_have_any_name(name: str) -> None:
    fits = fit({"properties": {name: TEXT, "id": TEXT}}, ["id"])
    assert fits([{name: "a", "id": "1"}])
    assert not fits([{name: 5, "id": "1"}])


def test_a_field_whose_name_is_no_text_goes_the_slow_way() -> None:
    row = {"id": "1", "\ud800": 5}
    assert Finishing({"properties": {"id": TEXT}}, ("id",), ()).finished([row]) == [row]


THREADS = """
import sys, threading
from source_intercom.shapes.fit import fit
from source_intercom.streams.contacts import Contacts

sys.setswitchinterval(1e-6)
stream = Contacts()
schema = stream.get_json_schema()
for _ in range(40):
    fits = fit(schema, stream.key)
    barrier = threading.Barrier(16)

    def ask():
        barrier.wait()
        assert fits([{"id": "1", "tags": {"data": [{"id": "2"}]}, "created_at": 5}])

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_many_workers_may_be_the_first_to_ask() -> None:
    """A crash of the library would end the process, so they ask in one of their own."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_rows_that_fit_leave_in_a_list_of_their_own() -> None:
    page: list[dict[Any, Any]] = [{"id": "1"}, {"id": "2"}]
    made = Finishing({"properties": {"id": TEXT}}, ("id",), ()).finished(page)
    assert made == page
    made.clear()
    assert len(page) == 2, "other streams are made from the same page"


def test_a_row_with_a_file_goes_the_slow_way() -> None:
    row: dict[Any, Any] = {"id": "1", FILE: {"file_url": "x"}}
    assert Finishing({"properties": {"id": TEXT}}, ("id",), ()).finished([row]) == [row]

"""Pages of lines, whatever stands in the rows: the bytes of the CDK's own way, every row once, no row too strange."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.sources.utils.record_helper import stream_data_to_airbyte_message
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.engine import output
from source_intercom.engine.output import RecordPage, as_pages, as_records
from source_intercom.shapes.coercion import coercion

Row = dict[str, Any]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=5)


def cdk_lines(rows: list[Row]) -> list[str]:
    messages = (stream_data_to_airbyte_message(stream_name="things", data_or_message=row) for row in rows)
    return [without_time(AirbyteEntrypoint.airbyte_message_to_string(message)) for message in messages]


def page_lines(rows: list[Row]) -> list[str]:
    text = b"".join(page.lines for page in as_pages("things", rows)).decode()
    assert text == "" or text.endswith("\n")
    return [without_time(line) for line in text.split("\n")[:-1]]


def without_time(line: str) -> str:
    changed, count = re.subn(r'("emitted_at":)\d{13}(\}\})$', r"\g<1>0\g<2>", line)
    assert count == 1
    return changed


@given(rows=ROWS)
def test_are_what_the_cdk_prints(rows: list[Row]) -> None:
    assert page_lines(rows) == cdk_lines(rows)


def test_a_number_that_no_sixty_four_bits_hold_is_no_end_of_the_stream() -> None:
    # The CDK falls back to a slower way for those.
    (line,) = page_lines([{"id": "1", "big": 2**70}])
    assert json.loads(line)["record"]["data"]["big"] == 2**70


def test_neither_is_an_id_of_many_digits() -> None:
    row: Row = {"owner_id": "9" * 25}
    coercion({"properties": {"owner_id": {"type": ["null", "integer"]}}})(row)
    (line,) = page_lines([row])
    assert str(json.loads(line)["record"]["data"]["owner_id"]) == "9" * 25


@given(sizes=st.lists(st.integers(0, 60), max_size=20))
def test_of_long_rows_fill_several_pages_with_every_row_once(sizes: list[int]) -> None:
    rows = [{"id": number, "text": "x" * size} for number, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "_PAGE_BYTES", 100)
        pages = list(as_pages("things", rows))
    assert [number for page in pages for number in ids_of(page)] == list(range(len(sizes)))
    assert [page.count for page in pages] == [len(ids_of(page)) for page in pages]
    for page in pages:
        data = [len(orjson.dumps(rows[number])) for number in ids_of(page)]
        # A page ends with the row that takes it past the bound.
        assert data
        assert sum(data[:-1]) <= 100


def ids_of(page: RecordPage) -> list[int]:
    return [orjson.loads(line)["record"]["data"]["id"] for line in page.lines.splitlines()]


def test_of_no_rows_are_no_page() -> None:
    assert list(as_pages("things", [])) == []


def test_records_carry_stream_and_slice() -> None:
    slice_ = StreamSlice(partition={}, cursor_slice={"start": 1, "end": 2})
    (record,) = as_records("things", [{"id": 1}], slice_)
    assert (record.stream_name, record.data, record.associated_slice) == ("things", {"id": 1}, slice_)

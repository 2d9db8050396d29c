"""Pages of lines are, to the byte, what the CDK prints of the same records."""

import re
from typing import Any

import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.sources.utils.record_helper import stream_data_to_airbyte_message

from source_intercom.engine.output import as_pages, as_records

ROWS: list[dict[str, Any]] = [
    {"id": "1", "name": None, "nested": {"kept": None, "list": [None, {"x": None}]}, "empty": {}, "none": []},
    {"id": "2", "text": 'quotes " and \\ and\nlines', "unicode": "Ünïcode 🎉 \u2028", "float": 1.5, "big": 2**53 + 1},
    {"id": "3", "true": True, "false": False, "negative": -7},
]
WHEN = re.compile(rb'"emitted_at":\d+')


def test_pages_print_what_the_cdk_prints() -> None:
    [page] = as_pages("contacts", [dict(row) for row in ROWS])
    [*records] = as_records("contacts", [dict(row) for row in ROWS], StreamSlice(partition={}, cursor_slice={}))
    messages = [stream_data_to_airbyte_message(record.stream_name, record.data) for record in records]
    printed = b"".join(AirbyteEntrypoint.airbyte_message_to_string(message).encode() + b"\n" for message in messages)
    assert WHEN.sub(b"", page.lines) == WHEN.sub(b"", printed)
    assert page.count == len(ROWS)


@pytest.mark.parametrize(("texts", "pages"), [([], 0), (["x"], 1), (["x" * 700_000] * 4, 2)])
def test_a_page_is_bounded_in_bytes(texts: list[str], pages: int) -> None:
    made = list(as_pages("notes", [{"id": str(number), "body": text} for number, text in enumerate(texts)]))
    assert len(made) == pages
    assert sum(page.count for page in made) == len(texts)
    assert sum(page.lines.count(b"\n") for page in made) == len(texts)

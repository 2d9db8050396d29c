import json

import pytest

from benchmarks.messages import read_airbyte, read_singer, second_of, version_of


def _lines(*messages: object) -> list[bytes]:
    return [json.dumps(message).encode() + b"\n" for message in messages]


def _state(stream: str, value: int) -> dict[str, object]:
    return {
        "type": "STATE",
        "state": {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": stream}, "stream_state": {"updated_at": value}},
        },
    }


def test_airbyte_records_are_counted_by_version() -> None:
    record = {"type": "RECORD", "record": {"stream": "contacts", "data": {"id": "1", "updated_at": 5}}}
    newer = {"type": "RECORD", "record": {"stream": "contacts", "data": {"id": "1", "updated_at": 6}}}

    delivery = read_airbyte(_lines({"type": "LOG", "log": {}}, record, record, newer))

    assert delivery.records == {"contacts": {("1", 5): 2, ("1", 6): 1}}
    assert delivery.count == 3


def test_airbyte_state_is_the_last_of_each_stream() -> None:
    delivery = read_airbyte(_lines(_state("contacts", 1), _state("companies", 2), _state("contacts", 3)))

    states = [state["stream"]["stream_state"]["updated_at"] for state in delivery.state]

    assert states == [3, 2]


def test_airbyte_error_traces_are_kept_and_others_are_not() -> None:
    error = {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": "no permission"}}}
    status = {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "stream_status": {}}}

    assert read_airbyte(_lines(status, error)).errors == ["no permission"]


def test_singer_records_and_last_state() -> None:
    delivery = read_singer(
        _lines(
            {"type": "SCHEMA", "stream": "tags"},
            {"type": "STATE", "value": {"bookmarks": 1}},
            {"type": "RECORD", "stream": "tags", "record": {"id": 7}},
            {
                "type": "RECORD",
                "stream": "contacts",
                "record": {"id": "1", "updated_at": "1970-01-01T00:01:00.000000Z"},
            },
            {"type": "STATE", "value": {"bookmarks": 2}},
        )
    )

    assert delivery.records == {"tags": {("7", None): 1}, "contacts": {("1", 60): 1}}
    assert delivery.state == {"bookmarks": 2}


def test_a_torn_last_line_and_foreign_lines_are_passed_over() -> None:
    whole = _lines({"type": "RECORD", "stream": "tags", "record": {"id": "1"}})

    assert read_singer([*whole, b"warning\n", b"17\n", b'{"type": "RECORD", "str']).count == 1


@pytest.mark.parametrize(
    ("value", "second"),
    [(None, None), (1_700_000_000, 1_700_000_000), ("2023-11-14T22:13:20.000000Z", 1_700_000_000)],
)
def test_both_ways_of_writing_a_time_are_one_second(value: object, second: int | None) -> None:
    assert second_of(value) == second


def test_an_id_is_text_whatever_its_type() -> None:
    assert version_of("id", {"id": 12, "updated_at": 3}) == version_of("id", {"id": "12", "updated_at": 3})

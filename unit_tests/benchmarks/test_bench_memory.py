import pytest

from benchmarks.memory import LARGE, Kept, RecordCounter, memory_text, tenths

OUTPUT = b"".join(
    [
        b'{"type":"LOG","log":{"message":"say \\"type\\":\\"RECORD\\""}}\n',
        b'{"type":"RECORD","record":{"stream":"conversations","data":{"id":"1"},"emitted_at":1}}\n' * 3,
        b'{"type":"RECORD","record":{"stream":"conversation_parts","data":{"id":"1"},"emitted_at":1}}\n' * 2,
        b'{"type":"STATE","state":{}}\n',
    ]
)


@pytest.mark.parametrize("size", [1, 7, 41, 42, 43, 100_000])
def test_records_are_counted_once_wherever_the_pieces_end(size: int) -> None:
    counter = RecordCounter(("conversations", "conversation_parts"))

    for start in range(0, len(OUTPUT), size):
        counter(OUTPUT[start : start + size])

    assert counter.counts == {"conversations": 3, "conversation_parts": 2}
    assert counter.end == OUTPUT


def test_a_record_on_the_first_line_counts() -> None:
    counter = RecordCounter(("contacts",))

    counter(b'{"type":"RECORD","record":{"stream":"contacts","data":{}}}\n')

    assert counter.counts == {"contacts": 1}


@pytest.mark.parametrize(
    ("samples", "medians"),
    [
        ([float(at) for at in range(30)], [1.0, 4.0, 7.0, 10.0, 13.0, 16.0, 19.0, 22.0, 25.0, 28.0]),
        ([5.0, 7.0], [5.0, 7.0]),
        ([], []),
    ],
)
def test_a_run_is_told_in_tenths(samples: list[float], medians: list[float]) -> None:
    assert tenths(samples) == medians


def test_a_share_shrinks_what_the_workspace_holds_and_nothing_else() -> None:
    settings = LARGE[1].settings(0.02)

    assert (settings["conversations"], settings["max_parts"], settings["latency_ms"]) == (4_000, 46, 0)


def test_what_is_missing_is_told() -> None:
    kept = Kept("contacts", {"contacts": 900}, {"contacts": 1000}, 60.0, 45.0, 200.4, [100.0, 110.0], True, "")

    text = memory_text([kept])

    assert "| contacts | 900 | 100 | > 60 | 45 | 50,000 | 200 | 100 110 |" in text
    assert "failed" not in text

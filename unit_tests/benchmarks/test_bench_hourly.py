import json
from pathlib import Path

from benchmarks.hourly import FACTOR, Part, Row, calls_of, hourly_text, told_calls
from benchmarks.least import Held
from source_intercom.streams import CATALOGUE

NOW = 1_760_000_000


def _held() -> Held:
    contacts = [{"id": str(number), "updated_at": NOW - number} for number in range(300)]
    segments = [{"id": "s", "updated_at": 5}, {"id": "t", "updated_at": NOW}]
    members = [{"contact_id": "1", "record": {"id": "s"}}] * 160
    held = {"contacts": contacts, "segments": segments, "contact_segments": members}
    return Held(lambda kind: held.get(kind, []))


def test_a_later_sync_reads_the_pages_of_what_changed_and_all_of_what_cannot_be_filtered() -> None:
    held = _held()
    assert (calls_of("contacts", Part(held, 1)), calls_of("contacts", Part(held, 1, NOW - 10))) == (2, 1)
    assert calls_of("contacts", Part(held, 10, NOW - 149)) == 10
    assert calls_of("contact_segments", Part(held, 1, NOW - 10)) == 2 + 1
    assert calls_of("contact_segments", Part(held, FACTOR)) == -(-160 * FACTOR // 150) + 1


def test_all_contacts_are_asked_for_events_or_those_that_are_active() -> None:
    part = Part(_held(), 2)
    assert (calls_of("contact_events", part), calls_of("contact_event_summaries", part)) == (604, 600)
    assert (calls_of("contact_events", part, 7), calls_of("contact_event_summaries", part, 7)) == (10, 7)


def test_answers_that_streams_share_stand_beside_the_first_of_them() -> None:
    file = {"attachments": [{"name": "log.txt"}]}
    conversations = [
        {"id": "1", "updated_at": NOW, "statistics": {"count_conversation_parts": 3}, "source": file},
        {"id": "2", "updated_at": NOW, "statistics": {"count_conversation_parts": 0}, "source": file},
    ]
    part = Part(Held(lambda kind: conversations if kind == "conversations" else []), 1)
    assert (calls_of("conversation_parts", part), calls_of("conversation_attachments", part)) == (1, 1)
    assert calls_of("conversation_handling_events", part) == 2


def test_every_stream_can_be_computed() -> None:
    part = Part(Held(lambda _: []), FACTOR)
    assert all(calls_of(stream().name, part, 0) >= 0 for stream in CATALOGUE)


def test_calls_are_read_from_the_table_in_the_log(tmp_path: Path) -> None:
    lines = [
        "stream                     records  requests  seconds  left out",
        "conversation_parts         185,258     8,770     52.6  3 deleted meanwhile",
        "tags                            12         1      0.2",
        "together                   197,258     8,851     54.1",
    ]
    messages = [{"type": "LOG", "log": {"level": "INFO", "message": line}} for line in lines]
    (tmp_path / "stdout").write_text("\n".join(json.dumps(one, separators=(",", ":")) for one in messages))
    assert told_calls(tmp_path / "stdout") == {"conversation_parts": 8_770, "tags": 1}


def test_the_dear_streams_have_rows_and_the_others_one_together() -> None:
    rows = [
        Row("contact_events", 10, 11, 500_000, 3, 4, 5_000, 500_000),
        Row("tags", 1, 1, 1, 1, 1, 1, 1),
        Row("teams", 1, 1, 1, 1, 1, 1, 1),
    ]
    text = hourly_text(rows)
    assert "| `contact_events` | 10 | 11 | 500,000 | 3 | 4 | 5,000 |" in text
    assert "| 2 others | 2 | 2 | 2 | 2 | 2 | 2 |" in text
    assert "5,002 requests, 0.5 minutes of the rate limit" in text
    assert "500,002 requests, 50.0 minutes" in text

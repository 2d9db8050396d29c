"""The state: every form that somebody writes, and the sentence that everything else gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteStateMessageSerializer

from source_intercom.inputs.json_files import Fault
from source_intercom.inputs.state_files import known_states_from, states_from


def fault(read: Any, *arguments: Any) -> str:
    with pytest.raises(Fault) as caught:
        read(*arguments)
    return str(caught.value)


CONTACTS = {"updated_at": 1700000000}
LOGS = {"created_at": 1700000001}
LEGACY = {"contacts": CONTACTS, "activity_logs": LOGS}


def stream(name: str = "contacts", state: Any = CONTACTS, **descriptor: Any) -> dict[str, Any]:
    return {
        "type": "STREAM",
        "stream": {"stream_descriptor": {"name": name, **descriptor}, "stream_state": state},
    }


def camel(name: str = "contacts", state: Any = CONTACTS, **descriptor: Any) -> dict[str, Any]:
    return {"streamDescriptor": {"name": name, **descriptor}, "streamState": state}


def states(text: str) -> dict[str, Any]:
    found = [AirbyteStateMessageSerializer.dump(state) for state in states_from(text)]
    assert all(state["type"] == "STREAM" and state["stream"]["stream_descriptor"].keys() == {"name"} for state in found)
    return {state["stream"]["stream_descriptor"]["name"]: state["stream"]["stream_state"] for state in found}


PRINTED = [
    {"type": "LOG", "log": {"level": "INFO", "message": "Starting\u2028"}},
    {"type": "STATE", "state": stream(state={"updated_at": 1})},
    {"type": "RECORD", "record": {"stream": "contacts", "data": {"id": "1"}, "emitted_at": 1}},
    {"type": "STATE", "state": {**stream(), "sourceStats": {"recordCount": 1.0}}},
    {"type": "STATE", "state": stream("activity_logs", LOGS)},
    {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.0}},
]
BOOKMARKS = {
    "contacts": {"updated_at": "2023-11-14T22:13:20.000000Z"},
    "activity_logs": {"created_at": "2023-11-14T22:13:21.999Z"},
    "teams": {},
}


@pytest.mark.complaint(111)
@pytest.mark.parametrize(
    "value",
    [
        [stream(), stream("activity_logs", LOGS)],
        [stream(namespace="public"), stream("activity_logs", LOGS, namespace=None)],
        [stream(state={"updated_at": 1}), stream(), stream("activity_logs", LOGS), stream("tags", None)],
        [{**stream(), "data": {"contacts": {"updated_at": 5}}}, stream("activity_logs", LOGS)],
        [stream()["stream"], stream("activity_logs", LOGS)["stream"]],
        [{"stream": stream()["stream"]}, {"stream": stream("activity_logs", LOGS)["stream"]}],
        {
            "type": "GLOBAL",
            "global": {
                "shared_state": None,
                "stream_states": [stream()["stream"], stream("activity_logs", LOGS)["stream"]],
            },
        },
        [{"type": "GLOBAL", "global": {"stream_states": [camel(), camel("activity_logs", LOGS)]}}],
        {"type": "LEGACY", "data": LEGACY},
        [{"type": "LEGACY", "data": LEGACY}],
        {"data": LEGACY},
        LEGACY,
        {**LEGACY, "tags": None},
        {"stateType": "stream", "connectionId": "1", "streamState": [camel(), camel("activity_logs", LOGS)]},
        {
            "stateType": "global",
            "connectionId": "1",
            "globalState": {"sharedState": {}, "streamStates": [camel(), camel("activity_logs", LOGS)]},
        },
        {"stateType": "legacy", "connectionId": "1", "state": LEGACY},
        [camel(namespace="x"), camel("activity_logs", LOGS)],
        PRINTED[1:2] + PRINTED[3:5],
        {"type": "STATE", "state": {"data": LEGACY}},
        {"singer_state": LEGACY},
        {"bookmarks": BOOKMARKS, "currently_syncing": None},
        {"singer_state": {"bookmarks": BOOKMARKS}},
        {
            "completed": {"singer_state": {"bookmarks": {**BOOKMARKS, "contacts": {"updated_at": "2020-01-01"}}}},
            "partial": {"singer_state": {"bookmarks": {"contacts": {"updated_at": "2023-11-14T23:13:20+01:00"}}}},
        },
    ],
)
def test_a_state_in_any_form_that_somebody_writes(value: Any) -> None:
    assert states(json.dumps(value)) == {"contacts": CONTACTS, "activity_logs": LOGS}
    assert states(json.dumps(value, indent=2)) == {"contacts": CONTACTS, "activity_logs": LOGS}


@pytest.mark.complaint(111)
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
@pytest.mark.parametrize("lines", [PRINTED, [line["state"] for line in PRINTED if "state" in line]])
def test_a_state_as_lines_of_messages(lines: list[Any], end: str) -> None:
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)

    assert states(text + end) == {"contacts": CONTACTS, "activity_logs": LOGS}


def test_one_stream_alone() -> None:
    for value in (stream(), stream()["stream"], camel(), {"type": "STATE", "state": stream()}, {"contacts": CONTACTS}):
        assert states(json.dumps(value)) == {"contacts": CONTACTS}


@pytest.mark.parametrize("state", [{}, {"updated_at": "1700000000", "__ab_full_refresh_sync_complete": True}])
def test_what_a_state_says_is_left_to_its_stream(state: dict[str, Any]) -> None:
    assert states(json.dumps([stream(state=state)])) == {"contacts": state}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "null",
        "[]",
        "{}",
        '{"stateType": "not_set", "connectionId": "1"}',
        '{"singer_state": {}}',
        '{"bookmarks": {}}',
        json.dumps(stream(state=None)),
        "\n".join(map(json.dumps, PRINTED[::2] + PRINTED[5:])).replace("STATE", "LOG"),
    ],
)
def test_nothing_read_yet(text: str) -> None:
    assert states_from(text) == []


@pytest.mark.complaint(110)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("text", "holds a text, not a list of states"),
        (7, "holds a number, not a list of states"),
        (True, "holds true, not a list of states"),
        (["contacts"], "has a text as item 1, not a state"),
        ([stream(), [stream()]], "has a list as item 2, not a state"),
        ([stream(), {"type": "SHARED"}], "has a state of the unknown type 'SHARED' in item 2"),
        ({"type": "STREAM"}, "has a state of type STREAM without the descriptor of a stream in the file"),
        ([{"type": "STREAM", "stream": {}}], "has a state of type STREAM without the descriptor of a stream in item 1"),
        ([{"stream_descriptor": {}, "stream_state": {}}], "has no name of a stream in the descriptor of item 1"),
        (stream(name=""), "has no name of a stream in the descriptor of the file"),
        ([stream(state="2024-01-01")], "has a text as the state of stream 'contacts', not an object"),
        ([stream(state=[1])], "has a list as the state of stream 'contacts', not an object"),
        ({"type": "LEGACY"}, "has null as the data of the file, not an object of states by stream"),
        ({"type": "LEGACY", "data": []}, "has a list as the data of the file, not an object of states by stream"),
        ({"data": {"contacts": 1700000000}}, "has a number as the state of stream 'contacts', not an object"),
        ({"contacts": "2024-01-01"}, "has a text as the state of stream 'contacts', not an object"),
        (CONTACTS, "has a state in the file that names no stream, only 'updated_at'"),
        ({"type": "GLOBAL"}, "has null as the global state of the file, not an object"),
        (
            {"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": []}},
            "has a state that all streams share in the file, which this connector never writes",
        ),
        ({"type": "STATE"}, "has a message of type STATE without a 'state' in the file"),
        ({"bookmarks": [1]}, "has a list as the bookmarks of the file, not an object"),
        (
            {"bookmarks": {"contacts": "2024-01-01"}},
            "has a bookmark of stream 'contacts' that is none of tap-intercom's",
        ),
        (
            {"bookmarks": {"contacts": {"page": 3}}},
            "has a bookmark of stream 'contacts' that is none of tap-intercom's",
        ),
        (
            {"bookmarks": {"contacts": {"updated_at": "yesterday"}}},
            "has 'yesterday' as the bookmark of stream 'contacts', not a time such as {'updated_at'",
        ),
        ({"bookmarks": {"contacts": {"updated_at": 17}}}, "has 17 as the bookmark of stream 'contacts', not a time"),
    ],
)
def test_a_state_that_nobody_writes_is_refused(value: Any, said: str) -> None:
    assert fault(states_from, json.dumps(value)).startswith(said)


def test_a_line_that_was_cut_is_named() -> None:
    text = "\n".join(json.dumps(line) for line in PRINTED)

    assert fault(states_from, text[:-7]).startswith("has a faulty line 6, which is not JSON: line 1, column ")
    assert fault(states_from, text + "\nnot a message").startswith("has a faulty line 7, which is not JSON")
    assert fault(states_from, text + "\n[]").startswith("has a list in line 7, not a message")


def test_a_state_of_other_streams_alone_is_refused() -> None:
    """It would be ignored, and everything read again."""
    known = ["contacts", "tags"]

    assert len(known_states_from(json.dumps([stream(), stream("gone")]), known)) == 2
    assert known_states_from("[]", known) == []
    assert fault(known_states_from, json.dumps([stream("gone")]), known).startswith(
        "names no stream of this connector, only 'gone'"
    )

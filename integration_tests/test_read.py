"""Full and incremental reads against the sandbox, compared record by record with what it holds."""

import json
import re
import time
from collections.abc import Hashable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft7Validator

from integration_tests.conftest import Workspace
from integration_tests.support import (
    HELD,
    STREAMS,
    Connector,
    Output,
    Process,
    Script,
    assert_delivered,
    assert_same,
    catalog,
    config,
    key_of,
    parse,
    truth,
)
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.state import INDEX_LAG

INCREMENTAL = [name for name, stream in STREAMS.items() if stream.cursor_field]


def assert_complete(output: Output) -> None:
    """The process ended well and said so of every stream."""
    assert output.code == 0, output.stderr + output.log[-2000:]
    assert output.errors == {}
    assert set(output.status.values()) == {"COMPLETE"}


def test_full_refresh_delivers_what_the_workspace_holds(script: Script, workspace: Workspace) -> None:
    """The image delivers as much in tests of its own."""
    sandbox = workspace(contacts=460, companies=110, conversations=170, tickets=160)
    output = script.run("read", sandbox.url, config=config(), catalog=catalog())
    assert_complete(output)
    assert_delivered(output, sandbox)
    assert sandbox.calls()["without_version"] == 0


def test_the_log_tells_how_much_was_read(process: Process, workspace: Workspace) -> None:
    names = ["contacts", "conversations", "conversation_parts", "tags"]
    output = process.run("read", workspace().url, config=config(), catalog=catalog(*names))
    told = [line for line in output.log.splitlines() if re.match(r"Read \d+ records", line)]
    assert sorted(told) == sorted(f"Read {len(output.records[name])} records from {name} stream" for name in names)


# The streams of Airbyte's official connector.
OFFICIAL_TYPES = Path(__file__).parents[1] / "unit_tests" / "resource" / "official_types.json"
FOUNDATION = list(json.loads(OFFICIAL_TYPES.read_text()))


def test_a_larger_workspace_through_the_container(container: Connector, workspace: Workspace) -> None:
    sandbox = workspace(contacts=1500, companies=600, conversations=400)
    [found] = container.run("discover", config=config()).of("CATALOG")
    schemas = {stream["name"]: Draft7Validator(stream["json_schema"]) for stream in found["streams"]}
    output = container.run("read", sandbox.url, config=config(), catalog=catalog(*FOUNDATION))
    assert_complete(output)
    assert_delivered(output, sandbox, *FOUNDATION)
    for stream in FOUNDATION:
        for record in output.records[stream][::50]:
            assert schemas[stream].is_valid(record), stream


def shape(value: Any) -> Hashable:
    """What a schema sees of a value: its names and types."""
    if isinstance(value, dict):
        return frozenset((name, shape(inner)) for name, inner in value.items())
    return frozenset(map(shape, value)) if isinstance(value, list) else type(value)


@pytest.mark.complaint(76)
def test_every_record_fits_its_discovered_schema(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    [found] = process.run("discover", config=config()).of("CATALOG")
    assert not re.search(r'"(enum|const|pattern|minimum|maximum)"', json.dumps(found)), "judge each record then"
    schemas = {stream["name"]: Draft7Validator(stream["json_schema"]) for stream in found["streams"]}
    output = process.run("read", sandbox.url, config=config(), catalog=catalog())
    # A first sync ends no full comparison.
    for stream in STREAMS.keys() - {"reconciliations"}:
        assert output.records[stream], f"{stream}: nothing to judge"
        # Schemas tell of names and types only, so of records with the same ones one is judged.
        for record in {shape(record): record for record in output.records[stream]}.values():
            faults = [f"{fault.json_path}: {fault.message}" for fault in schemas[stream].iter_errors(record)]
            assert not faults, (stream, faults[:3])


@pytest.mark.complaint(26)
def test_parts_know_their_conversation(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=40)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("conversations", "conversation_parts"))
    conversations = {record["id"]: record for record in output.records["conversations"]}
    for part in output.records["conversation_parts"]:
        conversation = conversations[part["conversation_id"]]
        assert part["conversation_created_at"] == conversation["created_at"]
        assert part["conversation_updated_at"] == conversation["updated_at"]
        assert part["conversation_total_parts"] >= 1


@pytest.mark.complaint(30)
def test_incremental_first_sync_is_whole_and_leaves_the_official_state(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    output = process.run("read", sandbox.url, config=config(), catalog=catalog(mode="incremental"))
    assert_complete(output)
    assert_delivered(output, sandbox)
    states = {item["stream"]["stream_descriptor"]["name"]: item["stream"]["stream_state"] for item in output.state}
    assert states.keys() == STREAMS.keys()
    for name in INCREMENTAL:
        field = STREAMS[name].cursor_field
        # The official connector takes no notice of the workspace that ours tells beside it. A list that cannot be
        # filtered is gone on with by its cursor.
        beside = {"workspace", *(["page_cursor"] if name == "contact_activities" else [])}
        assert states[name].keys() == {field} | beside, f"{name}: more than the official connector's state"
        # Rows of changed parents may be newer or older than the state; the records of searches may not be newer.
        if STREAMS[name].parent is None and name != "reconciliations":
            newest = max(seconds_of(record.get(field)) or 0 for record in output.records[name])
            assert newest <= states[name][field], name


def test_incremental_second_sync_brings_every_change(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    first = process.run("read", sandbox.url, config=config(), catalog=catalog(mode="incremental"))
    before = {stream: truth(sandbox, stream) for stream in HELD}
    sandbox.change(
        contacts={"update": 7, "create": 3},
        companies={"update": 4, "create": 2},
        conversations={"update": 6, "create": 2},
        tickets={"update": 3, "create": 1},
    )
    after = {stream: truth(sandbox, stream) for stream in HELD}
    second = process.run("read", sandbox.url, config=config(), catalog=catalog(mode="incremental"), state=first.state)
    assert_complete(second)
    for stream in HELD:
        held = after[stream]
        changed = {key for key in held if before[stream].get(key) != held[key]}
        got = {key_of(stream, record): record for record in second.records[stream]}
        missing = changed - got.keys()
        assert not missing, f"{stream}: {len(missing)} of {len(changed)} changes missing"
        assert_same(stream, {key: got[key] for key in changed}, {key: held[key] for key in changed})
    for stream in ("contacts", "companies", "conversations", "conversation_parts", "tickets"):
        assert before[stream] != after[stream], f"{stream}: the test changed nothing"


@pytest.mark.complaint(3)
def test_nothing_new_costs_one_call_a_searched_stream(process: Process, workspace: Workspace) -> None:
    zone = "America/Los_Angeles"
    sandbox = workspace(history_days=400, contacts=50, conversations=50, tickets=50, timezone=zone)
    streams = ["contacts", "conversations", "conversation_parts", "tickets", "activity_logs"]
    first = process.run("read", sandbox.url, config=config(), catalog=catalog(*streams, mode="incremental"))
    sandbox.reset_calls()
    second = process.run(
        "read", sandbox.url, config=config(), catalog=catalog(*streams, mode="incremental"), state=first.state
    )
    assert_complete(second)
    details = sandbox.calls()["by_endpoint"].get("GET /conversations/{id}", 0)
    # Beside one for each stream: who the token is, what it may see of conversations, and open tickets whose parts may
    # be newer than they are. Searches that go by days ask for each day that the hour read again touches.
    began = datetime.fromtimestamp(first.state[0]["stream"]["stream_state"]["updated_at"] - INDEX_LAG, timezone.utc)
    zones = {"contacts": ZoneInfo(zone), "conversations": timezone.utc, "tickets": timezone.utc}
    midnights = sum(began.astimezone(days).date() != datetime.now(days).date() for days in zones.values())
    assert sandbox.calls()["total"] - details <= 3 + len({*streams} - {"conversation_parts"}) + midnights


@pytest.mark.complaint(18)
@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati", "America/St_Johns", "UTC"])
def test_contacts_are_whole_in_every_zone(process: Process, workspace: Workspace, zone: str) -> None:
    sandbox = workspace(contacts=460, history_days=70, timezone=zone)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("contacts", mode="incremental"))
    assert_complete(output)
    assert_delivered(output, sandbox, "contacts")


@pytest.mark.complaint(56)
def test_start_date_is_about_updates(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(history_days=300)
    held = truth(sandbox, "conversations")
    middle = sorted(record["updated_at"] for record in held.values())[len(held) // 2]
    start = datetime.fromtimestamp(middle, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    output = process.run("read", sandbox.url, config=config(start_date=start), catalog=catalog("conversations"))
    got = {key_of("conversations", record): record for record in output.records["conversations"]}
    assert_same("conversations", got, {k: v for k, v in held.items() if v["updated_at"] >= middle})


@pytest.mark.complaint(102)
def test_a_full_refresh_ignores_an_old_state(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    first = process.run("read", sandbox.url, config=config(), catalog=catalog("tickets", "segments"))
    again = process.run("read", sandbox.url, config=config(), catalog=catalog("tickets", "segments"), state=first.state)
    assert_delivered(again, sandbox, "tickets", "segments")


@pytest.mark.complaint(12)
def test_records_that_change_while_a_full_refresh_runs_are_not_lost(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=1500, history_days=200, latency_ms=150)
    reading = process.start("read", sandbox.url, config=config(num_workers=2), catalog=catalog("contacts"))
    time.sleep(2.5)
    touched = sandbox.change(contacts={"update": 40})
    stdout, _ = reading.communicate(timeout=120)
    output = Output(reading.returncode, parse(stdout))
    assert_complete(output)
    got = {record["id"] for record in output.records["contacts"]}
    assert touched
    assert got == {key[0] for key in truth(sandbox, "contacts")}


def legacy_states(position: int) -> list[dict[str, Any]]:
    """The shapes in which Airbyte's official connector has saved its positions."""
    return [
        {"updated_at": position},
        {"updated_at": str(position)},
        {"updated_at": position, "prior_state": {}, "conversations": {"updated_at": position}},
        {
            "state": {"updated_at": str(position)},
            "parent_state": {"conversations": {"updated_at": str(position)}},
            "use_global_cursor": True,
            "lookback_window": 0,
        },
    ]


@pytest.mark.complaint(6)
@pytest.mark.parametrize("shape", range(4))
def test_states_of_the_official_connector_go_on(process: Process, workspace: Workspace, shape: int) -> None:
    sandbox = workspace()
    held = truth(sandbox, "conversations")
    position = sorted(record["updated_at"] for record in held.values())[len(held) // 2]
    state = [
        {
            "type": "STREAM",
            "stream": {
                "stream_descriptor": {"name": "conversations"},
                "stream_state": legacy_states(position)[shape],
            },
        }
    ]
    output = process.run(
        "read", sandbox.url, config=config(), catalog=catalog("conversations", mode="incremental"), state=state
    )
    assert_complete(output)
    got = {key_of("conversations", record): record for record in output.records["conversations"]}
    assert_same("conversations", got, {k: v for k, v in held.items() if v["updated_at"] > position - 3600})


@pytest.mark.parametrize(
    "garbage", [{"updated_at": "last week"}, {"cursor": 7}, {"state_type": "date-range", "slices": 3}]
)
def test_a_state_nobody_can_read_is_refused(process: Process, workspace: Workspace, garbage: dict[str, Any]) -> None:
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "tickets"}, "stream_state": garbage}}]
    output = process.run(
        "read", workspace().url, config=config(), catalog=catalog("tickets", mode="incremental"), state=state
    )
    assert output.code != 0
    assert "saved state of stream 'tickets' cannot be used" in str(output.errors)
    assert output.records["tickets"] == []

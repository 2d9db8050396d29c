"""The feed of deleted and merged contacts: what a later sync costs, and what an outage of the feed does to it."""

import random
from typing import Any

from integration_tests.conftest import Workspace
from integration_tests.support import Output, Process, State, assert_same, catalog, config, key_of, truth
from sandbox import Sandbox

STREAM = "contact_activities"
ENDPOINT = "GET /contacts/activities"


def read(process: Process, sandbox: Sandbox, state: State | None = None, mode: str = "incremental") -> Output:
    sandbox.reset_calls()
    output = process.run("read", sandbox.url, config=config(), catalog=catalog(STREAM, mode=mode), state=state)
    assert output.code == 0, output.errors
    assert output.status == {STREAM: "COMPLETE"}
    return output


def rows(*outputs: Output) -> dict[tuple[Any, ...], Any]:
    return {key_of(STREAM, record): record for output in outputs for record in output.records[STREAM]}


def position(output: Output) -> int:
    moment = output.state[0]["stream"]["stream_state"]["created_at"]
    assert isinstance(moment, int)
    return moment


def test_a_later_sync_brings_deletions_for_two_pages(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=2_000)
    first = read(process, sandbox)
    assert_same(STREAM, rows(first), truth(sandbox, STREAM))
    assert sandbox.calls()["by_endpoint"][ENDPOINT] > 14
    gone = sandbox.change(contacts={"delete": 3})["contacts"]["delete"]
    sandbox.change(contact_merge_history={"create": 2})
    second = read(process, sandbox, first.state)
    assert sandbox.calls()["by_endpoint"][ENDPOINT] <= 3
    assert_same(STREAM, rows(first, second), truth(sandbox, STREAM))
    told = {row["contact_id"] for row in second.records[STREAM] if row["event_type"] == "contact.deleted"}
    assert set(gone) <= told
    merged = [row for row in second.records[STREAM] if row["event_type"] == "contact.merged"]
    assert len(merged) >= 2
    assert all(row["merge_target_id"] == row["contact_id"] != row["merge_source_id"] for row in merged)


def test_an_outage_of_the_feed_moves_no_state_and_loses_nothing(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=600)
    first = read(process, sandbox)
    sandbox.change(contacts={"delete": 3})
    sandbox.settings.quirks = ["empty-activities"]
    during = read(process, sandbox, first.state)
    assert during.records[STREAM] == []
    assert during.state == first.state
    assert "not even those that it gave before" in during.log
    sandbox.settings.quirks = []
    after = read(process, sandbox, during.state)
    assert_same(STREAM, rows(first, after), truth(sandbox, STREAM))


def test_a_feed_that_ends_too_early_is_gone_on_with(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=600, quirks=["empty-activities=3"])
    first = read(process, sandbox)
    assert len(first.records[STREAM]) == 300
    assert position(first) == max(row["created_at"] for row in first.records[STREAM])
    sandbox.settings.quirks = []
    second = read(process, sandbox, first.state)
    assert_same(STREAM, rows(first, second), truth(sandbox, STREAM))


def test_a_feed_without_events_leaves_the_state_at_the_start(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=100, quirks=["empty-activities"])
    first = read(process, sandbox)
    assert first.records[STREAM] == []
    sandbox.settings.quirks = []
    assert_same(STREAM, rows(read(process, sandbox, first.state)), truth(sandbox, STREAM))


def test_every_state_is_a_place_to_go_on_from(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=1_200)
    first = read(process, sandbox)
    positions = [index for index, message in enumerate(first.messages) if message["type"] == "STATE"]
    assert len(positions) > 8
    for number in (0, len(positions) - 1, *random.Random(3).sample(range(len(positions)), 4)):
        before = Output(0, first.messages[: positions[number]])
        rest = read(process, sandbox, first.states[number])
        assert_same(STREAM, rows(before, rest), truth(sandbox, STREAM))


def test_a_full_refresh_that_broke_off_is_gone_on_with_and_the_next_begins_anew(
    process: Process, workspace: Workspace
) -> None:
    sandbox = workspace(contacts=1_200)
    first = read(process, sandbox, mode="full_refresh")
    assert_same(STREAM, rows(first), truth(sandbox, STREAM))
    number = len(first.states) // 2
    rest = read(process, sandbox, first.states[number], mode="full_refresh")
    assert 0 < len(rest.records[STREAM]) < len(first.records[STREAM])
    positions = [index for index, message in enumerate(first.messages) if message["type"] == "STATE"]
    assert_same(STREAM, rows(Output(0, first.messages[: positions[number]]), rest), truth(sandbox, STREAM))
    again = read(process, sandbox, first.state, mode="full_refresh")
    assert_same(STREAM, rows(again), truth(sandbox, STREAM))

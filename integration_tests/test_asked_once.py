"""A conversation is asked for once, whichever streams take of its answer; counted and compared at the sandbox."""

from __future__ import annotations

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import (
    STREAMS,
    Output,
    Process,
    State,
    assert_delivered,
    assert_same,
    catalog,
    config,
    key_of,
    truth,
)
from sandbox import Sandbox
from source_intercom.shapes.child import Child

PARTS, FILES = "conversation_parts", "conversation_attachments"
BOTH = (PARTS, FILES)
ASKED = "GET /conversations/{id}"


def read(
    process: Process, sandbox: Sandbox, *names: str, state: State | None = None, mode: str = "incremental"
) -> tuple[Output, int]:
    """A sync, and how often it asked for a conversation."""
    before = sandbox.calls()["by_endpoint"].get(ASKED, 0)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog(*names, mode=mode), state=state)
    return output, sandbox.calls()["by_endpoint"].get(ASKED, 0) - before


def wanted(sandbox: Sandbox, *names: str) -> int:
    """How many conversations may have something for one of some streams, as far as they tell."""
    streams = [stream for name in names if isinstance(stream := STREAMS[name], Child)]
    return sum(any(stream.has_children(one) for stream in streams) for one in sandbox.records("conversations"))


@pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
def test_as_often_for_both_streams_as_for_one(process: Process, workspace: Workspace, mode: str) -> None:
    sandbox = workspace(conversations=170)
    output, calls = read(process, sandbox, "conversations", *BOTH, mode=mode)
    assert output.errors == {}
    assert_delivered(output, sandbox, "conversations", *BOTH)
    alone, calls_alone = read(process, sandbox, FILES, mode=mode)
    assert calls == calls_alone == wanted(sandbox, *BOTH)
    assert alone.records[FILES] == output.records[FILES]


def test_a_stream_that_is_added_later_reads_alone_and_then_shares(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=150)
    first, calls = read(process, sandbox, PARTS)
    assert calls == wanted(sandbox, PARTS)
    _, again = read(process, sandbox, PARTS, state=first.state)
    second, calls = read(process, sandbox, *BOTH, state=first.state)
    assert calls == again + wanted(sandbox, *BOTH)
    assert_delivered(second, sandbox, FILES)
    sandbox.change(conversations={"update": 30})
    both, calls = read(process, sandbox, *BOTH, state=second.state)
    _, calls_alone = read(process, sandbox, FILES, state=second.state)
    assert 20 < calls == calls_alone
    assert {record["conversation_id"] for record in both.records[FILES]} <= {
        record["conversation_id"] for record in both.records[PARTS]
    }


def test_one_that_cannot_be_had_is_named_by_both_and_comes_with_the_next_sync(
    process: Process, workspace: Workspace
) -> None:
    sandbox = workspace(conversations=150)
    broken = next(record["conversation_id"] for record in sandbox.records(FILES))
    sandbox.fault(ASKED, "status:500", when={"ids": [broken]})
    first, _ = read(process, sandbox, *BOTH)
    assert {
        name: error["message"].count(f"of 1 record: {broken}.") for name, error in first.errors.items() if name
    } == {
        PARTS: 1,
        FILES: 1,
    }
    sandbox.clear_faults()
    rest, _ = read(process, sandbox, *BOTH, state=first.state)
    assert rest.errors == {}
    compare([first, rest], sandbox)


def test_killed_and_resumed_both_are_complete(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=300, latency_ms=20)
    killed = process.kill_when(
        lambda seen: seen >= 1_500,
        "read",
        sandbox.url,
        config=config(num_workers=8),
        catalog=catalog(*BOTH, mode="incremental"),
    )
    assert killed.code == -9
    rest, _ = read(process, sandbox, *BOTH, state=killed.state)
    assert rest.errors == {}
    compare([killed, rest], sandbox)


def compare(runs: list[Output], sandbox: Sandbox) -> None:
    """What some syncs after each other brought is what the sandbox holds."""
    for name in BOTH:
        got = {key_of(name, record): record for run in runs for record in run.records[name]}
        assert_same(name, got, truth(sandbox, name))

"""Whatever state was printed last, going on from it ends with the complete set."""

import functools
import os
import random

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import HELD, STREAMS, Process, assert_same, catalog, config, key_of, truth

CURSORED = [name for name, stream in STREAMS.items() if stream.cursor_field]


@pytest.mark.complaint(4)
def test_every_printed_state_is_a_place_to_go_on_from(process: Process, workspace: Workspace) -> None:
    """State n, and the records before it, plus a resumed run, are everything; whichever n."""
    sandbox = workspace(contacts=260, conversations=90, tickets=60, history_days=240)
    streams = ["contacts", "conversations", "conversation_parts", "tickets", "activity_logs"]
    # Short windows of activity logs, for there to be many states.
    options = config(activity_logs_time_step=30)
    first = process.run("read", sandbox.url, config=options, catalog=catalog(*streams, mode="incremental"))
    assert first.code == 0
    positions = [index for index, message in enumerate(first.messages) if message["type"] == "STATE"]
    assert len(positions) > 12
    # scripts/soak tries more of them.
    several = 10 if os.environ.get("SOAK") else 4
    chosen = [*random.Random(7).sample(range(len(positions)), several), 0, len(positions) - 1]
    for number in chosen:
        before = first.messages[: positions[number]]
        rest = process.run(
            "read",
            sandbox.url,
            config=options,
            catalog=catalog(*streams, mode="incremental"),
            state=first.states[number],
        )
        assert rest.code == 0
        for stream in streams:
            got = {
                key_of(stream, message["record"]["data"]): message["record"]["data"]
                for message in before + rest.messages
                if message["type"] == "RECORD" and message["record"]["stream"] == stream
            }
            assert_same(stream, got, truth(sandbox, stream))


# scripts/soak tries more moments.
@pytest.mark.soak
@pytest.mark.parametrize("moment", range(10 if os.environ.get("SOAK") else 3))
def test_killed_and_resumed_the_set_is_complete(process: Process, workspace: Workspace, moment: int) -> None:
    # A killed walk leaves its scroll open until it expires, as Intercom's does after a minute.
    sandbox = workspace(
        contacts=330, companies=110, conversations=120, tickets=80, latency_ms=20, scroll_expiry_seconds=2
    )
    lines = 60 + moment * 330
    killed = process.kill_when(
        lambda seen: seen >= lines, "read", sandbox.url, config=config(), catalog=catalog(mode="incremental")
    )
    assert killed.code == -9
    rest = process.run("read", sandbox.url, config=config(), catalog=catalog(mode="incremental"), state=killed.state)
    assert rest.code == 0
    for stream in HELD:
        # A stream without a cursor starts again; what the killed run printed of it is replaced.
        runs = [killed, rest] if stream in CURSORED else [rest]
        got = {key_of(stream, record): record for run in runs for record in run.records[stream]}
        assert_same(stream, got, truth(sandbox, stream))


@pytest.mark.parametrize(
    ("stream", "endpoint", "calls"),
    # 500 companies are one page, whose state may still wait for its turn to be printed when the next page is asked for.
    [("contact_events", "GET /events", 500), ("company_segments", "GET /companies/{id}/segments", 800)],
)
def test_a_reading_of_every_parent_goes_on_where_it_was_killed(
    process: Process, workspace: Workspace, stream: str, endpoint: str, calls: int
) -> None:
    """Such a reading takes hours in a large workspace: a call for each contact or company."""
    # Where companies do not show their segments, each is asked for them.
    sandbox = workspace(
        contacts=700, companies=1_400, latency_ms=5, scroll_expiry_seconds=1, quirks=["company-segments=absent"]
    )
    options = config(num_workers=8)
    read = functools.partial(
        process.run, "read", sandbox.url, config=options, catalog=catalog(stream, mode="incremental")
    )
    began = sandbox.now
    killed = process.kill_when(
        lambda _lines: sandbox.calls()["by_endpoint"].get(endpoint, 0) > calls,
        "read",
        sandbox.url,
        config=options,
        catalog=catalog(stream, mode="incremental"),
    )
    (state,) = killed.state
    assert state["stream"]["stream_state"]["under_way"]["began_at"] >= began
    parents = len(sandbox.records("contacts" if stream == "contact_events" else "companies"))
    sandbox.reset_calls()
    rest = read(state=killed.state)
    assert rest.code == 0, rest.errors
    asked = sandbox.calls()["by_endpoint"][endpoint]
    assert asked < parents - 250, "it began anew"
    got = {key_of(stream, record): record for run in (killed, rest) for record in run.records[stream]}
    assert_same(stream, got, truth(sandbox, stream))
    # All has been asked as of the moment at which the first one began, and nothing is under way any more.
    (over,) = rest.state
    assert list(over["stream"]["stream_state"]) == [STREAMS[stream].cursor_field, "workspace"]
    # What came after that moment comes with the next.
    assert (
        next(iter(over["stream"]["stream_state"].values())) == state["stream"]["stream_state"]["under_way"]["began_at"]
    )
    again = read(state=rest.state)
    assert again.code == 0, again.errors


@pytest.mark.complaint(102)
def test_a_full_refresh_that_broke_off_goes_on(process: Process, workspace: Workspace) -> None:
    """A platform tries again within the same job, with the states that were printed, and keeps the rows."""
    sandbox = workspace(history_days=400, latency_ms=5)
    options = config(activity_logs_time_step=10, num_workers=2)
    files = {"config": options, "catalog": catalog("activity_logs")}
    total = len(truth(sandbox, "activity_logs"))
    killed = process.kill_when(lambda lines: lines > total * 2 // 3, "read", sandbox.url, **files)
    assert killed.code == -9
    assert killed.state
    rest = process.run("read", sandbox.url, **files, state=killed.state)
    assert rest.code == 0, rest.errors
    assert len(rest.records["activity_logs"]) < total, "it began anew"
    runs = [killed, rest]
    got = {key_of("activity_logs", record): record for run in runs for record in run.records["activity_logs"]}
    assert_same("activity_logs", got, truth(sandbox, "activity_logs"))

"""Whatever public evidence says that Intercom may do: the read is complete all the same, or says what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from integration_tests.conftest import Workspace
from integration_tests.report_support import EMPTY, ENDS, MANNERS
from integration_tests.support import (
    HELD,
    Json,
    Output,
    Process,
    State,
    assert_delivered,
    catalog,
    config,
    key_of,
    truth,
)
from sandbox import Sandbox
from sandbox.quirks import names as quirks

# Every search needs several pages of 150, and so does a list paged by number; the rest is as small as it can be.
SIZES = {
    "contacts": 330,
    "conversations": 170,
    "tickets": 170,
    "companies": 30,
    "internal_articles": 170,
    "articles": 170,
}
# What is asked for contact by contact, or conversation by conversation, needs no pages of its parents.
FEW = {"contacts": 60, "conversations": 40, "companies": 10}
SEARCHED = ("contacts", "conversations", "tickets")
BY_CURSOR = ("contacts", "conversations", "macros")
BY_NUMBER = ("internal_articles", "articles", "newsfeeds")


@dataclass(frozen=True)
class Case:
    """A quirk, the streams that meet it, and the words of the one sentence that it is told in, if in any."""

    quirk: str
    streams: tuple[str, ...]
    said: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


WHOLE = (
    # An empty page ends it, whatever cursor comes with that.
    Case("endless-paging", ("contact_activities",)),
    Case("text-page-counters", BY_NUMBER),
    Case("search-ends-early", SEARCHED, "They are asked for once more"),
    Case("repeated-page", SEARCHED, "They are asked for once more"),
    Case("search-ends-early=always", SEARCHED, "They are asked for once more"),
    Case("repeated-page=always", SEARCHED, "They are asked for once more"),
    Case("empty-last-page", SEARCHED, "They are asked for once more"),
    Case("no-pages", SEARCHED, "They are asked for once more"),
    Case("short-pages", BY_CURSOR),
    Case("null-next", BY_CURSOR),
    Case("endless-paging", ("contacts", "conversations", *BY_NUMBER)),
    Case("endless-paging", ("contact_merge_history", "contact_notes", "activity_logs", "calls"), settings=FEW),
    Case("endless-paging", ("content_snippets", "audiences")),
    Case("refused-cursor", BY_CURSOR),
    Case("refused-cursor=always", SEARCHED),
    Case("ignored-sort", SEARCHED),
    Case("unsorted-lists", ("articles", "collections", "macros", "news_items", "conversations_deleted")),
    Case("scroll-conflict-message", ("companies",)),
    Case("whole-utc-days", SEARCHED),
    Case("contacts-utc-days", ("contacts",)),
    Case("refused-in-operator", ("conversations",)),
    Case("refused-field", ("tickets",)),
    Case("hidden-tickets", ("conversations", "conversation_parts"), settings=FEW),
    Case("me-refused", ("contacts", "tags"), "time zone is not known"),
    Case("html-403=4", ("contacts", "tags", "articles")),
    Case("other-version-served", ("contacts", "tags"), "serves API version '2.14'"),
    Case("other-region", ("tags",), "another region on its way"),
    Case("no-merge-history", ("contact_merge_history",), settings=FEW),
    Case("many-ticket-parts", ("tickets", "ticket_parts"), "has 520 parts"),
    *(
        Case(f"company-segments={way}", ("company_segments",), "", {"companies": 70})
        for way in ("cut", "absent", "unsaid", "stale", "thin")
    ),
    *(Case(f"company-notes={way}", ("company_notes",), "", {"companies": 70}) for way in ("absent", "zero")),
    Case("avatar-text", ("contacts",)),
    Case("open-metadata", ("activity_logs",)),
    Case("odd-times", (*SEARCHED, "calls")),
    Case("odd-json", SEARCHED),
    Case("odd-nested-items=null", ("contacts", "conversation_tags", "ticket_parts")),
    Case("odd-nested-items=text", ("contacts", "conversation_tags", "ticket_parts")),
    Case("odd-nested-items=no-id", ("tags", "segments")),
    Case("activity-log-range", ("activity_logs",)),
    Case("activity-log-range=400", ("activity_logs",)),
    Case("odd-rate-headers=zero", ("contacts", "tags")),
    Case("odd-rate-headers=past", ("contacts", "tags")),
    Case("odd-rate-headers=same", ("contacts", "tags")),
    Case("odd-rate-headers=ms", ("contacts", "tags")),
    Case("odd-rate-headers=endless", ("contacts", "tags")),
    Case("odd-date=future", ("contacts", "tags")),
    Case("export-statistics", ("message_receipts", "message_opens", "message_other_statistics")),
    Case("export-file", ("message_receipts",)),
    Case("export-file=plain", ("message_receipts",)),
    Case("export-text-times", ("message_receipts", "message_clicks")),
    # The rate-limit headers are the second word of the same clock.
    Case("odd-date=past", ("contacts", "tags"), settings={"rate_limit": 10_000}),
)
"""Quirks under which everything can still be read."""

ENDED = (
    Case("wrong-total-for-good", ("contacts",), "announces 335 records"),
    Case("refused-conversation", ("conversation_parts",), "did not give the conversation_parts of 1 record:", FEW),
    Case("refused-conversation=400", ("conversation_parts",), "did not give the conversation_parts of 1 record:", FEW),
    # Nothing tells how many there are, so nobody can know that all came: it is said instead.
    Case("endless-paging", ("macros",), "gives the same records again and again"),
    Case("endless-paging", ("contact_events",), "gives the same records again and again", FEW),
    Case("endless-paging", ("data_connector_execution_results",), "gives the same records again and again"),
    Case("endless-paging=GET /companies/scroll", ("companies",), "scroll over companies repeats itself"),
    Case("resource-401", ("tags",), 'lacks the permission "Read tags"'),
    Case("missing-endpoint", ("newsfeeds",), "does not offer /news/newsfeeds"),
    Case("version-refused", ("macros",), "does not serve this data in the API version"),
    Case("version-refused=2.17", ("folders", "dynamic_contents", "contact_activities"), "does not serve this data"),
    Case("probe-errors=400:GET /segments", ("segments",), "refused a request"),
    Case("export-ends", ("message_opens",), "export of message data failed"),
    Case("export-ends=canceled", ("message_opens",), "export of message data was canceled"),
)
"""Quirks that withhold something for good: the stream says so, and no other is held up."""

QUIET = ("late-ticket-parts", "quiet-contact-changes", "late-events", "empty-activities")
"""Quirks of changes, which only a second sync can meet. That of the feed of contacts has tests of its own beside it."""


def named(cases: Iterable[Case]) -> list[Any]:
    return [pytest.param(case, id=f"{case.quirk} {case.streams[0]}") for case in cases]


def read(process: Process, sandbox: Sandbox, *streams: str, state: State | None = None, **options: Any) -> Output:
    return process.run(
        "read", sandbox.url, config=config(**options), catalog=catalog(*streams, mode="incremental"), state=state
    )


def ids(output: Output, stream: str) -> set[tuple[Any, ...]]:
    """Keys of the records that came."""
    return {key_of(stream, record) for record in output.records[stream]}


def assert_ids(output: Output, sandbox: Sandbox, *streams: str) -> None:
    """Each record of the sandbox came once, and none that it does not hold."""
    for stream in streams:
        expected = set(truth(sandbox, stream))
        got = ids(output, stream)
        assert expected, f"{stream}: the sandbox holds none, so the test shows nothing"
        assert got == expected, f"{stream}: {len(expected - got)} missing, {len(got - expected)} foreign"
        assert len(output.records[stream]) == len(got), f"{stream}: records came twice"


@pytest.mark.complaint(63, 72, 74, 92)
@pytest.mark.parametrize("case", named(WHOLE))
def test_everything_is_read(process: Process, workspace: Workspace, case: Case) -> None:
    sandbox = workspace(**{**SIZES, **case.settings}, quirks=[case.quirk])
    output = read(process, sandbox, *case.streams)
    assert output.code == 0, output.errors
    assert set(output.status.values()) == {"COMPLETE"}
    assert_ids(output, sandbox, *case.streams)
    assert case.said in output.log


@pytest.mark.complaint(91)
@pytest.mark.parametrize("case", named(ENDED))
def test_what_is_withheld_is_said(process: Process, workspace: Workspace, case: Case) -> None:
    sandbox = workspace(**{**SIZES, **case.settings}, quirks=[case.quirk])
    output = read(process, sandbox, *case.streams, "teams")
    assert output.code != 0
    assert output.status == {**dict.fromkeys(case.streams, "INCOMPLETE"), "teams": "COMPLETE"}
    for stream in case.streams:
        assert case.said in output.errors[stream]["message"]
        assert ids(output, stream) <= set(truth(sandbox, stream))
    assert_delivered(output, sandbox, "teams")


@pytest.mark.complaint(77)
@pytest.mark.parametrize("quirk", ["refused-conversation", "refused-conversation=400"])
def test_one_refused_conversation_costs_no_other(process: Process, workspace: Workspace, quirk: str) -> None:
    sandbox = workspace(**{**SIZES, **FEW}, quirks=[quirk])
    output = read(process, sandbox, "conversations", "conversation_parts")
    # The sandbox's truth leaves out what nobody can read.
    assert_ids(output, sandbox, "conversations", "conversation_parts")
    skipping = read(process, sandbox, "conversation_parts", skip_failed_conversations=True)
    assert skipping.code == 0, skipping.errors
    assert_ids(skipping, sandbox, "conversation_parts")


def test_a_total_that_stays_wrong_is_set_aside(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(**SIZES, quirks=["wrong-total-for-good"])
    first = read(process, sandbox, "tickets")
    assert first.status == {"tickets": "INCOMPLETE"}
    assert ids(first, "tickets") == set(truth(sandbox, "tickets"))
    again = read(process, sandbox, "tickets", state=first.state)
    assert "Its total is taken to be wrong" in again.log


@pytest.mark.complaint(64)
@pytest.mark.parametrize(
    ("quirk", "streams"),
    [
        ("whole-utc-days", ("conversations", "tickets")),
        ("contacts-utc-days", ("contacts",)),
        ("ignored-sort", SEARCHED),
        (
            "unsorted-lists",
            ("articles", "collections", "internal_articles", "news_items", "macros", "dynamic_contents"),
        ),
    ],
)
def test_changed_records_come_with_the_next_sync(
    process: Process, workspace: Workspace, quirk: str, streams: tuple[str, ...]
) -> None:
    sandbox = workspace(**SIZES, quirks=[quirk])
    first = read(process, sandbox, *streams)
    struck = sandbox.change(**{stream: {"update": 5, "create": 1} for stream in streams})
    second = read(process, sandbox, *streams, state=first.state)
    assert second.code == 0, second.errors
    for stream in streams:
        came = {record["id"] for record in second.records[stream]}
        assert set(struck[stream]["update"] + struck[stream]["create"]) <= came, stream


@pytest.mark.complaint(70, 71)
@pytest.mark.parametrize(
    ("quirk", "change", "stream"),
    [
        ("late-ticket-parts", {"tickets": {"update": 12}}, "ticket_parts"),
        ("late-events", {"contact_events": {"create": 4}}, "contact_events"),
        ("quiet-contact-changes", {"contact_tags": {"create": 4}}, "contact_tags"),
        ("quiet-contact-changes", {"contact_companies": {"create": 4}}, "contact_companies"),
        ("quiet-contact-changes", {"contact_subscriptions": {"create": 4}}, "contact_subscriptions"),
    ],
)
def test_what_moves_no_time_comes_with_the_next_sync(
    process: Process, workspace: Workspace, quirk: str, change: dict[str, dict[str, int]], stream: str
) -> None:
    sandbox = workspace(**{**SIZES, **FEW}, quirks=[quirk])
    # Only links have to wait for everything to be read again; for the others that would hide a failure.
    days = 1 if quirk == "quiet-contact-changes" else 0
    first = read(process, sandbox, stream, reconcile_every_days=days)
    before = set(truth(sandbox, stream))
    sandbox.change(**change)
    new = set(truth(sandbox, stream)) - before
    assert new, "the change made no new record"
    second = read(process, sandbox, stream, state=long_ago(first.state), reconcile_every_days=days)
    assert second.code == 0, second.errors
    assert new <= ids(second, stream), f"{len(new - ids(second, stream))} of {len(new)} missing"


def long_ago(state: State) -> State:
    """The same state, with the last reading of everything ten days back: the next one is due."""
    aged: State = []
    for one in state:
        inner: Json = one["stream"]["stream_state"]
        cursor = inner.get("reconciled_at")
        moved = {**inner, "reconciled_at": cursor - 10 * 86_400} if isinstance(cursor, int) else inner
        aged.append({**one, "stream": {**one["stream"], "stream_state": moved}})
    return aged


@pytest.mark.complaint(66)
def test_a_permission_that_is_granted_brings_what_was_hidden(process: Process, workspace: Workspace) -> None:
    readable = ["Read conversations", "Read users and companies", "Read admins"]
    sandbox = workspace(**{**SIZES, **FEW}, quirks=["hidden-tickets"], scopes=readable)
    first = read(process, sandbox, "conversations", "conversation_parts")
    assert first.code == 0, first.errors
    assert 'lacks the permission "Read tickets"' in first.log
    assert_ids(first, sandbox, "conversations", "conversation_parts")
    sandbox.settings.scopes = [*readable, "Read tickets"]
    second = read(process, sandbox, "conversations", "conversation_parts", state=first.state)
    assert second.code == 0, second.errors
    for stream in ("conversations", "conversation_parts"):
        hidden = set(truth(sandbox, stream)) - ids(first, stream)
        assert hidden
        assert hidden <= ids(second, stream), stream


@pytest.mark.complaint(62)
def test_each_quirk_is_tried() -> None:
    of_reports = {quirk.partition("=")[0] for quirk in " ".join((*MANNERS, *EMPTY, *ENDS)).split()}
    tried = {case.quirk.partition("=")[0] for case in (*WHOLE, *ENDED)} | set(QUIET) | of_reports
    assert set(quirks.QUIRKS) == tried


@pytest.mark.complaint(65)
def test_a_wrong_total_does_not_stop_a_workspace_for_ever(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(**SIZES, quirks=["wrong-total-for-good"])
    state: State | None = None
    for _ in range(3):
        output = read(process, sandbox, "tickets", state=state)
        state = output.state
    # Each sync has a new window, of which nobody can know by now whether its total is wrong as well.
    assert output.status == {"tickets": "COMPLETE"}, output.errors


ALL = [quirk for quirk in quirks.TOGETHER if quirk != "endless-paging"]
"""Under endless paging, lists without a total cannot be known to be whole: they say so and end.

Their sandboxes have a short scroll: a walk that a gateway breaks off leaves it open, for longer than waits last here.
"""
TOGETHER = {**SIZES, **FEW, "tickets": 40, "scroll_expiry_seconds": 1, "quirks": ALL}


def test_all_quirks_at_once_in_a_full_refresh(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(**TOGETHER)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog())
    assert_all_complete(output)
    assert_ids(output, sandbox, *HELD)


def test_all_quirks_at_once_in_a_first_sync_and_the_next(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(**TOGETHER)
    options = config(reconcile_every_days=1)
    first = process.run("read", sandbox.url, config=options, catalog=catalog(mode="incremental"))
    assert_all_complete(first)
    assert_ids(first, sandbox, *HELD)
    before = {stream: truth(sandbox, stream) for stream in HELD}
    changed = ("contacts", "companies", "conversations", "tickets")
    sandbox.change(
        **{stream: {"update": 6, "create": 2} for stream in changed},
        contact_events={"create": 3},
        contact_tags={"create": 3},
    )
    after = {stream: truth(sandbox, stream) for stream in HELD}
    second = process.run(
        "read", sandbox.url, config=options, catalog=catalog(mode="incremental"), state=long_ago(first.state)
    )
    assert_all_complete(second)
    for stream in HELD:
        new = {key for key, record in after[stream].items() if before[stream].get(key) != record}
        assert new <= ids(second, stream), f"{stream}: {len(new - ids(second, stream))} of {len(new)} missing"
    for stream in (*changed, "contact_events", "contact_tags", "conversation_parts", "ticket_parts"):
        assert before[stream] != after[stream], f"{stream}: the test changed nothing"


def assert_all_complete(output: Output) -> None:
    ended = sorted(name for name, status in output.status.items() if status != "COMPLETE")
    assert not ended, {name: output.errors[name]["message"][:100] for name in ended if name in output.errors}
    assert output.code == 0, output.errors

"""What a workspace holds, and what in it changes unseen."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from sandbox import Sandbox, Settings
from tools.simulation.facts import DAY, FACTS
from tools.simulation.options import ALL_CONTACTS, Options
from tools.simulation.truth import Held, History, Snapshot, Workspace

SIZES = {"contacts": 60, "companies": 8, "conversations": 20, "tickets": 12, "activity_logs": 10}


def snapshot_of(sandbox: Sandbox, *streams: str, options: Options | None = None) -> Snapshot:
    return Workspace(sandbox.server.ws, streams or FACTS, options or Options({})).snapshot()


def test_every_stream_is_held_by_its_whole_key_and_its_time() -> None:
    with Sandbox(Settings(**SIZES)) as sandbox:
        snapshot = snapshot_of(sandbox)
        for name, facts in FACTS.items():
            assert snapshot[name], name
            assert len(snapshot[name]) == len({*snapshot[name]})
            # Memberships and figures have no time of their own.
            if facts.cursor and name not in ("company_segments", "article_statistics", "contact_event_summaries"):
                assert all(held.moment is not None for held in snapshot[name].values()), name


def test_rows_of_a_contact_go_by_the_time_of_the_contact() -> None:
    with Sandbox(Settings(**SIZES)) as sandbox:
        snapshot = snapshot_of(sandbox, "contacts", "contact_tags", "contact_notes")
        for stream in ("contact_tags", "contact_notes"):
            for held in snapshot[stream].values():
                assert held.moment == snapshot["contacts"][(held.record["contact_id"],)].moment


def test_options_choose() -> None:
    with Sandbox(Settings(**SIZES)) as sandbox:
        whole = snapshot_of(sandbox, "contacts", "contact_segments")
        middle = sorted(held.moment or 0 for held in whole["contacts"].values())[45]
        part = snapshot_of(sandbox, "contacts", "contact_segments", options=Options({}, start=middle, roles=("user",)))
        assert 0 < len(part["contacts"]) < 16
        assert {held.record["role"] for held in part["contacts"].values()} == {"user"}
        assert min(held.moment or 0 for held in part["contacts"].values()) >= middle
        assert {key[0] for key in part["contact_segments"]} <= {key[0] for key in part["contacts"]}


def test_what_came_of_messages_goes_by_the_time_of_the_message() -> None:
    with Sandbox(Settings(message_receipts=60)) as sandbox:
        snapshot = snapshot_of(sandbox, "message_receipts", "message_opens")
        received = {key[0]: held.moment for key, held in snapshot["message_receipts"].items()}
        opens = snapshot["message_opens"]
        assert {held.moment for held in opens.values()} <= set(received.values())
        assert all(held.moment == received[key[0]] < held.record["occurred_at"] for key, held in opens.items())


def test_what_came_of_messages_later_than_the_options_say_is_not_asked_for() -> None:
    week = Options({"message_lookback_days": 7})
    with Sandbox(Settings(message_receipts=60)) as sandbox:
        whole = snapshot_of(sandbox, "message_receipts", "message_opens")
        part = snapshot_of(sandbox, "message_receipts", "message_opens", options=week)
    assert part.keys() == whole.keys()
    promised = [held for held in part["message_opens"].values() if held.is_promised]
    assert 0 < len(promised) < len(whole["message_opens"])
    assert all(held.is_promised for held in whole["message_opens"].values())
    for held in part["message_receipts"].values():
        firsts = [value for name, value in held.record.items() if name.startswith("first_")]
        assert all(value <= held.record["received_at"] + 7 * DAY for value in firsts)


def test_reports_have_the_columns_and_times_of_their_files_and_numbers_of_their_own() -> None:
    with Sandbox(Settings(conversations=20, quirks=["report-times"])) as sandbox:
        options = Options({}, columns={"conversation": ("channel",)})
        snapshot = snapshot_of(sandbox, "report_conversation", "report_admin_status_change", options=options)
        for key, held in snapshot["report_conversation"].items():
            assert key == (held.record["conversation_id"], 1)
            assert {*held.record} == {
                "conversation_id",
                "conversation_started_at",
                "channel",
                "occurred_at",
                "row_number",
            }
            told = datetime.fromisoformat(held.record["occurred_at"]).replace(tzinfo=timezone.utc)
            assert held.moment == told.timestamp()
        numbers = {key[-1] for key in snapshot["report_admin_status_change"]}
        assert numbers >= {1, 2}
        everything = snapshot_of(sandbox, "report_conversation")["report_conversation"].values()
        assert {"people_Brand", "conversation_Brand"} <= {name for held in everything for name in held.record}


def test_reports_of_which_intercom_keeps_nothing_any_more_are_not_asked_for() -> None:
    with Sandbox(Settings(conversations=40, history_days=1_000)) as sandbox:
        held = snapshot_of(sandbox, "report_conversation")["report_conversation"]
        promised = [one.moment or 0 for one in held.values() if one.is_promised]
        assert 0 < len(promised) < len(held)
        assert min(promised) > sandbox.now - 730 * DAY


@pytest.mark.parametrize("days", [0, 7])
def test_counts_of_events_have_a_time_only_where_not_every_sync_asks_all_contacts(days: int) -> None:
    with Sandbox(Settings(**SIZES)) as sandbox:
        options = Options({ALL_CONTACTS: days})
        snapshot = snapshot_of(sandbox, "contacts", "contact_event_summaries", "contact_events", options=options)
        for key, held in snapshot["contact_event_summaries"].items():
            assert held.moment == (snapshot["contacts"][(key[0],)].moment if days else None)
        assert all(held.moment == held.record["created_at"] for held in snapshot["contact_events"].values())


@pytest.mark.parametrize(("vanished", "all_promised"), [(20, False), (0, True)])
def test_segments_are_not_promised_of_a_company_that_has_vanished(vanished: int, all_promised: bool) -> None:
    """Its record shows them, but whoever has to ask for them gets no answer."""
    with Sandbox(Settings(companies=60, vanished_percent=vanished)) as sandbox:
        held = snapshot_of(sandbox, "company_segments")["company_segments"].values()
    promised = [one.is_promised for one in held]
    assert any(promised)
    assert all(promised) == all_promised


def snapshot(**moments: int) -> Snapshot:
    return {"contacts": {(name,): Held({"id": name, "version": moment}, moment) for name, moment in moments.items()}}


def test_what_changes_and_shows_no_new_time_is_unseen() -> None:
    history = History(snapshot(a=10, b=20), 100)
    history.look(
        {"contacts": {("a",): Held({"id": "a", "version": "new"}, 10), **snapshot(b=150, c=5)["contacts"]}}, 160
    )
    assert history.unseen["contacts"] == {("a",): 100, ("c",): 100}
    assert history.known["contacts"] == {("a",), ("b",), ("c",)}


@pytest.mark.parametrize(("stream", "unseen"), [("contacts", {}), ("message_opens", {("a",): 100})])
def test_what_comes_of_a_message_is_unseen_also_where_the_message_came_last(stream: str, unseen: Snapshot) -> None:
    history = History({stream: {}}, 100)
    history.look({stream: {("a",): Held({"id": "a"}, 100)}}, 160)
    assert history.unseen[stream] == unseen


def test_it_is_seen_again_when_it_moves() -> None:
    history = History(snapshot(a=10), 100)
    history.look({"contacts": {("a",): Held({"id": "a", "version": "new"}, 10)}}, 160)
    history.look(snapshot(a=170), 180)
    assert history.unseen["contacts"] == {}


@pytest.mark.parametrize(("after", "same"), [({"a": 10, "b": 20}, {"a", "b"}), ({"a": 11, "c": 1}, set())])
def test_what_stays_the_same(after: dict[str, int], same: set[str]) -> None:
    history = History(snapshot(a=10, b=20), 100)
    history.begin()
    history.look(snapshot(**after), 160)
    assert set(history.unchanged()["contacts"]) == {(name,) for name in same}


def test_what_went_and_came_back_in_a_run_has_not_stayed_the_same() -> None:
    history = History(snapshot(a=100), 100)
    history.begin()
    history.look(snapshot(), 100)
    history.look(snapshot(a=100), 100)
    assert history.unchanged()["contacts"] == {}
    history.begin()
    assert set(history.unchanged()["contacts"]) == {("a",)}


def test_other_options_change_no_record() -> None:
    """What an earlier start date asks for has not come without moving its time: it must be brought."""
    history = History(snapshot(b=150), 100)
    history.begin()
    history.choose(snapshot(a=10, b=150))
    history.look(snapshot(a=10, b=150), 160)
    assert history.unseen["contacts"] == {}
    assert history.known["contacts"] == {("a",), ("b",)}
    assert set(history.unchanged()["contacts"]) == {("a",), ("b",)}

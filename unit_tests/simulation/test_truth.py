"""What a workspace holds, and what in it changes unseen."""

from __future__ import annotations

import pytest

from sandbox import Sandbox, Settings
from tools.simulation.facts import FACTS
from tools.simulation.plan import Options
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


def snapshot(**moments: int) -> Snapshot:
    return {"contacts": {(name,): Held({"id": name, "version": moment}, moment) for name, moment in moments.items()}}


def test_what_changes_and_shows_no_new_time_is_unseen() -> None:
    history = History(snapshot(a=10, b=20), 100)
    history.look(
        {"contacts": {("a",): Held({"id": "a", "version": "new"}, 10), **snapshot(b=150, c=5)["contacts"]}}, 160
    )
    assert history.unseen["contacts"] == {("a",): 100, ("c",): 100}
    assert history.known["contacts"] == {("a",), ("b",), ("c",)}


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

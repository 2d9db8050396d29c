"""No state leaves before all that it lets out: at whichever message a sync is killed, the next one reads the rest."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airbyte_cdk.sources.types import Record as CdkRecord
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_fakes import NOW, FakeIntercom, Json, SearchServer, make_sync
from sync_driver import Syncing, make_pages_small, state_in, unread_after

from source_intercom.api.errors import CursorRefused, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.streams.conversations import Conversations, ConversationTags
from source_intercom.sync.windows import DAY, HOUR

pytestmark = pytest.mark.timeout(120)

NewSync = Callable[..., Sync]
MIDNIGHT = NOW - NOW % DAY
BIRTH = MIDNIGHT - 400 * DAY
# The key that names the conversation in the rows of each stream.
KINDS: dict[type[Any], tuple[str, str]] = {
    Conversations: ("conversations", "id"),
    ConversationTags: ("conversation_tags", "conversation_id"),
}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


def conversations(moments: list[int]) -> list[Json]:
    """Conversations that changed at these moments, each with one tag, begun on days that say nothing about that."""
    return [
        {
            "id": f"{number:03}",
            "updated_at": moment,
            "created_at": BIRTH + DAY * (number * 37 % 300),
            "tags": {"tags": [{"id": "t"}]},
        }
        for number, moment in enumerate(moments)
    ]


class Troubled:
    """A search that fails by chance, refuses cursors by chance, and never gives the pages of some records."""

    def __init__(self, server: SearchServer, chance: random.Random, *, faults: float, bad: set[str]) -> None:
        self._server = server
        self._chance = chance
        self._faults = faults
        self._bad = bad

    def __call__(self, body: Json) -> Json:
        if self._chance.random() < self._faults:
            if "starting_after" in body["pagination"] and self._chance.random() < 0.5:
                raise CursorRefused("not this one", "x")
            raise Unavailable("by chance", "x")
        answer = self._server(body)
        if any(record["id"] in self._bad for record in answer["conversations"]):
            raise Unavailable("one that Intercom cannot build", "x")
        return answer


def left_out(
    out: list[Any], kind: type[Any], sync: Sync, records: list[Json], known: set[str], *, full: bool = False
) -> Iterator[tuple[Json, list[str]]]:
    """States behind which records are lost, each with these records.

    After a state only more records come, so a process that is killed right behind it has the least of them.
    """
    name, key = KINDS[kind]
    given_rows = set(known)
    for item in out:
        if isinstance(item, CdkRecord) and item.stream_name == name:
            given_rows.add(item.data[key])
        state = state_in(item, name)
        if state is None:
            continue
        unread = unread_after(kind, sync, state, full=full)
        lost = [
            record["id"]
            for record in records
            if record["id"] not in given_rows and not any(window.holds(record["updated_at"]) for window in unread)
        ]
        if lost:
            yield state, lost


@pytest.mark.complaint(34)
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_the_order_the_failures_and_the_moment_of_a_kill(data: st.DataObject) -> None:
    """Several syncs in a row; each is killed at any message, and the next begins with the last state that had left."""
    chance = random.Random(data.draw(st.integers(0, 10_000), label="seed of orders and failures"))
    start = MIDNIGHT - data.draw(st.sampled_from([0, 2, 70]), label="days of history") * DAY
    begin = MIDNIGHT + data.draw(st.integers(HOUR, 20 * HOUR), label="seconds since midnight")
    edges = [start, start + 1, MIDNIGHT - 1, MIDNIGHT, begin - HOUR, begin - HOUR + 1, begin - 1, begin]
    near = st.sampled_from(edges) | st.integers(start, begin) | st.integers(begin - 2 * HOUR, begin)
    moments = data.draw(st.lists(near, max_size=40), label="moments")
    moments += [data.draw(near, label="crowded second")] * data.draw(st.integers(0, 25), label="crowd")
    records = conversations(moments)
    bad = {record["id"] for record in records if data.draw(st.booleans(), label="bad") and len(records) < 8}
    faults = data.draw(st.sampled_from([0.0, 0.05, 0.2]), label="faults")
    server = SearchServer("conversations", records)
    intercom = FakeIntercom().on("POST", Conversations.endpoint, Troubled(server, chance, faults=faults, bad=bad))
    states: dict[str, Json] = {}
    known: dict[type[Any], set[str]] = {kind: set() for kind in KINDS}
    with pytest.MonkeyPatch.context() as patch:
        window_pages = data.draw(st.integers(1, 4), label="pages of a window")
        lag = data.draw(st.sampled_from([0, HOUR]), label="lag")
        make_pages_small(patch, window_pages=window_pages, lag=lag)
        for _ in range(data.draw(st.integers(1, 3), label="syncs")):
            sync = make_sync(begin=begin, birth=BIRTH, start_date=_text(start))
            try:
                syncing = Syncing(KINDS, sync, intercom, states=states).run(chance.randrange)
                present = [record for record in records if start <= record["updated_at"] <= begin]
                for kind in KINDS:
                    assert list(left_out(syncing.out, kind, sync, present, known[kind])) == []
            finally:
                sync.transport.close()
            killed = syncing.out[: chance.randint(0, len(syncing.out))]
            for kind, (name, key) in KINDS.items():
                known[kind] |= {
                    item.data[key] for item in killed if isinstance(item, CdkRecord) and item.stream_name == name
                }
                for item in killed:
                    state = state_in(item, name)
                    states |= {name: state} if state is not None else {}
            passed = chance.randrange(1, 3 * HOUR)
            begin += passed
            for _ in range(chance.randrange(3)):
                # What the index was late to know may lie before the last sync's end, by as much as is read again.
                moment = begin - chance.randrange(lag or passed)
                records.append({**conversations([moment])[0], "id": f"{len(records):03}"})


@pytest.mark.parametrize("full", [True, False], ids=["full refresh", "incremental"])
@pytest.mark.parametrize("seed", range(4))
def test_of_a_first_sync_that_is_heavy_and_crowded(
    full: bool, seed: int, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pages_small(monkeypatch, lag=0)
    moments = [*range(MIDNIGHT - 90 * DAY, MIDNIGHT, 5 * DAY), *[MIDNIGHT - 3 * DAY + 5] * 40]
    records = conversations(moments)
    sync = new_sync(begin=MIDNIGHT + HOUR, birth=BIRTH)
    intercom = FakeIntercom().on("POST", Conversations.endpoint, SearchServer("conversations", records))
    syncing = Syncing(KINDS, sync, intercom, full=full).run(random.Random(seed).randrange)
    assert syncing.errors == []
    for kind, (name, key) in KINDS.items():
        assert sorted(syncing.rows(name, key)) == [record["id"] for record in records]
        assert list(left_out(syncing.out, kind, sync, records, set(), full=full)) == []
        assert syncing.states(name)[-1]["updated_at" if kind is Conversations else "conversation_updated_at"] == (
            MIDNIGHT + HOUR
        )


def test_of_several_pages_in_the_hour_before_a_state_that_are_read_newest_first(new_sync: NewSync) -> None:
    """The hour before the state counts as unread. What it holds comes on its last pages, behind newer states."""
    position = MIDNIGHT + 15 * HOUR
    begin = position + 2 * HOUR
    moments = [*range(position - HOUR + 60, position, 240), *range(position + 60, begin, 600)]
    records = conversations(moments)
    # A workspace of one day has nothing by which a day could be sliced.
    sync = new_sync(begin=begin, birth=MIDNIGHT + 1)
    intercom = FakeIntercom().on("POST", Conversations.endpoint, SearchServer("conversations", records))
    syncing = Syncing([Conversations], sync, intercom, states={"conversations": {"updated_at": position}}).run()
    orders = {call["sort"]["order"] for call in intercom.asked(Conversations.endpoint)}
    assert orders == {"descending"}, "else this shows nothing"
    assert syncing.rows("conversations") == [record["id"] for record in reversed(records)]
    assert len(syncing.states("conversations")) > 3
    assert list(left_out(syncing.out, Conversations, sync, records, set())) == []
    assert all(state["updated_at"] >= position for state in syncing.states("conversations")), "it never falls back"


def _text(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))

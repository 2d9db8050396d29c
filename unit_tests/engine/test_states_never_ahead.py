"""A state never passes a second that has not been read, wherever the process ends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.types import Record as CdkRecord
from hypothesis import given, settings
from hypothesis import strategies as st
from search_driver import BEGIN, BIRTH, Answering, Resumed, Things, calls, made, make_pages_small, server_of, things
from stream_fakes import Json, make_sync

from source_intercom.api.errors import RequestRefused, Unavailable
from source_intercom.sync.state import INDEX_LAG, read_state
from source_intercom.sync.windows import DAY, HOUR, Window, gaps

pytestmark = pytest.mark.timeout(120)

START_DATE = "2025-10-01T00:00:00Z"
START = 1_759_276_800


def left_to_read(state: Json, *, begin: int) -> list[Window]:
    """What the next sync asks for, as it understands a state."""
    done = read_state(state, stream="things", field="updated_at", start=START, now=begin)
    return list(gaps(done, START, begin, INDEX_LAG))


def cuts(out: list[Any], before: Json) -> Iterator[tuple[set[str], Json]]:
    """For each state of an output: the records that were given before it, and the state."""
    seen: set[str] = set()
    yield set(), before
    for item in out:
        if isinstance(item, CdkRecord):
            seen.add(item.data["id"])
        elif isinstance(item, AirbyteMessage) and item.state and item.state.stream:
            yield set(seen), dict(vars(item.state.stream.stream_state))


def assert_nothing_is_left_out(sync_of: Resumed, records: list[Json], before: Json, known: set[str]) -> None:
    """Each record was given, or lies where the next sync reads; ``known`` are those that earlier syncs have given.

    What the sync was to read again counts as unread: the index may not have known all of it before.
    """
    begin = sync_of.members[0].stream.sync.begin
    asked = left_to_read(before, begin=begin)
    for seen, state in cuts(sync_of.out, before):
        coming = left_to_read(state, begin=begin)
        for record in records:
            name, moment = record["id"], record["updated_at"]
            if not START <= moment <= begin or any(gap.holds(moment) for gap in coming):
                continue
            is_owed = any(gap.holds(moment) for gap in asked)
            assert name in (seen if is_owed else seen | known), f"{state} passes {name} of {moment}"


class Trouble:
    """A server that fails at some of its requests: for want of an answer, or for a cursor that it does not take."""

    def __init__(self, server: Answering, chance: random.Random, percent: int) -> None:
        self._server = server
        self._chance = chance
        self._percent = percent

    def __call__(self, body: Json) -> Json:
        if self._chance.randrange(100) < self._percent:
            if "starting_after" in body["pagination"] and self._chance.random() < 0.5:
                raise RequestRefused("no such cursor", "HTTP 400")
            raise Unavailable("busy", "HTTP 504")
        return self._server(body)


@settings(max_examples=60)
@given(data=st.data())
def test_whatever_the_output_so_far_leaves_out_is_read_by_the_next_sync(data: st.DataObject) -> None:
    """Windows of both directions, handed out, sliced and failing, over several syncs that are killed anywhere."""
    seed = data.draw(st.integers(0, 10_000), label="seed")
    chance = random.Random(seed)
    goes_by_days = data.draw(st.booleans(), label="search by days")
    percent = data.draw(st.sampled_from([0, 3, 15]), label="percent of failures")
    begin = BEGIN - 3 * DAY
    moments = [chance.randrange(START - HOUR, BEGIN) for _ in range(data.draw(st.integers(0, 50), label="records"))]
    if data.draw(st.booleans(), label="crowded day"):
        day = chance.randrange(START // DAY, BEGIN // DAY) * DAY
        moments += [day + chance.randrange(DAY) // 600 * 600 for _ in range(30)]
    records = things(*moments)
    state: Json = {}
    known: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        make_pages_small(patch, window_pages=data.draw(st.integers(1, 4), label="window pages"))
        patch.setattr(Things, "is_costly", data.draw(st.booleans(), label="costly"))
        for _ in range(data.draw(st.integers(1, 3), label="syncs")):
            sync = make_sync(begin=begin, birth=BIRTH, start_date=START_DATE)
            try:
                server = server_of(records, zone=sync.zone if goes_by_days else None)
                sync_of = Resumed(made(sync, Trouble(server, chance, percent)), state=state).in_turns(seed)
            finally:
                sync.transport.close()
            assert_nothing_is_left_out(sync_of, records, state, known)
            if not sync_of.errors:
                assert sync_of.last_state()["updated_at"] == begin
            seen, state = data.draw(st.sampled_from(list(cuts(sync_of.out, state))), label="killed at")
            known |= seen
            begin = min(begin + data.draw(st.integers(1, 30 * HOUR), label="seconds later"), BEGIN)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


@pytest.mark.usefixtures("small_pages")
class TestTheHourBeforeASavedState:
    """It is read again, newest first, in more pages than one."""

    SAVED = BEGIN - 30 * HOUR

    def sync(self, *, fails_at_page: int = 1_000) -> tuple[Resumed, list[Json], Any]:
        # Thirty changes in the hour before the state, which the index did not know then, and thirty in the hour after.
        records = things(*range(self.SAVED - HOUR + 10, self.SAVED + HOUR, 120))
        sync = make_sync(begin=BEGIN, birth=BIRTH, start_date=START_DATE)
        server = server_of(records)
        asked: list[Json] = []

        def answer(body: Json) -> Json:
            if body["sort"]["order"] == "descending":
                asked.append(body)
                if len(asked) >= fails_at_page:
                    raise Unavailable("busy", "HTTP 504")
            return server(body)

        stream = made(sync, answer)
        stream.is_costly = True
        try:
            return Resumed(stream, state={"updated_at": self.SAVED}).in_turns(), records, stream
        finally:
            sync.transport.close()

    def test_no_state_passes_it_before_its_older_pages_have_come(self) -> None:
        sync_of, records, stream = self.sync()
        assert len(calls(stream, "descending")) >= 20, "the hour is more than one page"
        assert_nothing_is_left_out(sync_of, records, {"updated_at": self.SAVED}, set())
        states = sync_of.states()
        assert len(states) > 10, "there are checkpoints on the way"
        # A reader of the plain shape would go on from the position alone.
        assert all(state["updated_at"] == self.SAVED for state in states[: len(states) // 2])
        assert sync_of.last_state()["updated_at"] == BEGIN

    @pytest.mark.parametrize("page", [2, 5, 12, 18])
    def test_none_passes_it_when_the_older_pages_fail(self, page: int) -> None:
        sync_of, records, _ = self.sync(fails_at_page=page)
        assert [type(error) for _, error in sync_of.errors] == [Unavailable]
        assert_nothing_is_left_out(sync_of, records, {"updated_at": self.SAVED}, set())
        assert sync_of.last_state()["updated_at"] == self.SAVED
        assert left_to_read(sync_of.last_state(), begin=BEGIN)[0].start == self.SAVED - HOUR + 1

    @pytest.mark.complaint(69)
    def test_a_state_never_goes_back(self) -> None:
        for page in (2, 9, 1_000):
            states = self.sync(fails_at_page=page)[0].states()
            assert all(state["updated_at"] >= self.SAVED for state in states)

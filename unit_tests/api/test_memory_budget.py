"""Memory for answers: bounded for all together, and nobody waits for ever."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from source_intercom.api import memory as module
from source_intercom.api.memory import MOST_RESIDENT, MemoryBudget, NoMemory, cost_of, resident_bytes
from source_intercom.api.wire import MOST_BYTES


def in_thread(function: Any) -> tuple[threading.Thread, threading.Event]:
    done = threading.Event()

    def run() -> None:
        function()
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, done


def parsing(budget: MemoryBudget, content: bytes) -> AbstractContextManager[None]:
    return budget.parsing(len(content), lambda: cost_of(content))


def test_within_the_bound_nobody_waits() -> None:
    budget = MemoryBudget(most_read=100)
    with budget.share() as one, budget.share() as other:
        one.take(50)
        other.take(50)
    with budget.share() as again:
        again.take(100)


def test_one_answer_alone_goes_on_beyond_the_bound() -> None:
    budget = MemoryBudget(most_read=100, longest=0)
    with budget.share() as one, budget.share() as other:
        other.take(60)
        for _ in range(10):
            one.take(50)
        with pytest.raises(NoMemory):
            other.take(60)
    # Both are gone, and all is as before.
    with budget.share() as again:
        again.take(100)


def test_who_waits_goes_on_when_the_other_has_ended() -> None:
    budget = MemoryBudget(most_read=100, longest=60)
    with ExitStack() as first, budget.share() as other:
        first.enter_context(budget.share()).take(150)
        thread, done = in_thread(lambda: other.take(80))
        assert not done.wait(0.1)
        first.close()
        assert done.wait(10)
        thread.join()
        assert other.taken == 80


@pytest.mark.complaint(104)
@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=8), min_size=1, max_size=12))
def test_however_they_take_all_end_and_the_bound_holds(answers: list[list[int]]) -> None:
    budget = MemoryBudget(most_read=100, longest=60)
    largest = max(sum(pieces) for pieces in answers)
    seen: list[int] = []

    def read(pieces: list[int]) -> None:
        with budget.share() as share:
            for piece in pieces:
                share.take(piece)
                seen.append(budget._read)

    threads = [in_thread(lambda pieces=pieces: read(pieces)) for pieces in answers]
    for thread, done in threads:
        assert done.wait(30)
        thread.join()
    assert max(seen) <= 100 + largest
    assert budget._read == 0


@pytest.mark.complaint(104)
def test_what_does_not_fit_beside_others_is_refused() -> None:
    used = [500]
    budget = MemoryBudget(most_resident=1_000_000, longest=0.2, resident=lambda: used[0])
    content = b"[" + b"{}," * 100_000 + b"1]"
    with parsing(budget, content):
        pass
    used[0] = 999_000
    with pytest.raises(NoMemory), parsing(budget, content):
        pytest.fail("parsed")
    # What is small is let in by itself.
    with parsing(budget, b"{}"):
        pass


def test_it_waits_for_others_to_give_memory_back(caplog: pytest.LogCaptureFixture) -> None:
    used = iter([999_000] * 4)
    budget = MemoryBudget(most_resident=1_000_000, longest=60, resident=lambda: next(used, 0))
    with caplog.at_level("INFO", "airbyte"), parsing(budget, b"x" * 300_000):
        pass
    assert caplog.text.count("Waiting for free memory") == 1


def test_large_answers_are_parsed_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGE", 300_000)
    budget = MemoryBudget(longest=0.1)
    with parsing(budget, b"x" * 300_000):
        refused: list[bool] = []

        def other() -> None:
            with pytest.raises(NoMemory), parsing(budget, b"x" * 300_000):
                pytest.fail("parsed")
            refused.append(True)

        thread, done = in_thread(other)
        assert done.wait(10)
        thread.join()
        assert refused == [True]
    with parsing(budget, b"x" * 300_000):
        pass


DENSE = {
    "objects": b"[" + b"{}," * 400_000 + b"1]",
    "one field": b"[" + b'{"a":{"a":{"a":1}}},' * 100_000 + b"1]",
    "lists": b"[" + b"[[1]]," * 200_000 + b"1]",
    "numbers": b"[" + b"1000.5," * 300_000 + b"1]",
    "texts": b"[" + b'"ab",' * 300_000 + b"1]",
    "wide": ('["' + "x" * 4_000_000 + '\U0001f600"]').encode(),
    "escaped": b'["' + b"x" * 4_000_000 + b'\\ud83d\\ude00"]',
    "narrow": b'["' + b"x" * 4_000_000 + b'"]',
}


@pytest.mark.parametrize("kind", DENSE)
def test_no_text_becomes_more_than_is_reckoned_with(kind: str) -> None:
    module.give_back()
    before = resident_bytes()
    objects = orjson.loads(DENSE[kind])
    assert resident_bytes() - before <= cost_of(DENSE[kind]) + (4 << 20)
    del objects


def test_the_bounds_fit_into_the_memory_that_is_asked_for() -> None:
    metadata = yaml.safe_load((Path(__file__).parents[2] / "metadata.yaml").read_text())
    jobs = metadata["data"]["resourceRequirements"]["jobSpecific"]
    (limit,) = [job["resourceRequirements"]["memory_limit"] for job in jobs if job["jobType"] == "sync"]
    assert limit.endswith("Gi")
    # The largest answer may be read while all others are there.
    assert int(limit[:-2]) << 30 >= MOST_RESIDENT + MOST_BYTES + (128 << 20)


def test_where_the_system_does_not_tell_of_memory_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: str, _flags: int) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", missing)
    assert resident_bytes() == 0


def test_memory_is_told() -> None:
    before = resident_bytes()
    block = b"x" * (64 << 20)
    assert resident_bytes() - before > 50 << 20
    assert len(block) == 64 << 20

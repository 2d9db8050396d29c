"""The call budget over a minute and more, with fifty workers, in time that does not pass."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

import pytest
import requests
from airbyte_cdk.sources.streams.call_rate import CallRateLimitHit
from api_helpers import FakeTime, answer, window

from source_intercom.api.budget import WINDOW_SECONDS, WindowPolicy

REQUEST = requests.Request("GET", "https://api.intercom.io/me").prepare()
START = 1_700_000_000  # the edge of a window, on Intercom's clock


@dataclass
class Intercom:
    """Intercom's limiter: windows of ten seconds by its own clock, shared with other apps."""

    limit: int
    others: int = 0  # what other apps take at the start of each window
    ours: Counter[int] = field(default_factory=Counter)
    refused: int = 0

    def take(self, moment: float) -> int:
        number = int(moment // WINDOW_SECONDS)
        if self.ours[number] + self.others >= self.limit:
            self.refused += 1
            return 429
        self.ours[number] += 1
        return 200

    def headers(self, moment: float) -> dict[str, str]:
        number = int(moment // WINDOW_SECONDS)
        left = max(0, self.limit - self.others - self.ours[number])
        return window(self.limit, left, (number + 1) * WINDOW_SECONDS, moment)


@dataclass
class Run:
    """What Intercom saw of two minutes, without the windows that were only begun or not finished."""

    refused: int
    windows: list[int]


Latency = Callable[[Random], float]


def simulate(
    *,
    limit: int,
    latency: Latency,
    workers: int = 50,
    others: int = 0,
    cap: int | None = None,
    ahead: float = 0.0,
    told_at_the_end: bool = False,
    date: bool = True,
) -> Run:
    """Workers that call without a pause, event by event.

    ``ahead`` is how far our clock is ahead of Intercom's. Headers are made when a request arrives, or
    ``told_at_the_end``, when its answer leaves: both kinds of limiter exist.
    """
    random = Random(1)
    clock = FakeTime()
    begin = START + 3.7
    clock.now = begin + ahead
    policy = WindowPolicy(cap, clock=clock.time)
    intercom = Intercom(limit, others)
    events: list[tuple[float, int, Callable[[float], None]]] = []
    numbers = count()

    def at(moment: float, event: Callable[[float], None]) -> None:
        heapq.heappush(events, (moment, next(numbers), event))

    def ask(moment: float) -> None:
        try:
            policy.try_acquire(REQUEST, 1)
        except CallRateLimitHit as hit:
            at(moment + hit.time_to_wait.total_seconds(), ask)
            return
        seconds = latency(random)
        at(moment + seconds * 0.3, lambda arrival: arrive(arrival, seconds))

    def arrive(moment: float, seconds: float) -> None:
        status, headers = intercom.take(moment), intercom.headers(moment)
        at(moment + seconds * 0.5, lambda departure: leave(departure, seconds, status, headers))

    def leave(moment: float, seconds: float, status: int, headers: dict[str, str]) -> None:
        sent = intercom.headers(moment) if told_at_the_end else headers
        if not date:
            del sent["Date"]
        at(moment + seconds * 0.2, lambda arrival: learn(arrival, status, sent))

    def learn(moment: float, status: int, headers: dict[str, str]) -> None:
        policy.learn(answer(status, {}, headers))
        ask(moment)

    for worker in range(workers):
        at(begin + worker * 1e-4, ask)
    moment = begin
    while moment < begin + 120:
        moment, _, event = heapq.heappop(events)
        clock.now = moment + ahead
        event(moment)
    return Run(intercom.refused, [intercom.ours[number] for number in sorted(intercom.ours)[1:-1]])


def quick(random: Random) -> float:
    return random.uniform(0.1, 0.3)


def mixed(random: Random) -> float:
    """One call in twenty is a heavy search that takes longer than some windows have left."""
    return random.uniform(2.0, 12.0) if random.random() < 0.05 else random.uniform(0.05, 0.15)


@pytest.mark.complaint(1)
@pytest.mark.parametrize("told_at_the_end", [False, True], ids=["told-on-arrival", "told-at-the-end"])
@pytest.mark.parametrize("limit", [1667, 400, 167])
def test_alone_no_call_is_refused_and_the_budget_is_used(limit: int, told_at_the_end: bool) -> None:
    run = simulate(limit=limit, latency=quick, told_at_the_end=told_at_the_end)

    assert run.refused == 0
    assert len(run.windows) == 11
    assert sum(run.windows) >= 0.9 * limit * len(run.windows)


@pytest.mark.parametrize("limit", [400, 167])
def test_heavy_calls_do_not_hold_the_budget_back(limit: int) -> None:
    run = simulate(limit=limit, latency=mixed)

    assert run.refused == 0
    assert sum(run.windows) >= 0.9 * limit * len(run.windows)


@pytest.mark.parametrize("ahead", [-400.0, -7.3, 0.4, 7.3, 400.0])
def test_a_wrong_clock_costs_neither_calls_nor_refusals(ahead: float) -> None:
    run = simulate(limit=400, latency=quick, ahead=ahead)

    assert run.refused == 0
    assert sum(run.windows) >= 0.9 * 400 * len(run.windows)


def test_without_a_date_a_right_clock_is_enough() -> None:
    run = simulate(limit=400, latency=quick, date=False)

    assert run.refused <= 0.01 * sum(run.windows)
    assert sum(run.windows) >= 0.9 * 400 * len(run.windows)


def test_beside_another_app_the_rest_is_used_and_hardly_a_call_refused() -> None:
    run = simulate(limit=1667, latency=quick, others=800)

    assert run.refused <= 0.01 * sum(run.windows)
    assert sum(run.windows) >= 0.9 * 867 * len(run.windows)


@pytest.mark.parametrize(("cap", "workers"), [(9500, 50), (1000, 50), (60, 4), (6, 1)])
def test_the_cap_is_kept_and_used(cap: int, workers: int) -> None:
    run = simulate(limit=1667, latency=quick, cap=cap, workers=workers)

    assert run.refused == 0
    minutes = [sum(run.windows[first : first + 6]) for first in range(len(run.windows) - 5)]
    assert max(minutes) <= cap
    assert sum(run.windows) >= 0.9 * (cap // 6) * len(run.windows)

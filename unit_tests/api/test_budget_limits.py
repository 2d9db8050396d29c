"""The call budget: calls without an answer or with a 429, and the cap of the option."""

from __future__ import annotations

import pytest
import requests
from airbyte_cdk.sources.streams.call_rate import CallRateLimitHit
from api_helpers import FakeTime, answer, fault, window

from source_intercom.api.budget import WINDOW_SECONDS, CallBudget, WindowPolicy

REQUEST = requests.Request("GET", "https://api.intercom.io/me").prepare()
START = 1_700_000_000  # the edge of a window, on Intercom's clock
EDGE = START + WINDOW_SECONDS


@pytest.fixture
def policy(time: FakeTime) -> WindowPolicy:
    time.now = float(START)
    return WindowPolicy(clock=time.time)


def wait(policy: WindowPolicy) -> float:
    """Seconds until a call may be made: 0 when it has been taken."""
    try:
        policy.try_acquire(REQUEST, 1)
    except CallRateLimitHit as hit:
        return hit.time_to_wait.total_seconds()
    return 0.0


def free(policy: WindowPolicy, at_most: int = 10_000) -> int:
    """Take calls until the policy says no; how many there were."""
    taken = 0
    while taken < at_most and not wait(policy):
        taken += 1
    return taken


def called(policy: WindowPolicy, headers: dict[str, str], status: int = 200) -> None:
    """A call that got its answer at once."""
    assert wait(policy) == 0
    policy.learn(answer(status, {}, headers))


# --- 429 and calls without an answer ----------------------------------------------------------------


def test_a_429_waits_for_the_reset_whatever_is_left(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, window(100, 50, EDGE, START))
    time.now = START + 2.0
    called(policy, window(100, 5, EDGE, START + 2), status=429)

    assert wait(policy) == pytest.approx(8.0)
    time.now = EDGE + 0.01
    assert free(policy) == 100


def test_a_429_that_only_names_its_reset(policy: WindowPolicy, time: FakeTime) -> None:
    time.now = START + 3.0
    called(policy, window(None, None, EDGE, START + 3), status=429)

    assert wait(policy) == pytest.approx(7.0)


def test_a_bare_429_waits_a_window_and_a_second(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, {}, status=429)

    assert wait(policy) == pytest.approx(WINDOW_SECONDS + 1)
    time.now += WINDOW_SECONDS + 1
    assert wait(policy) == 0


def test_a_bare_429_after_a_limit_was_heard(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, window(100, 99, EDGE, START))
    called(policy, {}, status=429)

    assert wait(policy) == pytest.approx(WINDOW_SECONDS + 1)
    time.now += WINDOW_SECONDS + 1
    assert free(policy) == 100


def test_a_429_of_a_window_gone_by_holds_nobody_up(policy: WindowPolicy, time: FakeTime) -> None:
    assert wait(policy) == 0
    time.now = EDGE + 1.0
    called(policy, window(100, 90, EDGE + WINDOW_SECONDS, EDGE + 1))

    policy.learn(answer(429, fault("rate_limit_exceeded"), window(100, 0, EDGE, START + 9)))
    assert wait(policy) == 0


def test_a_call_without_an_answer_is_spent_but_no_longer_under_way(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, window(10, 9, EDGE, START))
    for _ in range(4):
        assert wait(policy) == 0
        policy.release()

    assert free(policy) == 5  # Intercom may have counted the four
    for _ in range(5):
        policy.release()
    time.now = EDGE + 0.1
    assert free(policy) == 10  # but they are nobody's business after the edge


# --- The cap of the option --------------------------------------------------------------------------


def test_the_cap_needs_no_headers(time: FakeTime) -> None:
    policy = WindowPolicy(60, clock=time.time)

    assert free(policy) == 10
    assert 0 < wait(policy) <= WINDOW_SECONDS
    for _ in range(10):
        policy.learn(answer(200, {}))
    time.now += WINDOW_SECONDS
    assert free(policy) == 10


@pytest.mark.parametrize(("cap", "limit", "allowed"), [(60, 100, 10), (6000, 100, 100), (6, 100, 1), (9, 100, 1)])
def test_the_lower_of_cap_and_limit_holds(time: FakeTime, cap: int, limit: int, allowed: int) -> None:
    time.now = float(START)
    policy = WindowPolicy(cap, clock=time.time)
    called(policy, window(limit, limit - 1, EDGE, START))

    time.now = EDGE + 0.1
    assert free(policy) == allowed


@pytest.mark.parametrize(("cap", "limit", "known"), [(None, None, None), (None, 167, 167), (60, None, 10), (60, 7, 7)])
def test_the_size_of_a_window_as_far_as_it_is_known(
    time: FakeTime, cap: int | None, limit: int | None, known: int | None
) -> None:
    budget = CallBudget(WindowPolicy(cap, clock=time.time))
    budget.acquire_call(REQUEST)
    budget.update_from_response(REQUEST, answer(200, {}, window(limit, 5, EDGE, START)))

    assert budget.limit == known


def test_an_answer_does_not_refill_the_cap(time: FakeTime) -> None:
    time.now = float(START)
    policy = WindowPolicy(60, clock=time.time)
    for _ in range(4):
        assert wait(policy) == 0
    for left in (99, 98, 97, 96):
        policy.learn(answer(200, {}, window(100, left, EDGE, START)))

    assert free(policy) == 10 - 4

"""The call budget: it spends what Intercom allows, all of it, and nothing more. No test sleeps."""

from __future__ import annotations

import pytest
import requests
from airbyte_cdk.sources.streams.call_rate import CallRateLimitHit
from api_helpers import FakeTime, answer, window

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


# --- One window -------------------------------------------------------------------------------------


def test_without_headers_nothing_waits(policy: WindowPolicy, time: FakeTime) -> None:
    for _ in range(5_000):
        called(policy, {})
    time.now += 1000
    assert free(policy, at_most=5_000) == 5_000


@pytest.mark.parametrize(
    "headers",
    [
        window(None, 0, None),
        window(None, None, EDGE),
        {"X-RateLimit-Remaining": "", "X-RateLimit-Reset": str(EDGE)},
        {"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": str(EDGE)},
        {"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": str(EDGE)},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"},
        {"X-RateLimit-Limit": "1.5", "X-RateLimit-Remaining": "\u00b2", "X-RateLimit-Reset": str(EDGE)},
    ],
)
def test_half_a_statement_is_none(policy: WindowPolicy, headers: dict[str, str]) -> None:
    called(policy, headers)

    assert free(policy, at_most=500) == 500


@pytest.mark.parametrize("headers", [window(100, None, None), window(100, None, EDGE), window(100, 0, None)])
def test_a_limit_alone_makes_windows_of_our_own(policy: WindowPolicy, time: FakeTime, headers: dict[str, str]) -> None:
    called(policy, headers)

    assert free(policy) == 100
    assert 0 < wait(policy) <= WINDOW_SECONDS
    for _ in range(100):
        policy.release()
    time.now += WINDOW_SECONDS
    assert free(policy) == 100


@pytest.mark.complaint(1)
def test_what_is_left_is_spent_to_the_last_call(policy: WindowPolicy) -> None:
    called(policy, window(100, 40, EDGE, START))

    assert free(policy) == 40


@pytest.mark.complaint(47)
def test_nothing_left_means_nothing(policy: WindowPolicy, time: FakeTime) -> None:
    time.now = START + 4.0
    called(policy, window(100, 0, EDGE, START + 4))

    assert wait(policy) == pytest.approx(6.0)


@pytest.mark.parametrize("elapsed", [0.0, 3.0, 9.0])
def test_a_spent_window_is_waited_out_and_no_longer(policy: WindowPolicy, time: FakeTime, elapsed: float) -> None:
    called(policy, window(100, 3, EDGE, START))
    assert free(policy) == 3

    time.now = START + elapsed
    assert wait(policy) == pytest.approx(WINDOW_SECONDS - elapsed)
    time.now = EDGE - 0.05
    assert 0 < wait(policy) <= 0.06
    time.now = EDGE
    assert free(policy) == 100 - 3  # three have no answer yet: Intercom may count them here


def test_a_second_that_has_begun_costs_at_most_that_second(policy: WindowPolicy, time: FakeTime) -> None:
    """``Date`` has whole seconds; whoever rounds to the early side meets a 429."""
    time.now = START + 4.9
    called(policy, window(100, 0, EDGE, START + 4.9))

    assert EDGE - time.now <= wait(policy) <= EDGE - time.now + 1.0


@pytest.mark.parametrize("ahead", [-86_400.0, -30.0, -3.0, 3.0, 30.0, 86_400.0])
def test_our_clock_may_be_wrong(policy: WindowPolicy, time: FakeTime, ahead: float) -> None:
    time.now = START + 4 + ahead
    called(policy, window(100, 0, EDGE, START + 4))

    assert wait(policy) == pytest.approx(6.0)


@pytest.mark.parametrize("date", [None, "yesterday", ""])
def test_without_a_date_our_own_clock_must_do(policy: WindowPolicy, time: FakeTime, date: str | None) -> None:
    time.now = START + 4.0
    called(policy, {**window(100, 0, EDGE), **({} if date is None else {"Date": date})})

    assert wait(policy) == pytest.approx(6.0)


def test_a_reset_in_milliseconds_is_one(policy: WindowPolicy) -> None:
    called(policy, window(100, 0, EDGE * 1000, START))

    assert wait(policy) == pytest.approx(WINDOW_SECONDS)


def test_no_reset_is_further_than_a_window(policy: WindowPolicy) -> None:
    called(policy, window(100, 0, EDGE + 40, START))

    assert WINDOW_SECONDS <= wait(policy) <= WINDOW_SECONDS + 1


@pytest.mark.complaint(98)
@pytest.mark.parametrize(
    "headers",
    [
        window(100, 0, EDGE + 3600, START),
        window(100, 0, 9_999_999_999, START),
        window(100, 0, START - 86_400, START),
        {**window(None, 0, None), "X-RateLimit-Reset": "9" * 400},
        {**window(None, 7, EDGE, START), "X-RateLimit-Limit": "0"},
        {**window(None, None, EDGE, START), "X-RateLimit-Limit": "1" * 5000},
    ],
)
def test_one_bad_header_poisons_nothing(
    policy: WindowPolicy, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        called(policy, headers)
    assert caplog.text.count("is ignored") == 1

    called(policy, window(100, 40, EDGE, START))
    assert free(policy) == 40


def test_a_clock_that_is_put_back_makes_nobody_wait_longer(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, window(100, 0, EDGE, START))

    time.now -= 3600  # a clock that ran ahead has been corrected
    assert wait(policy) <= WINDOW_SECONDS + 1


def test_a_reset_that_has_passed_is_no_wait(policy: WindowPolicy, time: FakeTime) -> None:
    time.now = EDGE + 5.0
    called(policy, window(100, 0, EDGE, EDGE + 5))

    assert wait(policy) <= 0.05


# --- Window after window ----------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [50, 167])
def test_a_limit_that_changes_holds_from_the_next_window_on(policy: WindowPolicy, time: FakeTime, limit: int) -> None:
    called(policy, window(100, 99, EDGE, START))
    called(policy, window(limit, 10, EDGE, START))

    time.now = EDGE + 0.1
    assert free(policy) == limit


def test_an_answer_of_the_next_window_opens_it(policy: WindowPolicy) -> None:
    called(policy, window(100, 1, EDGE, START))
    assert wait(policy) == 0
    assert wait(policy) > 0

    policy.learn(answer(200, {}, window(100, 99, EDGE + WINDOW_SECONDS, EDGE)))
    assert free(policy) == 99


def test_what_another_app_spends_is_not_ours(policy: WindowPolicy) -> None:
    called(policy, window(100, 99, EDGE, START))
    called(policy, window(100, 20, EDGE, START))

    assert free(policy) == 20


def test_answers_out_of_order_give_no_calls_back(policy: WindowPolicy) -> None:
    for _ in range(3):
        assert wait(policy) == 0
    for left in (40, 42, 41):
        policy.learn(answer(200, {}, window(100, left, EDGE, START)))

    assert 38 <= free(policy) <= 40


def test_an_answer_of_a_window_gone_by_is_ignored(policy: WindowPolicy, time: FakeTime) -> None:
    assert wait(policy) == 0  # this one takes long
    called(policy, window(100, 98, EDGE, START))
    time.now = EDGE + 1.0
    called(policy, window(100, 98, EDGE + WINDOW_SECONDS, EDGE + 1))

    policy.learn(answer(200, {}, window(100, 0, EDGE, START + 9)))
    assert free(policy) == 97  # one was under way when the window was first heard of


def test_a_late_answer_of_the_last_window_does_not_spend_the_new_one(policy: WindowPolicy, time: FakeTime) -> None:
    """Else everybody sleeps through a window of which nothing is spent."""
    assert wait(policy) == 0  # a heavy search, asked in the old window
    called(policy, window(100, 60, EDGE, START))
    time.now = EDGE + 0.2
    assert wait(policy) == 0  # the first call of the new window

    policy.learn(answer(200, {}, window(100, 0, EDGE, START + 9)))  # the heavy search: others spent the rest
    assert wait(policy) == 0


def test_calls_under_way_over_an_edge_are_counted_on_the_far_side(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, window(10, 9, EDGE, START))
    for _ in range(4):
        assert wait(policy) == 0

    time.now = EDGE + 0.1
    assert free(policy) == 10 - 4


def test_what_a_first_answer_does_not_count_yet_is_not_spent_twice(policy: WindowPolicy) -> None:
    for _ in range(4):
        assert wait(policy) == 0
    policy.learn(answer(200, {}, window(10, 9, EDGE, START)))

    assert free(policy) == 9 - 3


def test_more_calls_under_way_than_a_window_holds(policy: WindowPolicy, time: FakeTime) -> None:
    called(policy, window(10, 9, EDGE, START))
    for _ in range(9):
        assert wait(policy) == 0
    policy.learn(answer(200, {}, window(5, 0, EDGE, START)))

    time.now = EDGE + 0.1
    assert wait(policy) > 0  # eight are under way, five fit


# --- The CDK's budget -------------------------------------------------------------------------------


def test_the_budget_waits_and_never_fails(time: FakeTime, policy: WindowPolicy) -> None:
    budget = CallBudget(policy)
    budget.acquire_call(REQUEST)
    budget.update_from_response(REQUEST, answer(200, {}, window(2, 1, EDGE, START)))
    budget.acquire_call(REQUEST)
    assert time.slept == []
    budget.update_from_response(REQUEST, answer(200, {}, window(2, 0, EDGE, START)))

    budget.acquire_call(REQUEST)
    assert time.slept == [pytest.approx(WINDOW_SECONDS)]
    assert time.now == pytest.approx(EDGE)


@pytest.mark.complaint(46)
def test_the_budget_hears_of_calls_without_an_answer(time: FakeTime, policy: WindowPolicy) -> None:
    budget = CallBudget(policy)
    budget.acquire_call(REQUEST)
    budget.update_from_response(REQUEST, answer(200, {}, window(3, 2, EDGE, START)))
    for _ in range(2):
        budget.acquire_call(REQUEST)
        budget.release()

    time.now = EDGE + 0.1
    assert free(policy) == 3


def test_every_request_spends_from_the_one_bucket(policy: WindowPolicy) -> None:
    assert policy.matches(REQUEST)
    assert policy.matches(None)


def test_the_cdks_own_hook_changes_nothing(policy: WindowPolicy) -> None:
    called(policy, window(100, 40, EDGE, START))
    policy.update(0, None)
    policy.update(10_000, None)

    assert free(policy) == 40

"""The budget over HTTP: all is read, nobody hangs, and no call is refused while nobody else spends.

Windows of the sandbox last ten seconds of real time, so each read here needs a little more than one of them. Nearly all
of that is waiting, so all reads run side by side.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from integration_tests.forks import Loaded
from integration_tests.support import TOKEN, Process, assert_delivered, catalog, config, stopwatch
from sandbox import Sandbox, Settings

WORKERS = 5
WINDOW = 10
SLACK = 60  # seconds for all else on a machine as busy as it may be; who waits for what never comes takes longer


@contextmanager
def meanwhile(act: Callable[[], object], *, every: float) -> Iterator[None]:
    """Do something again and again, with so many seconds between, until the block ends."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every):
            act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def read(process: Process, sandbox: Sandbox, *, windows: int) -> None:
    """Read a call a conversation, which must be whole and may wait for the ends of so many windows."""
    options = config(num_workers=WORKERS)
    with stopwatch() as seconds:
        output = process.run("read", sandbox.url, config=options, catalog=catalog("conversation_parts"))
        assert seconds() < windows * (WINDOW + 1) + SLACK
    assert output.code == 0, output.log[-2000:]
    assert_delivered(output, sandbox, "conversation_parts")


def refused(sandbox: Sandbox) -> int:
    return int(str(sandbox.calls()["rate_limited"]))


def the_limit_is_kept(process: Process, ahead: int) -> None:
    with Sandbox(Settings(conversations=60, rate_limit=300, clock_ahead_seconds=ahead)) as sandbox:
        read(process, sandbox, windows=1)
        assert refused(sandbox) == 0


def a_limit_that_changes_in_the_middle(process: Process, before: int, after: int) -> None:
    with Sandbox(Settings(conversations=70, rate_limit=before, latency_ms=20)) as sandbox:

        def change() -> None:
            if sandbox.calls()["total"] >= 15:
                settings = f"{sandbox.url}/_sandbox/settings"
                requests.patch(settings, json={"rate_limit": after}, timeout=5).raise_for_status()

        with meanwhile(change, every=0.02):
            read(process, sandbox, windows=1)
        # Calls that were under way when it was lowered may be too many.
        assert refused(sandbox) <= WORKERS


def another_app_spends_from_the_same_bucket(process: Process) -> None:
    with Sandbox(Settings(conversations=60, rate_limit=360, latency_ms=20)) as sandbox:
        answers: Counter[int] = Counter()
        headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.15"}

        def spend() -> None:
            answers[requests.get(f"{sandbox.url}/me", headers=headers, timeout=5).status_code] += 1

        with meanwhile(spend, every=0.1):
            read(process, sandbox, windows=2)
        # It got its share, however long the read took.
        assert answers[200] >= 3
        assert refused(sandbox) - answers[429] <= WORKERS


def a_429_with_headers_is_waited_out(process: Process) -> None:
    with Sandbox(Settings(conversations=20, rate_limit=10_000)) as sandbox:
        sandbox.fault("GET /conversations/{id}", "status:429", times=1)
        read(process, sandbox, windows=1)
        assert refused(sandbox) == 1


def a_429_without_headers_is_waited_out(process: Process) -> None:
    # Twenty calls a window: wherever in the read one ends, one of the two beside it holds too many.
    with Sandbox(Settings(conversations=45, rate_limit=120, rate_headers=False)) as sandbox:
        read(process, sandbox, windows=3)
        # A worker whose call is refused waits; it may be refused once more in each window, not again and again.
        assert 1 <= refused(sandbox) <= 3 * WORKERS


def without_limit_and_headers_nothing_waits(process: Process) -> None:
    with Sandbox(Settings(conversations=200, rate_limit=0)) as sandbox:
        read(process, sandbox, windows=0)


CASES: dict[str, Callable[[Process], None]] = {
    "the limit is kept": lambda process: the_limit_is_kept(process, 0),
    "the limit is kept though our clock is behind": lambda process: the_limit_is_kept(process, 3_607),
    "the limit is kept though our clock is ahead": lambda process: the_limit_is_kept(process, -3_607),
    "lowered in the middle": lambda process: a_limit_that_changes_in_the_middle(process, 600, 240),
    "raised in the middle": lambda process: a_limit_that_changes_in_the_middle(process, 120, 600),
    "another app spends too": another_app_spends_from_the_same_bucket,
    "429 with headers": a_429_with_headers_is_waited_out,
    "429 without headers": a_429_without_headers_is_waited_out,
    "no limit": without_limit_and_headers_nothing_waits,
}


@pytest.fixture(scope="module")
def ended(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[None]]:
    """All cases, each a read of its own, with waits as long as users have them: the short ones are of single tests."""
    with ThreadPoolExecutor(len(CASES)) as threads:
        return {
            name: threads.submit(case, Process(tmp_path_factory.mktemp("read"), loaded)) for name, case in CASES.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_the_budget_is_kept_and_all_is_read(ended: dict[str, Future[None]], name: str) -> None:
    ended[name].result()

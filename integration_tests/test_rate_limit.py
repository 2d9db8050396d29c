"""The budget over HTTP: all is read, nobody hangs, and no call is refused while nobody else spends.

Windows of the sandbox last ten seconds of real time, so each read here needs a little more than one of them.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from integration_tests.conftest import Workspace
from integration_tests.support import TOKEN, Process, assert_delivered, catalog, config, stopwatch
from sandbox import Sandbox

pytestmark = pytest.mark.real_waits
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


@pytest.mark.parametrize("ahead", [0, 3_607, -3_607], ids=["right", "behind", "ahead"])
def test_the_limit_is_kept_whatever_our_clock_says(process: Process, workspace: Workspace, ahead: int) -> None:
    sandbox = workspace(conversations=60, rate_limit=300, clock_ahead_seconds=ahead)
    read(process, sandbox, windows=1)
    assert refused(sandbox) == 0


@pytest.mark.parametrize(("before", "after"), [(600, 240), (120, 600)], ids=["lowered", "raised"])
def test_a_limit_that_changes_in_the_middle(process: Process, workspace: Workspace, before: int, after: int) -> None:
    sandbox = workspace(conversations=70, rate_limit=before, latency_ms=20)

    def change() -> None:
        if sandbox.calls()["total"] >= 15:
            settings = f"{sandbox.url}/_sandbox/settings"
            requests.patch(settings, json={"rate_limit": after}, timeout=5).raise_for_status()

    with meanwhile(change, every=0.02):
        read(process, sandbox, windows=1)
    # Calls that were under way when it was lowered may be too many.
    assert refused(sandbox) <= WORKERS


def test_another_app_spends_from_the_same_bucket(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=60, rate_limit=360, latency_ms=20)
    answers: Counter[int] = Counter()
    headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.15"}

    def spend() -> None:
        answers[requests.get(f"{sandbox.url}/me", headers=headers, timeout=5).status_code] += 1

    with meanwhile(spend, every=0.1):
        read(process, sandbox, windows=2)
    # It got its share, however long the read took.
    assert answers[200] >= 3
    assert refused(sandbox) - answers[429] <= WORKERS


def test_a_429_with_headers_is_waited_out(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=20, rate_limit=10_000)
    sandbox.fault("GET /conversations/{id}", "status:429", times=1)
    read(process, sandbox, windows=1)
    assert refused(sandbox) == 1


def test_a_429_without_headers_is_waited_out(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=45, rate_limit=240, rate_headers=False)
    read(process, sandbox, windows=1)
    assert 1 <= refused(sandbox) <= WORKERS


def test_without_limit_and_headers_nothing_waits(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=200, rate_limit=0)
    read(process, sandbox, windows=0)

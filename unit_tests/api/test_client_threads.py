"""The client: what it does side by side, and how much of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from api_helpers import HOST, FakeTime, make_client, make_transport

from source_intercom.api.client import Client
from source_intercom.api.errors import RecordGone


def test_each_keeps_the_order_of_the_items(client: Client) -> None:
    """The first waits for the last: with one thread, or with the order of the answers, this fails."""
    last_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert last_is_done.wait(10)
        if number == 7:
            last_is_done.set()
        return number * number

    assert list(client.each(work, range(8))) == [number * number for number in range(8)]


def test_each_drops_what_is_not_begun_when_one_fails(client: Client) -> None:
    begun: list[int] = []
    may_go = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise RecordGone("gone")
        if number > 1:
            assert may_go.wait(10)
        return number

    results = client.each(work, range(100))
    try:
        assert next(results) == 0
        with pytest.raises(RecordGone):
            next(results)
    finally:
        may_go.set()
    client._transport.threads.shutdown(wait=True)
    # Four threads: 0 and 1 are done, and at most what four threads held had begun.
    assert len(begun) <= 2 + 4


def test_each_drops_what_is_not_begun_when_nobody_reads_on(client: Client) -> None:
    begun: list[int] = []
    may_go = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number > 0:
            assert may_go.wait(10)
        return number

    results = client.each(work, range(100))
    assert next(results) == 0
    assert isinstance(results, Generator)
    results.close()
    may_go.set()
    client._transport.threads.shutdown(wait=True)
    assert len(begun) <= 1 + 4


@pytest.mark.complaint(8)
def test_results_that_nobody_has_taken_are_bounded_for_all_together(client: Client) -> None:
    """Memory: answers wait in the order of their parents, for many readers at once."""
    waiting: set[tuple[str, int]] = set()
    most: list[int] = []
    lock = threading.Lock()

    def reader(name: str) -> list[int]:
        def work(number: int) -> int:
            with lock:
                waiting.add((name, number))
                most.append(len(waiting))
            return number

        taken = []
        for number in client.each(work, range(40)):
            time.sleep(0.001)
            with lock:
                waiting.discard((name, number))
            taken.append(number)
        return taken

    with ThreadPoolExecutor(6) as readers:
        results = list(readers.map(reader, "abcdef"))
    assert results == [list(range(40))] * 6
    # Twice the four workers, and what each of six readers has in hand.
    assert max(most) <= 2 * 4 + 6


@pytest.mark.parametrize("end", ["error", "close"])
def test_what_was_dropped_leaves_room_for_others(client: Client, end: str) -> None:
    def work(number: int) -> int:
        if number == 1 and end == "error":
            raise RecordGone("gone")
        return number

    for _ in range(5):
        results = client.each(work, range(20))
        assert next(results) == 0
        if end == "error":
            with pytest.raises(RecordGone):
                next(results)
        else:
            assert isinstance(results, Generator)
            results.close()
    assert list(client.each(str, range(20))) == [str(number) for number in range(20)]


def test_each_of_nothing_is_nothing(client: Client) -> None:
    assert list(client.each(str, [])) == []


@pytest.mark.complaint(7)
@pytest.mark.parametrize("workers", [1, 7, 100])
def test_there_are_as_many_connections_as_workers(time: FakeTime, workers: int) -> None:
    transport = make_transport(time, num_workers=workers)
    request = requests.Request("GET", f"{HOST}/me").prepare()
    connections: Any = transport.adapter.get_connection_with_tls_context(request, verify=True)

    assert connections.pool.maxsize == workers
    assert connections.block is True
    assert transport.workers == workers
    assert transport.threads._max_workers == workers
    for client in (make_client(transport), make_client(transport)):
        for http in (client.http, client._http_once):
            assert http._session.get_adapter(HOST) is transport.adapter
            assert http._session.get_adapter("http://127.0.0.1:1") is transport.adapter
    transport.close()


def test_a_closed_transport_takes_no_more_work(time: FakeTime) -> None:
    transport = make_transport(time)
    transport.close()

    with pytest.raises(RuntimeError):
        list(make_client(transport).each(str, [1]))

"""Each step of the end, in this process: nothing here ends it, what would is written down instead."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, StreamDescriptor
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_intercom import ending as module
from source_intercom.ending import Ending
from source_intercom.run import _line
from source_intercom.stdout import Stdout


@dataclass
class Case:
    """An ending that writes to a pipe, what it did to the process, and what it printed."""

    ending: Ending
    reader: int
    stdout: Stdout
    did: list[Any] = field(default_factory=list)

    def signal(self, number: int) -> None:
        os.write(self.ending._waker, bytes([number]))

    def run(self) -> None:
        with pytest.raises(SystemExit):
            self.ending._watch()

    @property
    def printed(self) -> str:
        os.set_blocking(self.reader, False)
        try:
            return os.read(self.reader, 1 << 20).decode()
        except BlockingIOError:
            return ""


class Repository(InMemoryMessageRepository):
    """Tells at once that the main thread has got a message, as it does where the queue is empty."""

    ending: Ending

    def emit_message(self, message: AirbyteMessage) -> None:
        assert message is self.ending._marker
        os.write(self.ending._waker, b"\0")


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    reader, writer = os.pipe()
    repository = Repository()
    stdout = Stdout(writer)
    repository.ending = Ending(stdout, _line, lambda: repository)
    made = Case(repository.ending, reader, stdout)
    # Not the CDK's lock: the end keeps it for good, and other tests print too.
    monkeypatch.setattr(stdout, "_lock", threading.RLock())

    def leave(code: int) -> NoReturn:
        made.did.append(("exit", code))
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    # To the C library: the signal means again what it means to a process that does not handle it.
    monkeypatch.setattr(module.ctypes, "CDLL", lambda _: SimpleNamespace(signal=lambda *_: None))
    monkeypatch.setattr(os, "kill", lambda process, number: made.did.append(("kill", process, number)))
    for seconds in ("_QUEUE_SECONDS", "_ALL_SECONDS", "_DEATH_SECONDS"):
        monkeypatch.setattr(module, seconds, 0.2)
    yield made
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError as error:
            assert error.errno == errno.EBADF


def status(name: str, value: AirbyteStreamStatus) -> AirbyteMessage:
    return as_airbyte_message(StreamDescriptor(name=name), value)


def test_a_signal_before_any_stream_ends_at_once(case: Case) -> None:
    case.signal(signal.SIGTERM)
    case.run()

    assert case.did[:2] == [("kill", os.getpid(), signal.SIGTERM), ("exit", 143)]
    assert "Stopped by SIGTERM" in case.printed
    assert case.ending._marker is None


def test_streams_that_run_are_incomplete_once_the_queue_is_printed(case: Case) -> None:
    for name in ("tags", "contacts"):
        case.ending.note(status(name, AirbyteStreamStatus.STARTED))
    case.ending.note(status("tags", AirbyteStreamStatus.COMPLETE))
    case.signal(signal.SIGINT)
    case.run()

    assert ("exit", 130) in case.did
    log, incomplete = case.printed.splitlines()
    assert "Stopped by SIGINT" in log
    assert '"contacts"' in incomplete
    assert "INCOMPLETE" in incomplete


def test_the_main_thread_hands_over_when_the_marker_comes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "sleep", lambda seconds: case.did.append(("sleep", seconds)))
    case.ending._marker = marker = status("marker", AirbyteStreamStatus.RUNNING)
    case.ending.note(status("tags", AirbyteStreamStatus.RUNNING))
    assert case.did == []
    with pytest.raises(SystemExit):
        case.ending.note(marker)

    assert os.read(case.ending._wake, 1) == b"\0"
    assert case.did == [("sleep", 0.2), ("exit", 1)]


def test_a_queue_that_nobody_empties_is_not_waited_for(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case.ending, "_repository", InMemoryMessageRepository)
    case.ending.note(status("tags", AirbyteStreamStatus.RUNNING))
    case.signal(signal.SIGTERM)
    case.run()

    assert ("exit", 143) in case.did
    assert "INCOMPLETE" in case.printed


def test_a_second_signal_ends_at_once(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case.ending, "_repository", InMemoryMessageRepository)
    monkeypatch.setattr(module, "_QUEUE_SECONDS", 60)
    case.ending.note(status("tags", AirbyteStreamStatus.RUNNING))
    case.signal(signal.SIGTERM)
    case.signal(signal.SIGINT)
    case.run()

    assert case.did[0] == ("kill", os.getpid(), signal.SIGINT)
    assert case.printed == ""


def test_a_reader_that_is_gone_ends_it_without_a_word(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    os.close(case.reader)
    case.run()

    assert case.did[0] == ("exit", 141)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(errno.EPIPE, 141, ""), (errno.ENOSPC, 1, "stdout cannot be written to: No space left on device\n")],
)
def test_a_write_that_failed_ends_it(
    case: Case, number: int, code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        case.ending._failed(OSError(number, os.strerror(number)))

    assert case.did == [("exit", code)]
    assert capfd.readouterr().err == said


def test_a_signal_dies_where_the_c_library_cannot_be_asked(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.ctypes, "CDLL", lambda _: object())
    with pytest.raises(SystemExit):
        case.ending._die(signal.SIGTERM)
    assert case.did == [("exit", 143)]


def test_the_first_process_of_a_container_leaves_with_the_code(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    case.signal(signal.SIGTERM)
    case.run()

    assert case.did[0] == ("exit", 143)


def test_it_watches_what_nobody_told_it_to_ignore(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: dict[int, Any] = {}
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda *_, **__: -1)
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN if number == signal.SIGHUP else None)
    monkeypatch.setattr(signal, "signal", handled.__setitem__)
    monkeypatch.setattr(case.ending, "_watch", lambda: None)
    case.ending.watch()

    assert handled.keys() == {signal.SIGINT, signal.SIGTERM}


def test_an_error_while_streams_run_ends_it_at_once(case: Case) -> None:
    case.ending._watching = True
    case.ending._within = lambda *_: None
    case.ending.note(status("tags", AirbyteStreamStatus.RUNNING))
    with pytest.raises(SystemExit):
        case.ending.leave(1, status("told", AirbyteStreamStatus.COMPLETE))

    assert case.did == [("exit", 1)]
    incomplete, last = case.printed.splitlines()
    assert '"tags"' in incomplete
    assert '"told"' in last


@pytest.mark.parametrize("code", [0, 1])
def test_once_a_signal_has_come_the_end_is_the_signal_s(case: Case, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    # The read can end first, when what is let go of at Intercom makes its last stream fail.
    case.signal(signal.SIGTERM)
    case.run()
    before = list(case.did)
    handed = []

    def hand_over() -> NoReturn:
        handed.append(code)
        raise SystemExit

    monkeypatch.setattr(case.ending, "hand_over", hand_over)
    with pytest.raises(SystemExit):
        case.ending.leave(code)
    assert handed == [code]
    assert case.did == before


def test_the_time_for_the_end_is_bounded(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()
    monkeypatch.setattr(os, "_exit", lambda _code: gone.set())
    case.ending._within(0.01, os._exit, 1)
    assert not gone.wait(0.1)
    case.ending._watching = True
    case.ending._within(0.01, os._exit, 1)
    assert gone.wait(5)


class Held:
    """Something that is held at Intercom, and how often it was let go."""

    def __init__(self, case: Case, *, hangs: bool = False) -> None:
        self.count = 0
        self._hangs = hangs
        case.ending._release = self._let_go

    def _let_go(self) -> None:
        self.count += 1
        if self._hangs:
            threading.Event().wait()


def test_a_signal_lets_go_of_what_is_held_at_intercom(case: Case) -> None:
    held = Held(case)
    case.signal(signal.SIGTERM)
    case.run()
    assert held.count == 1


def test_a_reader_that_is_gone_lets_go_of_it_too(case: Case) -> None:
    held = Held(case)
    os.close(case.reader)
    case.run()
    assert held.count == 1


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC])
def test_so_does_a_write_that_failed(case: Case, number: int) -> None:
    held = Held(case)
    with pytest.raises(SystemExit):
        case.ending._failed(OSError(number, os.strerror(number)))
    assert held.count == 1


def test_what_cannot_be_let_go_does_not_hold_up_the_end(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RELEASE_SECONDS", 0.05)
    held = Held(case, hangs=True)
    case.signal(signal.SIGTERM)
    case.run()
    assert held.count == 1
    assert ("exit", 143) in case.did


def test_a_signal_before_there_is_a_queue_does_not_wait_for_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that run without a queue of the read have nothing waiting in it."""
    monkeypatch.setattr(case.ending, "_repository", lambda: None)
    monkeypatch.setattr(module, "_QUEUE_SECONDS", 60)
    case.ending.note(status("tags", AirbyteStreamStatus.RUNNING))
    case.signal(signal.SIGTERM)
    case.run()
    assert ("exit", 143) in case.did
    assert "INCOMPLETE" in case.printed


def test_what_only_wakes_the_watch_is_no_signal(case: Case) -> None:
    """A marker of a queue that was left can come late; only a number that a signal has ends the process."""
    os.write(case.ending._waker, b"\0")
    case.signal(signal.SIGINT)
    case.run()
    assert ("exit", 130) in case.did
    assert "Stopped by SIGINT" in case.printed

"""What threads log and what the main thread prints must not run into each other: stdout is the protocol's."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from airbyte_cdk.logger import PRINT_BUFFER

from source_intercom.stdout import Stdout, StdoutEnded

SCRIPT = """
import threading
from airbyte_cdk.logger import init_logger
from source_intercom.stdout import Stdout

logger = init_logger("airbyte")
page = (b'{"type":"RECORD","text":"' + b"y" * 2000 + b'"}' + b"\\n") * 150
talk = lambda: [logger.info("x" * 300) for _ in range(1500)]
threads = [threading.Thread(target=talk) for _ in range(3)]
stdout = Stdout(1)
with stdout.as_text():
    for thread in threads:
        thread.start()
    for _ in range(200):
        stdout.write(page)
    for thread in threads:
        thread.join()
"""
LINE = b"x" * 99 + b"\n"


@pytest.fixture(autouse=True)
def lock_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lines keep the lock for ever, and whatever thread logs in a later test would wait for it."""
    monkeypatch.setattr(PRINT_BUFFER, "lock", threading.RLock())


def test_pages_and_log_lines_stay_whole_on_a_pipe() -> None:
    # A file takes a page in one piece; only a pipe shows what happens between two pieces.
    printed = subprocess.run([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, check=True).stdout
    kinds = [json.loads(line)["type"] for line in printed.splitlines()]
    assert kinds.count("RECORD") == 150 * 200
    assert kinds.count("LOG") == 1500 * 3


@pytest.mark.parametrize("length", [1, 99, 65_535, 65_536, 65_537, 400_000])
def test_whatever_the_lengths_every_byte_is_written_once(length: int, tmp_path: Path) -> None:
    lines = b"".join(b"%d" % number * length + b"\n" for number in range(5))
    path = tmp_path / "out"
    with path.open("wb") as file:
        stdout = Stdout(file.fileno())
        stdout.write(b"")
        stdout.write(lines)
        stdout.write(lines[:-1])
    assert path.read_bytes() == lines + lines[:-1]


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


def test_stopped_while_nobody_reads_it_ends_with_a_whole_line(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stdout = Stdout(writer)
    ended: list[StdoutEnded] = []

    def write() -> None:
        try:
            while True:
                stdout.write(LINE * 5000)
        except StdoutEnded as end:
            ended.append(end)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    stdout.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert ended[0].reason is None
    stdout.last(b"last\n", seconds=1)
    os.close(writer)
    with open(reader, "rb") as file:  # noqa: PTH123  # a descriptor has no path
        lines = file.read().split(b"\n")
    assert lines[-2:] == [b"last", b""]
    assert set(lines[:-2]) == {LINE[:-1]}


def test_a_reader_that_is_gone_is_told_once_and_ends_everything(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    told: list[OSError] = []
    stdout = Stdout(writer, told.append)
    for _ in range(2):
        with pytest.raises(StdoutEnded) as end:
            stdout.write(LINE)
        assert isinstance(end.value.reason, BrokenPipeError)
    with stdout.as_text():
        print("a thread that logs cannot help it")  # noqa: T201
    assert len(told) == 1
    os.close(writer)


def test_the_part_of_a_line_that_a_full_disk_still_took_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    with path.open("wb") as file:
        stdout = Stdout(file.fileno())
        stdout.write(LINE)
        write, room = os.write, [len(LINE) + 7]

        def until_it_is_full(descriptor: int, lines: memoryview) -> int:
            written = write(descriptor, lines[: room[0]])
            room[0] -= written
            if not written:
                raise OSError(errno.ENOSPC, "No space left on device")
            return written

        monkeypatch.setattr(os, "write", until_it_is_full)
        with pytest.raises(StdoutEnded):
            stdout.write(LINE * 3)
    assert path.read_bytes() == LINE * 2


def test_text_goes_where_lines_go(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file, Stdout(file.fileno()).as_text():
        assert sys.stdout.fileno() == file.fileno()


def test_text_that_utf_8_does_not_have_is_written_as_its_name(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as file, Stdout(file.fileno()).as_text():
        print("Zoë \ud800")  # noqa: T201
    assert path.read_bytes() == b"Zo\xc3\xab \\ud800\n"


def test_a_pipe_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    """Whoever starts us may have opened the pipe so: a full one is no reason to lose a line or to end."""
    reader, writer = pipe
    os.set_blocking(writer, False)
    stdout = Stdout(writer)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    lines = LINE * 5_000
    thread = threading.Thread(target=lambda: (stdout.write(lines), os.close(writer)))
    thread.start()
    with open(reader, "rb") as file:  # noqa: PTH123  # a descriptor has no path
        assert file.read() == lines
    thread.join(5)
    assert not thread.is_alive()


def test_the_last_lines_do_not_wait_for_ever_for_a_thread_that_writes(tmp_path: Path) -> None:
    """One that hangs in a write to a reader who takes nothing must not keep the process from its end."""
    path = tmp_path / "out"
    with path.open("wb") as file:
        stdout = Stdout(file.fileno())
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with stdout._lock:
                held.set()
                release.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        stdout.last(b"last\n", seconds=0.01)
        release.set()
        thread.join(5)
    assert path.read_bytes() == b""

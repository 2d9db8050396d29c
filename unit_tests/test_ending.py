"""What stood in the queue when a signal came is printed before the end, tried in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

SCRIPT = """
import os, signal, sys, threading, time
from queue import Queue
from airbyte_cdk.models import AirbyteStreamStatus, StreamDescriptor
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message
from source_intercom.ending import Ending
from source_intercom.run import _line, _log
from source_intercom.stdout import Stdout

queue = Queue(maxsize=30)
repository = ConcurrentMessageRepository(queue, InMemoryMessageRepository())
stdout = Stdout(1)
ending = Ending(stdout, _line, lambda: repository)
ending.watch()

def status(name, value):
    return as_airbyte_message(StreamDescriptor(name=name), AirbyteStreamStatus[value])

for message in [status("a", "STARTED"), status("b", "STARTED"), status("a", "RUNNING"), status("b", "COMPLETE")]:
    queue.put(message)
for number in range(20):
    queue.put(_log(str(number)))

def work():
    number = 20
    while True:
        queue.put(_log(str(number)))
        number += 1

threading.Thread(target=work).start()
began = time.monotonic()
printed = 0
while True:
    message = queue.get()
    ending.note(message)
    stdout.write(_line(message))
    printed += 1
    if printed == 5:
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep({pause})
"""


def ended(pause: float) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{pause}", str(pause))], capture_output=True, timeout=120, check=False
    )
    assert done.stderr == b""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_all_that_was_queued_is_printed_and_then_no_more() -> None:
    code, messages = ended(0.005)

    assert code == -signal.SIGTERM
    *printed, log, status = messages
    assert log["log"]["message"].startswith("Stopped by SIGTERM")
    assert status["trace"]["stream_status"]["status"] == "INCOMPLETE"
    assert status["trace"]["stream_status"]["stream_descriptor"]["name"] == "a"
    numbers = [int(message["log"]["message"]) for message in printed if message["type"] == "LOG"]
    # The queue held 30 when the signal came, and workers that waited may have put some in between.
    assert numbers == list(range(len(numbers)))
    assert 28 <= len(numbers) < 60


def test_a_queue_that_takes_too_long_is_left() -> None:
    code, messages = ended(0.5)

    # Its time is nearly over by then: a machine that stands still for a second makes it end with the code of a shell.
    assert code in (-signal.SIGTERM, 128 + signal.SIGTERM)
    assert 5 < len(messages) < 15
    assert messages[-1]["trace"]["stream_status"]["status"] == "INCOMPLETE"


BUSY = """
import hashlib, os
from source_intercom.ending import Ending
from source_intercom.run import _line
from source_intercom.stdout import Stdout

Ending(Stdout(1), _line, lambda: None).watch()
os.write(1, b"up\\n")
hashlib.pbkdf2_hmac("sha256", b"", b"", 500_000_000)
"""


def test_a_main_thread_that_no_signal_interrupts_does_not_keep_the_process_from_dying_of_one() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM

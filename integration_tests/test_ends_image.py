"""The image under the strictest settings of an engine, and stopped as engines and clusters stop it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.types import Mount

from integration_tests.conftest import Workspace
from integration_tests.support import (
    HELD,
    TOKEN,
    Container,
    Output,
    Process,
    arguments,
    assert_delivered,
    assert_same,
    catalog,
    config,
    key_of,
    parse,
    truth,
)

pytestmark = pytest.mark.container
STREAMS = ("contacts", "conversations", "conversation_parts", "tags")
STRICT: dict[str, Any] = {
    "read_only": True,
    "security_opt": ["no-new-privileges"],
    "cap_drop": ["ALL"],
    "tmpfs": {"/tmp": "size=8m,mode=1777"},
    "pids_limit": 300,
}
Begin = Callable[..., Any]


@pytest.fixture
def begin(container: Container, tmp_path: Path) -> Iterator[Begin]:
    """Starts the image with strict settings and does not wait for it."""
    engine = docker.from_env()
    started = []

    def start(command: str, url: str, **files: Any) -> Any:
        words = arguments(tmp_path, command, files, "/secrets")
        tmp_path.chmod(0o755)
        running = engine.containers.run(
            container._image,
            words,
            detach=True,
            network_mode="host",
            environment={"INTERCOM_API_URL": url},
            mounts=[Mount("/secrets", str(tmp_path), type="bind", read_only=True)],
            **STRICT,
        )
        started.append(running)
        return running

    yield start
    for running in started:
        running.remove(force=True)
    engine.close()


def ended(running: Any) -> Output:
    """What a container has printed; ``parse`` fails on a line that is not whole."""
    code = running.wait(timeout=120)["StatusCode"]
    stdout = running.logs(stdout=True, stderr=False)
    return Output(code, parse(stdout), running.logs(stdout=False, stderr=True).decode())


def wait_for(running: Any, word: bytes) -> None:
    until = time.monotonic() + 60
    while word not in running.logs(stdout=True, stderr=False):
        assert time.monotonic() < until, running.logs()
        time.sleep(0.1)


@pytest.mark.complaint(109)
def test_it_reads_everything_and_writes_nowhere(begin: Begin, workspace: Workspace) -> None:
    sandbox = workspace()
    for command in ("spec", "check", "discover"):
        assert ended(begin(command, sandbox.url, **({} if command == "spec" else {"config": config()}))).code == 0
    reading = begin("read", sandbox.url, config=config(), catalog=catalog(mode="incremental"))
    output = ended(reading)
    assert output.code == 0, output.errors
    assert output.stderr == ""
    assert_delivered(output, sandbox, *HELD)
    # Folders that hold mounts show as changed; nothing of ours does.
    changed = {change["Path"] for change in reading.diff() or []}
    assert changed <= {"/secrets", "/dev", "/tmp"}, changed


@pytest.mark.complaint(94)
def test_docker_stop_ends_a_read_with_what_is_safe(begin: Begin, process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=4000, conversations=1500, latency_ms=60)
    reading = begin("read", sandbox.url, config=config(num_workers=8), catalog=catalog(*STREAMS, mode="incremental"))
    wait_for(reading, b'"STATE"')
    began = time.monotonic()
    reading.stop(timeout=10)
    seconds = time.monotonic() - began
    stopped = ended(reading)
    assert seconds < 5
    assert stopped.code == 143
    assert set(stopped.status.values()) <= {"COMPLETE", "INCOMPLETE"}
    assert "INCOMPLETE" in stopped.status.values()
    assert "Stopped by SIGTERM" in stopped.log
    assert TOKEN not in str(stopped.messages) + stopped.stderr
    sandbox.settings.latency_ms = 0
    rest = process.run(
        "read", sandbox.url, config=config(), catalog=catalog(*STREAMS, mode="incremental"), state=stopped.state
    )
    for stream in STREAMS:
        runs = [stopped, rest]
        got = {key_of(stream, record): record for run in runs for record in run.records[stream]}
        assert_same(stream, got, truth(sandbox, stream))
    print(f"docker stop: {seconds:.2f} s, code {stopped.code}, states {len(stopped.of('STATE'))}")  # noqa: T201


# Before that Python itself is not up, and the kernel lets no signal through to it.
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0])
def test_docker_stop_is_heard_from_the_start(begin: Begin, workspace: Workspace, seconds: float) -> None:
    """As the first process of its container it gets only the signals that it handles."""
    sandbox = workspace()
    sandbox.fault("GET /me", "hang:60")
    checking = begin("check", sandbox.url, config=config())
    time.sleep(seconds)
    began = time.monotonic()
    checking.stop(timeout=10)
    assert time.monotonic() - began < 5
    assert checking.wait(timeout=5)["StatusCode"] == 143

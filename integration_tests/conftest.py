"""Fixtures: sandboxes, and the connector as a process and as a container."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from integration_tests.support import Connector, Container, Process, arguments
from sandbox import Sandbox, Settings

Workspace = Callable[..., Sandbox]


@pytest.fixture(autouse=True)
def short_waits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the waits between tries. What a header of the sandbox names is waited for as it is."""
    if request.node.get_closest_marker("real_waits") is None:
        monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", "0.05")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Makes sandboxes that end with the test. Without a rate limit unless the test asks for one."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Sandbox:
            return stack.enter_context(Sandbox(Settings(**{"rate_limit": 0, **settings})))

        yield make


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """The console script."""
    return Process(tmp_path)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """The image, or a skip that says why; with REQUIRE_ENGINE=1 there is no skipping."""
    image = os.environ.get("SOURCE_INTERCOM_IMAGE", "")
    reason = "" if image else "SOURCE_INTERCOM_IMAGE names no image (scripts/test builds one where an engine answers)"
    if image:
        try:
            docker.from_env().ping()
        except docker.errors.DockerException as error:
            reason = f"no Docker engine answers: {error}"
    if not reason:
        return Container(tmp_path, image)
    if os.environ.get("REQUIRE_ENGINE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(params=["process", pytest.param("container", marks=pytest.mark.container)])
def connector(request: pytest.FixtureRequest) -> Connector:
    """Both ways to run the connector, one after the other."""
    made: Connector = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def start(tmp_path: Path, workspace: Workspace) -> Iterator[Callable[..., Any]]:  # noqa: ARG001  # sandboxes end last
    """Starts the console script with any stdout; none outlives the test, nor the workspace that it reads."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(command: str, url: str, *, stdout: int | IO[bytes] = subprocess.PIPE, **options: Any) -> Any:
        code = options.pop("code", "from source_intercom.run import run; run()")
        env = {**os.environ, "INTERCOM_API_URL": url, **options.pop("env", {})}
        limit = options.pop("preexec_fn", lambda: None)

        def prepare() -> None:
            # Whoever runs the tests may ignore signals (nohup, a job in the background), and a child would too.
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            limit()

        words = arguments(tmp_path, command, options, str(tmp_path))
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *words],
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=env,
                preexec_fn=prepare,
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()

"""Fixtures: sandboxes, and the connector as a process and as a container."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from integration_tests.forks import Fork, Loaded, usual_signals
from integration_tests.support import Connector, Container, Process, Script, arguments
from sandbox import Sandbox, Settings

Workspace = Callable[..., Sandbox]


@pytest.fixture(autouse=True)
def short_waits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the waits between tries. What a header of the sandbox names is waited for as it is."""
    if request.node.get_closest_marker("real_waits") is None:
        monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", "0.05")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Makes sandboxes that end with the test: without a rate limit, and with exports that are scaled as waits are.

    An export whose sync was killed is in the way until it is through, as Intercom makes one at a time.
    """
    with ExitStack() as stack:

        def make(**settings: Any) -> Sandbox:
            return stack.enter_context(Sandbox(Settings(**{"rate_limit": 0, "export_seconds": 3, **settings})))

        yield make


@pytest.fixture(scope="session")
def loaded() -> Iterator[Loaded]:
    """A process that has loaded the connector, from which runs are forked."""
    made = Loaded()
    yield made
    made.end()


@pytest.fixture
def process(tmp_path: Path, loaded: Loaded) -> Process:
    """The connector as a process that starts in no time."""
    return Process(tmp_path, loaded)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """The console script, for what a start of its own belongs to."""
    return Script(tmp_path)


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


@pytest.fixture(params=["script", pytest.param("container", marks=pytest.mark.container)])
def connector(request: pytest.FixtureRequest) -> Connector:
    """Both ways to run the connector, one after the other."""
    made: Connector = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def start(tmp_path: Path, workspace: Workspace, loaded: Loaded) -> Iterator[Callable[..., Any]]:  # noqa: ARG001  # sandboxes end last
    """Starts the connector with any stdout; none outlives the test, nor the workspace that it reads.

    Where what runs first, or the interpreter's own start, is what a test is about, it is an interpreter of its own.
    """
    started: list[Fork | subprocess.Popen[bytes]] = []

    def begin(command: str, url: str, *, stdout: int | IO[bytes] = subprocess.PIPE, **options: Any) -> Any:
        code, limit = options.pop("code", None), options.pop("preexec_fn", None)
        own = options.pop("env", {})
        env = {**os.environ, "INTERCOM_API_URL": url, **own}
        words = arguments(tmp_path, command, options, str(tmp_path))
        if not (code or limit or own):
            started.append(loaded.start(words, env, stdout))
            return started[-1]

        def prepare() -> None:
            usual_signals()
            if limit:
                limit()

        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code or "from source_intercom.run import run; run()", *words],
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

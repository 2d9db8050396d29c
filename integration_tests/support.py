"""Runs the connector as its users do, as a process or as a container, and reads what it prints."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import ANY
from urllib.parse import unquote_to_bytes

import docker
import orjson
from docker.types import Mount

from integration_tests.forks import Fork, Loaded
from sandbox import Sandbox
from source_intercom.streams import CATALOGUE, IntercomStream

Json = dict[str, Any]
State = list[Json]

TOKEN = "sandbox-token"
STREAMS: dict[str, IntercomStream] = {stream.name: stream for stream in (cls() for cls in CATALOGUE)}
# What the sandbox can tell the truth of: counts are figures of a moment, and reconciliations are made here.
HELD = [name for name in STREAMS if name not in ("counts", "reconciliations")]
TIMEOUT = 180
TIME_SCALE = "SOURCE_INTERCOM_TIME_SCALE"


@dataclass
class Output:
    """What one run printed: every line of stdout parsed, and how the process ended."""

    code: int
    messages: list[Json] = field(default_factory=list)
    stderr: str = ""

    def __post_init__(self) -> None:
        assert_no_token(self.stderr.encode())

    def of(self, kind: str) -> list[Json]:
        """Bodies of all messages of a type, in order: ``of("RECORD")``."""
        body = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        return [message[body] for message in self.messages if message["type"] == kind]

    @property
    def records(self) -> dict[str, list[Json]]:
        """Records by stream."""
        streams: dict[str, list[Json]] = defaultdict(list)
        for record in self.of("RECORD"):
            streams[record["stream"]].append(record["data"])
        return streams

    @property
    def states(self) -> list[State]:
        """After each STATE message, the state of all streams as a platform would hand it back."""
        latest: dict[str, Json] = {}
        result = []
        for state in self.of("STATE"):
            latest[state["stream"]["stream_descriptor"]["name"]] = state
            result.append(list(latest.values()))
        return result

    @property
    def state(self) -> State:
        """The last state of every stream."""
        return self.states[-1] if self.states else []

    @property
    def status(self) -> dict[str, str]:
        """The last status of each stream."""
        return {
            trace["stream_status"]["stream_descriptor"]["name"]: trace["stream_status"]["status"]
            for trace in self.of("TRACE")
            if trace["type"] == "STREAM_STATUS"
        }

    @property
    def errors(self) -> dict[str, Json]:
        """The error of each stream, "" for errors of the whole read."""
        return {
            (trace["error"].get("stream_descriptor") or {}).get("name", ""): trace["error"]
            for trace in self.of("TRACE")
            if trace["type"] == "ERROR"
        }

    @property
    def log(self) -> str:
        """All log lines."""
        return "\n".join(log["message"] for log in self.of("LOG"))


class Connector(Protocol):
    """One way to run the connector; ``files`` are written where it can read them."""

    def run(self, command: str, url: str | None = None, **files: Any) -> Output: ...


def parse(stdout: bytes) -> list[Json]:
    """Every line of stdout as a message. A line that is no message fails the test: stdout is the protocol's.

    So does the token in it, which every test of what a run prints thereby searches for.
    """
    assert_no_token(stdout)
    return [orjson.loads(line) for line in stdout.splitlines() if line]


def token_forms(token: bytes = TOKEN.encode()) -> set[bytes]:
    """The token, and what base64 makes of it at whichever place of a text: alone, after a name and a colon, before one.

    Three bytes become four letters. The letters that the token shares with its neighbours are left out.
    """
    forms = {token}
    for shift in range(3):
        packed = base64.b64encode(b"\0" * shift + token)
        forms.add(packed[4 if shift else 0 : -4])
    return forms


def assert_no_token(printed: bytes) -> None:
    """The token stands nowhere in what was printed: not as it is, not as in a URL, not in base64."""
    for text in (printed, unquote_to_bytes(printed)):
        for form in token_forms():
            at = text.find(form)
            assert at < 0, f"the access token was printed: {text[max(0, at - 200) : at]!r}, and then the token"


def arguments(folder: Path, command: str, files: dict[str, Any], seen_as: str) -> list[str]:
    """Write the files of a command and give its command line, with the folder as the connector sees it."""
    words = [command]
    for name, content in files.items():
        if content is not None:
            (folder / f"{name}.json").write_text(json.dumps(content))
            words += [f"--{name}", f"{seen_as}/{name}.json"]
    return words


class Process:
    """The connector as a process of its own, forked from one that has loaded it."""

    def __init__(self, folder: Path, loaded: Loaded) -> None:
        self._folder = folder
        self._loaded = loaded

    def start(self, command: str, url: str | None = None, **files: Any) -> "Fork | subprocess.Popen[bytes]":
        """Start without waiting; stdout is a pipe."""
        words = arguments(self._folder, command, files, str(self._folder))
        return self._start(words, {**os.environ, "INTERCOM_API_URL": url or ""})

    def _start(self, words: list[str], env: dict[str, str]) -> "Fork | subprocess.Popen[bytes]":
        return self._loaded.start(words, env)

    def run(self, command: str, url: str | None = None, **files: Any) -> Output:
        process = self.start(command, url, **files)
        stdout, stderr = process.communicate(timeout=TIMEOUT)
        return Output(process.returncode, parse(stdout), stderr.decode())

    def kill_when(self, ripe: Callable[[int], bool], command: str, url: str, **files: Any) -> Output:
        """Read stdout until ``ripe`` of the number of lines says so, then end the process with SIGKILL."""
        process = self.start(command, url, **files)
        assert process.stdout is not None
        lines: list[bytes] = []
        for line in process.stdout:
            lines.append(line)
            if ripe(len(lines)):
                process.send_signal(signal.SIGKILL)
                break
        # What was under way in the pipe was printed; a platform would have read it too, up to a torn last line.
        whole, _, torn = process.stdout.read().rpartition(b"\n")
        assert_no_token(torn)
        _, stderr = process.communicate(timeout=TIMEOUT)
        return Output(process.returncode, parse(b"".join(lines) + whole), stderr.decode())


class Script(Process):
    """The installed console script, in an interpreter of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _start(self, words: list[str], env: dict[str, str]) -> "subprocess.Popen[bytes]":
        script = Path(sys.executable).parent / "source-intercom"
        return subprocess.Popen([str(script), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)


class Container:
    """The image, with host networking, so that it reaches the sandbox on 127.0.0.1."""

    def __init__(self, folder: Path, image: str) -> None:
        self._folder = folder
        self._image = image
        self._engine = docker.from_env()

    def run(self, command: str, url: str | None = None, **files: Any) -> Output:
        words = arguments(self._folder, command, files, "/secrets")
        # The connector runs as a user of its own, who must be able to read what we wrote.
        self._folder.chmod(0o755)
        container = self._engine.containers.run(
            self._image,
            words,
            detach=True,
            network_mode="host",
            environment={"INTERCOM_API_URL": url or "", TIME_SCALE: os.environ.get(TIME_SCALE, "1")},
            mounts=[Mount("/secrets", str(self._folder), type="bind", read_only=True)],
        )
        try:
            code = container.wait(timeout=TIMEOUT)["StatusCode"]
            stdout = container.logs(stdout=True, stderr=False)
            stderr = container.logs(stdout=False, stderr=True)
        finally:
            container.remove(force=True)
            self._engine.close()
        return Output(code, parse(stdout), stderr.decode())


def config(**options: Any) -> Json:
    """A config for the sandbox."""
    return {"access_token": TOKEN, "custom_object_types": ["Order", "Subscription"], **options}


def catalog(*names: str, mode: str = "full_refresh") -> Json:
    """A configured catalog of some streams, or of all. Streams without incremental mode stay full refresh."""
    streams = []
    for name in names or STREAMS:
        described = STREAMS[name].as_airbyte_stream()
        modes = [sync_mode.value for sync_mode in described.supported_sync_modes]
        streams.append(
            {
                "stream": {
                    "name": name,
                    "json_schema": dict(described.json_schema),
                    "supported_sync_modes": modes,
                },
                "sync_mode": mode if mode in modes else "full_refresh",
                "destination_sync_mode": "append",
            }
        )
    return {"streams": streams}


def key_of(stream: str, record: Json) -> tuple[Any, ...]:
    """A record's primary key."""
    return tuple(record.get(name) for name in STREAMS[stream].key)


def truth(sandbox: Sandbox, stream: str) -> dict[tuple[Any, ...], Json]:
    """What the sandbox holds of a stream, by primary key, as the connector must deliver it."""
    expected = {}
    for record in STREAMS[stream].finishing.finished([_delivered(stream, held) for held in sandbox.records(stream)]):
        if stream == "admins":
            # Given only to those who ask for it, as the connector does; what the sandbox holds is without.
            record.setdefault("avatar", ANY)
        # The protocol's own serializer leaves top-level nulls out of every record.
        record = {name: value for name, value in record.items() if value is not None}
        expected[key_of(stream, record)] = record
    return expected


def _delivered(stream: str, held: Json) -> Json:
    """A record of the sandbox with what the connector adds to it, as far as the sandbox can know that."""
    record = {name: value for name, value in held.items() if name not in ("record", "part", "segment")}
    for wrapped in ("record", "part", "segment"):
        record = {**held.get(wrapped, {}), **record}
    if stream == "contact_companies":
        # The link alone; whole companies are in their own stream.
        record = {"contact_id": record["contact_id"], "id": record["id"]}
    if stream == "contact_tags":
        # Inside a contact a tag has neither name nor time; only a list that was cut is asked for whole.
        record = {"contact_id": record["contact_id"], "id": record["id"]}
    if stream == "contact_subscriptions":
        record = {"contact_id": record["contact_id"], "id": record["id"]}
    if stream == "conversation_handling_events":
        record["teammate_id"] = (record.get("teammate") or {}).get("id")
    if stream == "call_transcripts":
        record["call_id"] = record["id"]
    return record


def assert_delivered(output: Output, sandbox: Sandbox, *streams: str) -> None:
    """Every stream has been delivered whole: no record missing, none twice, none altered."""
    for stream in streams or HELD:
        expected = truth(sandbox, stream)
        records = output.records[stream]
        got = {key_of(stream, record): record for record in records}
        assert len(got) == len(records), f"{stream}: {len(records) - len(got)} records came twice"
        assert_same(stream, got, expected)


def assert_same(stream: str, got: dict[tuple[Any, ...], Json], expected: dict[tuple[Any, ...], Json]) -> None:
    """The same keys, and the same record under each."""
    missing = expected.keys() - got.keys()
    foreign = got.keys() - expected.keys()
    assert not missing, f"{stream}: {len(missing)} of {len(expected)} records missing, such as {sorted(missing)[:3]}"
    assert not foreign, f"{stream}: {len(foreign)} records that the sandbox does not hold: {sorted(foreign)[:3]}"
    for key, record in expected.items():
        # Rows that were made from a parent carry its time, which has tests of its own.
        shown = {name: got[key].get(name) for name in record} if STREAMS[stream].parent else got[key]
        assert shown == record, f"{stream} {key}: delivered otherwise than held"


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Seconds since the block began."""
    began = time.monotonic()
    yield lambda: time.monotonic() - began

"""The connectors compared: how each is installed, told what to read, started and understood."""

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.environments import HERE, Unavailable, environment, versions
from benchmarks.messages import Delivery, read_airbyte, read_singer
from benchmarks.workspace import OLDEST_VERSION, ROOT, TOKEN

Json = dict[str, Any]
_DISCOVER_SECONDS = 120


@dataclass
class Contender(ABC):
    """A connector. ``name`` is its key on the command line, ``title`` what tables call it."""

    name: str
    title: str
    packages: tuple[str, ...] = ()
    """Whose versions the report names; the connector's own first."""
    versions: dict[str, str] = field(default_factory=dict)
    unavailable: str = ""
    """Why it cannot be run here, when it cannot."""
    bin: Path = Path(sys.executable).parent
    start_up_seconds: float = 0.0
    """CPU time of a run that reads nothing; see :meth:`idle_command`."""

    def install(self, folder: Path) -> None:
        """Make it ready to run; sets ``unavailable`` instead of failing."""
        try:
            self.bin = self.place(folder)
            self.versions = versions(self.bin / "python", *self.packages)
            self.get_ready(folder)
        except Unavailable as error:
            self.unavailable = str(error)

    def place(self, folder: Path) -> Path:
        """The folder of its executables."""
        return environment(self.name, folder)

    @abstractmethod
    def get_ready(self, folder: Path) -> None:
        """Learn from it, once, what its runs need: its catalog."""

    def env(self, url: str) -> dict[str, str]:
        """A small environment of its own: nothing of this machine's settings, least of all its proxies."""
        return {
            "PATH": os.defpath,
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "NO_PROXY": "*",
            "BENCH_URL": url,
            "BENCH_OLDEST_VERSION": OLDEST_VERSION,
            "PYTHONPATH": str(HERE / "shim"),
        }

    def write(
        self, folder: Path, start_date: str, streams: Sequence[str], state: Any, options: Json | None = None
    ) -> None:
        """Write the files of a run: what to read, from when, the state of the run before, and options of its own."""
        config = {"access_token": TOKEN, "start_date": start_date, "user_agent": "benchmark", **(options or {})}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "catalog.json").write_text(json.dumps(self.catalog(streams)))
        (folder / "state.json").unlink(missing_ok=True)
        if state:
            (folder / "state.json").write_text(json.dumps(state))

    def command(self, folder: Path) -> list[str]:
        """The command line of a sync, for the files in a folder."""
        words = self.start()
        for name in ("config", "catalog", "state"):
            if (folder / f"{name}.json").exists():
                words += [f"--{name}", str(folder / f"{name}.json")]
        return words

    def read(self, stdout: Path) -> Delivery:
        """What a run printed."""
        with stdout.open("rb") as lines:
            return self.parse(lines)

    def ask(self, command: list[str]) -> str:
        """The output of a command that needs no sandbox."""
        try:
            done = subprocess.run(
                command, env=self.env(""), capture_output=True, text=True, timeout=_DISCOVER_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(str(error)) from error
        if done.returncode:
            raise Unavailable(f"{command[1:]} failed: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    @abstractmethod
    def start(self) -> list[str]:
        """The command line of a sync, without files."""

    @abstractmethod
    def idle_command(self) -> list[str]:
        """A command that imports all that a sync does, and reads nothing: the price of starting."""

    @abstractmethod
    def catalog(self, streams: Sequence[str]) -> Json:
        """The configured catalog, as its protocol has it."""

    @abstractmethod
    def parse(self, lines: Any) -> Delivery:
        """What the lines of stdout say."""


class Airbyte(Contender):
    """A connector that speaks Airbyte's protocol; every stream is read incrementally where it can be."""

    catalogued: Json

    def get_ready(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "discover.json"
        config.write_text(json.dumps({"access_token": TOKEN, "start_date": "2024-01-01T00:00:00Z"}))
        printed = self.ask([*self.start()[:-1], "discover", "--config", str(config)])
        messages = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        found = [message["catalog"]["streams"] for message in messages if message["type"] == "CATALOG"]
        if not found:
            raise Unavailable("discover printed no catalog")
        self.catalogued = {stream["name"]: stream for stream in found[0]}

    def start(self) -> list[str]:
        return [str(self.bin / "source-intercom"), "read"]

    def idle_command(self) -> list[str]:
        return [*self.start()[:-1], "spec"]

    def catalog(self, streams: Sequence[str]) -> Json:
        chosen = [self.catalogued[name] for name in streams]
        return {
            "streams": [
                {
                    "stream": stream,
                    "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
                    "destination_sync_mode": "append",
                }
                for stream in chosen
            ]
        }

    def parse(self, lines: Any) -> Delivery:
        return read_airbyte(lines)


class Ours(Airbyte):
    """This connector: the code of this checkout, in the environment that runs the benchmark."""

    def place(self, folder: Path) -> Path:
        return Path(sys.executable).parent

    def env(self, url: str) -> dict[str, str]:
        # An editable installation may stand for another checkout than the one that is measured.
        return {**super().env(url), "PYTHONPATH": str(ROOT), "INTERCOM_API_URL": url}


class Before(Ours):
    """Another version of this connector, from a checkout of it, in the environment that runs the benchmark."""

    checkout: Path | None = None

    def place(self, folder: Path) -> Path:
        if self.checkout is None:
            raise Unavailable("--before FOLDER names a checkout of it")
        return super().place(folder)

    def env(self, url: str) -> dict[str, str]:
        return {**super().env(url), "PYTHONPATH": str(self.checkout)}


class Bare(Ours):
    """The bare CDK path, with the same Python and CDK as this connector."""

    def start(self) -> list[str]:
        return [str(self.bin / "python"), "-m", "benchmarks.bare_cdk", "read"]


class InProcess(Ours):
    """This connector on the CDK's own way to stdout; its name is the step (``in_process.py``)."""

    def start(self) -> list[str]:
        return [str(self.bin / "python"), "-m", "benchmarks.in_process", self.name, "read"]


class Singer(Contender):
    """A Singer tap."""

    discovered: Json

    def get_ready(self, folder: Path) -> None:
        config = folder / "singer-discover.json"
        config.write_text(
            json.dumps({"access_token": "x", "start_date": "2024-01-01T00:00:00Z", "user_agent": "benchmark"})
        )
        self._discover = [*self.start(), "--config", str(config), "--discover"]
        self.discovered = json.loads(self.ask(self._discover))

    def start(self) -> list[str]:
        return [str(self.bin / "tap-intercom")]

    def idle_command(self) -> list[str]:
        return self._discover

    def catalog(self, streams: Sequence[str]) -> Json:
        chosen = [stream for stream in self.discovered["streams"] if stream["tap_stream_id"] in streams]
        return {"streams": [{**stream, "metadata": _selected(stream["metadata"])} for stream in chosen]}

    def parse(self, lines: Any) -> Delivery:
        return read_singer(lines)


def _selected(metadata: list[Json]) -> list[Json]:
    """A Singer stream's metadata with every field selected but one.

    For a contact in more than ten companies the tap would make a call for the rest, which the others do not.
    """
    return [
        {**entry, "metadata": {**entry["metadata"], "selected": entry["breadcrumb"] != ["properties", "companies"]}}
        for entry in metadata
    ]


_OURS = ("airbyte-source-intercom-complete", "airbyte-cdk")


def contenders(before: Path | None = None) -> list[Contender]:
    """This connector first: all ratios are to it. ``before`` is a checkout of another version of it."""
    earlier = Before("before", "this connector, before", _OURS)
    earlier.checkout = before
    return [
        Ours("ours", "this connector", _OURS),
        Airbyte("official", "Airbyte's official", ("airbyte-source-intercom", "airbyte-cdk")),
        Singer("tap", "tap-intercom", ("tap-intercom", "singer-python")),
        Bare("bare", "bare CDK", ("airbyte-cdk",)),
        InProcess("records", "this connector, in process", _OURS),
        InProcess("tuned", "this connector, in process, collector tuned", _OURS),
        earlier,
    ]

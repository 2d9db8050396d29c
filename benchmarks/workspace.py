"""The sandbox as a process of its own, so that its work is not counted as anyone's, and its truth."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from benchmarks.messages import Version, key_of, version_of

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "sandbox-token"
OLDEST_VERSION = "2.11"
# Laying out a large workspace takes a while before the URL is printed; a control call is answered at once.
_CONTROL_SECONDS = 120

_opener = build_opener(ProxyHandler({}))


class Workspace:
    """The control side of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _ask(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sandbox/{what}", data=data, method=method)
        with _opener.open(request, timeout=_CONTROL_SECONDS) as answer:
            return json.load(answer)

    def calls(self) -> dict[str, Any]:
        """Counts since the last reset: ``total``, ``rate_limited``, ``by_endpoint``, ``by_status``."""
        answer: dict[str, Any] = self._ask("GET", "calls")
        return answer

    def reset_calls(self) -> None:
        self._ask("DELETE", "calls")

    def behave(self, **settings: float) -> None:
        """Change behaviour (latency, rate limit) of the running sandbox."""
        self._ask("PATCH", "settings", settings)

    def change(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Update and create records, chosen by the sandbox's own seeded chance."""
        self._ask("POST", "change", counts)

    def truth(self, stream: str) -> set[Version]:
        """What the workspace holds of a stream: each record's key and time of change."""
        # A part is wrapped together with the id of its conversation.
        return {version_of(key_of(stream), record.get("part", record)) for record in self.records(stream)}

    def records(self, kind: str) -> Iterator[dict[str, Any]]:
        """What the workspace holds of a kind, one after the other, as the API would show it."""
        return map(json.loads, self._lines(kind))

    def count(self, kind: str) -> int:
        """How many records of a kind the workspace holds."""
        return sum(1 for _ in self._lines(kind))

    def _lines(self, kind: str) -> Iterator[bytes]:
        request = Request(f"{self.url}/_sandbox/records/{kind}")
        with _opener.open(request, timeout=_CONTROL_SECONDS) as answer:
            yield from answer


@contextmanager
def sandbox(settings: Mapping[str, float]) -> Iterator[Workspace]:
    """A fresh sandbox with these settings; the same settings give the same data."""
    words = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", *words], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the sandbox did not start; it ended with code {process.wait(timeout=10)}")
        yield Workspace(url)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

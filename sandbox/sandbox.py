"""`Sandbox`: a server in a thread of its own, for tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from .collection import Record
from .control import Control
from .server import Server
from .settings import Settings
from .truths import TRUTHS, truth

Result = TypeVar("Result")


class Sandbox:
    """`with Sandbox(Settings(contacts=1000)) as sb:` serves a workspace at `sb.url` until the block ends.

    `sb.settings` may be changed while it runs. The methods do what the control endpoints do; each runs on the
    server's own loop, between two calls.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def __enter__(self) -> Sandbox:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="sandbox", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    @property
    def now(self) -> int:
        """The workspace's current second."""
        return self._ask(lambda: self.server.ws.clock())

    @property
    def server(self) -> Server:
        if self._server is None:
            raise RuntimeError("the sandbox is not running")
        return self._server

    def calls(self) -> dict[str, object]:
        """`{"total", "by_endpoint", "by_status", "without_version", "rate_limited", "versions"}`."""
        return self._ask(self._control.calls)

    def reset_calls(self) -> None:
        self._ask(self._control.reset_calls)

    def records(self, kind: str) -> list[Record]:
        """The truth: every record of a kind, as the API would show it."""
        if kind not in TRUTHS:
            raise ValueError(f"no records of {kind!r}; there are: {', '.join(TRUTHS)}")
        return self._ask(lambda: list(truth(self.server.ws, kind)))

    def change(self, **counts: dict[str, int]) -> dict[str, dict[str, list[str]]]:
        """`sb.change(contacts={"update": 5, "create": 2, "delete": 1})`; the ids touched, by kind and verb."""
        return self._ask(lambda: self._control.change(dict(counts)))

    def fault(self, match: str, kind: str, **how: object) -> None:
        """`sb.fault("POST /contacts/search", "status:503", times=2, when={"per_page_over": 1})`."""
        self._ask(lambda: self._control.fault({"match": match, "kind": kind, **how}))

    def clear_faults(self) -> None:
        self._ask(lambda: self.server.faults.rules.clear())

    def spend(self, calls: int) -> None:
        """Take calls from the current rate-limit window, as another app would."""
        self._ask(lambda: self.server.limiter.spend(calls))

    @property
    def _control(self) -> Control:
        return self.server.control

    def _ask(self, question: Callable[[], Result]) -> Result:
        async def answer() -> Result:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._server = Server(self.settings)
            self.url = self._loop.run_until_complete(self._server.start())
        except BaseException as error:
            self._failure = error
            self._loop.close()
            return
        finally:
            ready.set()
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._server.stop())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

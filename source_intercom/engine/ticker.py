"""Something that is done every so many seconds while a block runs."""

import threading
from collections.abc import Callable
from types import TracebackType


class Ticker:
    """Calls ``tick`` every so many seconds, in a thread of its own, until the block ends."""

    def __init__(self, name: str, every: float, tick: Callable[[], None]) -> None:
        self._every = every
        self._tick = tick
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self._tick()

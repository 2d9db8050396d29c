"""What several workers use is not changed by any of them."""

from __future__ import annotations

import threading

import pytest
from source_reads import NAMES, NOW, Workspace, read

from source_intercom.streams import IntercomStream
from source_intercom.sync.windows import DAY

pytestmark = pytest.mark.timeout(60)


def test_workers_write_nothing_into_the_streams_that_they_share(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream belongs to all workers of its group and has no lock."""
    shared: set[int] = set()
    written: list[str] = []

    def note(stream: IntercomStream, name: str, value: object) -> None:
        if threading.current_thread() is threading.main_thread():
            shared.add(id(stream))
        elif id(stream) in shared:
            written.append(f"{stream.name}.{name}")
        object.__setattr__(stream, name, value)

    monkeypatch.setattr(IntercomStream, "__setattr__", note)
    workspace.records = {name: [{"id": "1", "updated_at": NOW - DAY}] for name in ("contacts", "conversations")}
    for mode in ("incremental", "full_refresh"):
        assert read(*NAMES, mode=mode).error is None
    assert len(shared) > len(NAMES)
    assert written == []

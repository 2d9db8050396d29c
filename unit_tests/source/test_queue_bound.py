"""What waits for a slow destination is bounded in both ways of giving records."""

from __future__ import annotations

from typing import Any

import pytest
from source_reads import CONFIG, LOGGER, catalog

from source_intercom import source as module
from source_intercom.source import SourceIntercom


@pytest.mark.complaint(8)
@pytest.mark.timeout(60)
@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(("pages", "most"), [(True, 64), (False, 1_000)], ids=["pages", "records"])
def test_no_more_than_a_bearable_number_waits(pages: bool, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page can weigh a megabyte, a record a hundred kilobytes: both together must fit into a small container."""
    sizes: list[int] = []
    original = module.Queue

    def queue(maxsize: int = 0) -> Any:
        sizes.append(maxsize)
        return original(maxsize)

    monkeypatch.setattr(module, "Queue", queue)
    list(SourceIntercom(pages=pages).read(LOGGER, CONFIG, catalog("tags"), None))
    (size,) = sizes
    assert 0 < size <= most

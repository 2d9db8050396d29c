"""Message streams that have come differently far: each brings what it lacks, and no two jobs are made at once."""

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import STREAMS, Process, assert_same, catalog, config, key_of, truth

MESSAGES = tuple(name for name in STREAMS if name.startswith("message_"))


@pytest.mark.parametrize("quirk", ["", "export-statistics=all", "export-statistics=by-time"])
def test_streams_that_are_added_later_get_all_of_theirs(process: Process, workspace: Workspace, quirk: str) -> None:
    sandbox = workspace(message_receipts=120, history_days=120, quirks=[quirk] if quirk else [])
    first = process.run("read", sandbox.url, config=config(), catalog=catalog("message_receipts", mode="incremental"))
    assert first.code == 0, first.errors
    sandbox.change(message_receipts={"create": 3})
    second = process.run(
        "read", sandbox.url, config=config(), catalog=catalog(*MESSAGES, mode="incremental"), state=first.state
    )
    assert second.code == 0, second.errors
    for stream in MESSAGES:
        rows = {key_of(stream, row): row for output in (first, second) for row in output.records[stream]}
        assert_same(stream, rows, truth(sandbox, stream))
    # Two ranges at first; then one for the receipts, and two for all others together.
    assert [job.status for job in sandbox.server.ws.exports] == ["completed"] * 5
    assert "Waiting until another export" not in second.log

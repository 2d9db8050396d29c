"""Whatever a server sends, and however much at once, the process stays within the memory that it asks for."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_tests.conftest import Workspace
from integration_tests.support import catalog, config, parse

ROOT = Path(__file__).resolve().parents[1]
BOMBS = 5
TELLS_ITS_PEAK = """
import sys
from source_intercom.run import run
try:
    run()
finally:
    print(open("/proc/self/status").read(), file=sys.stderr)
"""


def memory_limit() -> int:
    """Bytes of a sync's pod, as metadata.yaml asks for them."""
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))
    jobs = metadata["data"]["resourceRequirements"]["jobSpecific"]
    (limit,) = [job["resourceRequirements"]["memory_limit"] for job in jobs if job["jobType"] == "sync"]
    return int(limit.removesuffix("Gi")) << 30


@pytest.mark.complaint(104)
@pytest.mark.parametrize("megabytes", [250, 300], ids=["each within its bound", "each beyond it"])
def test_many_bombs_at_once(start: Callable[..., Any], workspace: Workspace, tmp_path: Path, megabytes: int) -> None:
    """Each is a few hundred kilobytes of gzip."""
    sandbox = workspace(conversations=60)
    sandbox.fault("GET /conversations/{id}", f"bomb:{megabytes}", times=BOMBS)
    printed = tmp_path / "printed"
    with printed.open("wb") as stdout:
        process = start(
            "read",
            sandbox.url,
            stdout=stdout,
            config=config(),
            catalog=catalog("conversation_parts"),
            env={"MALLOC_ARENA_MAX": "2"},  # as in the image
            code=TELLS_ITS_PEAK,
        )
        _, stderr = process.communicate()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", stderr.decode())
    assert int(kilobytes) << 10 < memory_limit()
    messages = parse(printed.read_bytes())
    # A bomb is no conversation: it is said, and all others were read.
    assert {message["record"]["stream"] for message in messages if message["type"] == "RECORD"} == {
        "conversation_parts"
    }
    if megabytes > 256:
        assert "larger than 256 MB" in printed.read_text() or "does not fit into memory" in printed.read_text()

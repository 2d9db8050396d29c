"""What becomes of a process that is told to end, or meets an Intercom that does not behave."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.endings import ORDEALS, Ended, Ordeal, _told, endings_text
from sandbox.faults import parse_fault

PRINTED = (
    b'{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"tags"},'
    b'"status":"STARTED"}}}\n'
    b'{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"tags"},'
    b'"status":"INCOMPLETE"}}}\n'
    b'{"type":"TRACE","trace":{"type":"ERROR","error":{"message":"too large"}}}\n'
)


@pytest.mark.parametrize("ordeal", [one for one in ORDEALS if one.fault], ids=lambda one: one.title)
def test_every_fault_is_one_that_the_sandbox_knows(ordeal: Ordeal) -> None:
    assert parse_fault(ordeal.fault).kind


def test_the_last_status_and_the_last_error_are_told(tmp_path: Path) -> None:
    (tmp_path / "stdout").write_bytes(PRINTED)
    assert _told(tmp_path / "stdout") == ("INCOMPLETE", "too large")
    assert _told(tmp_path / "none") == ("", "")


def test_what_still_runs_is_told_and_a_long_error_is_cut() -> None:
    running = Ended("429", 6.0, None, 12, 96.4, "", "")
    ended = Ended("a bomb", 15.64, 1, 2, 366.0, "INCOMPLETE", "a|b" + "x" * 200)
    text = endings_text([running, ended])
    assert "| 429 | 6.0 | (running) | 12 | 96 |  |  |" in text
    assert r"| a bomb | 15.6 | 1 | 2 | 366 | INCOMPLETE | a\|bx" in text
    assert "x …" in text

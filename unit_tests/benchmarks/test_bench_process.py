import sys
from pathlib import Path

import pytest

from benchmarks.process import run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def _python(program: str) -> list[str]:
    return [sys.executable, "-u", "-c", program]


def test_a_run_is_timed_and_its_first_record_seen(tmp_path: Path) -> None:
    program = 'import time; print("{}"); time.sleep(0.3); print(\'{"type": "RECORD"}\'); time.sleep(1)'

    done = run(_python(program), {}, tmp_path, 20)

    assert (done.code, done.timed_out, done.failed) == (0, False, False)
    assert done.first_record_seconds is not None
    assert 0.3 <= done.first_record_seconds <= done.seconds - 0.2
    assert done.stdout.read_text() == '{}\n{"type": "RECORD"}\n'


def test_cpu_and_memory_are_the_processs_own(tmp_path: Path) -> None:
    big = bytearray(80_000_000)
    program = "import time; held = b'1' * 30_000_000\nwhile time.process_time() < 0.3: pass"

    done = run(_python(program), {}, tmp_path, 20)

    assert 0.3 <= done.cpu_seconds < 3
    assert 30e6 < done.peak_bytes < len(big)
    assert done.first_record_seconds is None


def test_a_run_is_ended_at_its_limit(tmp_path: Path) -> None:
    done = run(_python("import time; time.sleep(60)"), {}, tmp_path, 0.3)

    assert done.timed_out
    assert not done.failed
    assert done.seconds < 30


def test_a_failure_is_told(tmp_path: Path) -> None:
    done = run(_python("raise SystemExit('no such workspace')"), {}, tmp_path, 20)

    assert (done.code, done.failed) == (1, True)
    assert done.stderr.read_text() == "no such workspace\n"


def test_output_that_is_taken_is_not_kept(tmp_path: Path) -> None:
    pieces: list[bytes] = []

    done = run(_python("for _ in range(100_000): print('x' * 9)"), {}, tmp_path, 20, take=pieces.append)

    assert b"".join(pieces) == b"xxxxxxxxx\n" * 100_000
    assert done.stdout.read_bytes() == b""


def test_memory_is_followed_through_the_run(tmp_path: Path) -> None:
    done = run(_python("import time; time.sleep(1); held = b'1' * 50_000_000; time.sleep(1)"), {}, tmp_path, 60)

    # One every 0.2 seconds, fewer where the machine has other things to do.
    assert 3 <= len(done.resident) <= done.seconds / 0.2 + 1
    # The last sample need not be the largest.
    most = max(done.resident)
    assert any(early + 40e6 < most for early in done.resident[: done.resident.index(most)]), done.resident
    assert most <= done.peak_bytes


def test_a_short_run_is_timed_without_waiting_for_a_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.process._TICK_SECONDS", 30)

    assert run(_python("pass"), {}, tmp_path, 60).seconds < 25

"""Export jobs: waited for with a bound, told by name, given up in time."""

from __future__ import annotations

import errno
import io
import logging
import os
import tempfile
import threading
from collections.abc import Callable
from typing import IO, Any, cast

import pytest
from api_helpers import FullDisk

from source_intercom.api.client import Client
from source_intercom.api.errors import DiskFull, ExportEnded, ExportTaken, RecordGone, RequestRefused, Unavailable
from source_intercom.api.exports import CONTENT, REPORTING, Exports, RangeRefused

Json = dict[str, Any]
PAUSE = Exports._pause
JOB = {"job_identifier": "job-1", "status": "pending"}


class Intercom:
    """A client whose answers are written down before; the last of each kind is given for ever."""

    time_scale = 0.0

    def __init__(self, *statuses: str | Exception, created: list[Json | Exception] | None = None) -> None:
        self.statuses: list[str | Exception] = list(statuses)
        self.created: list[Json | Exception] = created or [JOB]
        self.files: list[bytes | Exception] = [b"a\n1\n"]
        self.calls: list[str] = []
        self.at_call: Callable[[], None] = lambda: None

    def post(self, path: str, body: Json, *, retry: bool = True) -> Json:
        self.calls.append(f"POST {path}")
        return cast(Json, self._next(self.created)) if path in (CONTENT.create, REPORTING.create) else {}

    def get(self, path: str) -> Json:
        self.calls.append(f"GET {path}")
        self.at_call()
        return {"status": self._next(self.statuses)}

    def download(self, path: str, file: IO[bytes], most: int) -> None:
        self.calls.append(f"GET {path}")
        file.write(cast(bytes, self._next(self.files)))

    def _next(self, answers: list[Any]) -> Any:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    """Moves on by a minute with each look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


def exports(clock: Callable[[], float] = Clock()) -> Exports:  # noqa: B008
    return Exports(CONTENT, logging.getLogger("airbyte.test"), clock=clock)


def fetch(intercom: Intercom, made: Exports | None = None) -> bytes | None:
    file = (made or exports()).fetch(cast(Client, intercom), {}, lambda _name: None)
    if file is None:
        return None
    with file:
        file.seek(0)
        return file.read()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of these tests stands for hours, which are not waited for."""
    monkeypatch.setattr(Intercom, "time_scale", 1.0)
    monkeypatch.setattr(Exports, "_pause", lambda *_: None)


def test_a_job_is_asked_after_until_it_is_ready() -> None:
    intercom = Intercom("pending", "in_progress", "completed")
    assert fetch(intercom) == b"a\n1\n"
    asked = ["GET /export/content/data/job-1"] * 3
    assert intercom.calls == ["POST /export/content/data", *asked, "GET /download/content/data/job-1"]


def test_no_data_needs_no_file() -> None:
    assert fetch(Intercom(created=[{"job_identifier": "job-1", "status": "no_data"}])) is None


def test_the_misspelled_name_of_older_versions_is_known() -> None:
    assert fetch(Intercom("completed", created=[{"job_identfier": "job-1", "status": "pending"}])) == b"a\n1\n"


def test_a_disk_that_is_full_is_told_as_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """To close the file fails as well, as it writes what it still holds."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: io.BufferedRandom(FullDisk()))
    intercom = Intercom("completed")
    download = intercom.download

    def save(path: str, file: IO[bytes], most: int) -> None:
        download(path, file, most)
        raise DiskFull.of("No space left on device", path)

    monkeypatch.setattr(intercom, "download", save)
    with pytest.raises(DiskFull, match="No space left on device"):
        fetch(intercom)


def test_a_folder_without_room_for_a_new_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: Any) -> IO[bytes]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", none)
    with pytest.raises(DiskFull, match="No space left on device"):
        fetch(Intercom("completed"))


def test_a_file_that_is_not_there_yet_is_asked_for_again() -> None:
    intercom = Intercom("completed")
    intercom.files = [RecordGone("no"), b"", b"a\n1\n"]
    assert fetch(intercom) == b"a\n1\n"


def test_a_file_that_never_comes_is_an_error() -> None:
    intercom = Intercom("completed")
    intercom.files = [b""]
    with pytest.raises(Unavailable, match="empty file"):
        fetch(intercom)


def test_a_job_that_takes_for_ever_is_left_to_the_next_sync() -> None:
    made, intercom = exports(), Intercom("in_progress")
    with pytest.raises(Unavailable, match="longer than 4 hours"):
        fetch(intercom, made)
    made.release()
    assert "POST /export/cancel/job-1" not in intercom.calls


def test_another_job_is_waited_for_an_hour_and_named(caplog: pytest.LogCaptureFixture) -> None:
    intercom = Intercom(created=[ExportTaken("taken")])
    with caplog.at_level("INFO"), pytest.raises(ExportTaken, match="Another export of message data is under way"):
        fetch(intercom)
    assert 50 < len(intercom.calls) < 70
    assert "Waiting until another export of message data in this workspace ends" in caplog.text


def test_another_job_that_ends_makes_room() -> None:
    assert fetch(Intercom("completed", created=[ExportTaken("taken"), JOB])) == b"a\n1\n"


@pytest.mark.parametrize(
    ("answers", "kind", "said"),
    [
        (Intercom("failed"), ExportEnded, "export of message data failed"),
        (Intercom("canceled"), ExportEnded, "was canceled by somebody"),
        (Intercom("asleep"), RequestRefused, "another shape"),
        (Intercom(created=[{"status": "pending"}]), RequestRefused, "another shape"),
        (Intercom(created=[RequestRefused("too long")]), RangeRefused, "too long"),
        (Intercom(RecordGone("no")), Unavailable, "does not find the export that it has just made"),
    ],
    ids=["failed", "canceled", "unknown", "nameless", "refused", "gone"],
)
def test_what_goes_wrong_is_said(answers: Intercom, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        fetch(answers)


def test_only_a_refused_range_is_one() -> None:
    with pytest.raises(RequestRefused) as caught:
        fetch(Intercom("asleep"))
    assert not isinstance(caught.value, RangeRefused)


def test_an_old_job_that_is_gone_is_told_at_once() -> None:
    intercom = Intercom(RecordGone("no"))
    with pytest.raises(RecordGone):
        exports().resume(cast(Client, intercom), "old")
    assert intercom.calls == ["GET /export/content/data/old"]


def test_letting_go_cancels_the_job_under_way_and_no_other() -> None:
    made, intercom = exports(), Intercom("pending", "completed")
    intercom.at_call = made.release
    fetch(intercom, made)
    assert intercom.calls.count("POST /export/cancel/job-1") == 2
    intercom.calls.clear()
    made.release()
    assert intercom.calls == []


def test_letting_go_waits_for_a_job_that_is_being_made() -> None:
    made = exports()
    intercom = Intercom("completed")
    releasing = threading.Thread(target=made.release)
    post = intercom.post

    def slow(path: str, body: Json, *, retry: bool = True) -> Json:
        if path == "/export/content/data":
            releasing.start()
        return post(path, body, retry=retry)

    intercom.post = slow
    # What would be a race is decided here: the job is asked after only when it has been let go.
    intercom.at_call = releasing.join
    fetch(intercom, made)
    assert intercom.calls[:2] == ["POST /export/content/data", "GET /export/content/data/job-1"]
    assert "POST /export/cancel/job-1" in intercom.calls


def test_no_job_is_made_once_all_have_been_let_go() -> None:
    """A worker that has read one file asks for the next range while the process prints its last lines."""
    intercom, made = Intercom("completed"), exports()
    assert fetch(intercom, made) == b"a\n1\n"
    made.release()
    with pytest.raises(Unavailable, match="sync ended"):
        fetch(intercom, made)
    assert intercom.calls.count("POST /export/content/data") == 1


def test_a_wait_ends_when_the_sync_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exports, "_pause", PAUSE)
    made, intercom = exports(), Intercom("pending")
    made.release()
    with pytest.raises(Unavailable, match="The sync ended"):
        fetch(intercom, made)


# --- Reports, of which Intercom describes less and makes more ---


def reports() -> Exports:
    return Exports(REPORTING, logging.getLogger("airbyte.test"), clock=Clock())


def test_a_state_that_nobody_described_is_waited_for() -> None:
    intercom = Intercom("pending", "compressing", "complete")
    assert fetch(intercom, reports()) == b"a\n1\n"
    assert intercom.calls[-1] == "GET /download/reporting_data/job-1"


def test_a_state_that_never_ends_is_waited_for_with_a_bound() -> None:
    with pytest.raises(Unavailable, match="export of reporting data took longer than 4 hours"):
        fetch(Intercom("compressing"), reports())


@pytest.mark.parametrize("answer", [None, 3, ""])
def test_a_job_without_a_state_is_another_shape(answer: Any) -> None:
    with pytest.raises(RequestRefused, match="another shape"):
        fetch(Intercom(answer), reports())


@pytest.mark.parametrize("state", ["failed", "error", "expired", "cancelled"])
def test_a_report_that_ends_badly_is_said(state: str) -> None:
    with pytest.raises(ExportEnded, match="export of reporting data"):
        fetch(Intercom(state), reports())


def test_a_report_of_nothing_has_no_rows() -> None:
    intercom = Intercom("complete")
    intercom.files = [b""]
    assert fetch(intercom, reports()) is None
    assert intercom.calls.count("GET /download/reporting_data/job-1") == 6, "it might only be late"


def test_a_report_that_is_not_found_is_none_without_rows() -> None:
    intercom = Intercom("complete")
    intercom.files = [b"", RecordGone("no")]
    with pytest.raises(Unavailable, match="does not find the export"):
        fetch(intercom, reports())


def test_other_reports_are_waited_for_an_hour_and_named() -> None:
    with pytest.raises(ExportTaken, match="Five exports of reporting data are pending"):
        fetch(Intercom(created=[ExportTaken("taken")]), reports())


def test_a_report_cannot_be_canceled() -> None:
    made, intercom = reports(), Intercom("pending", "complete")
    intercom.at_call = made.release
    fetch(intercom, made)
    made.cancel(cast(Client, intercom), "job-1")
    assert not [call for call in intercom.calls if "cancel" in call]


def test_four_reports_are_made_at_once_and_no_more() -> None:
    made, inside = reports(), threading.Semaphore(0)
    release, together, most, lock = threading.Event(), [0], [0], threading.Lock()

    def wait() -> None:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        inside.release()
        release.wait(10)
        with lock:
            together[0] -= 1

    clients = []
    for number in range(6):
        one = Intercom("complete", created=[{"job_identifier": f"job-{number}", "status": "pending"}])
        one.at_call = wait
        clients.append(one)
    threads = [threading.Thread(target=fetch, args=(one, made)) for one in clients]
    for thread in threads:
        thread.start()
    assert all(inside.acquire(timeout=10) for _ in range(4))
    assert not inside.acquire(timeout=0.2)
    release.set()
    for thread in threads:
        thread.join(10)
    assert most == [4]
    assert sum(len(one.calls) for one in clients) == 6 * 3


def test_a_pause_ends_and_the_file_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the end of the sync makes an error of a pause."""
    monkeypatch.setattr(Exports, "_pause", PAUSE)
    monkeypatch.setattr(Intercom, "time_scale", 0.0)
    intercom = Intercom("completed")
    intercom.files = [b"", b"a\n1\n"]
    assert fetch(intercom, exports(lambda: 0.0)) == b"a\n1\n"

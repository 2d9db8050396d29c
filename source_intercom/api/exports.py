"""Exports: a job that Intercom is asked for, that is asked after, and whose file is fetched."""

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from logging import Logger
from typing import IO

from source_intercom.api.client import Client, Json
from source_intercom.api.errors import (
    DiskFull,
    ExportEnded,
    ExportTaken,
    IntercomError,
    RecordGone,
    RequestRefused,
    Unavailable,
    strange,
)
from source_intercom.api.masking import shortened
from source_intercom.api.paths import path_of
from source_intercom.api.wire import let_go_on_error

# Ten million rows, the most that Intercom exports, are about two gigabytes as a ZIP file.
_MOST_BYTES = 8 << 30
# Intercom's help says that an export can take up to a few hours.
_PATIENCE = 4 * 3600.0
_OTHERS_PATIENCE = 3600.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 30.0
_TELL_EVERY = 300.0
# A new job, or the file of a completed one, may be found only a little later: so many tries.
_MOST_GONE = 6
_CANCEL_SECONDS = 2.0
_RUNNING = ("pending", "in_progress")
_COMPLETED = ("completed", "complete")
_ENDED = ("failed", "error", "expired", "canceled", "cancelled")
_OVER = (*_COMPLETED, *_ENDED, "no_data")


@dataclass(frozen=True)
class Kind:
    """Exports of one kind: what people call their data, and where jobs are made, asked after, fetched and canceled.

    ``at_once`` is how many jobs this process has at a time. ``taken`` is said when Intercom makes no other job for an
    hour, ``waiting`` meanwhile. ``cancel`` is empty where Intercom offers no way. ``is_described`` says that Intercom
    documents every state of a job, and what an export without rows looks like.
    """

    what: str
    create: str
    job: str
    file: str
    taken: str
    waiting: str
    cancel: str = ""
    at_once: int = 1
    is_described: bool = True


# docs/intercom-api.md#exports
CONTENT = Kind(
    what="message data",
    create="/export/content/data",
    job="/export/content/data/{job}",
    file="/download/content/data/{job}",
    cancel="/export/cancel/{job}",
    taken=(
        "Another export of message data is under way in this Intercom workspace. This sync has waited an hour for it, "
        "because Intercom makes one at a time. End the integration that exports messages too, or sync messages at "
        "another hour."
    ),
    waiting=(
        "Waiting until another export of message data in this workspace ends. Another integration, a person, or a "
        "sync that broke off began it"
    ),
)
# docs/intercom-api.md#reporting-export
REPORTING = Kind(
    what="reporting data",
    create="/export/reporting_data/enqueue",
    job="/export/reporting_data/{job}",
    file="/download/reporting_data/{job}",
    # Intercom makes five; one is left to the workspace's other integrations.
    at_once=4,
    is_described=False,
    taken=(
        "Five exports of reporting data are pending in this Intercom workspace. This sync has waited an hour for "
        "one of them to end, because Intercom makes no more at a time. End the integration that exports reports too, "
        "or sync reports at another hour."
    ),
    waiting=(
        "Waiting until another export of reporting data in this workspace ends. Another integration or a sync that "
        "broke off began it"
    ),
)


class RangeRefused(RequestRefused):
    """Intercom refuses to make the export: of messages it takes 90 days at most (docs/intercom-api.md#exports)."""


class Exports:
    """The export jobs of a kind that this process has: no more at a time than Intercom allows a workspace.

    Shared by all workers. Each of them holds ``_slots`` while it has a job made. ``_known`` guards ``_running``, the
    jobs that Intercom is working on for us, and ``_creating``, how many are being asked for. ``_ended`` is set once,
    under ``_known``: no job is asked for after that. ``clock`` is a parameter for tests.
    """

    def __init__(self, kind: Kind, logger: Logger, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kind = kind
        self._logger = logger
        self._clock = clock
        self._slots = threading.BoundedSemaphore(kind.at_once)
        self._known = threading.Condition()
        self._running: dict[str, Client] = {}
        self._creating = 0
        self._ended = threading.Event()

    def fetch(self, client: Client, asked: Json, began: Callable[[str], None]) -> IO[bytes] | None:
        """The file of a new export, open and without a name: it disappears with this process.

        ``asked`` is the body of the request, ``began`` is told the name of the job. None where Intercom has no data.
        Raises an ``IntercomError``: ``ExportTaken`` where others' jobs do not end, ``ExportEnded``, ``RangeRefused``,
        ``TooLarge``, ``DiskFull``.
        """
        with self._slots:
            job, status = self._create(client, asked)
            began(job)
            try:
                return self._finished(client, job, status)
            except RecordGone as error:
                raise Unavailable(
                    "Intercom does not find the export that it has just made. The next sync asks for it again.",
                    str(error.internal_message),
                ) from None

    def resume(self, client: Client, job: str) -> IO[bytes] | None:
        """The file of a job that an earlier sync began, None where Intercom has no data.

        Raises as ``fetch``, and ``RecordGone`` or ``ExportEnded`` where the job is of no use any more.
        """
        with self._slots:
            return self._finished(client, job, "")

    def ask(self, client: Client, job: str) -> Json:
        """What Intercom says of a job. Raises ``RecordGone`` for one that it does not know."""
        return client.get(path_of(self._kind.job, job=job))

    def cancel(self, client: Client, job: str) -> None:
        """Have Intercom give up a job, where it can. One that is over or unknown is no failure."""
        if self._kind.cancel:
            with suppress(IntercomError):
                client.post(path_of(self._kind.cancel, job=job), {}, retry=False)

    def release(self) -> None:
        """Nothing more is wanted: cancel the jobs that are under way, within seconds."""
        with self._known:
            self._ended.set()
            if not self._kind.cancel:
                return
            self._known.wait_for(lambda: not self._creating, timeout=_CANCEL_SECONDS)
            running = dict(self._running)
        for job, client in running.items():
            thread = threading.Thread(target=self.cancel, args=(client, job), name="cancel", daemon=True)
            thread.start()
            thread.join(_CANCEL_SECONDS)

    def _create(self, client: Client, asked: Json) -> tuple[str, str]:
        """A new job and its status. Waits while others' are under way."""
        deadline = self._clock() + _OTHERS_PATIENCE * client.time_scale
        while True:
            try:
                return self._created(client, asked)
            except ExportTaken as error:
                if self._clock() > deadline:
                    raise ExportTaken(self._kind.taken, str(error.internal_message)) from None
                self._logger.info(self._kind.waiting)
                self._pause(_LONGEST_PAUSE * client.time_scale)

    def _created(self, client: Client, asked: Json) -> tuple[str, str]:
        with self._known:
            # A job that is made after the others have been canceled would be left running in the workspace.
            self._refuse_if_ended()
            self._creating += 1
        try:
            answer = client.post(self._kind.create, asked)
        except RequestRefused as error:
            raise RangeRefused(str(error.message), str(error.internal_message)) from None
        else:
            # The description of older versions spells it without its second "i".
            job = answer.get("job_identifier") or answer.get("job_identfier")
            if not isinstance(job, str):
                raise strange("an export job without an identifier")
            with self._known:
                self._running[job] = client
            return job, str(answer.get("status", ""))
        finally:
            with self._known:
                self._creating -= 1
                self._known.notify_all()

    def _finished(self, client: Client, job: str, status: str) -> IO[bytes] | None:
        """The file of a job once it is completed."""
        with self._known:
            self._running[job] = client
        status = self._waited(client, job, status)
        self._forget(job)
        if status == "no_data":
            return None
        if status in _COMPLETED:
            return self._download(client, job)
        how = "was canceled by somebody" if status.startswith("cancel") else "failed"
        raise ExportEnded(
            f"Intercom's export of {self._kind.what} {how}. The next sync asks for it again; if it happens each time, "
            "ask Intercom's support.",
            f"job {job}: {status}",
        )

    def _forget(self, job: str) -> None:
        """The job is not to be canceled when the sync ends."""
        with self._known:
            self._running.pop(job, None)

    def _waited(self, client: Client, job: str, status: str) -> str:
        """The status with which a job ended."""
        deadline = self._clock() + _PATIENCE * client.time_scale
        tell_at = self._clock() + _TELL_EVERY
        pause, gone = _FIRST_PAUSE, 0
        while self._is_running(status):
            if self._clock() > deadline:
                self._forget(job)
                raise Unavailable(
                    f"Intercom's export of {self._kind.what} took longer than {_PATIENCE / 3600:.0f} hours. The next "
                    "sync goes on with the same export.",
                    f"job {job}: {status}",
                )
            if self._clock() > tell_at:
                self._logger.info(
                    f"Waiting for Intercom's export of {self._kind.what} (job {job}: {shortened(status, 40)})"
                )
                tell_at = self._clock() + _TELL_EVERY
            if status:
                self._pause(pause * client.time_scale)
                pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                answer = self.ask(client, job).get("status")
            except RecordGone:
                gone += 1
                if not status or gone >= _MOST_GONE:
                    raise
                continue
            if not isinstance(answer, str) or not answer:
                raise strange("an export job without a status")
            status = answer
        if status not in _OVER:
            raise strange(f"an export job with the status {shortened(status, 40)!r}")
        return status

    def _is_running(self, status: str) -> bool:
        """Whether a job is under way. A state that nobody described may be one more on the way to its end."""
        if not status or status in _RUNNING:
            return True
        return not self._kind.is_described and status not in _OVER

    def _download(self, client: Client, job: str) -> IO[bytes] | None:
        # It has no name, so it is gone with this process however that ends.
        try:
            file = tempfile.TemporaryFile(prefix="source-intercom-")  # noqa: SIM115
        except OSError as full:
            raise DiskFull.of(full.strerror or "unknown", job) from None
        with let_go_on_error(file):
            empty = Unavailable(f"Intercom's export of {self._kind.what} is an empty file.", job)
            for tried in range(_MOST_GONE):
                if tried:
                    self._pause(_FIRST_PAUSE * 2.0 ** (tried - 1) * client.time_scale)
                error: IntercomError = empty
                try:
                    client.download(path_of(self._kind.file, job=job), file, _MOST_BYTES)
                    if file.tell():
                        return file
                except RecordGone as gone:
                    error = gone
            if error is empty and not self._kind.is_described:
                file.close()
                return None
            raise error

    def _pause(self, seconds: float) -> None:
        self._ended.wait(seconds)
        self._refuse_if_ended()

    def _refuse_if_ended(self) -> None:
        if self._ended.is_set():
            raise Unavailable(f"The sync ended before Intercom's export of {self._kind.what} was ready.")

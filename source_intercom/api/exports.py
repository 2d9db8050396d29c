"""The export of message data: a job that is asked for, asked after, and whose file is fetched."""

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from logging import Logger
from typing import IO

from source_intercom.api.client import Client
from source_intercom.api.errors import (
    ExportEnded,
    ExportTaken,
    IntercomError,
    RecordGone,
    RequestRefused,
    Unavailable,
    strange,
)
from source_intercom.api.paths import path_of

ENDPOINT = "/export/content/data"
_JOB = "/export/content/data/{job}"
_CANCEL = "/export/cancel/{job}"
_FILE = "/download/content/data/{job}"

# Ten million rows, the most that Intercom exports, are about two gigabytes as a ZIP file.
_MOST_BYTES = 8 << 30
# Intercom's help says that an export can take up to a few hours.
_PATIENCE = 4 * 3600.0
_OTHERS_PATIENCE = 3600.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 30.0
_TELL_EVERY = 300.0
# A job or a file that was promised may be found a little later.
_MOST_GONE = 6
_CANCEL_SECONDS = 2.0
_RUNNING = ("pending", "in_progress")


class RangeRefused(RequestRefused):
    """Intercom refuses to make the export: it takes 90 days at most (docs/intercom-api.md#exports)."""


class ContentExports:
    """The export jobs of this process: one at a time, as Intercom allows one a workspace.

    Shared by all workers. ``_turn`` is held by the one that has a job made; ``_known`` guards ``_running``, the job
    that Intercom is working on for us, and ``_creating``. ``_ended`` is set once. ``clock`` is a parameter for tests.
    """

    def __init__(self, logger: Logger, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._turn = threading.Lock()
        self._known = threading.Condition()
        self._running: tuple[Client, str] | None = None
        self._creating = False
        self._ended = threading.Event()

    def fetch(self, client: Client, after: int, before: int, began: Callable[[str], None]) -> IO[bytes] | None:
        """The file of a new export, open and without a name, so that nothing of it outlives this process.

        ``after`` and ``before`` are Unix seconds, both included; ``began`` is told the name of the job. None where
        Intercom has no data. Raises an ``IntercomError``: ``ExportTaken`` where another one's job does not end,
        ``ExportEnded``, ``RangeRefused``, ``TooLarge``, ``NoRoom``.
        """
        with self._turn:
            job, status = self._create(client, after, before)
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
        with self._turn:
            return self._finished(client, job, "")

    def cancel(self, client: Client, job: str) -> None:
        """Have Intercom give up a job. One that is over or unknown is no failure."""
        with suppress(IntercomError):
            client.post(path_of(_CANCEL, job=job), {}, retry=False)

    def release(self) -> None:
        """Nothing more is wanted: cancel the job that is under way, within seconds."""
        self._ended.set()
        with self._known:
            self._known.wait_for(lambda: not self._creating, timeout=_CANCEL_SECONDS)
            running = self._running
        if running:
            thread = threading.Thread(target=self.cancel, args=running, name="cancel", daemon=True)
            thread.start()
            thread.join(_CANCEL_SECONDS)

    def _create(self, client: Client, after: int, before: int) -> tuple[str, str]:
        """A new job and its status. Waits while another one's is under way."""
        deadline = self._clock() + _OTHERS_PATIENCE * client.time_scale
        while True:
            try:
                return self._created(client, after, before)
            except ExportTaken as error:
                if self._clock() > deadline:
                    raise ExportTaken(
                        "Another export of message data is under way in this Intercom workspace since an hour or more, "
                        "and Intercom makes one at a time. End the integration that exports messages too, or sync "
                        "messages at another hour.",
                        str(error.internal_message),
                    ) from None
                self._logger.info(
                    "Waiting until another export of message data in this workspace ends. Another integration, a "
                    "person, or a sync that broke off began it"
                )
                self._pause(_LONGEST_PAUSE * client.time_scale)

    def _created(self, client: Client, after: int, before: int) -> tuple[str, str]:
        with self._known:
            self._creating = True
        try:
            answer = client.post(ENDPOINT, {"created_at_after": after, "created_at_before": before})
        except RequestRefused as error:
            raise RangeRefused(str(error.message), str(error.internal_message)) from None
        else:
            # The description of older versions spells it without its second "i".
            job = answer.get("job_identifier") or answer.get("job_identfier")
            if not isinstance(job, str):
                raise strange("an export job without an identifier")
            with self._known:
                self._running = (client, job)
            return job, str(answer.get("status", ""))
        finally:
            with self._known:
                self._creating = False
                self._known.notify_all()

    def _finished(self, client: Client, job: str, status: str) -> IO[bytes] | None:
        """The file of a job once it is completed."""
        with self._known:
            self._running = (client, job)
        status = self._waited(client, job, status)
        with self._known:
            self._running = None
        if status == "no_data":
            return None
        if status == "completed":
            return self._download(client, job)
        what = "was canceled by somebody" if status == "canceled" else "failed"
        raise ExportEnded(
            f"Intercom's export of message data {what}. The next sync asks for it again; if it happens each time, ask "
            "Intercom's support.",
            f"job {job}: {status}",
        )

    def _waited(self, client: Client, job: str, status: str) -> str:
        """The status with which a job ended."""
        deadline = self._clock() + _PATIENCE * client.time_scale
        tell_at = self._clock() + _TELL_EVERY
        pause, gone = _FIRST_PAUSE, 0
        while not status or status in _RUNNING:
            if self._clock() > deadline:
                with self._known:
                    # Not to be canceled when the sync ends.
                    self._running = None
                raise Unavailable(
                    f"Intercom's export of message data took longer than {_PATIENCE / 3600:.0f} hours. The next sync "
                    "goes on with the same export.",
                    f"job {job}: {status}",
                )
            if self._clock() > tell_at:
                self._logger.info(f"Waiting for Intercom's export of message data (job {job}: {status})")
                tell_at = self._clock() + _TELL_EVERY
            if status:
                self._pause(pause * client.time_scale)
                pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                status = str(client.get(path_of(_JOB, job=job)).get("status", "unknown"))
            except RecordGone:
                gone += 1
                if not status or gone >= _MOST_GONE:
                    raise
        if status not in ("completed", "no_data", "failed", "canceled"):
            raise strange(f"an export job with the status {status[:40]!r}")
        return status

    def _download(self, client: Client, job: str) -> IO[bytes]:
        # It has no name, so it is gone with this process however that ends.
        file = tempfile.TemporaryFile(prefix="source-intercom-")  # noqa: SIM115
        try:
            pause = _FIRST_PAUSE
            for left in reversed(range(_MOST_GONE)):
                try:
                    client.download(path_of(_FILE, job=job), file, _MOST_BYTES)
                    if file.tell():
                        return file
                    error: IntercomError = Unavailable("Intercom's export of message data is an empty file.", job)
                except RecordGone as gone:
                    error = gone
                if not left:
                    raise error
                self._pause(pause * client.time_scale)
                pause *= 2
            raise AssertionError
        except BaseException:
            file.close()
            raise

    def _pause(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise Unavailable("The sync ended before Intercom's export of message data was ready.")

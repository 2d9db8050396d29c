"""Jobs of the content export: one at a time, ready after some questions or some time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import ApiError, not_found
from .settings import Settings

OVER = ("completed", "no_data", "failed", "canceled")
KEPT_SECONDS = 2 * 86_400


@dataclass
class ExportJob:
    """What was asked for, in Unix seconds, and how far it is. What happened after `made` is not in its file."""

    name: str
    after: int
    before: int
    made: int
    has_data: bool
    began: float
    asked: int = 0
    status: str = "pending"


class ExportJobs:
    """All jobs of a workspace. At most one of them is under way."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs: dict[str, ExportJob] = {}

    def __iter__(self) -> Iterator[ExportJob]:
        """In the order in which they were made, each as it stands now."""
        for job in self._jobs.values():
            self._age(job)
            yield job

    def start(self, after: int, before: int, now: int, *, has_data: bool) -> ExportJob:
        """A new job. Raises the 429 of Intercom while another one is under way."""
        if any(job.status not in OVER for job in self):
            raise ApiError(429, "rate_limit_exceeded", "Exceeded rate limit of 1 pending message data export jobs")
        job = ExportJob(uuid.uuid4().hex[:16], after, before, now, has_data, time.monotonic())
        self._jobs[job.name] = job
        return job

    def ask(self, name: str) -> ExportJob:
        """A job, which gets on with each question."""
        job = self._find(name)
        job.asked += 1
        self._age(job)
        return job

    def cancel(self, name: str) -> ExportJob:
        job = self._find(name)
        self._age(job)
        if job.status not in OVER:
            job.status = "canceled"
        return job

    def ready(self, name: str, now: int) -> ExportJob:
        """A job whose file can be had. Raises a 404 for all others."""
        job = self._find(name)
        if job.status != "completed" or now - job.made > KEPT_SECONDS:
            raise not_found("not_found", "Object not found.")
        return job

    def _find(self, name: str) -> ExportJob:
        if name not in self._jobs:
            raise not_found("not_found", "The requested resource does not exist.")
        return self._jobs[name]

    def _age(self, job: ExportJob) -> None:
        if job.status in OVER:
            return
        settings = self._settings
        if job.asked >= settings.export_polls or time.monotonic() - job.began >= settings.export_seconds:
            ends = settings.quirk("export-ends")
            job.status = ("completed" if job.has_data else "no_data") if ends is None else ends or "failed"
        elif job.asked:
            job.status = "in_progress"

"""Jobs of exports: few at a time, ready after some questions or some time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import ApiError, not_found
from .settings import Settings

OVER = ("completed", "complete", "no_data", "failed", "canceled", "expired")
KEPT_SECONDS = 2 * 86_400


@dataclass
class ExportJob:
    """What was asked for, in Unix seconds, and how far it is. What happened after `made` is not in its file.

    Of a report also its dataset and attributes, and whether it has all conversations.
    """

    name: str
    after: int
    before: int
    made: int
    has_data: bool
    began: float
    asked: int = 0
    status: str = "pending"
    dataset: str = ""
    attributes: list[str] = field(default_factory=list)
    is_whole: bool = True


@dataclass(frozen=True)
class Manner:
    """How Intercom treats the jobs of one kind: how many may be under way, what they are called in the refusal of one
    more, the word for a job that is through, the quirk that ends it otherwise, and what is said of an unknown one."""

    most: int
    called: str
    through: str
    quirk: str
    unknown: str


CONTENT = Manner(1, "message data export", "completed", "export-ends", "The requested resource does not exist.")
REPORTING = Manner(5, "reporting dataset export", "complete", "report-ends", "Export job not found for identifier: {}")


class ExportJobs:
    """All jobs of a kind in a workspace."""

    def __init__(self, settings: Settings, manner: Manner) -> None:
        self._settings = settings
        self._manner = manner
        self._jobs: dict[str, ExportJob] = {}

    def __iter__(self) -> Iterator[ExportJob]:
        """In the order in which they were made, each as it stands now."""
        for job in self._jobs.values():
            self._age(job)
            yield job

    def start(self, after: int, before: int, now: int, *, has_data: bool) -> ExportJob:
        """A new job. Raises the 429 of Intercom while as many as may be are under way."""
        most, called = self._manner.most, self._manner.called
        if sum(job.status not in OVER for job in self) >= most:
            raise ApiError(429, "rate_limit_exceeded", f"Exceeded rate limit of {most} pending {called} jobs")
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
        if job.status != self._manner.through or now - job.made > KEPT_SECONDS:
            raise not_found("not_found", "Object not found.")
        return job

    def _find(self, name: str) -> ExportJob:
        if name not in self._jobs:
            raise not_found("not_found", self._manner.unknown.format(name))
        return self._jobs[name]

    def _age(self, job: ExportJob) -> None:
        if job.status in OVER:
            return
        settings = self._settings
        if job.asked >= settings.export_polls or time.monotonic() - job.began >= settings.export_seconds:
            ends = settings.quirk(self._manner.quirk)
            job.status = (self._manner.through if job.has_data else "no_data") if ends is None else ends or "failed"
        elif job.asked:
            job.status = "in_progress"

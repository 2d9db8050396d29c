"""The connector as a process of its own that starts in a few milliseconds, and may be small and have a wrong clock.

A process that has loaded everything waits to be forked. What it forks is a process like any other: signals, pipes and
its end are the real ones.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

import source_intercom.run
from source_intercom.api import pages
from source_intercom.engine import begin
from source_intercom.shapes import cutting, report_export, search
from source_intercom.shapes.content_export import ContentExport
from source_intercom.shapes.report_export import Report
from source_intercom.streams import CATALOGUE, companies
from source_intercom.streams.activity_logs import ActivityLogs
from tools.simulation.facts import DAY
from tools.simulation.plan import Small

# Waits that the connector chooses, against their real length.
_TIME_SCALE = "0.01"


@dataclass(frozen=True)
class Job:
    """One run: its command line, the address of the workspace, and how it differs from a run at a user's."""

    arguments: tuple[str, ...]
    url: str
    clock_ahead: float
    small: Small
    stderr: Path


def serve(job: Job, stdout: Connection) -> None:
    """Become the connector; stdout is a pipe. Does not return."""
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    errors = os.open(job.stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(errors, 2)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        # Whoever runs the simulation may ignore some (nohup, a job in the background), and its runs would too.
        signal.signal(number, signal.SIG_DFL)
    os.environ["INTERCOM_API_URL"] = job.url
    os.environ["SOURCE_INTERCOM_TIME_SCALE"] = _TIME_SCALE
    _set_clock(job.clock_ahead)
    _make_small(job.small)
    source_intercom.run.run(list(job.arguments))


def _set_clock(ahead: float) -> None:
    """Have this process believe in another time; how long something takes stays as it is."""
    real = time.time

    def shifted() -> float:
        return real() + ahead

    time.time = shifted
    _replace(begin, "time", shifted)


def _make_small(small: Small) -> None:
    for module in (pages, cutting):
        _replace(module, "SEARCH_PAGE", small.page)
    _replace(cutting, "_LEAST_PAGES", small.window_pages)
    _replace(cutting, "_MOST_PAGES", small.window_pages * 4)
    _replace(search, "_CHECKPOINT_PAGES", small.checkpoint_pages)
    _replace(companies, "_BATCH", small.batch)
    _replace(ActivityLogs, "_PAGE", small.list_page)
    _replace(ActivityLogs, "_WINDOW_PAGES", small.window_pages)
    _replace(ContentExport, "longest", small.message_days * DAY)
    _replace(Report, "longest", small.report_days * DAY)
    _replace(report_export, "_BATCH", small.list_page)
    for kind in CATALOGUE:
        if kind.page_wish:
            _replace(kind, "page_wish", small.list_page)
        if "per_page" in dict(kind.params):
            _replace(kind, "params", tuple((name, _fewer(name, value, small)) for name, value in kind.params))


def _fewer(name: str, value: str, small: Small) -> str:
    return str(min(int(value), small.list_page)) if name == "per_page" else value


def _replace(owner: ModuleType | type, name: str, value: object) -> None:
    """Set what must be there: a name that the connector no longer has would make nothing small."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner.__name__} has no {name} any more: the simulation must be told its new name")
    setattr(owner, name, value)

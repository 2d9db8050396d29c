"""What the streams of one read share."""

from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from functools import partial
from logging import Logger

from source_intercom.api import permissions
from source_intercom.api.client import Client, Transport
from source_intercom.api.datasets import Datasets
from source_intercom.api.errors import RETRIES
from source_intercom.api.exports import CONTENT, REPORTING, Exports
from source_intercom.api.figures import whole_list_in
from source_intercom.api.files import Files
from source_intercom.api.scroll import SharedScroll
from source_intercom.options.config import Config
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY

# 2011-01-01: the year Intercom was founded.
INTERCOM_BIRTH = 1_293_840_000


@dataclass
class Sync:
    """What the streams of one read share. Of what changes while it runs, all but ``reconciliations`` guard themselves.

    All in Unix seconds: ``begin`` is the moment up to which it reads, ``now`` the moment it began, which is later
    where an end date is set, and ``birth`` the moment the workspace was made.
    ``workspace`` is Intercom's id of the workspace, empty where the token may not ask for it.
    ``companies`` is the one scroll over companies of this read: Intercom allows one at a time, as it does of
    ``exports``.
    """

    config: Config
    transport: Transport
    logger: Logger
    begin: int
    now: int
    birth: int = INTERCOM_BIRTH
    zone: tzinfo = timezone.utc
    workspace: str = ""
    selected: frozenset[str] = frozenset()
    # Streams whose files the catalog does not want.
    without_files: frozenset[str] = frozenset()
    retries: int = RETRIES
    companies: SharedScroll = field(init=False)
    exports: Exports = field(init=False)
    reports: Exports = field(init=False)
    datasets: Datasets = field(default_factory=Datasets)
    # Full comparisons that came to their end; each worker appends, the stream that shows them reads when all is over.
    reconciliations: list[Record] = field(default_factory=list)
    files: Files = field(init=False)

    def __post_init__(self) -> None:
        client = Client("companies", self.transport, self.logger, permission=permissions.CONTACTS, retries=self.retries)
        kept = partial(whole_list_in, name="segments") if "company_segments" in self.selected else None
        self.companies = SharedScroll(client, self.logger, kept=kept)
        self.exports = Exports(CONTENT, self.logger)
        self.reports = Exports(REPORTING, self.logger)
        self.files = Files(self.transport)

    def moment_of(self, time: object) -> int | None:
        """The time of a record in Unix seconds; None for none, and for one at which nothing can have happened.

        A record that shows the year 2090 would be left to the next sync, in every sync until then; one that shows
        1969 lies before every start. Whoever wrote the time may have a clock that is some hours ahead.
        """
        moment = seconds_of(time)
        return moment if moment is not None and 0 <= moment <= self.now + DAY else None

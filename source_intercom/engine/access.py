"""What a token may read: the report of ``check``, and the permissions without which Intercom leaves records out."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from source_intercom.api.errors import AccessDenied, IntercomError, TokenRejected
from source_intercom.shapes.base import IntercomStream
from source_intercom.streams import CATALOGUE

# A person waits for `check`: what has not answered by then is a line of the report.
_PATIENCE = 60.0
_SIDE_BY_SIDE = 16


class Access:
    """What the probes of a check found: streams that cannot be read, each with the reason.

    Streams for which there is nothing to ask Intercom are left out.
    """

    def __init__(self, streams: Iterable[IntercomStream]) -> None:
        self._streams = [stream for stream in streams if not stream.lacks_option and not stream.comes_last]
        self._probes: dict[tuple[str, str, str], list[IntercomStream]] = {}
        for stream in self._streams:
            # Streams with the same endpoint, permission and version need one probe.
            self._probes.setdefault((stream.permission, stream.endpoint, stream.version), []).append(stream)
        # Stream -> the permission that it was asked with, and the error; None where no answer came in time.
        self.refused: dict[IntercomStream, tuple[str, IntercomError | None]] = {}

    def probe(self) -> None:
        """Ask all endpoints side by side. Raises ``TokenRejected`` when the token itself is not accepted."""
        threads = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="probes")
        try:
            running = {threads.submit(streams[0].probe): streams for streams in self._probes.values()}
            done, _ = wait(running, timeout=_PATIENCE)
            for probe, streams in running.items():
                error = probe.exception() if probe in done else None
                if isinstance(error, TokenRejected):
                    raise error
                if isinstance(error, IntercomError):
                    self.refused |= {stream: (stream.permission, error) for stream in streams}
                elif error is not None:
                    raise error
                elif probe not in done:
                    self.refused |= {stream: (stream.permission, None) for stream in streams}
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        for permission, error in self._lacking.items():
            for stream in self._streams:
                if permission in stream.also_needs:
                    self.refused.setdefault(stream, (permission, error))

    @property
    def _lacking(self) -> dict[str, AccessDenied]:
        """The permissions that the token lacks, each with the error that says so."""
        return {permission: error for permission, error in self.refused.values() if isinstance(error, AccessDenied)}

    @property
    def nothing_is_readable(self) -> bool:
        """Whether no stream at all can be read."""
        return len(self.refused) == len(self._streams)

    def report(self) -> str:
        """A sentence for each permission, plan or fault that costs streams; empty when all can be read."""
        reasons: dict[str, list[str]] = {}
        for stream in self._streams:
            if stream in self.refused:
                reasons.setdefault(_reason(*self.refused[stream]), []).append(stream.name)
        sentences = [f"{reason} {', '.join(names)}." for reason, names in reasons.items()]
        for permission, names in _shrunk(self._streams, self._lacking).items():
            sentences.append(
                f'Without the permission "{permission}" Intercom leaves records out of these streams: '
                f"{', '.join(names)}."
            )
        return " ".join(sentences)


def _reason(permission: str, error: IntercomError | None) -> str:
    if error is None:
        return f"Intercom did not answer within {_PATIENCE:.0f} seconds, so it is not known whether these can be read:"
    if not isinstance(error, AccessDenied):
        return f"{error.message} So it is not known whether these streams can be read:"
    if error.by_plan:
        return (
            f'As the plan of this workspace does not include what "{permission}" is for, these streams cannot '
            "be synced:"
        )
    return f'Without the permission "{permission}" these streams cannot be synced:'


def _shrunk(streams: Iterable[IntercomStream], lacking: Iterable[str]) -> dict[str, list[str]]:
    """For each missing permission, the streams from which Intercom then leaves records out without saying so."""
    return {
        permission: names
        for permission in lacking
        if (names := [stream.name for stream in streams if permission in stream.shrinks_without])
    }


def missing_for(streams: Sequence[IntercomStream]) -> tuple[frozenset[str], Mapping[str, bool]]:
    """Permissions that the token lacks and without which Intercom leaves records of some streams out; warns of them.

    And those of which Intercom did not tell whether the token has them: True where it may tell at another time, False
    where it refuses the question.
    """
    sync = streams[0].sync
    asked = {permission for stream in streams for permission in stream.shrinks_without}
    missing: set[str] = set()
    unknown: dict[str, bool] = {}
    for permission in asked:
        prober = next(cls for cls in CATALOGUE if cls.permission == permission)(sync)
        try:
            prober.probe()
        except AccessDenied:
            missing.add(permission)
        except IntercomError as error:
            unknown[permission] = not error.final
            sync.logger.info(
                f'Whether the token has the permission "{permission}" is not known: {error.internal_message}'
            )
    for permission, names in _shrunk(streams, missing).items():
        sync.logger.warning(
            f'The access token lacks the permission "{permission}". Without it Intercom leaves out some records of '
            f"these streams: {', '.join(names)}. Grant it in the Developer Hub: the next sync then delivers them."
        )
    return frozenset(missing), unknown


def explain(error: IntercomError, host: str) -> str:
    """The sentence of a failed ``check``."""
    if error.final or error.explains_itself:
        return str(error.message)
    return (
        f"Intercom's host {host} cannot be reached or does not answer: check this machine's network and "
        "https://www.intercomstatus.com, then try again."
    )
